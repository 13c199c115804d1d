// SPDX-License-Identifier: Apache-2.0
// What many devices' bytes have in common: frames (header, length, check) in a stream that may
// begin anywhere and lose bytes, and Sensirion's words with a CRC after each. Pure; no I/O.
#pragma once

#include "drivers/bytes.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/sample.hpp"

#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace twinsky {

// How a family's frames are told from noise.
struct FrameRules {
  Bytes header;                   // how every frame begins
  std::size_t length_known_at{};  // how many bytes tell the length
  // Length of the frame that begins so, all of it; 0: no frame begins so.
  std::size_t (*length)(Bytes beginning) = nullptr;
  // What is wrong with a whole frame.
  std::optional<Fault> (*check)(Bytes frame) = nullptr;
};

// Puts an outcome where it belongs; a sample without readings and facts (of an acknowledgement) is
// nowhere.
void append(Decoded& decoded, Result<Sample> outcome);

// Makes a sample of a good frame.
using FrameDecoder = std::function<Result<Sample>(Bytes frame)>;

// Finds frames in a stream. What comes out does not depend on how the stream is cut into chunks.
// After a bad check one byte is dropped, not the frame: where a byte was lost on the line, the next
// good frame has already begun inside the bad one.
class FrameScanner {
 public:
  explicit FrameScanner(const FrameRules& rules) : rules_(rules) {}

  Decoded feed(Bytes chunk, const FrameDecoder& decode);

  // No more bytes will come. A frame that has only begun is `truncated`; noise alone, as a wrong
  // line speed yields it, is `framing`.
  Decoded finish(const FrameDecoder& decode);

 private:
  void scan(const FrameDecoder& decode, Decoded& decoded);

  FrameRules rules_;
  std::vector<std::byte> rest_;  // never longer than one frame and one chunk
  bool has_noise_ = false;       // since the last finish(): bytes that begin no frame
  bool has_frames_ = false;      // since the last finish(): anything that looked like a frame
};

// Reads exactly `words.size()` Sensirion words (two bytes, then their CRC-8) from an answer.
std::optional<Fault> read_sensirion_words(Bytes answer, std::span<std::uint16_t> words);

template <std::size_t count>
Result<std::array<std::uint16_t, count>> sensirion_words(Bytes answer) {
  std::array<std::uint16_t, count> words{};
  if (const auto fault = read_sensirion_words(answer, words)) return Unexpected{*fault};
  return words;
}

// A Sensirion command of 16 bits, and the same with arguments and their CRCs.
std::array<std::byte, 2> sensirion_command(std::uint16_t command);
std::array<std::byte, 5> sensirion_command(std::uint16_t command, std::uint16_t argument);
std::array<std::byte, 8> sensirion_command(std::uint16_t command,
                                           std::array<std::uint16_t, 2> arguments);

}  // namespace twinsky
