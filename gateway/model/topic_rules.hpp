// SPDX-License-Identifier: Apache-2.0
// Which topics may go to a sink: by topic filters, and by feeds that stay here. As text too, so
// that a store knows it of a sink that is not configured any more.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct TopicRules {
  std::vector<std::string> allow = {"#"};
  std::vector<std::string> withheld_feeds{};  // whatever the filters say
};

// The filter that lets a topic (below twinsky/v1/<gateway>/) go; nullopt: it stays here. The view
// lives as long as the rules.
std::optional<std::string_view> rule_for(const TopicRules& rules, std::string_view topic);

std::string text_of(const TopicRules& rules);
// nullopt: text_of() gave something else, of which a byte has changed.
std::optional<TopicRules> topic_rules_of(std::string_view text);

// On which topic the records of a stream ("sensor/roof-pm") go.
std::string topic_of_stream(const std::string& stream);

}  // namespace twinsky
