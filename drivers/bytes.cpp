// SPDX-License-Identifier: Apache-2.0
#include "drivers/bytes.hpp"

#include "gateway/model/hexadecimal.hpp"

namespace twinsky {

std::optional<std::vector<std::byte>> from_hex(std::string_view hex) {
  std::vector<std::byte> bytes;
  bytes.reserve(hex.size() / 2);
  while (!hex.empty()) {
    if (hex.front() == ' ') {
      hex.remove_prefix(1);
      continue;
    }
    if (hex.size() < 2) return std::nullopt;
    const auto high = hexadecimal_digit(hex[0]);
    const auto low = hexadecimal_digit(hex[1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(*high << 4U | *low));
    hex.remove_prefix(2);
  }
  return bytes;
}

std::string to_hex(Bytes bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) append_hexadecimal(hex, std::to_integer<unsigned>(byte), 2);
  return hex;
}

}  // namespace twinsky
