// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_writer.hpp"

#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace twinsky {
namespace {

// Texts whose length is known are added without counting it anew.
using namespace std::string_view_literals;

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr int significant_digits = 9;

// Of a string: stands for itself.
bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_integer(std::string& text, auto value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

// What sensors read is small and has few decimals, so that its digits are those of a whole number:
// a third of the work that the library has with any number. Answers false, having done nothing,
// where that is not so, and where the product is so near to the middle of two that its own rounding
// could decide between them.
bool append_small_number(std::string& text, double value, int decimals) {
  constexpr std::array<double, 5> powers = {1, 10, 100, 1'000, 10'000};
  constexpr double largest = 1e9;
  constexpr double nearness = 1e-6;  // a product below 1e9 is off by at most 1.2e-7
  if (decimals < 0 || static_cast<std::size_t>(decimals) >= powers.size()) return false;
  const double scaled = std::abs(value) * powers.at(static_cast<std::size_t>(decimals));
  if (!(scaled < largest)) return false;
  const auto below = static_cast<std::uint32_t>(scaled);
  const double rest = scaled - below;
  if (std::abs(rest - 0.5) < nearness) return false;
  std::uint32_t whole = rest > 0.5 ? below + 1 : below;
  const bool is_negative = value < 0 && whole > 0;
  std::array<char, 16> digits;
  auto at = digits.end();
  for (int done = 0; done <= decimals || whole > 0; ++done) {
    if (done == decimals && decimals > 0) *--at = '.';
    *--at = static_cast<char>('0' + whole % 10);
    whole /= 10;
  }
  if (is_negative) *--at = '-';
  text.append(at, digits.end());
  return true;
}

}  // namespace

void append_number(std::string& text, double value, int decimals) {
  if (append_small_number(text, value, decimals)) return;
  if (!std::isfinite(value)) {
    text += "null"sv;
    return;
  }
  // The longest double has 309 digits before the point.
  std::array<char, 352> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                        std::chars_format::fixed, std::clamp(decimals, 0, 17))
                              .ptr;
  const char* begin = digits.data();
  const bool is_zero =
      std::all_of(begin, end, [](char c) { return c == '-' || c == '0' || c == '.'; });
  if (is_zero && *begin == '-') ++begin;
  text.append(begin, end);
}

void append_json_string(std::string& text, std::string_view raw) {
  text += '"';
  for (;;) {
    const auto special = std::ranges::find_if_not(raw, is_plain);
    const auto plain = static_cast<std::size_t>(special - raw.begin());
    text += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    const char c = raw.front();
    const std::size_t length = utf8_sequence_length(raw);
    if (length == 0) {
      text += replacement;
    } else if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text += "\\u"sv;
      append_hexadecimal(text, static_cast<unsigned char>(c), 4);
    } else {
      text += raw.substr(0, length);
    }
    raw.remove_prefix(std::max<std::size_t>(length, 1));
  }
  text += '"';
}

void JsonWriter::begin(std::string_view key) {
  const char before = text_.empty() ? '{' : text_.back();
  const bool follows = before != '{' && before != '[' && before != ':';
  if (key.data() == nullptr) {
    if (follows) text_ += ',';
    return;
  }
  // One piece is added faster than four.
  std::array<char, 48> piece;
  if (key.size() + 4 > piece.size()) {
    text_ += follows ? ",\""sv : "\""sv;
    text_ += key;
    text_ += "\":"sv;
    return;
  }
  char* end = piece.data();
  if (follows) *end++ = ',';
  *end++ = '"';
  end = std::copy(key.begin(), key.end(), end);
  *end++ = '"';
  *end++ = ':';
  text_.append(std::string_view(piece.data(), end));
}

JsonWriter& JsonWriter::close_or_drop(std::size_t length_before) {
  if (text_.back() != '{') return close();
  text_.resize(length_before);
  return *this;
}

JsonWriter& JsonWriter::put(std::string_view key, std::string_view text) {
  begin(key);
  append_json_string(text_, text);
  return *this;
}

JsonWriter& JsonWriter::put(std::string_view key, double number, int decimals) {
  begin(key);
  append_number(text_, number, decimals);
  return *this;
}

JsonWriter& JsonWriter::put(std::string_view key, double number) {
  if (!std::isfinite(number)) return null(key);
  if (number == 0) return put_raw(key, "0");  // -0 is 0
  begin(key);
  std::array<char, 32> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                        std::chars_format::general, significant_digits)
                              .ptr;
  text_.append(std::string_view(digits.data(), end));
  return *this;
}

JsonWriter& JsonWriter::put(std::string_view key, UtcTime time) {
  begin(key);
  text_ += '"';
  append_iso8601(text_, time);
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::put_raw(std::string_view key, std::string_view json) {
  begin(key);
  text_ += json;
  return *this;
}

JsonWriter& JsonWriter::members(std::string_view json) {
  return json.empty() ? *this : put_raw({}, json);
}

JsonWriter& JsonWriter::key(std::string_view foreign) {
  begin({});
  append_json_string(text_, foreign);
  return append(':');
}

JsonWriter& JsonWriter::put_signed(std::string_view key, std::int64_t number) {
  begin(key);
  append_integer(text_, number);
  return *this;
}

JsonWriter& JsonWriter::put_unsigned(std::string_view key, std::uint64_t number) {
  begin(key);
  append_integer(text_, number);
  return *this;
}

}  // namespace twinsky
