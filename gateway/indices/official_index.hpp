// SPDX-License-Identifier: Apache-2.0
// Indices made from official hourly values by the published rule that is in force at their time,
// and how often they equal what the agency printed itself. Pure: values in, reports out. One
// thread.
#pragma once

#include "gateway/indices/index.hpp"
#include "gateway/indices/index_report.hpp"
#include "gateway/model/sample.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// How often ours equals the agency's, over the newest day of all stations.
struct IndexAgreement {
  std::string edition;  // the newest; only its hours count
  int compared = 0;
  int equal = 0;
  int within_one = 0;
};

class OfficialIndex {
 public:
  // `family`: "hk-aqhi" or "cn-aqi". The catalogue outlives it.
  OfficialIndex(const IndexCatalogue& catalogue, std::string_view family);

  // One station's values of one interval, in any order, repeats included. Returns what became known
  // or changed through them; nothing where the hours that the rule wants have not all been seen.
  std::vector<IndexReport> take(const Sample& sample);
  // The station is gone.
  void forget(std::string_view station);
  [[nodiscard]] IndexAgreement agreement() const;

 private:
  struct Hour {
    std::map<Quantity, double> values;      // concentrations that are numbers
    bool is_seen = false;                   // a row of concentrations came
    std::optional<int> published;           // by the agency
    std::optional<IndexValue> computed;     // by us
    const IndexEdition* edition = nullptr;  // that made it
  };
  using Hours = std::map<UtcTime, Hour>;  // by end

  static bool put(Hour& at, const Reading& reading);
  [[nodiscard]] std::optional<IndexInputs> inputs_of(const Hours& hours, UtcTime end) const;
  bool compute(Hours& hours, UtcTime end) const;

  const IndexCatalogue& catalogue_;
  const std::string family_;
  const Quantity printed_;  // the quantity that the agency publishes itself
  const int span_;          // hours that one value looks at
  std::map<std::string, Hours, std::less<>> stations_;
};

}  // namespace twinsky
