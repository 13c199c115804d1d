// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/hexadecimal.hpp"

namespace twinsky {

void append_hexadecimal(std::string& text, std::uint64_t number, unsigned digits) {
  for (unsigned left = digits; left > 0; --left) {
    text += "0123456789abcdef"[number >> (4 * (left - 1)) & 0xFU];
  }
}

std::string hexadecimal(std::uint64_t number, unsigned digits) {
  std::string text;
  append_hexadecimal(text, number, digits);
  return text;
}

}  // namespace twinsky
