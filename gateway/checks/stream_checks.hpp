// SPDX-License-Identifier: Apache-2.0
// The checks of one stream: each quantity by itself, then what the quantities of one sample say of
// each other. Called once for every sample, in the order in which they were taken.
#pragma once

#include "gateway/checks/check_consistency.hpp"
#include "gateway/checks/quality_settings.hpp"
#include "gateway/checks/series_checks.hpp"
#include "gateway/model/sample.hpp"

#include <string_view>
#include <vector>

namespace twinsky {

class StreamChecks {
 public:
  struct Checked {
    Quantity quantity{};
    CheckSettings settings;
    std::vector<Quantity> made_of = {};  // others of the sample that it is computed with
  };
  StreamChecks(std::vector<Checked> quantities, const QualitySettings& settings);

  // Sets flags and reasons of the readings of `channel`. `humidity_percent`: of the air around,
  // where the sample itself does not say. Answers the sample before where it turns out only now to
  // be another than it seemed; that lives until the next call.
  const Sample* check(Sample& sample, std::string_view channel,
                      std::optional<double> humidity_percent);

  // The same without judging: takes up what is stored, oldest first.
  void recall(const Sample& stored);

  // Does it ask for humidity (has it particles)?
  [[nodiscard]] bool asks_humidity() const { return asks_humidity_; }
  // How far back its memory reaches.
  [[nodiscard]] milliseconds memory() const { return memory_; }

 private:
  struct Series {
    Quantity quantity{};
    SeriesChecks checks;
  };
  Series* find(Quantity quantity);
  bool judge_before(Quantity quantity, Flag spike);
  void check_together(Sample& sample, std::string_view channel);
  void judge_derived(Sample& sample, std::string_view channel) const;

  std::vector<Series> series_;
  std::vector<OrderedPair> pairs_;  // of which the stream has both
  // What is computed, with what; the maker stands before what is made of the made.
  std::vector<std::pair<Quantity, Quantity>> derived_;
  const bool is_twin_;
  const bool amends_;
  const double humid_above_percent_;
  bool asks_humidity_ = false;
  bool has_spikes_ = false;
  milliseconds memory_{0};
  Sample before_;   // of this channel, with its flags, while there are spikes to be looked for
  Sample changed_;  // what was before_ and has become another
};

}  // namespace twinsky
