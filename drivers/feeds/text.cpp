// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/text.hpp"

#include "drivers/feeds/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace twinsky {
namespace {

// Does `text` begin with `tag`, whatever the case?
bool begins_with_tag(std::string_view text, std::string_view tag) {
  return lower_case(text.substr(0, tag.size())) == tag;
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

}  // namespace

Result<std::string, FeedFailure> readable_text(std::string_view body,
                                               std::vector<std::string>& problems) {
  if (body.size() > largest_document) {
    return Unexpected{FeedFailure{FeedFault::too_large, std::to_string(body.size()) + " bytes"}};
  }
  auto utf8 = as_utf8(body);
  if (!utf8) return Unexpected{utf8.error()};
  if (trimmed(utf8->text).empty()) {
    return Unexpected{FeedFailure{FeedFault::empty, "nothing at all"}};
  }
  if (is_web_page(utf8->text)) {
    return Unexpected{FeedFailure{FeedFault::html, "a web page instead of data"}};
  }
  if (!utf8->inference.empty()) problems.push_back(std::move(utf8->inference));
  return std::move(utf8->text);
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string narrowed(std::string_view text) {
  std::string narrow;
  narrow.reserve(text.size());
  while (!text.empty()) {
    // U+FF01…U+FF5E are EF BC 81…EF BD 9E and stand for 0x21…0x7E; U+3000 is the wide blank.
    const bool is_wide =
        text.size() >= 3 && (text.starts_with("\xEF\xBC") || text.starts_with("\xEF\xBD"));
    const int place = is_wide ? (static_cast<std::uint8_t>(text[1]) - 0xBC) * 0x40 +
                                    static_cast<std::uint8_t>(text[2]) - 0x81
                              : -1;
    if (place >= 0 && place <= 0x7E - 0x21) {
      narrow += static_cast<char>(0x21 + place);
      text.remove_prefix(3);
    } else if (text.starts_with("\u3000")) {
      narrow += ' ';
      text.remove_prefix(3);
    } else {
      narrow += text.front();
      text.remove_prefix(1);
    }
  }
  return narrow;
}

}  // namespace twinsky
