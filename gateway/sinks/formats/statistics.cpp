// SPDX-License-Identifier: Apache-2.0
// Hours for the long-term statistics of Home Assistant: a JSON list of what its websocket command
// `recorder/import_statistics` takes (`metadata` and `stats`), one element for each quantity of
// each hour. Who sends them puts what is of one statistic together.
//
// What it takes was read in home-assistant/core, components/recorder/websocket_api.py,
// statistics.py and components/sensor/recorder.py: `start` is a full hour with its offset from UTC;
// an hour that is there is overwritten. Since 2025.11 the metadata have `mean_type` (1: arithmetic)
// instead of `has_mean`, and `unit_class`, without both of which 2026.11 no longer takes it.
//
// Only what is a mean there and here goes. An hour of rain is a sum, of a gauge its last value, of
// gusts the largest: Home Assistant keeps none of them so. It would go on with a sum from its own
// short-term statistics, which nobody can write. Directions have a weight there (`mean_weight`),
// which the command does not take: without one, the mean of a day of such hours is north.
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/sinks/discovery.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/json_scanner.hpp"
#include "gateway/text/json_text.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view of_sensors = "sensor/";
constexpr std::string_view of_hours = "/hour";

// The converters of Home Assistant that every version with `unit_class` has, by unit. What is kept
// there already goes on with its own.
struct UnitClass {
  std::string_view unit;
  std::string_view name;
};
constexpr auto unit_classes = std::to_array<UnitClass>({
    {"", "unitless"},
    {"%", "unitless"},
    {"°C", "temperature"},
    {"hPa", "pressure"},
    {"m/s", "speed"},
    {"mm/h", "speed"},
    {"V", "voltage"},
});

bool has_means(Quantity quantity) {
  const Averaging averaging = info_of(quantity).averaging;
  return averaging == Averaging::mean || averaging == Averaging::energy;
}

void put_text_or_null(JsonWriter& json, std::string_view key, std::string_view text) {
  text.empty() ? json.null(key) : json.put(key, text);
}

// The hour's start as the command wants it, from ours: "2026-11-29T11:00:00.000Z".
std::string start_of(std::string_view hour) {
  constexpr std::size_t up_to_seconds = 19;
  std::string_view start = member_of(hour, "start").value_or("");
  if (start.size() <= up_to_seconds + 1) return {};
  start.remove_prefix(1);  // its quote
  return std::string(start.substr(0, up_to_seconds)) + "+00:00";
}

class Statistics final : public Format {
 public:
  explicit Statistics(std::string gateway) : gateway_(std::move(gateway)) {}

  // For people.
  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!subject.starts_with(of_sensors) || !subject.ends_with(of_hours)) return {};
    subject.remove_suffix(of_hours.size());
    return "the hours of " + std::string(subject);
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "application/json";
  }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view) const override {
    if (stream.ends_with(of_hours)) stream.remove_suffix(of_hours.size());
    return std::string(stream);
  }
  void append(std::string& payload, std::string_view stream, const StoredRow& row) const override {
    if (payload.empty()) payload += '[';
    const std::string start = start_of(row.body);
    const auto quantities = member_of(row.body, "quantities");
    if (start.empty() || !quantities) return;
    JsonScanner scanner(*quantities);
    scanner.members([&](std::string_view name) {
      const auto values = scanner.take_value();
      const auto quantity = quantity_named(name);
      if (values && quantity && has_means(*quantity)) {
        append(payload, stream, *quantity, start, *values);
      }
      return values.has_value();
    });
  }
  void close(std::string& payload) const override { payload += ']'; }

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  void append(std::string& payload, std::string_view stream, Quantity quantity,
              std::string_view start, std::string_view values) const {
    if (member_of(values, "valid") != "true") return;
    const auto mean = member_of(values, "mean");
    if (!mean || mean == "null") return;
    const std::string_view unit = discovered_unit(quantity);
    const auto* const known = std::ranges::find(unit_classes, unit, &UnitClass::unit);
    JsonWriter json(payload);
    json.open().open("metadata").put("has_sum", false).put("mean_type", 1).null("name");
    json.put("source", "recorder");
    json.put("statistic_id", discovered_entity(gateway_, stream, name_of(quantity)));
    put_text_or_null(json, "unit_class", known == unit_classes.end() ? "" : known->name);
    put_text_or_null(json, "unit_of_measurement", unit);
    json.close().open_list("stats").open().put("start", start).put_raw("mean", *mean);
    if (const auto minimum = member_of(values, "minimum")) json.put_raw("min", *minimum);
    if (const auto maximum = member_of(values, "maximum")) json.put_raw("max", *maximum);
    json.close().close_list().close();
  }

  const std::string gateway_;
};

std::vector<SinkProblem> check_way(SinkSettings& sink, const std::set<std::string_view>&) {
  if (sink.transport->format == "statistics") return {};
  return {{"format",
           "\"statistics\" goes to Home Assistant's websocket alone, expected "
           "\"home_assistant_api\" and no " +
               in_quotes(sink.transport->name)}};
}

}  // namespace

extern const FormatInfo statistics_format = {
    .name = "statistics",
    .check = check_way,
    .make = [](const SinkSettings&, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Statistics>(std::move(gateway));
    },
};

}  // namespace twinsky
