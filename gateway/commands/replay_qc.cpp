// SPDX-License-Identifier: Apache-2.0
// `twinsky replay qc FILE…`: flags the series of each case again, sample by sample; with --restart
// the state of every check is written down and read again between any two samples.
#include "gateway/checks/check_location.hpp"
#include "gateway/checks/check_time.hpp"
#include "gateway/checks/series_checks.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/hours/wind.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"

#include <cmath>
#include <fstream>
#include <iostream>

namespace twinsky {
namespace {

using Flags = std::vector<Flag>;
using Times = std::vector<std::optional<UtcTime>>;
using Values = std::vector<std::optional<double>>;

constexpr std::chrono::minutes utc{0};
constexpr std::size_t fewest_for_flat_line = 3;

struct CheckedSeries {
  Times times;
  Values values;
  bool restart = false;  // between any two samples
};

// ---- reading a case -----------------------------------------------------------------------------

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

milliseconds seconds(double count) {
  return milliseconds(std::llround(count * 1000));
}

// Seconds since 1970, or a date.
std::optional<UtcTime> time_of(const Json& written) {
  if (written.is_number()) return UtcTime(seconds(written.get<double>()));
  if (!written.is_string()) return std::nullopt;
  const auto text = written.get<std::string>();
  const auto time = parse_time(text, utc);
  if (!time) throw std::runtime_error("\"" + text + "\" is no time");
  return time;
}

std::optional<Interval> interval_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == nullptr || found->is_null()) return std::nullopt;
  const auto [lower, upper] = std::minmax({found->at(0).get<double>(), found->at(1).get<double>()});
  return Interval{lower, upper};
}

Values values_of(const Json& list) {
  Values values;
  if (!list.is_array()) return values;
  for (const Json& one : list) {
    values.push_back(one.is_number() ? std::optional(one.get<double>()) : std::nullopt);
  }
  return values;
}

Times times_of(const Json& list) {
  Times times;
  if (!list.is_array()) return times;
  for (const Json& one : list) times.push_back(time_of(one));
  return times;
}

CheckedSeries series_of(const Json& item) {
  CheckedSeries series{.times = times_of(item.value("times", Json())),
                       .values = values_of(item.value("values", Json()))};
  // Where a case has no times its samples come once a second.
  for (std::size_t at = series.times.size(); at < series.values.size(); ++at) {
    series.times.push_back(UtcTime(seconds(static_cast<double>(at))));
  }
  return series;
}

// The pace of a file: the median of its steps.
milliseconds median_step(const Times& times) {
  std::vector<milliseconds> steps;
  for (std::size_t at = 1; at < times.size(); ++at) {
    if (times[at] && times[at - 1]) steps.push_back(*times[at] - *times[at - 1]);
  }
  if (steps.empty()) return milliseconds(0);
  std::ranges::sort(steps);
  const std::size_t middle = steps.size() / 2;
  const milliseconds median =
      steps.size() % 2 == 1 ? steps[middle] : (steps[middle - 1] + steps[middle]) / 2;
  return std::chrono::floor<std::chrono::seconds>(median);
}

Interval times_at(const Json& member, Period period) {
  const Json& span = member.at("tspan");
  const auto bound = [&](std::size_t at) {
    if (period != Period::none) return span.at(at).get<double>();
    return value_of(Period::none, time_of(span.at(at)).value());
  };
  const auto [lower, upper] = std::minmax({bound(0), bound(1)});
  return {lower, upper};
}

std::vector<ClimatologyMember> members_of(const Json& params) {
  std::vector<ClimatologyMember> members;
  for (const Json& written : params.at("members")) {
    const auto name = written.find("period");
    const bool has_period = name != nullptr && name->is_string();
    const auto period = has_period ? period_named(name->get<std::string>()) : Period::none;
    if (!period) throw std::runtime_error("unknown period");
    members.push_back({.period = *period,
                       .when = times_at(written, *period),
                       .suspect = interval_at(written, "suspect").value(),
                       .fail = interval_at(written, "fail")});
  }
  return members;
}

// A threshold of 0 is none.
std::optional<double> threshold_at(const Json& params, const char* key) {
  const auto threshold = number_at(params, key);
  return threshold == 0.0 ? std::nullopt : threshold;
}

AttenuationLimits attenuation_of(const Json& params, milliseconds step) {
  AttenuationLimits limits{.suspect = number_at(params, "suspect"),
                           .fail = number_at(params, "fail"),
                           .period = seconds(number_at(params, "period_s").value_or(0))};
  if (params.value("statistic", "std") == "range") {
    limits.statistic = AttenuationLimits::Statistic::range;
  }
  if (const auto least = number_at(params, "min_obs")) {
    limits.least = std::llround(*least);
  } else if (const auto time = number_at(params, "min_period"); time && step.count() > 0) {
    limits.least = seconds(*time) / step;
  }
  return limits;
}

CheckSettings settings_of(const std::string& test, const Json& params,
                          const CheckedSeries& series) {
  CheckSettings settings{.step = median_step(series.times)};
  if (test == "gross_range") {
    settings.range = {.fail = interval_at(params, "fail"),
                      .suspect = interval_at(params, "suspect")};
  } else if (test == "climatology") {
    settings.climatology = members_of(params);
  } else if (test == "spike") {
    const bool is_average = params.value("method", "average") == "average";
    settings.spike = {.limits = {.suspect = threshold_at(params, "suspect"),
                                 .fail = threshold_at(params, "fail")},
                      .method = is_average ? SpikeMethod::average : SpikeMethod::differential};
  } else if (test == "rate_of_change") {
    settings.rate_per_second = {.suspect = number_at(params, "suspect_per_s"),
                                .fail = number_at(params, "fail_per_s")};
  } else if (test == "flat_line") {
    const auto time_at = [&](const char* key) {
      const auto time = number_at(params, key);
      return time ? std::optional(seconds(*time)) : std::nullopt;
    };
    settings.flat_line = {.suspect = time_at("suspect_s"),
                          .fail = time_at("fail_s"),
                          .tolerance = number_at(params, "tolerance").value_or(0)};
  } else if (test == "attenuated_signal") {
    settings.attenuated = attenuation_of(params, settings.step);
  } else {
    throw std::runtime_error("unknown test \"" + test + "\"");
  }
  return settings;
}

// ---- the tests ----------------------------------------------------------------------------------

// Writes the state down and reads it into a new one.
template <class Stateful>
void start_again(Stateful& running, Stateful fresh) {
  StateWriter writer;
  running.save(writer);
  StateReader reader(writer.text());
  fresh.restore(reader);
  running = std::move(fresh);
}

Flags checked(const CheckSettings& settings, const CheckedSeries& series) {
  Flags flags;
  SeriesChecks checks(settings);
  for (std::size_t at = 0; at < series.values.size(); ++at) {
    if (series.restart) {
      const std::string state = checks.state();
      checks = SeriesChecks(settings);
      checks.restore(state);
    }
    const auto verdict = checks.push({series.times[at].value(), series.values[at]});
    if (at > 0 && checks.has_spike()) flags.back() = aggregate(flags.back(), verdict.spike_before);
    flags.push_back(verdict.flag);
  }
  return flags;
}

// The window is the series: its flags are known at its end.
Flags whole_attenuated(const AttenuationLimits& limits, const CheckedSeries& series) {
  WholeAttenuated whole(limits);
  for (const auto& value : series.values) {
    if (series.restart) start_again(whole, WholeAttenuated(limits));
    if (value) whole.push(*value);
  }
  Flags flags;
  for (const auto& value : series.values) {
    flags.push_back(value ? whole.flag() : Flag::missing);
  }
  return flags;
}

Flags time_gaps(milliseconds limit, const CheckedSeries& series) {
  Flags flags;
  std::optional<UtcTime> before;
  for (std::size_t at = 0; at < series.times.size(); ++at) {
    if (series.restart) {
      StateWriter writer;
      writer.put(before);
      StateReader(writer.text()).get(before);
    }
    flags.push_back(check_time_gap(before, series.times[at], limit));
    before = series.times[at];
    if (at == 1) flags[0] = flags[0] != Flag::missing && !before ? Flag::not_evaluated : flags[1];
  }
  return flags;
}

Flags receptions(const Json& params, const CheckedSeries& series) {
  const auto now = time_of(params.value("from_time", params.value("now", Json())));
  const double hours = number_at(params, "fail_hours").value_or(6);
  Flags flags;
  for (const auto& time : series.times) {
    flags.push_back(check_reception(time, now.value(), seconds(hours * 3600)));
  }
  return flags;
}

Flags dates(const Json& params, const CheckedSeries& series) {
  PossibleDates possible;
  if (const auto span = params.find("fail"); span != nullptr && span->is_array()) {
    possible = {.earliest = time_of(span->at(0)), .latest = time_of(span->at(1))};
  }
  const auto now = time_of(params.value("now", Json()));
  Flags flags;
  for (const auto& time : series.times) {
    flags.push_back(check_date(time, now.value_or(UtcTime::max()), true, possible));
  }
  return flags;
}

Flags locations(const Json& item, const Json& params) {
  const Values latitudes = values_of(item.value("latitudes", item.value("lat", Json())));
  const Values longitudes = values_of(item.value("longitudes", item.value("lon", Json())));
  const auto longest_step_m = number_at(params, "range_m");
  Flags flags;
  std::optional<Coordinates> before;
  for (std::size_t at = 0; at < latitudes.size(); ++at) {
    const auto& latitude = latitudes[at];
    const auto& longitude = longitudes.at(at);
    flags.push_back(check_location(latitude, longitude, before, longest_step_m));
    before.reset();
    if (latitude && longitude) before = {*latitude, *longitude};
  }
  return flags;
}

Flags aggregated(const Json& vectors) {
  Flags flags;
  for (const Json& vector : vectors.get<std::vector<Json>>()) {
    if (vector.size() != vectors.at(0).size()) throw std::runtime_error("unequal lengths");
    flags.resize(vector.size(), Flag::missing);
    for (std::size_t at = 0; at < flags.size(); ++at) {
      flags[at] = aggregate(flags[at], static_cast<Flag>(vector.at(at).get<int>()));
    }
  }
  return flags;
}

Flags flags_of(const Json& item, bool restart) {
  const std::string test = item.at("test");
  const Json params = item.value("params", Json::object());
  if (test == "aggregate") return aggregated(item.at("values"));
  if (test == "location") return locations(item, params);
  CheckedSeries series = series_of(item);
  series.restart = restart;
  if (test == "time_gap") {
    return time_gaps(seconds(std::trunc(params.value("fail_hours", 2.0) * 3600)), series);
  }
  if (test == "data_reception") return receptions(params, series);
  if (test == "impossible_date") return dates(params, series);
  if (series.times.size() != series.values.size()) throw std::runtime_error("unequal lengths");
  CheckSettings settings = settings_of(test, params, series);
  // Of fewer samples the rule says nothing.
  if (settings.flat_line && series.values.size() < fewest_for_flat_line) {
    settings.flat_line = FlatLineLimits{};
  }
  if (settings.attenuated && settings.attenuated->period.count() == 0) {
    return whole_attenuated(*settings.attenuated, series);
  }
  return checked(settings, series);
}

// ---- the blocks ---------------------------------------------------------------------------------

Json case_line(const Json& item, bool restart) {
  Json flags = Json::array();
  for (const Flag flag : flags_of(item, restart)) flags.push_back(static_cast<int>(flag));
  return {{"flags", std::move(flags)}};
}

Json wind_line(const Json& item, bool restart) {
  const Values directions = values_of(item.at("directions"));
  const Values speeds = values_of(item.at("speeds"));
  WindMean wind;
  for (std::size_t at = 0; at < directions.size(); ++at) {
    if (restart) start_again(wind, WindMean());
    if (speeds.at(at)) wind.add(directions[at], *speeds[at]);
  }
  const auto mean = wind.result();
  if (!mean) return {{"unit_mean", nullptr}, {"wind", nullptr}};
  return {{"unit_mean", mean->unit_mean},
          {"resultant_length", mean->resultant_length},
          {"yamartino_sd", mean->deviation},
          {"wind",
           {{"u", mean->u},
            {"v", mean->v},
            {"vector_speed", mean->vector_speed},
            {"scalar_speed", mean->scalar_speed},
            {"direction_from", mean->direction_from}}}};
}

Json hour_line(const Json& item, bool) {
  return {{"hour_valid", is_valid_hour(item.at("good").get<std::int64_t>(),
                                       item.at("expected_count").get<std::int64_t>())}};
}

struct Block {
  const char* key;
  Json (*line)(const Json& item, bool restart);
};
constexpr auto blocks = std::to_array<Block>({
    {"cases", case_line},
    {"wind", wind_line},
    {"hour_rule", hour_line},
});

// False when the file, or one of its cases, could not be computed.
bool replay(const std::string& file, bool restart) {
  if (const std::string problem = problem_of_given_file(file); !problem.empty()) {
    std::cerr << file << ": " << problem << '\n';
    return false;
  }
  std::ifstream stream(file);
  const Json document = Json::parse_or_null(stream);
  bool is_good = document.is_object();
  bool has_block = false;
  for (const Block& block : blocks) {
    if (!is_good || !document.contains(block.key) || !document[block.key].is_array()) continue;
    has_block = true;
    for (const Json& item : document[block.key]) {
      const std::string id = item.is_object() ? item.value("id", "?") : "?";
      try {
        Json line{{"case", id}};
        line.update(block.line(item, restart));
        std::cout << line.dump() << '\n';
      } catch (const std::exception& problem) {
        std::cerr << file << ": case " << id << ": " << problem.what() << '\n';
        is_good = false;
      }
    }
  }
  if (!has_block) {
    std::cerr << file << R"(: no file of cases (an object with a list "cases", "wind" or )"
              << "\"hour_rule\")\n";
  }
  return is_good && has_block;
}

void add_replay_qc(Command& replay_command, int& code) {
  auto files = std::make_shared<std::vector<std::string>>();
  auto restart = std::make_shared<bool>(false);
  Command* const command =
      replay_command.add_subcommand("qc", "Quality flags, wind means and hour rules of cases");
  command->add_flag("--restart", *restart, "Save and restore the state between any two samples");
  command->add_option("file", *files, "Files of cases")->required();
  command->callback([files, restart, &code] {
    for (const std::string& file : *files) {
      if (!replay(file, *restart)) code = exit_failed;
    }
  });
}

}  // namespace

extern const Subcommand replay_qc_command = {.of = "replay", .place = 5, .add = add_replay_qc};

}  // namespace twinsky
