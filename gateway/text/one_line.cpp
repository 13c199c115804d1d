// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/one_line.hpp"

namespace twinsky {
namespace {

// Bytes at the front of `text` that must not go out: a control character of ASCII, one of U+0080 to
// U+009F, a line or paragraph separator (U+2028, U+2029), or what turns the direction of writing
// (U+202A to U+202E, U+2066 to U+2069), by which a line can look like another; 0: none.
std::size_t forbidden_length(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  const bool is_general = byte(0) == 0xE2;
  if (is_general && byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) return 3;
  if (is_general && byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9) return 3;
  return 0;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const std::size_t forbidden = forbidden_length(text);
    line += forbidden > 0 ? ' ' : text.front();
    text.remove_prefix(forbidden > 0 ? forbidden : 1);
  }
  return line;
}

}  // namespace twinsky
