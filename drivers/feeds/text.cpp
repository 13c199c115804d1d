// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace twinsky {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

void append_utf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0U | point >> 6U);
    text += static_cast<char>(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0U | point >> 12U);
    text += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (point & 0x3FU));
  } else {
    text += static_cast<char>(0xF0U | point >> 18U);
    text += static_cast<char>(0x80U | (point >> 12U & 0x3FU));
    text += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (point & 0x3FU));
  }
}

// `body` without its mark; `high` is the place of a unit's high byte.
std::optional<std::string> from_utf16(std::string_view body, std::size_t high) {
  if (body.size() % 2 != 0) return std::nullopt;
  const auto unit = [&](std::size_t at) {
    const auto octet = [&](std::size_t place) { return static_cast<std::uint8_t>(body[place]); };
    return static_cast<std::uint32_t>(octet(at + high) << 8U | octet(at + 1 - high));
  };
  std::string text;
  text.reserve(body.size());
  for (std::size_t at = 0; at < body.size(); at += 2) {
    std::uint32_t point = unit(at);
    if (point >= 0xDC00 && point < 0xE000) return std::nullopt;  // a low surrogate comes second
    if (point >= 0xD800 && point < 0xDC00) {
      if (at + 2 >= body.size()) return std::nullopt;
      const std::uint32_t low = unit(at + 2);
      if (low < 0xDC00 || low >= 0xE000) return std::nullopt;
      point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
      at += 2;
    }
    append_utf8(text, point);
  }
  return text;
}

// The length of the UTF-8 sequence at the front of `text`; 0 when it is none (RFC 3629: shortest
// form, no surrogates, not beyond U+10FFFF).
std::size_t sequence_length(std::string_view text) {
  const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if ((octet(at) & 0xC0U) != 0x80) return 0;
  }
  const std::uint8_t second = octet(1);
  const bool is_shortest = !(first == 0xE0 && second < 0xA0) && !(first == 0xF0 && second < 0x90);
  const bool is_point = !(first == 0xED && second > 0x9F) && !(first == 0xF4 && second > 0x8F);
  return is_shortest && is_point ? length : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Does `text` begin with `tag`, whatever the case?
bool begins_with_tag(std::string_view text, std::string_view tag) {
  return text.size() >= tag.size() &&
         std::ranges::equal(text.substr(0, tag.size()), tag, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// Drops what may stand before the root of a web page: blanks, comments, processing instructions.
std::string_view from_root(std::string_view text) {
  while (true) {
    text = trimmed(text);
    const std::string_view end = text.starts_with("<?") ? "?>" : "-->";
    if (!text.starts_with("<?") && !text.starts_with("<!--")) return text;
    const auto closed = text.find(end);
    if (closed == std::string_view::npos) return {};
    text.remove_prefix(closed + end.size());
  }
}

bool is_web_page(std::string_view text) {
  static constexpr std::array<std::string_view, 4> openings = {"<!doctype html", "<html", "<head",
                                                               "<body"};
  const std::string_view root = from_root(text);
  return std::ranges::any_of(openings, [&](auto tag) { return begins_with_tag(root, tag); });
}

Result<std::string, FeedFailure> decoded(std::string_view body) {
  if (body.starts_with("\xFF\xFE") || body.starts_with("\xFE\xFF")) {
    auto text = from_utf16(body.substr(2), body.front() == '\xFF' ? 1 : 0);
    if (text) return *std::move(text);
    return Unexpected{
        FeedFailure{FeedFault::truncated, "UTF-16 that ends or breaks in a character"}};
  }
  if (!is_utf8(body)) {
    return Unexpected{FeedFailure{FeedFault::grammar_changed, "neither UTF-8 nor marked UTF-16"}};
  }
  return std::string(body);
}

}  // namespace

Result<std::string, FeedFailure> readable_text(std::string_view body) {
  if (body.size() > largest_document) {
    return Unexpected{FeedFailure{FeedFault::too_large, std::to_string(body.size()) + " bytes"}};
  }
  auto text = decoded(body);
  if (!text) return text;
  std::size_t marks = 0;  // some Hong Kong files have been seen with two
  while (std::string_view(*text).substr(marks).starts_with(byte_order_mark)) marks += 3;
  text->erase(0, marks);
  if (trimmed(*text).empty()) return Unexpected{FeedFailure{FeedFault::empty, "nothing at all"}};
  if (is_web_page(*text)) {
    return Unexpected{FeedFailure{FeedFault::html, "a web page instead of data"}};
  }
  return text;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace twinsky
