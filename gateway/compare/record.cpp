// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/record.hpp"

#include "gateway/text/counted.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr int schema_version = 1;
constexpr int coverage_hours[] = {24, 72, 168, 720};
constexpr hours day{24};
constexpr hours headline{168};
constexpr hours longest = target_hours;
constexpr int scan_reach = 12;  // finds a time zone taken for another

Window trailing(HourStart end, hours width) {
  return {end - width, end};
}

// ---- what is found --------------------------------------------------------------------------

// A series of one comparison, assessed in the windows that the record speaks of.
struct Findings {
  Assessment week;
  Assessment month;  // at the averaging time of the target
  std::optional<Drift> drift;
  LagScan lag;
  std::optional<Proposal> proposal;
  std::optional<NoProposal> no_proposal;
  std::optional<SelfHeating> self_heating;
  Judgement judgement;  // of the newest evaluation
  Verdict verdict{};    // after hysteresis
};

struct Situation {
  std::span<const PairRow> rows;  // sorted
  HourStart end{};
  Target target;
  Relation relation{};
  const ComparisonInput& input;
};

std::optional<Drift> drift_now(const Situation& situation, Series series) {
  const auto& commissioning = situation.input.commissioning;
  if (!commissioning || series != Series::raw) return std::nullopt;
  const Target& target = situation.target;
  const double never = std::numeric_limits<double>::infinity();
  DriftRule rule{.commissioning = commissioning->match};
  rule.offset = target.intercept ? *target.intercept : target.rmse.value_or(never);
  // A window that reaches back before commissioning speaks of another unit or place.
  Window span = trailing(situation.end, longest);
  span.begin = std::max(span.begin, commissioning->window.begin);
  return drift_of(pairs_of(within(situation.rows, span), series), span, rule);
}

DriftState drift_at(const std::optional<Drift>& drift, std::size_t evaluations_ago) {
  if (!drift || drift->states.size() <= evaluations_ago) return DriftState::none;
  return drift->states[drift->states.size() - 1 - evaluations_ago];
}

Judgement judgement_of(const Situation& situation, const Assessment& seen, const LagScan& lag,
                       DriftState drift) {
  const ComparisonIdentity& identity = situation.input.identity;
  return judge_evidence({.assessment = seen,
                         .lag = lag,
                         .target = situation.target,
                         .relation = situation.relation,
                         .floor = situation.input.floor,
                         .drift = drift,
                         .is_time_trusted = identity.is_time_trusted,
                         .is_indoor = identity.is_indoor});
}

// The evaluations that hysteresis remembers are made again from the hours, not kept.
Verdict published_verdict(const Situation& situation, const Findings& found, Series series) {
  std::vector<Verdict> oldest_first;
  for (std::size_t ago = hysteresis_memory - 1; ago > 0; --ago) {
    const Window window = trailing(situation.end - hours(ago), headline);
    const Assessment seen = assess(situation.rows, window, series);
    const LagScan lag = scan_lags(within(situation.rows, window), scan_reach, series);
    oldest_first.push_back(judgement_of(situation, seen, lag, drift_at(found.drift, ago)).verdict);
  }
  oldest_first.push_back(found.judgement.verdict);
  return published_verdict(oldest_first);
}

// Seen against a station that has the same weather, at about the same height.
std::optional<SelfHeating> self_heating_of(const Situation& situation, const Assessment& week) {
  constexpr double most_height_m = 100;  // 0.65 degC
  const ComparisonIdentity& identity = situation.input.identity;
  const double height_m = situation.input.reference.siting.height_difference_m.value_or(0);
  const bool is_telling = identity.quantity == Quantity::temperature && !identity.is_indoor &&
                          situation.relation != Relation::background &&
                          std::abs(height_m) <= most_height_m;
  if (!is_telling) return std::nullopt;
  std::vector<TemperaturePair> pairs;
  for (const Pair& pair : week.pairs) pairs.push_back({pair.hour, pair.sensor, pair.reference});
  return self_heating(pairs, identity.zone);
}

Findings find(const Situation& situation, Series series) {
  const Window week = trailing(situation.end, headline);
  const Window month = trailing(situation.end, longest);
  Findings found{.week = assess(situation.rows, week, series),
                 .month = assess_for(situation.target, situation.rows, situation.end, series)};
  found.drift = drift_now(situation, series);
  found.lag = scan_lags(within(situation.rows, week), scan_reach, series);
  if (series == Series::raw) {
    const auto proposed = propose(assess(situation.rows, month, series), situation.relation,
                                  situation.input.reference.siting);
    if (proposed) {
      found.proposal = *proposed;
    } else {
      found.no_proposal = proposed.error();
    }
    found.self_heating = self_heating_of(situation, found.week);
  }
  found.judgement = judgement_of(situation, found.week, found.lag, drift_at(found.drift, 0));
  found.verdict = published_verdict(situation, found, series);
  return found;
}

// "Meets" is said only of a sensor beside the reference, after 30 days, with everything true.
bool is_met(const Situation& situation, const Findings& found, const Criteria& criteria) {
  constexpr double enough = 0.75;
  const bool is_long =
      found.month.coverage.expected >= longest / hours(situation.target.interval_h);
  return situation.relation == Relation::collocated && is_long && criteria.all() &&
         found.month.coverage.completeness() >= enough;
}

// ---- how it is written ----------------------------------------------------------------------

void write_identity(JsonWriter& json, const Situation& situation) {
  const ComparisonIdentity& identity = situation.input.identity;
  const QuantityInfo& info = info_of(identity.quantity);
  json.put("schema", schema_version);
  json.put("computed_at", iso8601(situation.input.now));
  json.put("window_end", situation.end);
  json.put("sensor", identity.sensor);
  json.put("quantity", info.name);
  json.put("unit", info.ucum);
  json.put("series", "raw");
  json.put("config_hash", identity.config_hash);
  json.put("revision", identity.revision);
}

void write_reference(JsonWriter& json, const Situation& situation) {
  const ReferenceFacts& facts = situation.input.reference;
  std::optional<HourStart> newest;
  for (const PairRow& row : situation.rows) {
    if (row.reference && row.hour < situation.end) newest = row.hour;
  }
  std::optional<std::int64_t> age;
  if (newest) {
    age = (std::chrono::floor<hours>(situation.input.now) - *newest - hours(1)).count();
  }
  const Coverage week = coverage(situation.rows, trailing(situation.end, headline));
  json.open("reference");
  json.put("feed", facts.feed);
  json.put("station", facts.station);
  json.put("kind", facts.kind);
  json.put("relation", name_of(situation.relation));
  json.put("distance_m", facts.siting.published_distance_m);
  json.put("height_m", facts.siting.height_difference_m);
  json.put("label", facts.label);
  json.put("gas_reference_k", situation.input.identity.gas_reference_k);
  json.put("provisional", week.pairs > 0
                              ? std::optional(static_cast<double>(week.provisional) / week.pairs)
                              : std::nullopt);
  json.put("newest_hour", newest);
  json.put("age_h", age);
  json.close();
}

void write_coverage(JsonWriter& json, const Situation& situation, Series series) {
  json.open("coverage");
  for (const int width : coverage_hours) {
    const Coverage found = coverage(situation.rows, trailing(situation.end, hours(width)), series,
                                    situation.input.beginnings);
    json.open(std::to_string(width) + "h");
    json.put("expected", found.expected);
    json.put("pairs", found.pairs);
    json.put("sensor_valid", found.sensor_valid);
    json.put("reference_valid", found.reference_valid);
    json.put("completeness", found.completeness());
    json.open("withheld");
    for (std::size_t at = 0; at < withheld_causes; ++at) {
      json.put(name_of(static_cast<Withheld>(at)), found.withheld[at]);
    }
    json.close();
    json.close();
  }
  json.close();
}

void write_orthogonal(JsonWriter& json, const Assessment& seen) {
  constexpr double least_r2 = 0.5;
  constexpr int fewest_pairs = 54;
  const bool is_allowed =
      seen.line && seen.line->r > 0 && seen.line->r2 >= least_r2 && seen.moments.n >= fewest_pairs;
  const auto line = is_allowed ? orthogonal(seen.moments) : std::nullopt;
  if (!line) {
    json.null("orthogonal");
    json.put("orthogonal_reason",
             seen.moments.n < fewest_pairs ? "insufficient" : "low_correlation");
    return;
  }
  json.open("orthogonal");
  json.put("slope", line->slope);
  json.put("intercept", line->intercept);
  json.put("u_slope", line->u_slope);
  json.put("u_intercept", line->u_intercept);
  json.close();
  json.null("orthogonal_reason");
}

void put_interval(JsonWriter& json, std::string_view key,
                  const std::optional<ConfidenceInterval>& interval) {
  if (!interval) {
    json.null(key);
    return;
  }
  json.open_list(key).put({}, interval->lower).put({}, interval->upper).close_list();
}

void write_fit(JsonWriter& json, const Assessment& seen) {
  json.open("fit");
  json.put("method", "ols");
  json.put("n", seen.moments.n);
  const auto& line = seen.line;
  const auto of_line = [&](auto value) {
    return line ? std::optional(value(*line)) : std::nullopt;
  };
  std::optional<LineIntervals> intervals;
  if (line && seen.n_effective > 2) {
    intervals = honest_intervals(*line, seen.moments.n, seen.n_effective);
  }
  json.put("n_effective", of_line([&](const Line&) { return seen.n_effective; }));
  json.put("residual_rho1", seen.residual_rho1);
  json.put("slope", of_line([](const Line& it) { return it.slope; }));
  put_interval(json, "slope_ci95", intervals ? std::optional(intervals->slope) : std::nullopt);
  json.put("intercept", of_line([](const Line& it) { return it.intercept; }));
  put_interval(json, "intercept_ci95",
               intervals ? std::optional(intervals->intercept) : std::nullopt);
  json.put("r", of_line([](const Line& it) { return it.r; }));
  json.put("r2", of_line([](const Line& it) { return it.r2; }));
  put_interval(json, "r2_ci95",
               seen.r_interval ? std::optional(interval_of_r2(*seen.r_interval)) : std::nullopt);
  json.put("residual_sd", of_line([](const Line& it) { return it.residual_sd; }));
  write_orthogonal(json, seen);
  json.close();
}

void write_uncertainty(JsonWriter& json, const Assessment& seen, const Target& target) {
  constexpr double least_r2 = 0.5;
  constexpr int fewest_pairs = 54;
  const bool is_allowed = target.limit && seen.line && seen.line->r > 0 &&
                          seen.line->r2 >= least_r2 && seen.moments.n >= fewest_pairs;
  const auto line = is_allowed ? orthogonal(seen.moments) : std::nullopt;
  const auto found = line ? expanded_uncertainty(*line, *target.limit) : std::nullopt;
  if (!found) {
    json.null("uncertainty");
    return;
  }
  json.open("uncertainty").put("at", found->limit).put("relative", found->relative).close();
}

void write_error(JsonWriter& json, const Situation& situation, const Assessment& seen,
                 Series series) {
  const Assessment today = assess(situation.rows, trailing(situation.end, day), series);
  const auto& errors = seen.errors;
  const auto of = [](const std::optional<Errors>& from, double Errors::*member) {
    return from ? std::optional(*from.*member) : std::nullopt;
  };
  json.open("error");
  json.put("mbe", of(errors, &Errors::mbe));
  json.put("mbe_24h", of(today.errors, &Errors::mbe));
  json.put("mae", of(errors, &Errors::mae));
  json.put("rmse", of(errors, &Errors::rmse));
  json.put("rmse_centred", of(errors, &Errors::rmse_centred));
  json.put("nrmse", errors ? errors->nrmse : std::nullopt);
  write_uncertainty(json, seen, situation.target);
  json.close();
}

void write_range(JsonWriter& json, const Assessment& seen, const Target& target) {
  if (!seen.range) {
    json.null("range");
    return;
  }
  const Range& range = *seen.range;
  json.open("range");
  json.put("min", range.minimum);
  json.put("p05", range.p05);
  json.put("median", range.median);
  json.put("p95", range.p95);
  json.put("max", range.maximum);
  json.put("span_ok", target.rmse ? std::optional(range.span() >= 2 * *target.rmse) : std::nullopt);
  json.close();
}

void write_exceedance(JsonWriter& json, const Assessment& seen, const Target& target) {
  if (!target.goal || seen.pairs.empty()) {
    json.null("exceedance");
    return;
  }
  const Exceedance table = exceedance(seen.pairs, *target.goal);
  json.open("exceedance");
  json.put("threshold", table.threshold);
  json.put("hits", table.hits);
  json.put("misses", table.misses);
  json.put("false_alarms", table.false_alarms);
  json.put("correct_negatives", table.correct_negatives);
  json.put("pod", table.probability_of_detection());
  json.put("far", table.false_alarm_ratio());
  json.close();
}

// Humid air makes particles grow and gas cells wander, so the error is also told by humidity.
void write_humidity(JsonWriter& json, const Situation& situation, Series series) {
  struct Band {
    double from;
    double to;
  };
  constexpr Band bands[] = {{0, 70}, {70, 85}, {85, 100}};
  const auto rows = within(situation.rows, trailing(situation.end, headline));
  json.open_list("humidity");
  for (const Band& band : bands) {
    std::vector<PairRow> inside;
    std::ranges::copy_if(rows, std::back_inserter(inside), [&](const PairRow& row) {
      const bool is_last = band.to == 100;
      return row.humidity && *row.humidity >= band.from && (is_last || *row.humidity < band.to);
    });
    const std::vector<Pair> pairs = pairs_of(inside, series);
    const auto errors = errors_of(pairs, moments_of(pairs));
    json.open();
    json.put("from", band.from).put("to", band.to).put("pairs", pairs.size());
    json.put("mbe", errors ? std::optional(errors->mbe) : std::nullopt);
    json.put("rmse", errors ? std::optional(errors->rmse) : std::nullopt);
    json.close();
  }
  json.close_list();
}

void write_floor(JsonWriter& json, const std::optional<Floor>& floor) {
  if (!floor) {
    json.null("floor");
    return;
  }
  json.open("floor");
  json.put("station", floor->station);
  json.put("distance_m", std::round(floor->distance_m));
  json.put("pairs", floor->pairs);
  json.put("r2", floor->r2);
  json.put("rmse", floor->rmse);
  json.close();
}

void write_neighbours(JsonWriter& json, const std::optional<NeighbourCheck>& neighbours) {
  if (!neighbours) {
    json.null("neighbours");
    return;
  }
  json.open("neighbours");
  json.put("flag", static_cast<int>(neighbours->flag));
  json.put("stations", neighbours->stations);
  json.put("deviation", neighbours->deviation);
  json.close();
}

void write_self_heating(JsonWriter& json, const std::optional<SelfHeating>& heating) {
  if (!heating) {
    json.null("self_heating");
    return;
  }
  json.open("self_heating");
  json.put("night_degc", heating->night_degc);
  json.put("day_degc", heating->day_degc);
  json.close();
}

void write_drift(JsonWriter& json, const Findings& found, const ComparisonInput& input) {
  json.open("drift");
  const auto& drift = found.drift;
  const auto now = drift ? drift->now : std::nullopt;
  json.put("gain", now ? std::optional(now->gain) : std::nullopt);
  json.put("offset", now ? std::optional(now->offset) : std::nullopt);
  if (input.commissioning) {
    json.open("commissioning");
    json.put("gain", input.commissioning->match.gain);
    json.put("offset", input.commissioning->match.offset);
    json.put("from", input.commissioning->window.begin);
    json.put("to", input.commissioning->window.end);
    json.close();
  } else {
    json.null("commissioning");
  }
  json.put("offset_change", drift ? drift->offset_change : std::nullopt);
  const auto ks = drift ? drift->ks : std::nullopt;
  json.put("ks_d", ks ? std::optional(ks->d) : std::nullopt);
  json.put("ks_p", ks ? std::optional(ks->p) : std::nullopt);
  json.open("runs");
  for (std::size_t at = 0; at < drift_flags; ++at) {
    json.put(name_of(static_cast<DriftFlag>(at)), drift ? drift->runs[at].evaluations : 0);
  }
  json.close();
  json.put("state", name_of(drift ? drift->state : DriftState::none));
  json.put("since", drift ? drift->since : std::nullopt);
  json.close();
}

void write_lag(JsonWriter& json, const LagScan& lag) {
  json.open("lag");
  json.put("best_h", lag.best);
  json.put("r_best", lag.r_best);
  json.put("r_zero", lag.r_zero);
  json.put("misaligned_by_h", lag.misaligned_by);
  json.put("hint", lag.misaligned_by ? std::optional(hint_of(*lag.misaligned_by)) : std::nullopt);
  json.close();
}

void write_targets(JsonWriter& json, const Situation& situation, const Findings& found) {
  const Target& target = situation.target;
  const Criteria criteria = judge(target, found.month.line, found.month.errors);
  json.open("targets");
  json.put("name", target.name);
  json.put("issuer", target.issuer);
  json.put("interval_h", target.interval_h);
  json.put("n", found.month.moments.n);
  json.put("slope", criteria.slope);
  json.put("intercept", criteria.intercept);
  json.put("r2", criteria.r2);
  json.put("error", criteria.error);
  json.put("goal_seen", target.goal && found.month.range
                            ? std::optional(found.month.range->maximum > *target.goal)
                            : std::nullopt);
  json.put("meets", is_met(situation, found, criteria));
  json.close();
}

void write_proposal(JsonWriter& json, const Findings& found) {
  const auto& proposal = found.proposal;
  if (!proposal) {
    json.null("proposal");
    json.open("no_proposal");
    json.put("gate", name_of(found.no_proposal->gate));
    json.put("limit", found.no_proposal->limit);
    json.put("achieved", found.no_proposal->achieved);
    json.close();
    return;
  }
  json.open("proposal");
  json.put("gain", proposal->gain);
  json.put("offset", proposal->offset);
  json.put("method", proposal->method);
  json.put("basis_from", proposal->basis.begin);
  json.put("basis_to", proposal->basis.end);
  json.put("basis_hours", proposal->basis_hours);
  json.put("expected_rmse", proposal->expected_rmse);
  json.put("raw_rmse", proposal->raw_rmse);
  json.put("lowest_raw", proposal->lowest_raw);
  json.put("highest_raw", proposal->highest_raw);
  json.close();
  json.null("no_proposal");
}

void write_verdict(JsonWriter& json, const Situation& situation, const Findings& found,
                   const Sentence& sentence) {
  json.put("verdict", name_of(found.verdict));
  json.put("evaluated", name_of(found.judgement.verdict));
  json.open_list("reasons");
  for (const std::string_view reason : found.judgement.reasons) json.put({}, reason);
  json.close_list();
  // What such a comparison cannot show, however good it looks.
  json.open_list("limits");
  if (situation.relation != Relation::collocated) json.put({}, "not_collocated");
  if (!situation.input.floor) json.put({}, "no_floor");
  if (found.week.coverage.provisional > 0) json.put({}, "provisional_reference");
  json.close_list();
  json.open("text");
  json.put("en", sentence.en).put("zh-Hant", sentence.zh_hant).put("zh-Hans", sentence.zh_hans);
  json.close();
}

void write_corrected(JsonWriter& json, const Situation& situation, const VerdictTexts& texts) {
  const std::string& correction = situation.input.identity.correction;
  if (correction.empty()) {
    json.null("corrected");
    return;
  }
  const Findings found = find(situation, Series::corrected);
  json.open("corrected");
  json.put("correction", correction);
  write_coverage(json, situation, Series::corrected);
  write_fit(json, found.week);
  write_error(json, situation, found.week, Series::corrected);
  write_exceedance(json, found.week, situation.target);
  write_humidity(json, situation, Series::corrected);
  write_targets(json, situation, found);
  write_verdict(json, situation, found, texts.of(found.verdict));
  json.close();
}

// ---- one line for people --------------------------------------------------------------------

std::string short_number(double value, int decimals) {
  std::string text;
  append_number(text, value, decimals);
  return text;
}

std::string summary_of(const Situation& situation, const Findings& found) {
  const QuantityInfo& info = info_of(situation.input.identity.quantity);
  const Assessment& seen = found.week;
  std::string line = std::string(info.name) + "  " + std::string(name_of(found.verdict));
  if (seen.line) {
    line += "  slope " + short_number(seen.line->slope, 2);
    const LineIntervals intervals = honest_intervals(*seen.line, seen.moments.n, seen.n_effective);
    line += " [" + short_number(intervals.slope.lower, 2) + ".." +
            short_number(intervals.slope.upper, 2) + "]";
    line += "  r² " + short_number(seen.line->r2, 2);
  }
  if (seen.errors) {
    line += "  RMSE " + short_number(seen.errors->rmse, std::max(1, info.decimals)) + " " +
            std::string(info.display_unit);
  }
  line += "  " + std::to_string(seen.coverage.pairs) + "/" +
          std::to_string(seen.coverage.expected) + " h  " +
          std::string(name_of(situation.relation));
  const auto& neighbours = situation.input.neighbours;
  if (neighbours && neighbours->flag == Flag::suspect) {
    line += "  far from " + counted(static_cast<std::uint64_t>(neighbours->stations), "station") +
            " around";
  }
  if (found.self_heating) {
    line += "  heats itself: " + short_number(found.self_heating->night_degc, 1) +
            " °C at night, " + short_number(found.self_heating->day_degc, 1) + " by day";
  }
  if (found.proposal) {
    line += "  proposal: gain " + short_number(found.proposal->gain, 2) + " offset " +
            short_number(found.proposal->offset, 1) + " → RMSE " +
            short_number(found.proposal->expected_rmse, 1) + " instead of " +
            short_number(found.proposal->raw_rmse, 1);
  }
  return line;
}

}  // namespace

std::optional<Commissioning> commissioning_of(std::span<const PairRow> rows, Window window) {
  constexpr double enough = 0.75;
  std::vector<PairRow> sorted(rows.begin(), rows.end());
  std::ranges::sort(sorted, {}, &PairRow::hour);
  if (coverage(sorted, window).completeness() < enough) return std::nullopt;
  const auto match = moment_match(moments_of(pairs_of(within(sorted, window))));
  if (!match) return std::nullopt;
  return Commissioning{*match, window};
}

HourStart window_end(std::span<const PairRow> rows, UtcTime now, hours reference_max_age) {
  const HourStart current = std::chrono::floor<hours>(now);
  HourStart end = current - reference_max_age;
  for (const PairRow& row : rows) {
    const HourStart after = row.hour + hours(1);
    if (row.reference && after <= current) end = std::max(end, after);
  }
  return end;
}

ComparisonRecord RecordWriter::write(const ComparisonInput& input) const {
  std::vector<PairRow> rows(input.rows.begin(), input.rows.end());
  std::ranges::sort(rows, {}, &PairRow::hour);
  const ComparisonIdentity& identity = input.identity;
  const Situation situation{.rows = rows,
                            .end = window_end(rows, input.now),
                            .target = targets_.of(identity.quantity, identity.gas_reference_k),
                            .relation = relation_of(input.reference.siting, identity.quantity),
                            .input = input};
  const Findings found = find(situation, Series::raw);

  std::string text;
  JsonWriter json(text);
  json.open();
  write_identity(json, situation);
  write_reference(json, situation);
  write_coverage(json, situation, Series::raw);
  write_fit(json, found.week);
  write_error(json, situation, found.week, Series::raw);
  write_range(json, found.week, situation.target);
  write_exceedance(json, found.week, situation.target);
  write_humidity(json, situation, Series::raw);
  write_floor(json, input.floor);
  write_neighbours(json, input.neighbours);
  write_self_heating(json, found.self_heating);
  write_drift(json, found, input);
  write_lag(json, found.lag);
  write_targets(json, situation, found);
  write_proposal(json, found);
  write_verdict(json, situation, found, texts_.of(found.verdict));
  write_corrected(json, situation, texts_);
  json.close();
  return {.json = std::move(text),
          .verdict = found.verdict,
          .summary = summary_of(situation, found),
          .self_heating = found.self_heating};
}

}  // namespace twinsky
