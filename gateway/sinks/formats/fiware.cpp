// SPDX-License-Identifier: Apache-2.0
// FIWARE: each record is an entity of the Smart Data Models, AirQualityObserved
// (smart-data-models/dataModel.Environment) or, where nothing of the air's quality is in it,
// WeatherObserved (smart-data-models/dataModel.Weather). It goes to a context broker in a batch
// that makes what is new and replaces what is there: NGSI-v2 (POST /v2/op/update, append) or
// NGSI-LD (POST /ngsi-ld/v1/entityOperations/upsert).
//
// An entity's id has stream and number, as the models' own examples have station and time: so a
// record that comes twice is the same entity again. Only values that can be one of the model are
// said: humidity is 0 to 1 and a direction -180 to 180 there, and no concentration is below zero,
// as the noise of a sensor may be. What failed its checks is left out, since there is no place for
// a flag that all readers know.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/stream_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace twinsky {
namespace {

using enum Quantity;

enum class Model : std::uint8_t { air, weather, both };

struct Attribute {
  Quantity quantity;
  std::string_view name;
  std::string_view unit_code;  // UN/CEFACT, of concentrations; the others' are the model's own
  Model model;
  bool may_be_negative = false;
};
constexpr std::string_view micrograms = "GQ";
constexpr std::string_view per_million = "59";
constexpr std::string_view per_billion = "61";
// Of two of one name the first that there is holds.
constexpr auto attributes = std::to_array<Attribute>({
    {pm1, "pm1", micrograms, Model::air},
    {pm2_5, "pm25", micrograms, Model::air},
    {pm4, "pm4", micrograms, Model::air},
    {pm10, "pm10", micrograms, Model::air},
    {co, "co", micrograms, Model::air},
    {co_ppm, "co", per_million, Model::air},
    {co2, "co2", per_million, Model::air},
    {no, "no", micrograms, Model::air},
    {no_ppb, "no", per_billion, Model::air},
    {no2, "no2", micrograms, Model::air},
    {no2_ppb, "no2", per_billion, Model::air},
    {nox, "nox", micrograms, Model::air},
    {o3, "o3", micrograms, Model::air},
    {o3_ppb, "o3", per_billion, Model::air},
    {so2, "so2", micrograms, Model::air},
    {so2_ppb, "so2", per_billion, Model::air},
    {h2s_ppb, "sh2", per_billion, Model::air},
    {aqi, "airQualityIndex", "", Model::air},
    {aqhi, "airQualityIndex", "", Model::air},
    {temperature, "temperature", "", Model::both, true},
    {humidity, "relativeHumidity", "", Model::both},
    {wind_speed, "windSpeed", "", Model::both},
    {wind_dir, "windDirection", "", Model::both},
    {rain, "precipitation", "", Model::both},
    {dew_point, "dewPoint", "", Model::weather, true},
    {pressure, "atmosphericPressure", "", Model::weather},
    {solar_radiation, "solarRadiation", "", Model::weather},
    {illuminance, "illuminance", "", Model::weather},
});

double number_of(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class Fiware final : public Format {
 public:
  Fiware(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)),
        is_linked_(sink.settings.text("ngsi") == "ld"),
        latitude_(sink.settings.number("latitude")),
        longitude_(sink.settings.number("longitude")) {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    // The position is the gateway's own; official stations have others.
    if (!subject.starts_with("sensor/") || !measured_stream(subject)) return {};
    return is_linked_ ? "/ngsi-ld/v1/entityOperations/upsert" : "/v2/op/update";
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return is_linked_ ? "application/ld+json" : "application/json";
  }
  // What the id has in the middle, and the epoch.
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    const auto name = name_of_stream(stream);
    return gateway_ + ":" + std::string(name ? name->parts[0].value : stream) + ":" +
           std::string(epoch) + ":";
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    if (!view_body(row.body, view_)) return;  // which the store would not have taken
    JsonWriter json(payload);
    if (payload.empty()) begin(json);
    const bool is_air = std::ranges::any_of(attributes, [&](const Attribute& attribute) {
      return attribute.model == Model::air && said(attribute) != nullptr;
    });
    const std::string_view type = is_air ? "AirQualityObserved" : "WeatherObserved";
    json.open();
    json.put("id", std::string("urn:ngsi-ld:")
                       .append(type)
                       .append(":")
                       .append(head)
                       .append(std::to_string(row.seq)));
    json.put("type", type);
    open_property(json, "dateObserved", "DateTime");
    if (is_linked_) {
      json.open("value").put("@type", "DateTime").put("@value", row.time).close().close();
    } else {
      json.put("value", row.time).close();
    }
    json.open("location").put("type", is_linked_ ? "GeoProperty" : "geo:json");
    constexpr int decimals = 6;
    json.open("value").put("type", "Point").open_list("coordinates");
    json.put({}, longitude_, decimals).put({}, latitude_, decimals).close_list().close().close();
    const std::string_view device = head.substr(0, head.find(':', head.find(':') + 1));
    json.open("refDevice").put("type", is_linked_ ? "Relationship" : "Text");
    json.put(is_linked_ ? "object" : "value", std::string("urn:ngsi-ld:Device:").append(device));
    json.close();
    std::string_view before;
    for (const Attribute& attribute : attributes) {
      const bool belongs = attribute.model == Model::both ||
                           attribute.model == (is_air ? Model::air : Model::weather);
      const BodyView::Value* const value = said(attribute);
      if (!belongs || value == nullptr || attribute.name == before) continue;
      before = attribute.name;
      put(json, attribute, *value);
    }
    if (is_linked_) {
      json.open_list("@context");
      json.put({}, "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld");
      json.put({}, "https://raw.githubusercontent.com/smart-data-models/" +
                       std::string(is_air ? "dataModel.Environment" : "dataModel.Weather") +
                       "/master/context.jsonld");
      json.close_list();
    }
    json.close();
  }
  void close(std::string& payload) const override { payload += is_linked_ ? "]" : "]}"; }

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  void begin(JsonWriter& json) const {
    if (is_linked_) {
      json.open_list();
    } else {
      json.open().put("actionType", "append").open_list("entities");
    }
  }
  void open_property(JsonWriter& json, std::string_view name, std::string_view type) const {
    json.open(name).put("type", is_linked_ ? "Property" : type);
  }

  // The value that can be said; nullptr: none.
  [[nodiscard]] const BodyView::Value* said(const Attribute& attribute) const {
    constexpr int fail = 4;
    const BodyView::Value* const value = view_.measured(attribute.quantity);
    if (value == nullptr || value->flag >= fail) return nullptr;
    return attribute.may_be_negative || value->number.front() != '-' ? value : nullptr;
  }

  void put(JsonWriter& json, const Attribute& attribute, const BodyView::Value& value) const {
    open_property(json, attribute.name, "Number");
    if (attribute.quantity == humidity) {
      constexpr double percent = 100;
      json.put("value", number_of(value.number) / percent, 4);
    } else if (attribute.quantity == wind_dir) {
      constexpr double half_turn = 180;
      constexpr double turn = 360;
      const double direction = number_of(value.number);
      json.put("value", direction > half_turn ? direction - turn : direction, 1);
    } else {
      json.put_raw("value", value.number);
    }
    if (!attribute.unit_code.empty() && is_linked_) json.put("unitCode", attribute.unit_code);
    if (!attribute.unit_code.empty() && !is_linked_) {
      json.open("metadata").open("unitCode").put("type", "Text");
      json.put("value", attribute.unit_code).close().close();
    }
    json.close();
  }

  const std::string gateway_;
  const bool is_linked_;
  const double latitude_;
  const double longitude_;
  mutable BodyView view_;  // of the record at hand: its memory is used again
};

using enum SettingKind;
constexpr auto versions_of_ngsi = std::to_array<std::string_view>({"v2", "ld"});
// clang-format off
constexpr auto fiware_settings = std::to_array<Setting>({
  {.name = "ngsi", .kind = choice, .documentation = "Which interface the context broker has: NGSI-v2 or NGSI-LD.", .fallback = "v2", .choices = versions_of_ngsi},
  {.name = "latitude", .kind = number, .documentation = "Where the sensors are, as it shall be told there, in degrees north (WGS 84).", .required = true, .lower = -90, .upper = 90},
  {.name = "longitude", .kind = number, .documentation = "Likewise in degrees east.", .required = true, .lower = -180, .upper = 180},
});
// clang-format on

std::vector<SinkProblem> check_fiware(SinkSettings& sink, const std::set<std::string_view>&) {
  if (!sink.transport->has_topics) return {};
  return {{"format", "\"fiware\" is posted to a context broker, expected \"http\" and no " +
                         in_quotes(sink.transport->name)}};
}

}  // namespace

extern const FormatInfo fiware_format = {
    .name = "fiware",
    .settings = fiware_settings,
    .check = check_fiware,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Fiware>(sink, std::move(gateway));
    },
};

}  // namespace twinsky
