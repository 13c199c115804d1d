// SPDX-License-Identifier: Apache-2.0
// Decimal numbers as the fractions that they are, and the roundings that standards ask for. A value
// that is printed 35.4 is compared with a breakpoint of 35.4 without a binary digit between them.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include <optional>
#include <string_view>

namespace twinsky {

using Rational = boost::multiprecision::cpp_rational;

enum class Rounding { none, half_even, half_up, up, down };

// "0.07853333", "-3"; nullopt when it is no plain decimal of at most 40 characters.
std::optional<Rational> decimal(std::string_view text);
Rational rounded(const Rational& value, int decimals, Rounding mode);
boost::multiprecision::cpp_int floor_of(const Rational& value);

}  // namespace twinsky
