// SPDX-License-Identifier: Apache-2.0
// What a platform of HJ 212-2017 is told of the sensors: a line for each frame that a record gives,
// of fields with a tab between them. Who sends them puts a head and a check around each.
//
//   2011  ms of DataTime  groups  stream  epoch  seq  amends  readings     a sample
//   2061  ms of DataTime  groups                                           an hour
//   2031  ms of DataTime  groups                               the day that ends with it
//
// The readings ("pm2_5=9.4:1,…", with their flags) are there since minutes (2051) are made of
// samples, of which there are many in one.
// Which quantity has which code and unit says the language of the frames (drivers/frames/).
//
// An hour goes with `mean`, `minimum` and `maximum` of each quantity that is valid (75 % of its
// samples); of one that is not, nothing goes, since no flag of the standard says that a mean is of
// too few. A day has the means that stand beside its last hour, with as many hours as the standards
// of the city ask for. Flags of samples: N is what passed or was not evaluated, T what was beyond
// the range of its quantity, D what failed or is doubted for any other reason; what is absent is
// left out.
#include "drivers/registry.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/zone.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/json_scanner.hpp"
#include "gateway/text/json_text.hpp"
#include "gateway/text/stored_readings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view hj212_sensors = "sensor/";
constexpr std::string_view hj212_samples = "/obs";
constexpr std::string_view hj212_hours = "/hour";
constexpr std::string_view all_samples = "sensor/+/obs";
constexpr std::string_view all_hours = "sensor/+/hour";
constexpr milliseconds one_hour = std::chrono::hours(1);
constexpr milliseconds one_day = std::chrono::hours(24);

const FrameLanguage& hj212_language() {
  return *frame_language_named("hj212");
}

std::optional<double> hj212_number_in(std::string_view object, std::string_view key) {
  const auto value = member_of(object, key);
  return value ? JsonScanner(*value).take_number() : std::nullopt;
}

std::optional<UtcTime> hj212_time_in(std::string_view object, std::string_view key) {
  const auto value = member_of(object, key);
  return value && value->size() > 2 ? parse_time(value->substr(1, value->size() - 2))
                                    : std::nullopt;
}

void append_group(std::string& groups, std::string_view group) {
  if (group.empty()) return;
  if (!groups.empty()) groups += ';';
  groups += group;
}

bool is_told(const Settings& settings, std::string_view frame) {
  const std::vector<std::string>& frames = settings.texts("hj212_frames");
  return frames.empty() || std::ranges::find(frames, frame) != frames.end();
}

void append_reading(std::string& readings, const Reading& reading) {
  constexpr std::size_t longest = 32;
  std::array<char, longest> digits{};
  const auto [end, problem] =
      std::to_chars(digits.data(), digits.data() + digits.size(), *reading.value);
  if (problem != std::errc()) return;
  if (!readings.empty()) readings += ',';
  readings.append(name_of(reading.quantity)).append("=").append(digits.data(), end);
  readings.append(":").append(std::to_string(static_cast<int>(reading.flag)));
}

// What one who asks wants: "2061 <ms> <ms> <QN>", both ends labels.
class Hj212Replay final : public ReplayFormat {
 public:
  explicit Hj212Replay(const Settings& settings)
      : labels_end_(settings.text("data_time") == "end"),
        minutes_(std::chrono::minutes(settings.integer("minute_interval"))) {}

  [[nodiscard]] std::vector<std::string> destinations() const override { return {"requests"}; }
  [[nodiscard]] std::uint64_t records_per_hour() const override {
    constexpr std::uint64_t as_many_as_there_are = 1'000'000;
    return as_many_as_there_are;
  }
  [[nodiscard]] Asked asked(const Call& call) const override {
    Asked asked{.request = {.asker = "platform", .reply_to = "answers"}};
    ReplayRequest& request = asked.request;
    request.correlation = call.correlation;
    const auto [begin, end] = times_in(call.text);
    if (begin > end) {
      asked.problem = {.word = "malformed", .message = "expected a time that ends after it began"};
      return asked;
    }
    const std::string_view kind = std::string_view(call.text).substr(0, 4);
    request.topics = kind == "2011" || kind == "2051" ? all_samples : all_hours;
    // Rows are found by their time: of a sample when it was measured, of an hour its end.
    milliseconds to_row{0};
    if (kind == "2061") to_row = labels_end_ ? milliseconds(0) : one_hour;
    if (kind == "2031") to_row = labels_end_ ? milliseconds(0) : one_day;
    request.from = begin + to_row;
    request.to = end + to_row + milliseconds(1);
    if (kind == "2011") request.to = end + std::chrono::seconds(1);
    if (kind == "2051") {
      request.from = labels_end_ ? begin - minutes_ : begin;
      request.to = labels_end_ ? end : end + minutes_;
    }
    return asked;
  }
  [[nodiscard]] std::string piece(const ReplayRequest&, std::string_view,
                                  std::string_view records) const override {
    return std::string(records);
  }
  // "end" and, where there was one, the problem.
  [[nodiscard]] std::string end(const ReplayRequest&, const ReplayEnd& end) const override {
    return "end\t" + std::string(end.problem ? end.problem->word : "");
  }
  [[nodiscard]] std::string newest(std::string_view,
                                   const std::map<std::string, std::uint64_t>&) const override {
    return {};
  }

 private:
  static std::pair<UtcTime, UtcTime> times_in(std::string_view text) {
    constexpr std::pair<UtcTime, UtcTime> none{UtcTime::max(), UtcTime::min()};
    std::array<std::int64_t, 3> numbers{};
    const char* at = text.data();
    for (std::int64_t& number : numbers) {
      const auto [end, problem] = std::from_chars(at, text.data() + text.size(), number);
      if (problem != std::errc()) return none;
      at = end == text.data() + text.size() ? end : end + 1;
    }
    return {UtcTime(milliseconds(numbers[1])), UtcTime(milliseconds(numbers[2]))};
  }

  const bool labels_end_;
  const milliseconds minutes_;
};

class Hj212 final : public Format {
 public:
  explicit Hj212(const Settings& settings)
      : factors_(hj212_language().factors(settings.texts("codes"))),
        factors_of_sensors_(settings.texts("factors")),
        labels_end_(settings.text("data_time") == "end"),
        tells_samples_(is_told(settings, "2011") || is_told(settings, "2051")),
        tells_hours_(is_told(settings, "2061")),
        tells_days_(is_told(settings, "2031")),
        replay_(settings) {}

  // For people.
  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!subject.starts_with(hj212_sensors)) return {};
    if (subject.ends_with(hj212_samples)) return tells_samples_ ? std::string(subject) : "";
    if (!subject.ends_with(hj212_hours)) return {};
    return tells_hours_ || tells_days_ ? std::string(subject) : "";
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "text/plain";
  }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return std::string(stream) + "\t" + std::string(epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    std::string_view stream = head.substr(0, head.find('\t'));
    if (!stream.ends_with(hj212_hours)) {
      append_sample(payload, head, stream, row);
      return;
    }
    stream.remove_suffix(hj212_hours.size());
    append_hour(payload, stream, row);
  }
  void close(std::string&) const override {}

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }
  [[nodiscard]] const ReplayFormat* replay() const override { return &replay_; }

 private:
  // nullptr: it is not told of this sensor.
  [[nodiscard]] const FrameFactor* factor_of(std::string_view stream, Quantity quantity) const {
    if (!factors_of_sensors_.empty()) {
      const std::string name =
          std::string(stream.substr(hj212_sensors.size())).append("/").append(name_of(quantity));
      if (std::ranges::find(factors_of_sensors_, name) == factors_of_sensors_.end()) return nullptr;
    }
    return twinsky::factor_of(factors_, quantity);
  }

  void append_sample(std::string& payload, std::string_view head, std::string_view stream,
                     const StoredRow& row) const {
    StoredReadings stored;
    if (!read_body(row.body, stored) || stored.clock_unset) return;
    std::string groups;
    std::string readings;
    for (const Reading& reading : stored.readings) {
      const FrameFactor* const factor = factor_of(stream, reading.quantity);
      if (factor == nullptr || !reading.value || !reading.channel.empty()) continue;
      std::string group;
      hj212_language().append_value(group, *factor, "Rtd", *reading.value);
      append_flag(group, *factor, reading);
      append_group(groups, group);
      append_reading(readings, reading);
    }
    if (groups.empty()) return;
    append_line(payload, "2011", row.time, groups);
    payload.append("\t").append(head).append("\t").append(std::to_string(row.seq));
    payload.append("\t").append(std::to_string(stored.amends.value_or(0)));
    payload.append("\t").append(readings).append("\n");
  }

  static void append_flag(std::string& group, const FrameFactor& factor, const Reading& reading) {
    const bool is_good = reading.flag == Flag::pass || reading.flag == Flag::not_evaluated;
    const char flag = is_good ? 'N' : reading.reason == "range" ? 'T' : 'D';
    group.append(",").append(factor.code).append("-Flag=").append(1, flag);
  }

  void append_hour(std::string& payload, std::string_view stream, const StoredRow& row) const {
    const auto end = hj212_time_in(row.body, "end");
    const auto quantities = member_of(row.body, "quantities");
    if (!end || !quantities) return;
    const bool ends_day = (end->time_since_epoch() + china_offset) % one_day == milliseconds(0);
    std::string of_hour;
    std::string of_day;
    JsonScanner scanner(*quantities);
    scanner.members([&](std::string_view name) {
      const auto values = scanner.take_value();
      const auto quantity = quantity_named(name);
      const FrameFactor* const factor = quantity ? factor_of(stream, *quantity) : nullptr;
      if (!values || factor == nullptr) return values.has_value();
      append_group(of_hour, group_of_hour(*factor, *values));
      if (ends_day) append_group(of_day, group_of_day(*factor, *values));
      return true;
    });
    if (tells_hours_ && !of_hour.empty()) {
      append_line(payload, "2061", labels_end_ ? *end : *end - one_hour, of_hour);
      payload += '\n';
    }
    if (tells_days_ && !of_day.empty()) {
      append_line(payload, "2031", labels_end_ ? *end : *end - one_day, of_day);
      payload += '\n';
    }
  }

  static std::string group_of_hour(const FrameFactor& factor, std::string_view values) {
    const auto mean = hj212_number_in(values, "mean");
    if (member_of(values, "valid") != "true" || !mean) return {};
    std::string group;
    hj212_language().append_value(group, factor, "Avg", *mean);
    if (const auto least = hj212_number_in(values, "minimum")) {
      hj212_language().append_value(group, factor, "Min", *least);
    }
    if (const auto most = hj212_number_in(values, "maximum")) {
      hj212_language().append_value(group, factor, "Max", *most);
    }
    return group.append(",").append(factor.code).append("-Flag=N");
  }

  static std::string group_of_day(const FrameFactor& factor, std::string_view values) {
    const auto of_day = member_of(values, "day");
    const auto mean = of_day ? hj212_number_in(*of_day, "mean") : std::nullopt;
    if (!mean) return {};
    std::string group;
    hj212_language().append_value(group, factor, "Avg", *mean);
    return group.append(",").append(factor.code).append("-Flag=N");
  }

  static void append_line(std::string& payload, std::string_view kind, UtcTime label,
                          std::string_view groups) {
    payload.append(kind).append("\t");
    payload.append(std::to_string(label.time_since_epoch().count())).append("\t").append(groups);
  }

  const std::vector<FrameFactor> factors_;
  const std::vector<std::string> factors_of_sensors_;  // empty: all of all sensors
  const bool labels_end_;
  const bool tells_samples_;
  const bool tells_hours_;
  const bool tells_days_;
  const Hj212Replay replay_;
};

constexpr auto ends_of_periods = std::to_array<std::string_view>({"start", "end"});

using enum SettingKind;
// clang-format off
constexpr auto hj212_settings = std::to_array<Setting>({
  {.name = "codes", .kind = texts, .documentation = "Codes and units that the platform wants otherwise than they are by default, such as \"noise=LA\" or \"pm2_5=a34004 mg/m3\"."},
  {.name = "data_time", .kind = choice, .documentation = "Which end of its period DataTime names in frames of minutes, hours and days.", .fallback = "start", .choices = ends_of_periods},
  {.name = "hj212_frames", .kind = texts, .documentation = "Which data go there unasked: \"2011\" samples, \"2051\" minutes, \"2061\" hours, \"2031\" days; without this setting all."},
  {.name = "minute_interval", .kind = integer, .documentation = "How many minutes a frame of minutes is of.", .fallback = "10", .lower = 1, .upper = 60},
  {.name = "factors", .kind = texts, .documentation = "Which quantity of which sensor goes there, such as \"roof-pm/pm2_5\", where two sensors measure the same; without this setting all of all."},
});
// clang-format on

constexpr auto known_frames = std::to_array<std::string_view>({"2011", "2051", "2061", "2031"});

std::vector<SinkProblem> check_hj212(SinkSettings& sink, const std::set<std::string_view>& given) {
  std::vector<SinkProblem> problems;
  if (sink.transport->format != sink.format->name) {
    problems.push_back({"format",
                        "\"hj212\" goes to a platform of HJ 212 alone, expected \"hj212\" "
                        "with its address and no " +
                            in_quotes(sink.transport->name)});
    return problems;
  }
  sink.batch_records = 1;  // an acknowledgement is of one frame
  if (given.contains("batch_records")) {
    problems.push_back({"batch_records",
                        "\"batch_records\" has no effect here: each record goes by itself", true});
  }
  const Settings& settings = sink.settings;  // what is not there has been told of already
  constexpr std::int64_t hour_in_minutes = 60;
  if (settings.has("minute_interval") &&
      hour_in_minutes % settings.integer("minute_interval") != 0) {
    problems.push_back({"minute_interval",
                        "an hour has no whole number of them, expected 1, 2, 3, "
                        "4, 5, 6, 10, 12, 15, 20, 30 or 60"});
  }
  const auto texts_of = [&](std::string_view name) {
    return settings.has(name) ? settings.texts(name) : std::vector<std::string>();
  };
  for (const std::string& text : texts_of("codes")) {
    const std::string problem = hj212_language().problem_of_factor(text);
    if (!problem.empty()) problems.push_back({"codes", in_quotes(text) + " " + problem});
  }
  for (const std::string& frame : texts_of("hj212_frames")) {
    if (std::ranges::find(known_frames, frame) != known_frames.end()) continue;
    problems.push_back({"hj212_frames", in_quotes(frame) +
                                            " is none of them, expected \"2011\", \"2051\", "
                                            "\"2061\" or \"2031\""});
  }
  for (const std::string& text : texts_of("factors")) {
    const std::size_t sign = text.find('/');
    if (sign != std::string::npos && sign > 0 && quantity_named(text.substr(sign + 1))) continue;
    problems.push_back({"factors", in_quotes(text) + " is no sensor and quantity, expected such as "
                                                     "\"roof-pm/pm2_5\""});
  }
  return problems;
}

}  // namespace

extern const FormatInfo hj212_format = {
    .name = "hj212",
    .settings = hj212_settings,
    .check = check_hj212,
    // NOLINTNEXTLINE(performance-unnecessary-value-param): the descriptor has it so
    .make = [](const SinkSettings& sink, std::string) -> std::unique_ptr<Format> {
      return std::make_unique<Hj212>(sink.settings);
    },
};

}  // namespace twinsky
