// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/topic_rules.hpp"

#include "gateway/model/stable_hash.hpp"
#include "gateway/model/topic_filter.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr std::string_view allowed_line = "allow ";
constexpr std::string_view withheld_line = "withhold ";
constexpr std::string_view hash_line = "hash ";  // the last one, of all before it

// The data themselves and the indices made of them; a comparison is our own finding.
bool is_of_feed(std::string_view topic, const std::string& feed) {
  return topic.starts_with("ref/" + feed + "/") ||
         (topic.starts_with("index/") && topic.find("/" + feed + "--") != std::string_view::npos);
}

}  // namespace

std::optional<std::string_view> rule_for(const TopicRules& rules, std::string_view topic) {
  const bool is_withheld = std::ranges::any_of(
      rules.withheld_feeds, [topic](const std::string& feed) { return is_of_feed(topic, feed); });
  if (is_withheld) return std::nullopt;
  const auto filter = std::ranges::find_if(
      rules.allow, [topic](const std::string& each) { return matches(each, topic); });
  if (filter == rules.allow.end()) return std::nullopt;
  return *filter;
}

std::string text_of(const TopicRules& rules) {
  std::string text;
  for (const std::string& filter : rules.allow) {
    text.append(allowed_line).append(filter).append("\n");
  }
  for (const std::string& feed : rules.withheld_feeds) {
    text.append(withheld_line).append(feed).append("\n");
  }
  const std::string hash = std::to_string(stable_hash(text));
  return text.append(hash_line).append(hash).append("\n");
}

std::optional<TopicRules> topic_rules_of(std::string_view text) {
  TopicRules rules{.allow = {}};
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with(allowed_line)) {
      rules.allow.emplace_back(line.substr(allowed_line.size()));
    } else if (line.starts_with(withheld_line)) {
      rules.withheld_feeds.emplace_back(line.substr(withheld_line.size()));
    }
  }
  if (text_of(rules) != text) return std::nullopt;
  return rules;
}

std::string topic_of_stream(const std::string& stream) {
  const bool is_measured =
      stream.starts_with("sensor/") || stream.starts_with("ref/") || stream.starts_with("index/");
  const bool is_hours = stream.ends_with("/hour");  // a stream of its own beside the sensor's
  return is_measured && !is_hours ? stream + "/obs" : stream;
}

}  // namespace twinsky
