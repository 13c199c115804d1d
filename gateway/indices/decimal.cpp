// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/decimal.hpp"

namespace twinsky {

using boost::multiprecision::cpp_int;

std::optional<Rational> decimal(std::string_view text) {
  if (text.size() > 40) return std::nullopt;
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  cpp_int digits = 0;
  cpp_int scale = 1;
  bool after_point = false;
  bool has_digits = false;
  for (const char c : text) {
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    has_digits = true;
    digits = digits * 10 + (c - '0');
    if (after_point) scale *= 10;
  }
  if (!has_digits) return std::nullopt;
  return Rational(is_negative ? cpp_int(-digits) : digits, scale);
}

cpp_int floor_of(const Rational& value) {
  const cpp_int above = numerator(value);
  const cpp_int below = denominator(value);
  cpp_int quotient = above / below;
  if (above < 0 && quotient * below != above) --quotient;
  return quotient;
}

Rational rounded(const Rational& value, int decimals, Rounding mode) {
  if (mode == Rounding::none) return value;
  const Rational scale(boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(decimals)));
  const Rational scaled = value * scale;
  cpp_int whole = floor_of(scaled);
  const Rational rest = scaled - Rational(whole);
  const Rational half(1, 2);
  const bool up =
      (mode == Rounding::up && rest > 0) || (mode == Rounding::half_up && rest >= half) ||
      (mode == Rounding::half_even && (rest > half || (rest == half && whole % 2 != 0)));
  if (up) ++whole;
  return Rational(whole) / scale;
}

}  // namespace twinsky
