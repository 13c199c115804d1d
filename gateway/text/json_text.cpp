// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_text.hpp"

namespace twinsky {
namespace {

constexpr int deepest = 16;

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
// Of a string: stands for itself.
bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}
bool is_hexadecimal(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Goes through a text; each member takes one thing of the grammar, or returns false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : rest_(text) {}

  bool object(int depth) noexcept {
    return depth < deepest &&
           list('{', '}', [&] { return string() && take(':') && value(depth + 1); });
  }
  bool is_at_end() noexcept {
    skip_space();
    return rest_.empty();
  }

 private:
  bool value(int depth) noexcept {
    skip_space();
    switch (rest_.empty() ? '\0' : rest_.front()) {
      case '{':
        return object(depth);
      case '[':
        return depth < deepest && list('[', ']', [&] { return value(depth + 1); });
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }
  template <class Item>
  bool list(char open, char close, Item item) noexcept {
    if (!take(open)) return false;
    if (take(close)) return true;
    do {
      if (!item()) return false;
    } while (take(','));
    return take(close);
  }
  bool string() noexcept {
    if (!take('"')) return false;
    for (;;) {
      std::size_t plain = 0;
      while (plain < rest_.size() && is_plain(rest_[plain])) ++plain;
      rest_.remove_prefix(plain);
      if (rest_.empty()) return false;
      const char c = rest_.front();
      if (static_cast<unsigned char>(c) >= 0x80) {
        const std::size_t length = utf8_sequence_length(rest_);
        if (length == 0) return false;
        rest_.remove_prefix(length);
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\' || !escaped()) return false;
    }
  }
  bool escaped() noexcept {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    if (rest_.size() < 4) return false;
    for (const char digit : rest_.substr(0, 4)) {
      if (!is_hexadecimal(digit)) return false;
    }
    rest_.remove_prefix(4);
    return true;
  }
  bool number() noexcept {
    next_is('-');
    if (!next_is('0') && !digits()) return false;
    if (next_is('.') && !digits()) return false;
    if (next_is('e') || next_is('E')) {
      if (!next_is('+')) next_is('-');
      return digits();
    }
    return true;
  }
  bool digits() noexcept {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    rest_.remove_prefix(count);
    return count != 0;
  }
  bool word(std::string_view wanted) noexcept {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  bool take(char wanted) noexcept {
    skip_space();
    return next_is(wanted);
  }
  bool next_is(char wanted) noexcept {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_space() noexcept {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace

bool is_json_object(std::string_view text) noexcept {
  Scanner scanner(text);
  return scanner.object(0) && scanner.is_at_end();
}

std::size_t utf8_sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto continues = [&](std::size_t at) { return (byte(at) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace twinsky
