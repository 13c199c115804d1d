// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/targets.hpp"

#include "gateway/model/embedded.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/json.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace twinsky {
namespace {

std::optional<double> number(const Json& json, const char* key, double scale = 1) {
  const auto found = json.find(key);
  if (found == nullptr) return std::nullopt;
  return found->get<double>() * scale;
}

Target target_from(const Json& json) {
  constexpr double percent = 0.01;
  Target target{.name = json.at("name"),
                .issuer = json.at("issuer"),
                .interval_h = json.at("interval_h"),
                .lowest_slope = json.at("slope").at(0),
                .highest_slope = json.at("slope").at(1),
                .intercept = number(json, "intercept"),
                .r2 = json.at("r2"),
                .rmse = number(json, "rmse"),
                .nrmse = number(json, "nrmse_percent", percent),
                .sd = number(json, "sd"),
                .cv = number(json, "cv_percent", percent),
                .goal = number(json, "goal"),
                .limit = number(json, "limit")};
  if (json.contains("quantity")) {
    const std::string name = json.at("quantity");
    target.quantity = quantity_named(name);
    if (!target.quantity) throw std::runtime_error("targets: no quantity \"" + name + "\"");
  }
  return target;
}

// All that has a unit, in another one.
Target scaled(Target target, double factor) {
  for (auto* value : {&target.intercept, &target.rmse, &target.sd, &target.goal, &target.limit}) {
    if (*value) **value *= factor;
  }
  return target;
}

}  // namespace

TargetCatalogue::TargetCatalogue() {
  const Json json = Json::parse(embedded_file("config/targets.json"));
  for (const Json& each : json.at("targets")) targets_.push_back(target_from(each));
  if (targets_.empty() || targets_.back().quantity) {
    throw std::runtime_error("targets: the last one must hold for any quantity");
  }
}

Target TargetCatalogue::of(Quantity quantity, std::optional<double> gas_reference_k) const {
  const auto find = [this](Quantity wanted) {
    return std::ranges::find(targets_, std::optional(wanted), &Target::quantity);
  };
  auto found = find(quantity);
  if (found != targets_.end()) return *found;
  const GasForms* const gas = gas_forms(quantity);
  if (gas != nullptr && gas->mass == quantity && gas_reference_k) found = find(gas->share);
  if (found == targets_.end()) return targets_.back();
  Target target = scaled(*found, *mass_of_share(gas->share, 1, *gas_reference_k));
  target.quantity = quantity;
  return target;
}

bool Criteria::all() const noexcept {
  const bool any = slope || intercept || r2 || error;
  return any && slope.value_or(true) && intercept.value_or(true) && r2.value_or(true) &&
         error.value_or(true);
}

Criteria judge(const Target& target, const std::optional<Line>& line,
               const std::optional<Errors>& errors) noexcept {
  Criteria criteria;
  if (line) {
    criteria.slope = line->slope >= target.lowest_slope && line->slope <= target.highest_slope;
    if (target.intercept) criteria.intercept = std::abs(line->intercept) <= *target.intercept;
    criteria.r2 = line->r > 0 && line->r2 >= target.r2;
  }
  if (errors && target.rmse) {
    const bool is_relative_met =
        target.nrmse && errors->nrmse && *errors->nrmse >= 0 && *errors->nrmse <= *target.nrmse;
    criteria.error = errors->rmse <= *target.rmse || is_relative_met;
  }
  return criteria;
}

}  // namespace twinsky
