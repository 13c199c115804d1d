// SPDX-License-Identifier: Apache-2.0
// What may go to one sink: by topic, by feed, by quantity. Everything that leaves is asked for here
// before it is put into a message. Any thread.
#pragma once

#include "gateway/config/config.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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
  [[nodiscard]] bool is_closed() const { return allow_.empty(); }

  // Do documents have to lose quantities that may not go?
  [[nodiscard]] bool strips() const { return !quantities_.empty(); }
  // A document or record without them.
  [[nodiscard]] std::string stripped(std::string_view document) const;

 private:
  [[nodiscard]] bool is_withheld(std::string_view topic) const;

  struct WithheldFeed {
    std::string beginning;  // of the topics of its data
    std::string subject;    // within the topics of indices made of them
  };

  std::vector<std::string> allow_;
  std::vector<WithheldFeed> withheld_;
  std::set<std::string, std::less<>> quantities_;  // empty: all
};

}  // namespace twinsky
