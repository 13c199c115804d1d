// SPDX-License-Identifier: Apache-2.0
#include "gateway/publish/egress.hpp"

#include "gateway/config/topic_filter.hpp"
#include "gateway/publish/quantity_filter.hpp"

#include <algorithm>

namespace twinsky {

Egress::Egress(const SinkSettings& sink)
    : allow_(sink.allow), quantities_(sink.quantities.begin(), sink.quantities.end()) {
  for (const std::string& feed : sink.withheld_feeds) {
    withheld_.push_back({.beginning = "ref/" + feed + "/", .subject = "/" + feed + "--"});
  }
}

const Egress& Egress::everything() {
  static const Egress all{SinkSettings{}};
  return all;
}

std::optional<std::string_view> Egress::rule_for(std::string_view topic) const {
  if (is_withheld(topic)) return std::nullopt;
  const auto filter = std::ranges::find_if(
      allow_, [topic](const std::string& each) { return matches(each, topic); });
  if (filter == allow_.end()) return std::nullopt;
  return *filter;
}

std::string Egress::stripped(std::string_view document) const {
  return without_quantities(document, quantities_);
}

// The data themselves and the indices made of them; a comparison is our own finding.
bool Egress::is_withheld(std::string_view topic) const {
  const auto is_of = [topic](const WithheldFeed& feed) {
    return topic.starts_with(feed.beginning) ||
           (topic.starts_with("index/") && topic.find(feed.subject) != std::string_view::npos);
  };
  if (std::ranges::any_of(withheld_, is_of)) return true;
  if (!strips() || !topic.starts_with("compare/")) return false;
  return std::ranges::none_of(quantities_, [topic](const std::string& quantity) {
    return matches("compare/+/" + quantity + "/#", topic);
  });
}

}  // namespace twinsky
