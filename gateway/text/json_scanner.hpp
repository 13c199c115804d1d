// SPDX-License-Identifier: Apache-2.0
// Goes through a JSON text (RFC 8259) once, without making values of it: an hour has thousands of
// records. Whatever takes something answers false, or nothing, where the text has something else;
// then the scanner has done its work.
#pragma once

#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/utf8.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace twinsky {

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) noexcept : rest_(text) {}

  // Calls `member` with each key of an object, escapes as they are written; it takes the value.
  template <class Member>
  bool members(Member member) {
    return all_between('{', '}', [&] {
      const auto key = take_string();
      return key && take(':') && member(*key);
    });
  }
  // Calls `item` for each one of a list; it takes it.
  template <class Item>
  bool items(Item item) {
    return all_between('[', ']', item);
  }
  // Without its quotes, escapes as they are written.
  std::optional<std::string_view> take_string() noexcept;
  std::optional<double> take_number() noexcept;
  bool take_null() noexcept { return take_word("null"); }
  // Any value, as it is written.
  std::optional<std::string_view> take_value() noexcept;
  bool skip() noexcept;

  // With what the next thing begins; NUL at the end.
  [[nodiscard]] char next() noexcept {
    skip_blanks();
    return rest_.empty() ? '\0' : rest_.front();
  }
  [[nodiscard]] bool is_at_end() noexcept { return next() == '\0' && rest_.empty(); }

 private:
  static constexpr int deepest = 16;  // no record is nested as deep

  static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  static constexpr bool is_blank(char c) noexcept {
    return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r');
  }

  template <class Each>
  bool all_between(char open, char close, Each each) {
    if (depth_ == deepest || !take(open)) return false;
    if (take(close)) return true;
    ++depth_;
    do {
      if (!each()) return false;
    } while (take(','));
    --depth_;
    return take(close);
  }
  // What we have written has no blanks, so the sign itself is looked for first.
  bool take(char sign) noexcept {
    if (take_here(sign)) return true;
    if (rest_.empty() || !is_blank(rest_.front())) return false;
    skip_blanks();
    return take_here(sign);
  }
  bool take_here(char sign) noexcept {
    if (rest_.empty() || rest_.front() != sign) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) noexcept {
    if (next() != word.front() || !rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_blanks() noexcept {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool skip_escape() noexcept;
  bool skip_number() noexcept;
  bool skip_digits() noexcept;

  std::string_view rest_;
  int depth_ = 0;
};

inline std::optional<std::string_view> JsonScanner::take_string() noexcept {
  // Of a string: stands for itself.
  static constexpr auto is_plain = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
  }();
  if (!take('"')) return std::nullopt;
  const std::string_view begun = rest_;
  for (;;) {
    std::size_t plain = 0;
    while (plain < rest_.size() && is_plain[static_cast<unsigned char>(rest_[plain])]) ++plain;
    rest_.remove_prefix(plain);
    if (rest_.empty()) return std::nullopt;
    if (rest_.front() == '"') {
      const std::string_view text = begun.substr(0, begun.size() - rest_.size());
      rest_.remove_prefix(1);
      return text;
    }
    if (rest_.front() == '\\') {
      if (!skip_escape()) return std::nullopt;
      continue;
    }
    const std::size_t length =
        static_cast<unsigned char>(rest_.front()) < 0x20 ? 0 : utf8_sequence_length(rest_);
    if (length == 0) return std::nullopt;
    rest_.remove_prefix(length);
  }
}

inline std::optional<double> JsonScanner::take_number() noexcept {
  const std::size_t sign = next() == '-' ? 1 : 0;
  if (sign == rest_.size() || !is_digit(rest_[sign])) return std::nullopt;  // "inf" is no number
  double number = 0;
  const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
  if (problem != std::errc()) return std::nullopt;
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return number;
}

}  // namespace twinsky
