// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/own_index.hpp"

#include "gateway/indices/pollutant.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::string_view report_name = "hourly";
// Of the mean that is looked up: what is left behind them is dust of binary arithmetic, which a
// rule that rounds up would make a whole step of.
constexpr int decimals = 6;

// The means that rules ask for, by the ends of their inputs' names. Means over a day are not of an
// hour's report.
struct Span {
  std::string_view suffix;
  std::size_t hours;
};
constexpr std::array spans = {Span{"_1h", 1}, Span{"_3h", 3}, Span{"_nowcast", 12}};

// As for official stations: Hong Kong's own rule for missing hours is not published.
constexpr std::size_t least_hours_of_three = 2;

const Span* span_of(std::string_view input) {
  const auto* const found =
      std::ranges::find_if(spans, [&](const Span& each) { return input.ends_with(each.suffix); });
  return found == spans.end() ? nullptr : found;
}

std::optional<double> mean_over(const Span& span, Hours newest_first) {
  const Hours hours = newest_first.first(std::min(span.hours, newest_first.size()));
  if (span.suffix == "_nowcast") return nowcast(hours);
  return mean_of(hours, span.hours == 3 ? least_hours_of_three : 1);
}

// In the rule's unit; nullopt where the rule knows no reference state for a gas.
std::optional<std::string> as_input(const IndexEdition& edition, const Pollutant& pollutant,
                                    const OwnSeries& series, double mean) {
  std::optional<double> mass = mean;
  if (series.quantity != pollutant.quantity) {
    const auto reference_k = edition.gas_reference_k();
    mass = reference_k ? mass_of_share(series.quantity, mean, *reference_k) : std::nullopt;
  }
  if (!mass) return std::nullopt;
  // Below zero is what noise makes of clean air. The rules begin at 0.
  std::string text;
  append_number(text, std::max(*mass, 0.0) / pollutant.rule_unit, decimals);
  return text;
}

}  // namespace

std::size_t hours_looked_at(const IndexEdition& edition) {
  std::size_t hours = 0;
  for (const std::string& input : edition.inputs(report_name)) {
    if (const Span* const span = span_of(input)) hours = std::max(hours, span->hours);
  }
  return hours;
}

Quantity own_quantity_of(std::string_view input) {
  const Quantity quantity = pollutant_named(input).quantity;
  const GasForms* const gas = gas_forms(quantity);
  return gas == nullptr ? quantity : gas->share;
}

IndexReport own_index(const IndexEdition& edition, std::span<const OwnSeries> series,
                      UtcTime start) {
  IndexReport report{.edition = edition.id(),
                     .station = {},
                     .start = start,
                     .end = start + std::chrono::hours(1),
                     .quantity = edition.family() == "hk-aqhi" ? Quantity::aqhi : Quantity::aqi,
                     .value = {},
                     .text = {},
                     .parts = {},
                     .primary = {},
                     .added_risk_percent = {}};
  const std::vector<std::string> wanted = edition.inputs(report_name);
  IndexInputs inputs;
  for (const std::string& name : wanted) {
    const Span* const span = span_of(name);
    if (span == nullptr) continue;
    const Pollutant& pollutant = pollutant_named(name);
    for (const OwnSeries& each : series) {
      if (each.quantity != own_quantity_of(name)) continue;
      const auto mean = mean_over(*span, each.newest_first);
      const auto input = mean ? as_input(edition, pollutant, each, *mean) : std::nullopt;
      if (!input) continue;
      inputs[name] = input;
      report.sensors.emplace_back(pollutant.quantity, each.sensor);
      if (const auto risk = edition.part_risk_percent(name, *input)) {
        report.part_risk_percent.emplace_back(pollutant.quantity, *risk);
      }
      break;
    }
  }
  const IndexValue value = edition.total(report_name, inputs);
  for (const auto& [name, part] : value.parts) {
    report.parts.emplace_back(pollutant_named(name).quantity, part);
  }
  if (inputs.size() < wanted.size()) return report;
  report.value = value.value;
  report.text = value.text;
  report.added_risk_percent = value.added_risk_percent;
  for (const std::string& name : value.primary) {
    report.primary.push_back(pollutant_named(name).quantity);
  }
  return report;
}

}  // namespace twinsky
