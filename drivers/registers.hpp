// SPDX-License-Identifier: Apache-2.0
// I2C devices that are a file of registers: the number of the first one is written, then they are
// read after a repeated start.
#pragma once

#include "drivers/driver.hpp"
#include "drivers/framing.hpp"

#include <array>

namespace twinsky {

// The registers as far as they have been read.
class RegisterImage {
 public:
  RegisterImage() = default;
  // What recorded exchanges read.
  explicit RegisterImage(std::span<const Exchange> exchanges) {
    for (const Exchange& exchange : exchanges) {
      if (exchange.written.size() == 1) put(u8(exchange.written, 0), exchange.answered);
    }
  }

  void put(std::size_t first, Bytes answered) {
    for (std::size_t at = 0; at < answered.size() && first + at < known_.size(); ++at) {
      bytes_[first + at] = answered[at];
      known_[first + at] = true;
    }
  }
  // Empty when one of them was not read.
  [[nodiscard]] Bytes from(std::size_t first, std::size_t count) const {
    for (std::size_t at = first; at < first + count; ++at) {
      if (!known_[at]) return {};
    }
    return Bytes(bytes_).subspan(first, count);
  }

 private:
  std::array<std::byte, 256> bytes_{};
  std::array<bool, 256> known_{};
};

template <std::size_t count>
std::array<std::byte, count> registers(TransferLink& link, std::uint8_t first) {
  std::array<std::byte, count> bytes{};
  link.exchange(bytes_of(first), bytes);
  return bytes;
}

// What recorded exchanges say; of a device that did not acknowledge nothing counts.
template <class Decode>
Decoded decode_image(std::span<const Exchange> exchanges, const Decode& decode) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    if (!exchange.nack) continue;
    decoded.faults.push_back(Fault::nack);
    return decoded;
  }
  append(decoded, decode(RegisterImage(exchanges)));
  return decoded;
}

}  // namespace twinsky
