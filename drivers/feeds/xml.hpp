// SPDX-License-Identifier: Apache-2.0
// XML from outside: no document type, therefore no entities of its own; size and depth are capped.
#pragma once

#include "drivers/driver.hpp"

#include <pugixml.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

// Parses UTF-8 text into `document`, or says why not: `truncated` where the root is not closed,
// `too_large` beyond the caps, else `grammar_changed`.
std::optional<FeedFailure> load_xml(pugi::xml_document& document, std::string_view text);

// All text within an element, CDATA included, without blanks at its ends.
std::string text_of(const pugi::xml_node& element);
// The same of its child; empty when there is none.
std::string text_of(const pugi::xml_node& parent, const char* child);

}  // namespace twinsky
