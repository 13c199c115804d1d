// SPDX-License-Identifier: Apache-2.0
// The validation record of one comparison: what is published retained on
// compare/<sensor>/<quantity>/<feed>/<station>, described by compare.schema.json. A pure function
// of facts, stored hours and the time, with fixed key order and fixed formatting: the same hours
// in any order give the same bytes but for `computed_at` and `revision`. Any thread.
#pragma once

#include "gateway/checks/self_heating.hpp"
#include "gateway/compare/proposal.hpp"
#include "gateway/compare/verdict.hpp"
#include "gateway/model/zone.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Who is compared, under what configuration.
struct ComparisonIdentity {
  std::string sensor;
  Quantity quantity{};                    // the reference's form: o3 where the feed sends ug/m3
  std::optional<double> gas_reference_k;  // of that form
  std::string correction;                 // "id@version" of the corrected series; empty: none
  std::string config_hash;
  int revision = 0;
  bool is_indoor = false;
  Zone zone = {};
  bool is_time_trusted = true;
};

struct ReferenceFacts {
  std::string feed;
  std::string station;
  std::string kind;   // "general", "roadside", …
  std::string label;  // how the feed's hours are labelled: "hour_ending" or "hour_beginning"
  Siting siting;
};

// What the unit did when it was last put to work or stood beside the reference.
struct Commissioning {
  MomentMatch match;
  Window window;
};
// From the pairs of a window (a noted collocation, else the first 168 h); absent with fewer than
// 75 % of its hours or r <= 0.
std::optional<Commissioning> commissioning_of(std::span<const PairRow> rows, Window window);

// The newest hour beside all official stations around.
struct NeighbourCheck {
  Flag flag{};           // suspect when three hours in a row were far away
  int stations = 0;      // that have the hour
  double deviation = 0;  // from their median, in units of their spread
};

struct ComparisonInput {
  ComparisonIdentity identity;
  ReferenceFacts reference;
  std::span<const PairRow>
      rows;  // in any order, one row an hour, up to 720 h before the window end
  Beginnings beginnings = {};
  std::optional<Commissioning> commissioning;
  std::optional<Floor> floor;
  std::optional<NeighbourCheck> neighbours;
  UtcTime now{};
};

// Windows end with the newest hour for which the reference has arrived, or which is older than
// `reference_max_age`: an agency that is merely late costs no completeness.
HourStart window_end(std::span<const PairRow> rows, UtcTime now,
                     std::chrono::hours reference_max_age = std::chrono::hours(3));

struct ComparisonRecord {
  std::string json;
  Verdict verdict{};    // published, after hysteresis; a change of it goes out as an event
  std::string summary;  // one line for `twinsky status`
  std::optional<SelfHeating> self_heating;
};

class RecordWriter {
 public:
  // Reads the embedded targets and sentences; throws std::runtime_error where they are wrong.
  RecordWriter() = default;
  [[nodiscard]] ComparisonRecord write(const ComparisonInput& input) const;

 private:
  TargetCatalogue targets_;
  VerdictTexts texts_;
};

}  // namespace twinsky
