// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_scanner.hpp"

#include <algorithm>

namespace twinsky {

std::optional<std::string_view> JsonScanner::take_value() noexcept {
  skip_blanks();
  const std::string_view begun = rest_;
  if (!skip()) return std::nullopt;
  return begun.substr(0, begun.size() - rest_.size());
}

bool JsonScanner::skip() noexcept {
  switch (next()) {
    case '{':
      return members([this](std::string_view) { return skip(); });
    case '[':
      return items([this] { return skip(); });
    case '"':
      return take_string().has_value();
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_null();
    default:
      return skip_number();
  }
}

bool JsonScanner::skip_escape() noexcept {
  constexpr std::string_view short_ones = "\"\\/bfnrt";
  constexpr std::size_t length_of_code = 6;
  if (rest_.size() < 2) return false;
  if (rest_[1] != 'u') {
    if (short_ones.find(rest_[1]) == std::string_view::npos) return false;
    rest_.remove_prefix(2);
    return true;
  }
  const std::string_view code = rest_.substr(0, length_of_code);
  const bool is_code =
      code.size() == length_of_code && std::ranges::all_of(code.substr(2), [](char digit) {
        return hexadecimal_digit(digit).has_value();
      });
  if (is_code) rest_.remove_prefix(length_of_code);
  return is_code;
}

bool JsonScanner::skip_number() noexcept {
  take_here('-');
  if (!take_here('0') && !skip_digits()) return false;
  if (take_here('.') && !skip_digits()) return false;
  if (!take_here('e') && !take_here('E')) return true;
  if (!take_here('+')) take_here('-');
  return skip_digits();
}

bool JsonScanner::skip_digits() noexcept {
  std::size_t count = 0;
  while (count < rest_.size() && is_digit(rest_[count])) ++count;
  rest_.remove_prefix(count);
  return count != 0;
}

}  // namespace twinsky
