// SPDX-License-Identifier: Apache-2.0
// Named loads from foreign bytes. What a frame is too short for is a fault of the frame,
// ShortFrame, and never taken for a bug of ours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

using Bytes = std::span<const std::byte>;

// A frame ends before something that it should have.
class ShortFrame : public std::runtime_error {
 public:
  ShortFrame() : std::runtime_error("byte beyond the end of a frame") {}
};

inline std::uint8_t u8(Bytes bytes, std::size_t at) {
  if (at >= bytes.size()) throw ShortFrame();
  return std::to_integer<std::uint8_t>(bytes[at]);
}
inline std::uint16_t be16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(u8(bytes, at) << 8 | u8(bytes, at + 1));
}
inline std::uint16_t le16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(u8(bytes, at + 1) << 8 | u8(bytes, at));
}
inline std::uint32_t be32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(be16(bytes, at)) << 16 | be16(bytes, at + 2);
}
inline std::int16_t signed16(std::uint16_t raw) {
  return static_cast<std::int16_t>(raw);
}

// {0xAA, 0xB4, …} as bytes.
template <class... Octets>
constexpr std::array<std::byte, sizeof...(Octets)> bytes_of(Octets... octets) {
  return {static_cast<std::byte>(octets)...};
}

// "424d001c" -> bytes; blanks are allowed between bytes; nullopt when not hexadecimal.
std::optional<std::vector<std::byte>> from_hex(std::string_view hex);
std::string to_hex(Bytes bytes);

}  // namespace twinsky
