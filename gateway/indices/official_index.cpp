// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/official_index.hpp"

#include "gateway/checks/official_values.hpp"
#include "gateway/indices/pollutant.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace twinsky {
namespace {

constexpr std::chrono::hours hour{1};
constexpr std::chrono::hours compared_span{24};
constexpr std::size_t hours_kept = 30;  // a day to compare, and what its first hour looks back on

// The shortest decimals that stand for the number: those that were printed, where it is one that
// was.
std::string decimal(double value) {
  std::array<char, 352> text;  // the longest double has 309 digits before the point
  char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

// Hong Kong's rule looks at the mean of three hours, of which at least two are there (the agency's
// own rule for missing hours is not published).
constexpr int least_of_three = 2;

IndexReport report_of(const Sample& sample, UtcTime end, const IndexEdition& edition,
                      const IndexValue& value, Quantity quantity) {
  IndexReport report{.edition = edition.id(),
                     .station = sample.official->station,
                     .start = end - hour,
                     .end = end,
                     .fetched = sample.official->fetched,
                     .quantity = quantity,
                     .value = value.value,
                     .text = value.text,
                     .parts = {},
                     .primary = {},
                     .added_risk_percent = value.added_risk_percent};
  for (const auto& [name, part] : value.parts) {
    report.parts.emplace_back(pollutant_named(name).quantity, part);
  }
  for (const std::string& name : value.primary)
    report.primary.push_back(pollutant_named(name).quantity);
  return report;
}

}  // namespace

OfficialIndex::OfficialIndex(const IndexCatalogue& catalogue, std::string_view family)
    : catalogue_(catalogue),
      family_(family),
      printed_(family == "hk-aqhi" ? Quantity::aqhi : Quantity::aqi),
      span_(family == "hk-aqhi" ? 3 : 1) {}

std::vector<IndexReport> OfficialIndex::take(const Sample& sample) {
  std::vector<IndexReport> reports;
  if (!sample.official || sample.official->end - sample.official->start != hour) return reports;
  Hours& hours = stations_[sample.official->station];
  Hour& at = hours[sample.official->end];
  bool is_news = false;
  for (const Reading& reading : sample.readings) {
    if (reading.quantity != printed_) {
      is_news = put(at, reading) || is_news;
    } else if (is_usable(reading.value, reading.flag)) {
      at.published = static_cast<int>(*reading.value);
    } else {
      at.published.reset();
    }
  }
  for (int later = 0; is_news && later < span_; ++later) {
    const UtcTime end = sample.official->end + later * hour;
    if (!compute(hours, end)) continue;
    const Hour& made = hours[end];
    reports.push_back(report_of(sample, end, *made.edition, *made.computed, printed_));
  }
  while (hours.size() > hours_kept) hours.erase(hours.begin());
  return reports;
}

// Is it another concentration than before, or the first that was seen of the hour?
bool OfficialIndex::put(Hour& at, const Reading& reading) {
  const bool is_known =
      std::ranges::find(pollutants, reading.quantity, &Pollutant::quantity) != pollutants.end();
  if (!is_known) return false;
  const bool is_first = !at.is_seen;
  at.is_seen = true;
  if (!is_usable(reading.value, reading.flag))
    return at.values.erase(reading.quantity) > 0 || is_first;
  const auto [place, is_new] = at.values.try_emplace(reading.quantity, *reading.value);
  const bool is_same = !is_new && place->second == *reading.value;
  place->second = *reading.value;
  return !is_same || is_first;
}

// Nothing when an hour that the rule looks at has not been seen: it may still come, and a value
// without it would be changed then.
std::optional<IndexInputs> OfficialIndex::inputs_of(const Hours& hours, UtcTime end) const {
  std::map<Quantity, std::vector<double>> seen;
  for (int back = 0; back < span_; ++back) {
    const auto at = hours.find(end - back * hour);
    if (at == hours.end() || !at->second.is_seen) return std::nullopt;
    for (const auto& [quantity, value] : at->second.values) seen[quantity].push_back(value);
  }
  const int least = span_ == 3 ? least_of_three : 1;
  const std::string suffix = span_ == 3 ? "_3h" : "_1h";
  IndexInputs inputs;
  for (const Pollutant& pollutant : pollutants) {
    const std::vector<double>& values = seen[pollutant.quantity];
    if (std::ssize(values) < least) continue;
    double sum = 0;
    for (const double value : values) sum += value;
    inputs[std::string(pollutant.name) + suffix] =
        decimal(sum / static_cast<double>(values.size()) / pollutant.rule_unit);
  }
  return inputs;
}

// Is the hour's index known now, and another than before?
bool OfficialIndex::compute(Hours& hours, UtcTime end) const {
  const auto inputs = inputs_of(hours, end);
  const IndexEdition* const edition = catalogue_.in_force(family_, end - hour);
  if (!inputs || edition == nullptr) return false;
  Hour& at = hours[end];
  IndexValue value = edition->total(span_ == 1 ? "hourly" : "", *inputs);
  if (at.computed == value && at.edition == edition) return false;
  at.computed = std::move(value);
  at.edition = edition;
  return true;
}

void OfficialIndex::forget(std::string_view station) {
  if (const auto found = stations_.find(station); found != stations_.end()) stations_.erase(found);
}

IndexAgreement OfficialIndex::agreement() const {
  IndexAgreement agreement;
  UtcTime newest{};
  const IndexEdition* edition = nullptr;
  for (const auto& [station, hours] : stations_) {
    for (const auto& [end, at] : hours) {
      if (!at.computed || end < newest) continue;
      newest = end;
      edition = at.edition;
    }
  }
  if (edition == nullptr) return agreement;
  agreement.edition = edition->id();
  for (const auto& [station, hours] : stations_) {
    for (const auto& [end, at] : hours) {
      const bool counts = at.published && at.computed && at.computed->value &&
                          at.edition == edition && newest - end < compared_span;
      if (!counts) continue;
      ++agreement.compared;
      const int apart = std::abs(*at.published - *at.computed->value);
      if (apart == 0) ++agreement.equal;
      if (apart <= 1) ++agreement.within_one;
    }
  }
  return agreement;
}

}  // namespace twinsky
