// SPDX-License-Identifier: Apache-2.0
// What may go to one sink: by topic, by feed, by quantity. Everything that leaves is asked for here
// before it is put into a message. Any thread.
#pragma once

#include "gateway/config/sink_settings.hpp"
#include "gateway/model/topic_rules.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

class Egress {
 public:
  explicit Egress(const SinkSettings& sink);
  // No rule at all; for what has no sink of the configuration.
  static const Egress& everything();

  // The filter that lets a topic (below twinsky/v1/<gateway>/) go; nullopt: it stays here. The view
  // lives as long as this.
  [[nodiscard]] std::optional<std::string_view> rule_for(std::string_view topic) const;
  // May nothing go at all? `status` alone opens no sink.
  [[nodiscard]] bool is_closed() const { return rules_.allow.empty(); }

  // What holds of topics alone, for the store.
  [[nodiscard]] const TopicRules& topic_rules() const { return rules_; }

  // Do documents have to lose quantities that may not go?
  [[nodiscard]] bool strips() const { return !quantities_.empty(); }
  // A document or record without them.
  [[nodiscard]] std::string stripped(std::string_view document) const;

 private:
  const TopicRules rules_;
  std::set<std::string, std::less<>> quantities_;  // empty: all
};

}  // namespace twinsky
