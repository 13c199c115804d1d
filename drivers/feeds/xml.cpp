// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/xml.hpp"

#include "drivers/feeds/text.hpp"

#include <algorithm>

namespace twinsky {
namespace {

// The largest document, 24 hours of 18 stations, has 7 800 of them.
constexpr std::ptrdiff_t most_tags = 100'000;
constexpr int deepest = 32;

struct DepthLimit final : pugi::xml_tree_walker {
  bool for_each(pugi::xml_node&) override { return depth() < deepest; }
};

// Is the root, the first element of `text`, closed at its end?
bool is_closed(std::string_view text) {
  auto at = text.find('<');
  while (at != std::string_view::npos && at + 1 < text.size() &&
         (text[at + 1] == '?' || text[at + 1] == '!')) {
    at = text.find('<', at + 1);
  }
  if (at == std::string_view::npos) return false;
  const std::string_view name = text.substr(at + 1, text.find_first_of(" \t\r\n/>", at) - at - 1);
  return trimmed(text).ends_with("</" + std::string(name) + ">");
}

}  // namespace

std::optional<FeedFailure> load_xml(pugi::xml_document& document, std::string_view text) {
  if (std::ranges::count(text, '<') > most_tags) {
    return FeedFailure{FeedFault::too_large, "XML with too many elements"};
  }
  const pugi::xml_parse_result parsed = document.load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype) {
      return FeedFailure{FeedFault::grammar_changed, "XML with a document type, which is refused"};
    }
  }
  if (!parsed && !is_closed(text)) {
    return FeedFailure{FeedFault::truncated, "XML whose root is not closed"};
  }
  if (!parsed) {
    return FeedFailure{
        FeedFault::grammar_changed,
        "no XML from byte " + std::to_string(parsed.offset) + " on: " + parsed.description()};
  }
  DepthLimit limit;
  if (!document.traverse(limit)) {
    return FeedFailure{FeedFault::too_large, "XML nested too deeply"};
  }
  return std::nullopt;
}

std::string text_of(const pugi::xml_node& element) {
  std::string text;
  for (const pugi::xml_node& part : element.children()) {
    if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) text += part.value();
  }
  return std::string(trimmed(text));
}

std::string text_of(const pugi::xml_node& parent, const char* child) {
  return text_of(parent.child(child));
}

}  // namespace twinsky
