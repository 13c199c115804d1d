// SPDX-License-Identifier: Apache-2.0
#include "drivers/framing.hpp"

#include "drivers/checksum.hpp"

#include <algorithm>

namespace twinsky {

void append(Decoded& decoded, Result<Sample> outcome) {
  if (!outcome) {
    decoded.faults.push_back(outcome.error());
  } else if (!outcome->readings.empty() || !outcome->facts.empty()) {
    decoded.samples.push_back(std::move(*outcome));
  }
}

Decoded FrameScanner::feed(Bytes chunk, const FrameDecoder& decode) {
  Decoded decoded;
  rest_.insert(rest_.end(), chunk.begin(), chunk.end());
  scan(decode, decoded);
  return decoded;
}

Decoded FrameScanner::finish(const FrameDecoder& decode) {
  Decoded decoded;
  if (!rest_.empty()) {
    has_frames_ = true;
    decoded.faults.push_back(Fault::truncated);
    // A whole frame may hide in what a wrong length had claimed.
    while (!rest_.empty()) {
      rest_.erase(rest_.begin());
      scan(decode, decoded);
    }
  }
  if (has_noise_ && !has_frames_) decoded.faults.push_back(Fault::framing);
  has_noise_ = has_frames_ = false;
  return decoded;
}

// Takes whole frames out of rest_ until what is left may still become one.
void FrameScanner::scan(const FrameDecoder& decode, Decoded& decoded) {
  std::size_t start = 0;
  while (start < rest_.size()) {
    const Bytes stream = Bytes(rest_).subspan(start);
    const std::size_t seen = std::min(stream.size(), rules_.header.size());
    const bool begins = std::ranges::equal(stream.first(seen), rules_.header.first(seen));
    if (begins && stream.size() < rules_.length_known_at) break;
    const std::size_t length = begins ? rules_.length(stream) : 0;
    if (length == 0) {
      has_noise_ = true;
      ++start;
      continue;
    }
    if (stream.size() < length) break;

    has_frames_ = true;
    const Bytes frame = stream.first(length);
    if (const auto fault = rules_.check(frame)) {
      decoded.faults.push_back(*fault);
      ++start;
      continue;
    }
    append(decoded, decode(frame));
    start += length;
  }
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(start));
}

std::optional<Fault> read_sensirion_words(Bytes answer, std::span<std::uint16_t> words) {
  if (answer.size() < words.size() * 3) return Fault::truncated;
  if (answer.size() > words.size() * 3) return Fault::framing;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const Bytes word = answer.subspan(at * 3, 3);
    if (crc8_sensirion(word.first(2)) != u8(word, 2)) return Fault::checksum;
    words[at] = be16(word, 0);
  }
  return std::nullopt;
}

std::array<std::byte, 2> sensirion_command(std::uint16_t command) {
  return bytes_of(command >> 8, command & 0xFF);
}

std::array<std::byte, 5> sensirion_command(std::uint16_t command, std::uint16_t argument) {
  const auto word = bytes_of(argument >> 8, argument & 0xFF);
  const auto head = sensirion_command(command);
  return {head[0], head[1], word[0], word[1], static_cast<std::byte>(crc8_sensirion(word))};
}

std::array<std::byte, 8> sensirion_command(std::uint16_t command,
                                           std::array<std::uint16_t, 2> arguments) {
  std::array<std::byte, 8> message{};
  const auto first = sensirion_command(command, arguments[0]);
  const auto second = sensirion_command(command, arguments[1]);
  std::ranges::copy(first, message.begin());
  std::ranges::copy(std::span(second).subspan(2), message.begin() + first.size());
  return message;
}

}  // namespace twinsky
