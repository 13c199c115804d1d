// SPDX-License-Identifier: Apache-2.0
// Runs the pure decoding of drivers on the cases of vector files, and prints one JSON object per
// case: {"case":…,"readings":[…],"errors":[…]}. The command and the tests call it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace twinsky {

// How a stream is cut before a listener is fed with it. Nothing that comes out may depend on it.
struct Chunking {
  enum class Kind : std::uint8_t { whole, bytewise, random };
  Kind kind = Kind::whole;
  std::uint32_t seed = 0;
};

// "whole", "1" or "random:SEED"; nullopt when wrong.
std::optional<Chunking> chunking_named(std::string_view text);

// Lines go to `lines`, what cannot be replayed is told on `problems`. False when there was such a
// thing; the other files and cases are replayed nevertheless.
bool replay_decode(std::span<const std::string> files, const Chunking& chunking,
                   std::ostream& lines, std::ostream& problems);

}  // namespace twinsky
