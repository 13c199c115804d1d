// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/egress.hpp"

#include "gateway/model/topic_filter.hpp"
#include "gateway/sinks/quantity_filter.hpp"

#include <algorithm>

namespace twinsky {

Egress::Egress(const SinkSettings& sink)
    : rules_{.allow = sink.allow, .withheld_feeds = sink.withheld_feeds},
      quantities_(sink.quantities.begin(), sink.quantities.end()) {}

const Egress& Egress::everything() {
  static const Egress all{SinkSettings{}};
  return all;
}

std::optional<std::string_view> Egress::rule_for(std::string_view topic) const {
  if (strips() && topic.starts_with("compare/")) {
    const bool is_of_one = std::ranges::any_of(quantities_, [topic](const std::string& quantity) {
      return matches("compare/+/" + quantity + "/#", topic);
    });
    if (!is_of_one) return std::nullopt;
  }
  return twinsky::rule_for(rules_, topic);
}

std::string Egress::stripped(std::string_view document) const {
  return without_quantities(document, quantities_);
}

}  // namespace twinsky
