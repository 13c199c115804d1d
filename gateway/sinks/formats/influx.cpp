// SPDX-License-Identifier: Apache-2.0
// Line protocol, as InfluxDB 1.x and 2.x, VictoriaMetrics and Telegraf read it: a line is a record.
//
//   air,gateway=mk-roof,sensor=roof-pm pm2_5=9.4,pm2_5_flag=1i,pm10=11.0,pm10_flag=3i,flag=3i,
//       seq=184467i,epoch="7f3a91c2" 1795314600123000000
//
// The rules are in influxdata/influxdb 1.8, models/points.go: in names and tags a comma, a blank
// and an equals sign have a backslash before them (in a measurement the first two), tags stand in
// the order of their keys, a number is a float unless "i" follows it, and a field is of one type
// for ever. So quantities are floats even where they are written without a point. NaN is no number
// there, and null none either: what is absent is left out, and its flag says 9.
//
// A row there is one for measurement, tags and time, and what comes later is merged into it field
// by field: so a record that comes twice changes nothing. A record that replaces another has its
// time, and would leave a flag standing that it no longer has: that is why each flag is always
// written.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/stream_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view of_unset_clock = "clock_unset=true,";

struct Precision {
  std::string_view name;  // as the server's parameter has it
  std::int64_t per_second;
};
constexpr auto precisions =
    std::to_array<Precision>({{"ns", 1'000'000'000}, {"us", 1'000'000}, {"ms", 1'000}, {"s", 1}});

void append_escaped(std::string& text, std::string_view name, std::string_view special) {
  for (const char c : name) {
    if (special.find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
}

void append_whole_number(std::string& text, auto number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

class Influx final : public Format {
 public:
  Influx(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)),
        measurement_(sink.settings.text("measurement")),
        per_second_(std::ranges::find(precisions, sink.settings.text("precision"), &Precision::name)
                        ->per_second),
        prefix_(sink.transport->has_topics ? "influx/" + gateway_ + "/" : "#") {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!measured_stream(subject)) return {};
    return std::string(prefix_).append(subject);
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "text/plain; charset=utf-8";
  }

  // "air,gateway=mk-roof,sensor=roof-pm" and, of each record, its last field.
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    std::string line;
    append_escaped(line, measurement_, ", ");
    std::array<StreamName::Part, 3> tags = {{{"gateway", gateway_}}};
    if (const auto name = name_of_stream(stream)) {
      std::ranges::copy(name->parts, tags.begin() + 1);
    }
    std::ranges::sort(tags, {}, &StreamName::Part::key);
    for (const auto& [key, value] : tags) {
      if (key.empty()) continue;
      line.append(",").append(key).append("=");
      append_escaped(line, value, ",= ");
    }
    return line.append("\n").append(",epoch=\"").append(epoch).append("\" ");
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    const std::size_t end = head.find('\n');
    if (!view_body(row.body, view_)) return;  // which the store would not have taken
    payload.append(head.substr(0, end)).append(" ");
    for (const BodyView::Value& value : view_.values) {
      if (!value.number.empty()) payload.append(value.name).append("=").append(value.number) += ',';
      payload.append(value.name).append("_flag=");
      append_whole_number(payload, value.flag);
      payload += "i,";
    }
    if (view_.clock_unset) payload += of_unset_clock;
    append_marked(payload, "amends", view_.amends);
    append_marked(payload, "revision", view_.revision);
    payload += "flag=";
    append_whole_number(payload, view_.flag);
    payload += "i,seq=";
    append_whole_number(payload, row.seq);
    payload += 'i';
    payload += head.substr(end + 1);
    append_time(payload, row.time);
    payload += '\n';
  }
  void close(std::string&) const override {}

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  static void append_marked(std::string& payload, std::string_view name, std::string_view number) {
    if (!number.empty()) payload.append(name).append("=").append(number).append("i,");
  }
  void append_time(std::string& payload, UtcTime time) const {
    constexpr std::int64_t ms_per_second = 1000;
    const std::int64_t ms = time.time_since_epoch().count();
    append_whole_number(payload, per_second_ >= ms_per_second ? ms * (per_second_ / ms_per_second)
                                                              : ms / (ms_per_second / per_second_));
  }

  const std::string gateway_;
  const std::string measurement_;
  const std::int64_t per_second_;
  const std::string prefix_;
  mutable BodyView view_;  // of the record at hand: its memory is used again
};

using enum SettingKind;
constexpr auto precision_names = std::to_array<std::string_view>({"ns", "us", "ms", "s"});
// clang-format off
constexpr auto influx_settings = std::to_array<Setting>({
  {.name = "measurement", .kind = text, .documentation = "The measurement of every line.", .fallback = "air"},
  {.name = "precision", .kind = choice, .documentation = "The unit of a line's time; where the address says precision=, the same.", .fallback = "ns", .choices = precision_names},
});
// clang-format on

std::vector<SinkProblem> check_influx(SinkSettings& sink, const std::set<std::string_view>&) {
  std::vector<SinkProblem> problems;
  if (!sink.settings.has("measurement") || !sink.settings.has("precision")) return problems;
  const std::string& measurement = sink.settings.text("measurement");
  const bool is_plain =
      std::ranges::none_of(measurement, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  const bool has_escape = measurement.find('\\') != std::string::npos;
  if (measurement.empty() || !is_plain || has_escape || measurement.starts_with('#')) {
    problems.push_back({"measurement", in_quotes(measurement) +
                                           " is no name of a measurement, expected one such as "
                                           "\"air\""});
  }
  constexpr std::string_view parameter = "precision=";
  const std::size_t at = sink.address.find(parameter);
  if (at == std::string::npos) return problems;
  const std::string_view said = std::string_view(sink.address).substr(at + parameter.size());
  const std::string& ours = sink.settings.text("precision");
  if (said.substr(0, said.find('&')) != ours) {
    problems.push_back({"precision", "the address says another precision than " + in_quotes(ours) +
                                         ", expected the same"});
  }
  return problems;
}

}  // namespace

extern const FormatInfo influx_format = {
    .name = "influx",
    .settings = influx_settings,
    .check = check_influx,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Influx>(sink, std::move(gateway));
    },
};

}  // namespace twinsky
