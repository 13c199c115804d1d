// SPDX-License-Identifier: Apache-2.0
// FNV-1a, 64 bits: the same on every machine and in every version of the program, so that it may be
// stored. Tells texts apart; protects nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace twinsky {

inline constexpr std::uint64_t empty_hash = 0xcbf29ce484222325U;

// Of `text`, or of what `before` is the hash of with `text` behind it.
constexpr std::uint64_t stable_hash(std::string_view text,
                                    std::uint64_t before = empty_hash) noexcept {
  std::uint64_t hash = before;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace twinsky
