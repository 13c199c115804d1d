// SPDX-License-Identifier: Apache-2.0
// What performance a sensor is held against, as data (config/targets.json): US EPA's target values,
// and plain expectations of ours, named so, where no authority has set any. Any thread.
#pragma once

#include "gateway/compare/statistics.hpp"
#include "gateway/model/quantity.hpp"

#include <optional>
#include <string>
#include <vector>

namespace twinsky {

struct Target {
  std::optional<Quantity> quantity;  // none: what holds for any other quantity
  std::string name;
  std::string issuer;  // "us-epa" or "twinsky"
  int interval_h = 1;  // the averaging time that it is defined for
  double lowest_slope = 0;
  double highest_slope = 0;
  std::optional<double> intercept;  // |intercept| up to this
  double r2 = 0;
  std::optional<double> rmse;   // either of the two is enough
  std::optional<double> nrmse;  // 0.3 = 30 %
  std::optional<double> sd;     // between units
  std::optional<double> cv;
  std::optional<double> goal;   // a concentration that a test should have seen exceeded
  std::optional<double> limit;  // where expanded uncertainty is stated
};

class TargetCatalogue {
 public:
  TargetCatalogue();  // throws std::runtime_error where the data are wrong
  // In the unit of `quantity`; of a gas in ug/m3 at `gas_reference_k` where that is its form.
  [[nodiscard]] Target of(Quantity quantity, std::optional<double> gas_reference_k = {}) const;

 private:
  std::vector<Target> targets_;
};

// Absent where the target says nothing of it, or there is nothing to judge.
struct Criteria {
  std::optional<bool> slope;
  std::optional<bool> intercept;
  std::optional<bool> r2;
  std::optional<bool> error;
  [[nodiscard]] bool all() const noexcept;  // nothing failed and nothing is missing but by design
};
Criteria judge(const Target& target, const std::optional<Line>& line,
               const std::optional<Errors>& errors) noexcept;

}  // namespace twinsky
