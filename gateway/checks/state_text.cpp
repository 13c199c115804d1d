// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/state_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace twinsky {
namespace {

void append(std::string& text, auto number) {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  if (!text.empty()) text += ' ';
  text.append(digits.data(), end);
}

template <class Number>
Number number_in(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void StateWriter::put(double number) {
  append(text_, number);
}
void StateWriter::put(std::int64_t number) {
  append(text_, number);
}

std::string_view StateReader::next() {
  const std::string_view word = rest_.substr(0, rest_.find(' '));
  rest_.remove_prefix(std::min(rest_.size(), word.size() + 1));
  return word;
}

void StateReader::get(double& number) {
  number = number_in<double>(next());
}
void StateReader::get(std::int64_t& number) {
  number = number_in<std::int64_t>(next());
}

void StateReader::get(std::size_t& number) {
  number = number_in<std::size_t>(next());
}

void StateReader::get(UtcTime& time) {
  time = UtcTime(milliseconds(number_in<std::int64_t>(next())));
}

std::size_t StateReader::get_count() {
  std::size_t count = 0;
  get(count);
  return std::min(count, (rest_.size() + 1) / 2);
}

}  // namespace twinsky
