// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/sentinel.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

namespace twinsky {
namespace {

bool are_all(char digit, std::string_view text) {
  return text.find_first_not_of(digit) == std::string_view::npos;
}

}  // namespace

bool is_sentinel(std::string_view printed) noexcept {
  const bool is_negative = printed.starts_with('-');
  if (is_negative) printed.remove_prefix(1);
  const std::string_view whole = printed.substr(0, printed.find('.'));
  const std::string_view rest = printed.substr(std::min(printed.size(), whole.size() + 1));
  const std::size_t fewest = is_negative ? 2 : 4;
  return whole.size() >= fewest && are_all('9', whole) &&
         (are_all('9', rest) || are_all('0', rest));
}

bool is_sentinel(double value) noexcept {
  std::array<char, 32> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{}) return false;  // longer than any of them
  return is_sentinel(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

}  // namespace twinsky
