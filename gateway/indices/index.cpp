// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/index.hpp"

#include "gateway/checks/official_values.hpp"
#include "gateway/indices/decimal.hpp"
#include "gateway/indices/pollutant.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/json.hpp"
#include "gateway/model/sentinel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>
#include <stdexcept>

namespace twinsky {
namespace {

using Header = IndexEdition::Header;

Rational number(const Json& json) {
  return decimal(json.is_string() ? json.get<std::string>() : json.dump()).value();
}

Rounding rounding_named(std::string_view name) {
  if (name == "half_even") return Rounding::half_even;
  if (name == "up") return Rounding::up;
  return Rounding::none;
}

// "pm25_24h" -> "pm25"
std::string pollutant_of(const std::string& input) {
  return input.substr(0, input.find('_'));
}

// In the catalogue's units. The rules' own: ug/m3, CO in mg/m3, in the United States ppm or ppb.
// What no instrument can have said counts as missing; noise below zero is clean air, which no rule
// gives less than nothing for.
std::optional<Rational> plausible(std::string_view input, std::string_view concentration) {
  const auto printed = decimal(concentration);
  if (!printed || is_sentinel(concentration)) return std::nullopt;
  const twinsky::Pollutant& pollutant = pollutant_named(input);
  const GasForms* const gas = gas_forms(pollutant.quantity);
  const double number = printed->convert_to<double>();
  const bool is_ppm = input.ends_with("_ppm");
  const bool is_possible =
      gas != nullptr && (is_ppm || input.ends_with("_ppb"))
          ? is_plausible(gas->share, number * (is_ppm ? 1000 : 1) / gas->ppb_per_unit)
          : is_plausible(pollutant.quantity, number * pollutant.rule_unit);
  if (!is_possible) return std::nullopt;
  return std::max(*printed, Rational(0));
}

// ---- China and the United States: straight lines between breakpoints ----------------------------

struct Segment {
  Rational lowest;
  Rational highest;
  int lowest_index = 0;
  int highest_index = 0;
};

struct Scale {
  std::vector<Segment> segments;
  std::optional<int> above;  // the index beyond the last segment; none: the rule defines none there
  bool is_extended = false;  // or the last line goes on
  int decimals = 0;          // of the concentration, before it is looked up
};

// China: neighbouring segments share their ends.
Scale shared_ends(const std::string& input, const Json& rule, const Json& edition) {
  Scale scale;
  const Json& points = edition.at("index").at("points");
  const Json& breakpoints = rule.at("breakpoints");
  for (std::size_t at = 1; at < breakpoints.size(); ++at) {
    scale.segments.push_back({.lowest = number(breakpoints.at(at - 1)),
                              .highest = number(breakpoints.at(at)),
                              .lowest_index = points.at(at - 1),
                              .highest_index = points.at(at)});
  }
  if (!rule.at("above").is_null()) scale.above = rule.at("above").get<int>();
  const Json& concentration = edition.at("concentration");
  scale.decimals = concentration.value("decimals_of", Json::object())
                       .value(pollutant_of(input), concentration.value("decimals", 0));
  return scale;
}

// United States: the next segment begins one unit of the last digit higher.
Scale gapped(const Json& rule) {
  Scale scale;
  for (const Json& segment : rule.at("segments")) {
    scale.segments.push_back({.lowest = number(segment.at(0)),
                              .highest = number(segment.at(1)),
                              .lowest_index = segment.at(2),
                              .highest_index = segment.at(3)});
  }
  scale.decimals = rule.at("decimals");
  scale.is_extended = rule.value("extended", false);
  if (rule.contains("above")) scale.above = rule.at("above").get<int>();
  return scale;
}

class Breakpoints final : public IndexEdition {
 public:
  Breakpoints(Header header, const Json& json) : IndexEdition(std::move(header)) {
    const bool is_shared = json.at("rule") == "breakpoints";
    if (is_shared) {
      concentration_rounding_ =
          rounding_named(json.at("concentration").at("rounding").get<std::string>());
      index_rounding_ = rounding_named(json.at("index").at("rounding").get<std::string>());
    }
    for (const auto& [input, rule] : json.at("pollutants").items()) {
      pollutants_[input] = is_shared ? shared_ends(input, rule, json) : gapped(rule);
      inputs_.push_back(input);
    }
    const Json reports = json.value("reports", Json::object());
    for (const auto& [report, names] : reports.items()) {
      reports_[report] = names.get<std::vector<std::string>>();
    }
    primary_above_ = json.value("primary_above", 50);
    if (json.contains("incomplete")) {
      incomplete_above_ = json.at("incomplete").at("published_above");
    }
  }

  [[nodiscard]] std::vector<std::string> inputs(std::string_view report) const override {
    const auto demanded = reports_.find(report);
    return demanded == reports_.end() ? inputs_ : demanded->second;
  }

  [[nodiscard]] std::optional<double> part_risk_percent(std::string_view,
                                                        std::string_view) const override {
    return std::nullopt;
  }

  [[nodiscard]] std::optional<int> part(std::string_view input,
                                        std::string_view concentration) const override {
    const auto found = pollutants_.find(input);
    if (found == pollutants_.end()) return std::nullopt;
    const auto printed = plausible(input, concentration);
    if (!printed) return std::nullopt;
    const Scale& scale = found->second;
    const Rational value = rounded(*printed, scale.decimals, concentration_rounding_);
    if (value < scale.segments.front().lowest) return std::nullopt;
    const auto holding = std::ranges::find_if(
        scale.segments, [&](const Segment& each) { return value <= each.highest; });
    if (holding == scale.segments.end() && !scale.is_extended) return scale.above;
    const Segment& segment = holding == scale.segments.end() ? scale.segments.back() : *holding;
    const Rational slope =
        Rational(segment.highest_index - segment.lowest_index) / (segment.highest - segment.lowest);
    const Rational index = slope * (value - segment.lowest) + segment.lowest_index;
    return static_cast<int>(floor_of(rounded(index, 0, index_rounding_)));
  }

  [[nodiscard]] IndexValue total(std::string_view report, const IndexInputs& given) const override {
    const auto demanded = reports_.find(report);
    const std::vector<std::string>& names = demanded == reports_.end() ? inputs_ : demanded->second;
    IndexValue result;
    bool is_complete = true;
    for (const std::string& name : names) {
      const auto input = given.find(name);
      std::optional<int> sub_index;
      if (input != given.end() && input->second) sub_index = part(name, *input->second);
      if (sub_index) result.parts[name] = *sub_index;
      is_complete = is_complete && (sub_index || demanded == reports_.end());
    }
    if (result.parts.empty()) return result;
    const int highest = std::ranges::max(result.parts | std::views::values);
    if (!is_complete && highest <= incomplete_above_) return result;
    result.value = highest;
    result.text = std::to_string(highest);
    for (const std::string& name : names) {
      const auto sub_index = result.parts.find(name);
      const bool leads = sub_index != result.parts.end() && sub_index->second == highest;
      if (leads && highest > primary_above_) result.primary.push_back(pollutant_of(name));
    }
    return result;
  }

 private:
  // What holds where an edition of segments says nothing: EPA truncates concentrations and rounds
  // the index to the nearest integer.
  Rounding concentration_rounding_ = Rounding::down;
  Rounding index_rounding_ = Rounding::half_up;
  std::map<std::string, Scale, std::less<>> pollutants_;
  std::vector<std::string> inputs_;
  std::map<std::string, std::vector<std::string>, std::less<>> reports_;
  int primary_above_ = 50;
  int incomplete_above_ = 0;  // an incomplete report is published only when it is worse
};

// ---- Hong Kong: added health risk ---------------------------------------------------------------

using Numbers = std::map<std::string, double, std::less<>>;

Numbers numbers_of(const Json& object) {
  Numbers numbers;
  for (const auto& [name, number] : object.items()) numbers[name] = number.get<double>();
  return numbers;
}

class AddedRisk final : public IndexEdition {
 public:
  AddedRisk(Header header, const Json& json)
      : IndexEdition(std::move(header)),
        coefficients_(numbers_of(json.at("coefficients"))),
        groups_(json.at("sum_of").get<std::vector<std::vector<std::string>>>()),
        bands_(json.at("bands").get<std::vector<double>>()) {}

  [[nodiscard]] std::vector<std::string> inputs(std::string_view) const override {
    std::vector<std::string> names;
    for (const auto& group : groups_) names.insert(names.end(), group.begin(), group.end());
    return names;
  }

  // The rule knows no sub-indices.
  [[nodiscard]] std::optional<int> part(std::string_view, std::string_view) const override {
    return std::nullopt;
  }

  [[nodiscard]] std::optional<double> part_risk_percent(
      std::string_view input, std::string_view concentration) const override {
    const auto coefficient = coefficients_.find(input);
    if (coefficient == coefficients_.end()) return std::nullopt;
    const auto printed = plausible(input, concentration);
    if (!printed) return std::nullopt;
    return std::expm1(coefficient->second * printed->convert_to<double>()) * 100.0;
  }

  [[nodiscard]] IndexValue total(std::string_view, const IndexInputs& given) const override {
    IndexValue result;
    double risk_percent = 0;
    for (const std::vector<std::string>& group : groups_) {
      const auto risk = greatest_risk_percent(group, given);
      if (!risk) return result;  // all groups of pollutants, or no index
      risk_percent += *risk;
    }
    result.added_risk_percent = risk_percent;
    // The bands are printed with two decimals, so the risk is rounded to two before it is compared.
    const auto band = std::ranges::lower_bound(bands_, std::round(risk_percent * 100.0) / 100.0);
    result.value = static_cast<int>(band - bands_.begin()) + 1;
    result.text = band == bands_.end() ? "10+" : std::to_string(*result.value);
    return result;
  }

 private:
  [[nodiscard]] std::optional<double> greatest_risk_percent(const std::vector<std::string>& group,
                                                            const IndexInputs& given) const {
    std::optional<double> greatest;
    for (const std::string& name : group) {
      const auto input = given.find(name);
      if (input == given.end() || !input->second) continue;
      const auto risk = part_risk_percent(name, *input->second);
      if (risk) greatest = std::max(greatest.value_or(*risk), *risk);
    }
    return greatest;
  }

  Numbers coefficients_;
  std::vector<std::vector<std::string>> groups_;
  std::vector<double> bands_;
};

std::unique_ptr<IndexEdition> edition_of(const Json& json) {
  Header header{.id = json.at("edition"),
                .family = json.at("family"),
                .effective = parse_time(json.at("effective").get<std::string>()).value(),
                .gas_reference_k = std::nullopt};
  if (json.contains("gas_reference_k")) header.gas_reference_k = json.at("gas_reference_k");
  const std::string rule = json.at("rule");
  if (rule == "breakpoints" || rule == "segments") {
    return std::make_unique<Breakpoints>(std::move(header), json);
  }
  if (rule == "added_risk") return std::make_unique<AddedRisk>(std::move(header), json);
  throw std::runtime_error("index edition " + header.id + ": unknown rule " + rule);
}

}  // namespace

IndexCatalogue::IndexCatalogue() {
  std::string_view names = embedded_file_names();
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find('\n'));
    names.remove_prefix(name.size() + 1);
    if (name.starts_with("config/indices/")) {
      editions_.push_back(edition_of(Json::parse(embedded_file(name))));
    }
  }
  std::ranges::sort(editions_, {}, [](const auto& each) {
    return std::pair<std::string, UtcTime>(each->family(), each->effective());
  });
}

const IndexEdition* IndexCatalogue::named(std::string_view id) const {
  const auto found = std::ranges::find(editions_, id, [](const auto& each) { return each->id(); });
  return found == editions_.end() ? nullptr : found->get();
}

std::vector<const IndexEdition*> IndexCatalogue::editions_of(std::string_view family) const {
  std::vector<const IndexEdition*> editions;
  for (const auto& edition : editions_) {
    if (edition->family() == family) editions.push_back(edition.get());
  }
  return editions;
}

const IndexEdition* IndexCatalogue::in_force(std::string_view family, UtcTime time) const {
  const IndexEdition* newest = nullptr;
  for (const auto& edition : editions_) {
    if (edition->family() == family && edition->effective() <= time) newest = edition.get();
  }
  return newest;
}

std::optional<double> nowcast(std::span<const std::optional<double>> given) {
  constexpr std::size_t hours = 12;
  constexpr std::size_t newest = 3;
  constexpr int needed_of_newest = 2;
  constexpr double lowest_weight = 0.5;
  std::vector<std::optional<double>> newest_first;
  for (const auto& hour : given.first(std::min(hours, given.size()))) {
    // The two kinds of particles that have a NowCast have one range.
    const bool can_be = hour && is_plausible(Quantity::pm2_5, *hour);
    newest_first.push_back(can_be ? hour : std::nullopt);
  }
  if (std::ranges::count_if(std::span(newest_first).first(std::min(newest, newest_first.size())),
                            &std::optional<double>::has_value) < needed_of_newest) {
    return std::nullopt;
  }
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  for (const auto& hour : newest_first) {
    if (!hour) continue;
    least = std::min(least, *hour);
    greatest = std::max(greatest, *hour);
  }
  if (greatest <= 0) return 0.0;
  const double weight = std::max(lowest_weight, 1.0 - (greatest - least) / greatest);
  double sum = 0;
  double weights = 0;
  double power = 1;
  for (const auto& hour : newest_first) {
    if (hour) {
      sum += power * *hour;
      weights += power;
    }
    power *= weight;
  }
  return sum / weights;
}

}  // namespace twinsky
