// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/replay_compare.hpp"

#include "gateway/checks/official_values.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/compare/hourly_csv.hpp"
#include "gateway/compare/verdict.hpp"
#include "gateway/model/clock.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace twinsky {
namespace {

Json percent(const std::optional<double>& share) {
  return share ? Json(*share * 100) : Json();
}

Json json_of(const ConfidenceInterval& interval) {
  return {interval.lower, interval.upper};
}

// ---- what a column measures -----------------------------------------------------------------

struct Subject {
  std::optional<Quantity> quantity;  // in ppb where the files that we know have gases in ppb
};

// A name of the catalogue, or the end of a column's name as collocation files have it: "s1_pm25".
std::optional<Quantity> quantity_of(std::string_view name) {
  if (const auto quantity = quantity_named(name)) return quantity;
  constexpr std::pair<std::string_view, Quantity> endings[] = {
      {"pm25", Quantity::pm2_5},        {"pm2_5", Quantity::pm2_5},
      {"pm10", Quantity::pm10},         {"no2", Quantity::no2_ppb},
      {"o3", Quantity::o3_ppb},         {"so2", Quantity::so2_ppb},
      {"co", Quantity::co_ppm},         {"temp", Quantity::temperature},
      {"rh", Quantity::humidity},       {"temperature", Quantity::temperature},
      {"humidity", Quantity::humidity}, {"pressure", Quantity::pressure}};
  for (const auto& [ending, quantity] : endings) {
    if (name == ending || name.ends_with("_" + std::string(ending))) return quantity;
  }
  return std::nullopt;
}

// ---- rows -----------------------------------------------------------------------------------

constexpr int default_min_count = 45;

// Hours whose sensor mean has fewer than `min_count` samples are not valid; without a column of
// counts all are.
std::vector<PairRow> rows_of(const HourlyCsv& csv, std::string_view sensor,
                             std::string_view reference, std::string_view count, int min_count) {
  const HourlyCsv::Column& sensors = csv.column(sensor);
  const HourlyCsv::Column& references = csv.column(reference);
  const HourlyCsv::Column* const counts = count.empty() ? nullptr : &csv.column(count);
  std::vector<PairRow> rows;
  rows.reserve(csv.hours().size());
  for (std::size_t at = 0; at < csv.hours().size(); ++at) {
    const bool is_enough = counts == nullptr || (*counts)[at].value_or(0) >= min_count;
    rows.push_back({.hour = csv.hours()[at],
                    .sensor = sensors[at],
                    .usable = sensors[at] && is_enough ? 1 : 0,
                    .expected = 1,
                    .reference = references[at]});
  }
  return rows;
}

// A reference that the quantity cannot have is flagged, as the daemon flags it when it comes.
std::vector<PairRow> checked(std::vector<PairRow> rows, const Subject& subject) {
  if (!subject.quantity) return rows;
  for (PairRow& row : rows) {
    const bool can_be = !row.reference || is_plausible(*subject.quantity, *row.reference);
    if (!can_be) row.reference_flag = Flag::fail;
  }
  return rows;
}

// Where a case names no column of counts, the one beside the sensor's column counts.
std::vector<PairRow> rows_of(const HourlyCsv& csv, const Json& item, const std::string& reference) {
  const std::string sensor = item.at("sensor");
  std::string count = item.value("sensor_count", sensor + "_n");
  if (!item.contains("sensor_count") && !csv.has(count)) count.clear();
  return checked(rows_of(csv, sensor, reference, count, item.value("min_count", default_min_count)),
                 {quantity_of(item.value("quantity", sensor))});
}

// `export pairs` says beside each hour why it gives no pair; such an hour gives none here either.
void withhold(std::vector<PairRow>& rows, const HourlyCsv& csv, std::string_view sensor) {
  const auto* const causes =
      csv.words(sensor.starts_with("corrected_mean") ? "withheld_corrected" : "withheld");
  if (causes == nullptr) return;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (!(*causes)[at].empty()) rows[at].is_maintenance = true;
  }
}

Window whole(std::span<const PairRow> rows) {
  if (rows.empty()) return {};
  return {rows.front().hour, rows.back().hour + std::chrono::hours(1)};
}

// ---- one comparison -------------------------------------------------------------------------

Json ols_json(const Line& line, int n) {
  const LineIntervals naive = naive_intervals(line, n);
  return {{"slope", line.slope},
          {"intercept", line.intercept},
          {"r", line.r},
          {"r2", line.r2},
          {"se_slope", line.se_slope},
          {"se_intercept", line.se_intercept},
          {"t95", naive.t95},
          {"slope_ci95", json_of(naive.slope)},
          {"intercept_ci95", json_of(naive.intercept)},
          {"residual_sd", line.residual_sd}};
}

Json autocorrelation_json(std::span<const Pair> pairs, const Moments& moments, const Line& line) {
  const Autocorrelation found = autocorrelation(pairs, moments, line);
  const LineIntervals honest = honest_intervals(line, moments.n, found.n_effective);
  return {{"residual_rho1", found.residual_rho1}, {"consecutive_pairs", found.consecutive_pairs},
          {"n_effective", found.n_effective},     {"t95", honest.t95},
          {"slope_ci95", json_of(honest.slope)},  {"intercept_ci95", json_of(honest.intercept)}};
}

Json deming_json(const OrthogonalLine& line) {
  return {{"ratio", 1.0},
          {"slope", line.slope},
          {"intercept", line.intercept},
          {"u_slope", line.u_slope},
          {"u_intercept", line.u_intercept},
          {"residual_variance", line.residual_variance},
          {"slope_significant", line.is_slope_significant},
          {"intercept_significant", line.is_intercept_significant}};
}

Json uncertainty_json(const ExpandedUncertainty& uncertainty) {
  return {{"limit", uncertainty.limit},
          {"k", 2},
          {"u_reference", uncertainty.u_reference},
          {"u", uncertainty.u},
          {"relative_pct", 100 * uncertainty.relative}};
}

Json ks_json(std::span<const Pair> pairs) {
  if (pairs.empty()) return nullptr;
  std::vector<double> reference;
  std::vector<double> sensor;
  for (const Pair& pair : pairs) {
    reference.push_back(pair.reference);
    sensor.push_back(pair.sensor);
  }
  std::ranges::sort(reference);
  std::ranges::sort(sensor);
  const KolmogorovSmirnov ks = kolmogorov_smirnov(reference, sensor);
  return {{"d", ks.d}, {"p_asymptotic", ks.p}};
}

Json epa_json(const Target& target, int interval_h, const Assessment& seen) {
  if (target.issuer != "us-epa" || target.interval_h != interval_h) return nullptr;
  const Criteria criteria = judge(target, seen.line, seen.errors);
  return {{"slope", criteria.slope},
          {"intercept", criteria.intercept},
          {"r2", criteria.r2},
          {"error", criteria.error},
          {"all", criteria.all()}};
}

// Why the fit is missing or says little, whatever the quantity; empty when it says something.
std::string_view reason_of(const Assessment& seen) {
  if (seen.moments.n < 3) return "insufficient";
  if (seen.moments.is_sensor_constant()) return "sensor_constant";
  if (seen.moments.is_reference_constant()) return "reference_constant";
  if (seen.line->r < 0) return "negative_correlation";
  if (seen.line->residual_sd > seen.moments.sd_reference()) return "range_too_small";
  return {};
}

// The mean of every valid reference hour, paired or not, which some programs divide by.
std::optional<double> mean_of_all_references(std::span<const PairRow> rows) {
  std::vector<Pair> all;
  for (const PairRow& row : rows) {
    if (is_reference_valid(row)) all.push_back({row.hour, *row.reference, *row.reference});
  }
  const Moments moments = moments_of(all);
  if (moments.n == 0 || moments.mean_reference == 0) return std::nullopt;
  return moments.mean_reference;
}

struct ComparedCase {
  std::span<const PairRow> rows;
  Subject subject;
  int interval_h = 1;
  DayRule days;
};

void append_verdict(Json& line, const ComparedCase& comparison, const Assessment& seen,
                    const Target& target) {
  constexpr int daily_scan = 12;  // hours either way
  constexpr int hours_a_judgement_needs = 54;
  constexpr int days_a_judgement_needs = 21;
  const LagScan lag = scan_lags(comparison.rows, daily_scan);
  // The columns of such a file stand beside each other, so they are taken for one place's.
  const Judgement judgement = judge_evidence(
      {.assessment = seen,
       .lag = lag,
       .target = target,
       .relation = Relation::collocated,
       .min_pairs = comparison.interval_h == 1 ? hours_a_judgement_needs : days_a_judgement_needs});
  line["lag"] = {{"best_h", lag.best},
                 {"r_best", lag.r_best},
                 {"r_zero", lag.r_zero},
                 {"misaligned_by_h", lag.misaligned_by},
                 {"hint", lag.misaligned_by ? Json(hint_of(*lag.misaligned_by)) : Json()}};
  line["verdict"] = name_of(judgement.verdict);
  line["reasons"] = judgement.reasons;
}

void append_statistics(Json& line, const ComparedCase& comparison, const Assessment& seen,
                       const Target& target) {
  const Moments& moments = seen.moments;
  const bool any = moments.n > 0;
  line["n"] = moments.n;
  line["mean_reference"] = any ? Json(moments.mean_reference) : Json();
  line["mean_sensor"] = any ? Json(moments.mean_sensor) : Json();
  line["sd_reference"] = moments.n > 1 ? Json(moments.sd_reference()) : Json();
  line["sd_sensor"] = moments.n > 1 ? Json(moments.sd_sensor()) : Json();
  line["mbe"] = any ? Json(seen.errors->mbe) : Json();
  line["mae"] = any ? Json(seen.errors->mae) : Json();
  line["rmse"] = any ? Json(seen.errors->rmse) : Json();
  line["rmse_centred"] = any ? Json(seen.errors->rmse_centred) : Json();
  line["nrmse_pct"] = any ? percent(seen.errors->nrmse) : Json();
  if (comparison.interval_h == 1) {
    const auto mean = mean_of_all_references(comparison.rows);
    line["nrmse_all_reference_pct"] = any && mean ? Json(100 * seen.errors->rmse / *mean) : Json();
  }
  line["ols"] = seen.line ? ols_json(*seen.line, moments.n) : Json();
  if (comparison.interval_h == 1) {
    line["autocorrelation"] =
        seen.line ? autocorrelation_json(seen.pairs, moments, *seen.line) : Json();
  }
  const auto deming = orthogonal(moments);
  line["deming"] = deming ? deming_json(*deming) : Json();
  if (target.limit) {
    const auto uncertainty = deming ? expanded_uncertainty(*deming, *target.limit) : std::nullopt;
    line["expanded_uncertainty"] = uncertainty ? uncertainty_json(*uncertainty) : Json();
  }
  const auto match = moment_match(moments);
  line["moment_match"] = match ? Json{{"gain", match->gain}, {"offset", match->offset}} : Json();
  line["ks"] = ks_json(seen.pairs);
}

// Hours that gave no pair, by cause; causes without one are left out.
Json withheld_json(const Coverage& coverage) {
  Json causes = Json::object();
  for (std::size_t at = 0; at < withheld_causes; ++at) {
    const std::string name(name_of(static_cast<Withheld>(at)));
    if (coverage.withheld[at] > 0) causes[name] = coverage.withheld[at];
  }
  return causes;
}

Json compared(const ComparedCase& comparison, const TargetCatalogue& targets) {
  const bool is_hourly = comparison.interval_h == 1;
  const Window window = whole(comparison.rows);
  const Assessment seen = is_hourly ? assess(comparison.rows, window)
                                    : assess_days(comparison.rows, window, comparison.days);
  // Any other quantity than the catalogue's has the target that holds for all.
  const Target target = targets.of(comparison.subject.quantity.value_or(Quantity::noise));
  Json line = Json::object();
  append_statistics(line, comparison, seen, target);
  if (is_hourly) {
    line["expected_hours"] = seen.coverage.expected;
    line["valid_reference"] = seen.coverage.reference_valid;
    line["valid_sensor"] = seen.coverage.sensor_valid;
    line["withheld"] = withheld_json(seen.coverage);
  }
  line["pairs"] = seen.coverage.pairs;
  line["completeness_pct"] =
      seen.coverage.expected > 0 ? Json(100 * seen.coverage.completeness()) : Json();
  if (!is_hourly) line["days"] = seen.coverage.expected;
  line["epa_target"] = epa_json(target, comparison.interval_h, seen);
  const std::string_view reason = reason_of(seen);
  line["reason"] = reason.empty() ? Json() : Json(reason);
  append_verdict(line, comparison, seen, target);
  return line;
}

int interval_h_of(std::string_view interval) {
  if (interval == "1h") return 1;
  if (interval == "24h") return 24;
  throw std::runtime_error("interval \"" + std::string(interval) + "\": expected 1h or 24h");
}

// ---- the sections of a file of cases ----------------------------------------------------------

struct CaseSource {
  const HourlyCsv& csv;
  const TargetCatalogue& targets;
};

// Two lists in the case itself: hours one after the other.
std::vector<PairRow> inline_rows(const Json& item) {
  const Json& references = item.at("reference");
  const Json& sensors = item.at("sensor");
  if (references.size() != sensors.size()) throw std::runtime_error("two lists of unequal length");
  const auto number = [](const Json& json) {
    return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
  };
  std::vector<PairRow> rows;
  HourStart hour{};
  for (std::size_t at = 0; at < references.size(); ++at, hour += std::chrono::hours(1)) {
    rows.push_back({.hour = hour,
                    .sensor = number(sensors[at]),
                    .usable = sensors[at].is_number() ? 1 : 0,
                    .expected = 1,
                    .reference = number(references[at])});
  }
  return rows;
}

Json pair_set(const Json& item, const TargetCatalogue& targets) {
  const Subject subject{quantity_of(item.value("quantity", ""))};
  const std::vector<PairRow> rows = checked(inline_rows(item), subject);
  return compared({.rows = rows, .subject = subject, .days = {}}, targets);
}

Json metrics(const Json& item, const CaseSource& source) {
  const std::string reference = item.at("reference");
  const auto named = item.value("quantity", item.at("sensor").get<std::string>());
  const Subject subject{quantity_of(named)};
  const std::vector<PairRow> rows = rows_of(source.csv, item, reference);
  const DayRule days{.offset = std::chrono::hours(item.value("day_offset_hours", 8)),
                     .min_hours = item.value("min_hours", 18)};
  return compared({.rows = rows,
                   .subject = subject,
                   .interval_h = interval_h_of(item.value("interval", "1h")),
                   .days = days},
                  source.targets);
}

Json precision_json(const Json& item, const CaseSource& source) {
  const std::string quantity = item.at("quantity");
  const int units = item.at("units");
  const int min_count = item.value("min_count", default_min_count);
  std::vector<std::vector<double>> hours;
  for (std::size_t at = 0; at < source.csv.hours().size(); ++at) {
    std::vector<double> values;
    for (int unit = 1; unit <= units; ++unit) {
      const std::string column = "s" + std::to_string(unit) + "_" + quantity;
      const auto value = source.csv.column(column)[at];
      const bool is_enough = !source.csv.has(column + "_n") ||
                             source.csv.column(column + "_n")[at].value_or(0) >= min_count;
      if (value && is_enough) values.push_back(*value);
    }
    if (static_cast<int>(values.size()) == units) hours.push_back(std::move(values));
  }
  const auto found = precision(hours);
  return {{"concurrent_hours", hours.size()},
          {"sd", found ? Json(found->sd) : Json()},
          {"mean", found ? Json(found->mean) : Json()},
          {"cv_pct", found ? percent(found->cv) : Json()}};
}

HourStart hour_at(const Json& item, const char* key) {
  const auto time = parse_time(item.at(key).get<std::string>(), std::chrono::minutes(0));
  if (!time) throw std::runtime_error(std::string(key) + " is no time");
  return std::chrono::floor<std::chrono::hours>(*time);
}

Json trailing_window(const Json& item, const CaseSource& source) {
  const std::vector<PairRow> rows = rows_of(source.csv, item, item.at("reference"));
  const int hours = item.at("window_hours");
  const HourStart end = hour_at(item, "window_end");
  const std::vector<Pair> pairs = pairs_of(within(rows, {end - std::chrono::hours(hours), end}));
  Json line{{"pairs", pairs.size()}};
  if (static_cast<int>(pairs.size()) < item.value("min_pairs", (hours * 3 + 3) / 4)) {
    line["state"] = "insufficient";
    return line;
  }
  const Moments moments = moments_of(pairs);
  const auto fitted = least_squares(moments);
  const auto errors = errors_of(pairs, moments);
  const auto match = moment_match(moments);
  const Json ks = ks_json(pairs);
  line["slope"] = fitted ? Json(fitted->slope) : Json();
  line["intercept"] = fitted ? Json(fitted->intercept) : Json();
  line["r2"] = fitted ? Json(fitted->r2) : Json();
  line["rmse"] = errors ? Json(errors->rmse) : Json();
  line["mbe"] = errors ? Json(errors->mbe) : Json();
  line["gain"] = match ? Json(match->gain) : Json();
  line["offset"] = match ? Json(match->offset) : Json();
  line["ks_d"] = ks.is_null() ? Json() : ks.at("d");
  line["ks_p"] = ks.is_null() ? Json() : ks.at("p_asymptotic");
  line["state"] = "evaluated";
  return line;
}

Json lags(const Json& item, const CaseSource& source) {
  constexpr int published = 3;  // hours either way
  const std::vector<PairRow> rows = rows_of(source.csv, item, item.at("reference"));
  const LagScan scan = scan_lags(rows, item.value("max_lag", published));
  Json by_lag = Json::object();
  for (const LagValue& value : scan.values) by_lag[std::to_string(value.hours)] = value.r;
  return {{"r_by_lag_hours", std::move(by_lag)}, {"best_lag", scan.best}};
}

// "sensor*1.6 from 2019-08-16T00:00:00Z", "sensor+15 from …", "none": what a case does to the data.
void change(std::vector<PairRow>& rows, std::string_view change) {
  constexpr std::string_view subject = "sensor";
  constexpr std::string_view since = " from ";
  if (change.empty() || change == "none") return;
  const std::size_t from = change.find(since);
  double operand = 0;
  const char* const end = change.data() + std::min(from, change.size());
  const bool is_readable =
      change.starts_with(subject) && change.size() > subject.size() + 1 &&
      std::from_chars(change.data() + subject.size() + 1, end, operand).ptr == end;
  const auto begin = from == change.npos
                         ? std::optional(UtcTime::min())
                         : parse_time(change.substr(from + since.size()), std::chrono::minutes(0));
  const char operation = is_readable ? change[subject.size()] : '?';
  if (!begin || std::string_view("*+-/").find(operation) == std::string_view::npos) {
    throw std::runtime_error("change \"" + std::string(change) + "\" is not understood");
  }
  for (PairRow& row : rows) {
    if (!row.sensor || UtcTime(row.hour) < *begin) continue;
    if (operation == '*') *row.sensor *= operand;
    if (operation == '/') *row.sensor /= operand;
    if (operation == '+') *row.sensor += operand;
    if (operation == '-') *row.sensor -= operand;
  }
}

// "s1_o3" stands beside "ref_o3".
std::string reference_beside(const std::string& sensor) {
  return "ref" + sensor.substr(std::min(sensor.find('_'), sensor.size()));
}

Json drift_json(const Json& item, const CaseSource& source) {
  const std::string sensor = item.at("sensor");
  std::vector<PairRow> rows =
      rows_of(source.csv, item, item.value("reference", reference_beside(sensor)));
  change(rows, item.value("change", "none"));
  DriftRule rule{.window_hours = item.value("window_hours", 72), .is_robust = false};
  rule.min_pairs = item.value("min_pairs", (rule.window_hours * 3 + 3) / 4);
  rule.persist_evaluations = item.value("persist_evaluations", rule.persist_evaluations);
  const Drift drift = drift_of(pairs_of(rows), whole(rows), rule);
  Json begun = Json::object();
  Json alarmed = Json::object();
  const auto times = [](const std::vector<HourStart>& hours) {
    Json list = Json::array();
    for (const HourStart hour : hours) {
      std::string text = iso8601(UtcTime(hour));
      text.replace(text.find('.'), std::string::npos, "Z");
      list.push_back(std::move(text));
    }
    return list;
  };
  for (std::size_t at = 0; at < drift_flags; ++at) {
    const std::string name(name_of(static_cast<DriftFlag>(at)));
    const DriftRun& run = drift.runs[at];
    if (!run.begun.empty()) begun[name] = times(run.begun);
    if (!run.alarmed.empty()) alarmed[name] = times(run.alarmed);
  }
  return {{"first_flag_of_each_run", std::move(begun)}, {"alarm", std::move(alarmed)}};
}

Json outcome(const std::string& section, const Json& item, const CaseSource& source) {
  if (section == "precision") return precision_json(item, source);
  if (section == "rolling") return trailing_window(item, source);
  if (section == "lag_scan") return lags(item, source);
  if (section == "drift") return drift_json(item, source);
  return metrics(item, source);
}

// CSV files beside the file of cases, each read once.
class Files {
 public:
  explicit Files(std::filesystem::path directory) : directory_(std::move(directory)) {}
  const HourlyCsv& named(const std::string& name) {
    auto& file = files_[name];
    if (!file) file = std::make_unique<HourlyCsv>((directory_ / name).string());
    return *file;
  }

 private:
  std::filesystem::path directory_;
  std::map<std::string, std::unique_ptr<HourlyCsv>> files_;
};

bool is_case(const Json& json) {
  return json.is_object() && json.contains("id");
}

void write(std::ostream& output, const Json& line) {
  output << line.dump() << '\n';
}

}  // namespace

bool replay_compare_cases(const std::string& file, std::ostream& output, std::ostream& complaints) {
  const std::string unreadable = problem_of_given_file(file);
  if (!unreadable.empty()) throw std::runtime_error(file + ": " + unreadable);
  std::ifstream stream(file);
  const Json document = Json::parse_or_null(stream);
  if (!document.is_object()) throw std::runtime_error(file + ": no file of comparison cases");
  const TargetCatalogue targets;
  Files files(std::filesystem::path(file).parent_path());
  const std::string csv_of_all = document.value("file", "");
  bool is_good = true;
  bool any = false;
  for (const auto& [section, items] : document.items()) {
    if (!items.is_array()) continue;
    for (const Json& item : items) {
      if (!is_case(item)) continue;
      any = true;
      const std::string id = item.at("id");
      try {
        Json line{{"case", id}};
        if (item.contains("reference") && item.at("reference").is_array()) {
          line.update(pair_set(item, targets));
        } else {
          const std::string csv = item.value("file", csv_of_all);
          line.update(outcome(section, item, {files.named(csv), targets}));
        }
        write(output, line);
      } catch (const std::exception& problem) {
        complaints << file << ": case " << id << ": " << problem.what() << '\n';
        is_good = false;
      }
    }
  }
  if (!any) throw std::runtime_error(file + ": no file of comparison cases");
  return is_good;
}

void replay_compare_csv(const std::string& file, const ReplayCompareOptions& options,
                        std::ostream& output) {
  const HourlyCsv csv(file);
  const Subject subject{quantity_of(options.quantity.empty() ? options.sensor : options.quantity)};
  std::vector<PairRow> rows = checked(
      rows_of(csv, options.sensor, options.reference, options.count, options.min_count), subject);
  withhold(rows, csv, options.sensor);
  const ComparedCase comparison{
      .rows = rows,
      .subject = subject,
      .interval_h = interval_h_of(options.interval),
      .days = {.offset = std::chrono::hours(options.day_offset_h), .min_hours = options.min_hours}};
  write(output, compared(comparison, TargetCatalogue()));
}

namespace {

int replay_compare(const std::string& file, const ReplayCompareOptions& options, bool is_csv) {
  try {
    if (!is_csv) return replay_compare_cases(file, std::cout, std::cerr) ? exit_good : exit_failed;
    if (options.sensor.empty() || options.reference.empty()) {
      std::cerr << "twinsky replay compare: a CSV file needs --sensor and --reference\n";
      return exit_usage;
    }
    if (!options.quantity.empty() && !quantity_of(options.quantity)) {
      std::cerr << "twinsky replay compare: no quantity \"" << options.quantity << "\"\n";
      return exit_usage;
    }
    replay_compare_csv(file, options, std::cout);
    return exit_good;
  } catch (const std::exception& problem) {
    std::cerr << "twinsky replay compare: " << problem.what() << '\n';
    return exit_failed;
  }
}

void add_replay_compare(Command& replay, int& code) {
  Command* const command =
      replay.add_subcommand("compare", "Statistics of sensor and reference from pairs of hours");
  const auto options = std::make_shared<ReplayCompareOptions>();
  const auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("file", *files, "Files of cases (.json) or of hours (.csv)")->required();
  command->add_option("--sensor", options->sensor, "CSV: the sensor's column");
  command->add_option("--reference", options->reference, "CSV: the reference's column");
  command->add_option("--count", options->count, "CSV: the column of samples behind each mean");
  command->add_option("--min-count", options->min_count, "Samples that make a mean valid")
      ->shows_default();
  command->add_option("--interval", options->interval, "Compare hours or daily means")
      ->one_of({"1h", "24h"})
      ->shows_default();
  command->add_option("--day-offset", options->day_offset_h, "Hours of local time from UTC")
      ->shows_default();
  command->add_option("--min-hours", options->min_hours, "Hours that make a daily mean valid")
      ->shows_default();
  command->add_option("--quantity", options->quantity,
                      "What is measured (else the column's name tells): pm2_5, o3_ppb, …");
  command->callback([options, files, &code] {
    for (const std::string& file : *files) {
      const bool is_csv = !file.ends_with(".json");
      const int outcome = replay_compare(file, *options, is_csv);
      if (outcome != exit_good) code = outcome;
    }
  });
}

}  // namespace

extern const Subcommand replay_compare_command = {
    .of = "replay", .place = 4, .add = add_replay_compare};

}  // namespace twinsky
