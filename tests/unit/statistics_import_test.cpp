// SPDX-License-Identifier: Apache-2.0
// Hours in the form of Home Assistant's statistics, byte by byte, and as each of its versions wants
// them. All values are synthetic.
#include "gateway/sinks/transports/statistics_import.hpp"

#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/discovery.hpp"
#include "gateway/sinks/format.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

const HomeAssistantVersion newest{2026, 11};
const HomeAssistantVersion oldest{2024, 11};

std::unique_ptr<Format> statistics() {
  return format_named("statistics")->make({.id = "home"}, "mk-roof");
}

std::string hour(const std::string& start, int revision, const std::string& quantities) {
  return R"({"start":")" + start + R"(.000Z","end":"2026-11-29T12:00:00.000Z","revision":)" +
         std::to_string(revision) + R"(,"quantities":{)" + quantities + "}}";
}

std::string quantity(const std::string& name, const std::string& mean,
                     const std::string& valid = "true") {
  return "\"" + name + R"(":{"mean":)" + mean +
         R"(,"minimum":40.0000,"maximum":42.7000,"deviation":1.9,"n":358,"expected":360,"valid":)" +
         valid + R"(,"flags":{"1":358},"day":{"date":"2026-11-29","mean":28.6000,"hours":19}})";
}

// What a message of these hours says.
std::string message_of(const std::vector<std::string>& hours) {
  const auto format = statistics();
  const std::string head = format->head("sensor/roof-pm/hour", "7f3a91c2");
  std::string payload;
  for (const std::string& body : hours) format->append(payload, head, {.body = body});
  format->close(payload);
  return payload;
}

std::string command_of(const std::string& message, const HomeAssistantVersion& version,
                       const Json* kept = nullptr) {
  const auto orders = import_orders(message);
  EXPECT_EQ(orders.size(), 1U);
  const auto command = import_command(orders.at(0), kept, version);
  return command ? command->dump() : command.error();
}

TEST(statistics_import, are_of_the_hours_of_sensors_alone) {
  const auto format = statistics();
  EXPECT_EQ(format->destination("sensor/roof-pm/hour"), "the hours of sensor/roof-pm");
  for (const char* subject : {"sensor/roof-pm/obs", "sensor/roof-pm/state", "ref/hk-epd/a/hour",
                              "info", "status", "mark", "ledger", "sensor/roof-pm/discovery"}) {
    EXPECT_EQ(format->destination(subject), "") << subject;
  }
}

// The micro sign is U+00B5, as it is announced.
TEST(statistics_import, are_written_byte_by_byte_as_the_command_takes_them) {
  EXPECT_EQ(
      message_of({hour("2026-11-29T11:00:00", 1, quantity("pm2_5", "41.3500"))}),
      R"([{"metadata":{"has_sum":false,"mean_type":1,"name":null,"source":"recorder",)"
      R"("statistic_id":"sensor.mk_roof_roof_pm_pm2_5","unit_class":null,)"
      "\"unit_of_measurement\":\"\xC2\xB5g/m\xC2\xB3\"},"
      R"("stats":[{"start":"2026-11-29T11:00:00+00:00","mean":41.3500,"min":40.0000,"max":42.7000}]}])");
}

TEST(statistics_import, go_to_the_entity_that_was_announced_in_its_unit) {
  StreamDescription stream;
  stream.name = "sensor/roof-pm";
  for (const QuantityInfo& info : quantity_catalogue())
    stream.columns.push_back({info.quantity, 1});
  const Json announced = Json::parse(discovery_document("mk-roof", stream))["components"];
  std::size_t found = 0;
  for (const QuantityInfo& info : quantity_catalogue()) {
    const std::string name(info.name);
    const auto orders =
        import_orders(message_of({hour("2026-11-29T11:00:00", 1, quantity(name, "1.0"))}));
    const bool has_means = info.averaging == Averaging::mean || info.averaging == Averaging::energy;
    ASSERT_EQ(orders.size(), has_means ? 1U : 0U) << name;
    if (!has_means) continue;
    ++found;
    const Json& metadata = orders[0].metadata;
    EXPECT_EQ(metadata.text_of("statistic_id"), announced[name].text_of("default_entity_id"));
    EXPECT_EQ(metadata.text_of("unit_of_measurement"),
              announced[name].text_of("unit_of_measurement"));
  }
  EXPECT_GT(found, 40U);
}

TEST(statistics_import, leave_out_what_is_no_mean_there) {
  for (const char* name : {"rain", "rain_total", "rain_1h", "wind_gust", "wind_dir", "aqhi"}) {
    EXPECT_EQ(message_of({hour("2026-11-29T11:00:00", 1, quantity(name, "1.0"))}), "[]") << name;
  }
}

TEST(statistics_import, leave_out_hours_that_do_not_count) {
  const std::string good = quantity("humidity", "61.0");
  const auto ids = [&](const std::string& bad) {
    std::string text;
    for (const ImportOrder& order :
         import_orders(message_of({hour("2026-11-29T11:00:00", 1, bad + good)}))) {
      text += order.metadata.text_of("statistic_id") + " ";
    }
    return text;
  };
  EXPECT_EQ(ids(""), "sensor.mk_roof_roof_pm_humidity ");
  EXPECT_EQ(ids(quantity("pm2_5", "41.3500", "false") + ","), "sensor.mk_roof_roof_pm_humidity ");
  EXPECT_EQ(ids(quantity("pm2_5", "null") + ","), "sensor.mk_roof_roof_pm_humidity ");
  EXPECT_EQ(ids(R"("unheard_of":{"mean":1,"valid":true},)"), "sensor.mk_roof_roof_pm_humidity ");
}

TEST(statistics_import, survive_a_body_that_is_none) {
  for (const char* body : {"", "{", "[]", "{}", R"({"start":5,"quantities":{}})",
                           R"({"start":"2026","quantities":{"pm2_5":{"mean":1,"valid":true}}})",
                           R"({"start":"2026-11-29T11:00:00.000Z","quantities":{"pm2_5":)"}) {
    EXPECT_EQ(message_of({body}), "[]") << body;
  }
  EXPECT_TRUE(import_orders("no JSON").empty());
  EXPECT_TRUE(import_orders(R"([5,{"metadata":{}},{"metadata":{},"stats":5}])").empty());
}

TEST(statistics_import, of_one_entity_are_one_command_and_the_newest_revision_wins) {
  const std::string message = message_of({
      hour("2026-11-29T11:00:00", 1, quantity("humidity", "60.0") + "," + quantity("pm2_5", "1.0")),
      hour("2026-11-29T12:00:00", 1, quantity("humidity", "61.0")),
      hour("2026-11-29T11:00:00", 2, quantity("humidity", "62.0")),
  });
  const auto orders = import_orders(message);
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].metadata.text_of("statistic_id"), "sensor.mk_roof_roof_pm_humidity");
  ASSERT_EQ(orders[0].hours.size(), 2U);
  EXPECT_EQ(orders[0].hours.at("2026-11-29T11:00:00+00:00").at("mean").get<double>(), 62.0);
  EXPECT_EQ(orders[1].hours.size(), 1U);
  EXPECT_EQ(iso8601(end_of(orders)), "2026-11-29T13:00:00.000Z");
}

// Each version refuses what it does not know: 2025.10 has no `mean_type` and no `unit_class`, and
// 2026.11 needs both.
TEST(statistics_import, are_said_as_each_version_wants_them) {
  const std::string message =
      message_of({hour("2026-11-29T11:00:00", 1, quantity("temperature", "21.5"))});
  const std::string stats =
      R"("stats":[{"start":"2026-11-29T11:00:00+00:00","mean":21.5,"min":40.0,"max":42.7}]})";
  const std::string head = R"({"type":"recorder/import_statistics","metadata":{"has_sum":false,)";
  const std::string name =
      R"("name":null,"source":"recorder","statistic_id":"sensor.mk_roof_roof_pm_temperature",)";
  const std::string older = head + R"("has_mean":true,)" + name +
                            "\"unit_of_measurement\":\"\xC2\xB0"
                            "C\"}," +
                            stats;
  const std::string newer = head + R"("mean_type":1,)" + name + R"("unit_class":"temperature",)" +
                            "\"unit_of_measurement\":\"\xC2\xB0"
                            "C\"}," +
                            stats;
  EXPECT_EQ(command_of(message, oldest), older);
  EXPECT_EQ(command_of(message, {2025, 10}), older);
  EXPECT_EQ(command_of(message, {2025, 11}), newer);
  EXPECT_EQ(command_of(message, newest), newer);
}

TEST(statistics_import, know_versions) {
  EXPECT_EQ(home_assistant_version("2025.11.3"), (HomeAssistantVersion{2025, 11}));
  EXPECT_EQ(home_assistant_version("2026.2.0b1"), (HomeAssistantVersion{2026, 2}));
  EXPECT_EQ(home_assistant_version("2026.12.0.dev20261101"), (HomeAssistantVersion{2026, 12}));
  for (const char* text : {"", "2026", "2026.", "x.1", "99999999999999999999.1"}) {
    EXPECT_EQ(home_assistant_version(text), HomeAssistantVersion{}) << text;
  }
  EXPECT_LT(HomeAssistantVersion{}, oldest);
}

TEST(statistics_import, go_on_as_they_are_kept_there) {
  const std::string message =
      message_of({hour("2026-11-29T11:00:00", 1, quantity("pm2_5", "41.3500"))});
  // Newer versions write a Greek letter, and know how to convert it.
  const Json kept = {{"statistics_unit_of_measurement", "\xCE\xBCg/m\xC2\xB3"},
                     {"unit_class", "concentration"},
                     {"mean_type", 1},
                     {"name", nullptr}};
  const Json command = Json::parse(command_of(message, newest, &kept));
  EXPECT_EQ(command["metadata"].text_of("unit_of_measurement"), "\xCE\xBCg/m\xC2\xB3");
  EXPECT_EQ(command["metadata"].text_of("unit_class"), "concentration");
  EXPECT_EQ(command["metadata"].at("mean_type").get<int>(), 1);
}

// An import would change the unit of all that is kept, and convert nothing.
TEST(statistics_import, are_not_sent_where_another_unit_is_kept) {
  const std::string message =
      message_of({hour("2026-11-29T11:00:00", 1, quantity("temperature", "21.5"))});
  const Json fahrenheit = {{"statistics_unit_of_measurement",
                            "\xC2\xB0"
                            "F"},
                           {"mean_type", 1}};
  EXPECT_EQ(
      command_of(message, newest, &fahrenheit),
      "sensor.mk_roof_roof_pm_temperature is kept there in °F and not in °C, so its hours are left "
      "out: give the entity that unit");
  const Json none = {{"statistics_unit_of_measurement", nullptr}, {"mean_type", 1}};
  EXPECT_NE(command_of(message, newest, &none).find("kept there in no unit"), std::string::npos);
  const Json circular = {{"statistics_unit_of_measurement", "°C"}, {"mean_type", 2}};
  EXPECT_NE(command_of(message, newest, &circular).find("no arithmetic mean"), std::string::npos);
  const Json older = {{"statistics_unit_of_measurement", "°C"}, {"has_mean", false}};
  EXPECT_NE(command_of(message, oldest, &older).find("no arithmetic mean"), std::string::npos);
}

}  // namespace
}  // namespace twinsky
