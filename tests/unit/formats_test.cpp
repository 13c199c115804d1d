// SPDX-License-Identifier: Apache-2.0
// Formats for others' platforms, byte by byte, as tests/cases/formats/ has them: a new one needs
// cases and no new test. All values there are synthetic.
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/json.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/stream_name.hpp"
#include "tests/unit/places.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <utility>

namespace twinsky {
namespace {

std::vector<Json> all_cases() {
  std::vector<Json> cases;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests_directory() + "/cases/formats")) {
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const Json file = Json::parse(text.str());
    for (const Json& each : file.at("cases")) cases.push_back(each);
  }
  return cases;
}

SinkSettings sink_of(const Json& each) {
  SinkSettings sink{.id = "city",
                    .transport = transport_named(each.text_of("transport")),
                    .address = each.text_of("address"),
                    .format = format_named(each.text_of("format"))};
  sink.settings = Settings::defaults(sink.format->settings);
  const Json* const settings = each.find("settings");
  if (settings == nullptr) return sink;
  for (const Setting& setting : sink.format->settings) {
    const Json* const written = settings->find(setting.name);
    if (written == nullptr) continue;
    std::string problem;
    const auto value = read_setting(
        setting, written->is_string() ? written->get<std::string>() : written->dump(), problem);
    EXPECT_TRUE(value) << problem;
    if (value) sink.settings.set(std::string(setting.name), *value);
  }
  return sink;
}

// As its bytes in hexadecimal digits where it is no text.
std::string shown_as(const Json& each, const std::string& payload) {
  if (each.find("payload_hex") == nullptr) return payload;
  std::string digits;
  for (const char byte : payload) append_hexadecimal(digits, static_cast<unsigned char>(byte), 2);
  return digits;
}

std::string wanted(const Json& each) {
  if (each.find("payload_hex") != nullptr) return each.text_of("payload_hex");
  std::string text;
  bool is_first = true;
  for (const Json& line : each.at("payload")) {
    if (!std::exchange(is_first, false)) text += '\n';
    text += line.get<std::string>();
  }
  return text;
}

TEST(formats, write_records_as_the_cases_have_them) {
  const auto cases = all_cases();
  EXPECT_GE(cases.size(), 4U);
  for (const Json& each : cases) {
    SCOPED_TRACE(each.text_of("name"));
    SinkSettings sink = sink_of(each);
    if (sink.format->check != nullptr) {
      for (const auto& problem : sink.format->check(sink, {})) ADD_FAILURE() << problem.message;
    }
    const auto format = sink.format->make(sink, "mk-roof");
    const std::string stream = each.text_of("stream");
    EXPECT_EQ(format->destination(stream + "/obs"), each.text_of("destination"));
    const std::string head = format->head(stream, each.text_of("epoch"));
    std::string payload;
    for (const Json& row : each.at("rows")) {
      const std::string body = row.text_of("body");
      format->append(payload, head,
                     {.seq = row.at("seq").get<std::uint64_t>(),
                      .time = parse_time(row.text_of("time")).value(),
                      .body = body});
    }
    const std::size_t before = payload.size();
    format->close(payload);
    EXPECT_LE(payload.size(), before + 2);
    EXPECT_EQ(shown_as(each, payload), wanted(each));
    EXPECT_EQ(format->content_type(payload), each.text_of("content_type"));
  }
}

// What is no measured value stays here, and there is nothing that the far end shall remember.
TEST(formats, of_platforms_have_no_place_for_documents_hours_and_gaps) {
  for (const Json& each : all_cases()) {
    const SinkSettings sink = sink_of(each);
    const auto format = sink.format->make(sink, "mk-roof");
    for (const char* subject :
         {"mark", "newest", "health", "ledger", "event", "sensor/roof-pm/hour",
          "sensor/roof-pm/state", "ref/hk-epd/warnings", "sensor/obs", "",
          "compare/roof-pm/pm2_5/hk-epd/mong-kok"}) {
      EXPECT_EQ(format->destination(subject), "") << each.text_of("name") << ": " << subject;
    }
  }
}

TEST(formats, line_protocol_refuses_what_would_not_fit_together) {
  const auto problem = [](const std::string& address, const std::string& name,
                          const std::string& value) {
    SinkSettings sink{.id = "city", .address = address, .format = format_named("influx")};
    sink.settings = Settings::defaults(sink.format->settings);
    sink.settings.set(name, value);
    const auto problems = sink.format->check(sink, {});
    return problems.empty() ? "" : problems[0].message;
  };
  EXPECT_EQ(problem("http://host/write?db=air", "precision", "s"), "");
  EXPECT_EQ(problem("http://host/write?precision=s&db=air", "precision", "s"), "");
  EXPECT_NE(problem("http://host/write?db=air&precision=ms", "precision", "s"), "");
  for (const char* wrong : {"", "#air", "a\nb", "a\\"}) {
    EXPECT_NE(problem("", "measurement", wrong).find("no name of a measurement"), std::string::npos)
        << wrong;
  }
}

TEST(formats, a_wigos_identifier_has_four_blocks) {
  const auto is_refused = [](const std::string& identifier) {
    SinkSettings sink{.id = "city", .format = format_named("wis2")};
    sink.settings = Settings::defaults(sink.format->settings);
    sink.settings.set("wigos_id", identifier);
    return !sink.format->check(sink, {}).empty();
  };
  for (const char* good : {"0-344-0-MKROOF", "0-20000-0-45007", "0-65534-65534-abcdefghijklmnop"}) {
    EXPECT_FALSE(is_refused(good)) << good;
  }
  for (const char* wrong :
       {"1-344-0-MKROOF", "0-65535-0-A", "0-344-0-", "0-344-0-a,b", "0-344-MKROOF", "0--0-A",
        "0-3x-0-A", "0-344-0-abcdefghijklmnopq", "45007"}) {
    EXPECT_TRUE(is_refused(wrong)) << wrong;
  }
}

TEST(body_view, has_what_is_printed_and_takes_nothing_else_for_a_value) {
  BodyView view;
  ASSERT_TRUE(view_body(
      R"({"amends":7,"clock":"unset","pm2_5":9.40,"co2":null,"pm2_5_corrected":8.1,)"
      R"("text":{"pm2_5":"<3"},"flag":4,"flags":{"co2":9,"pm2_5_corrected":4},"parts":{"no2":1},)"
      R"("gas_reference_k":293.15,"meta":7})",
      view));
  ASSERT_EQ(view.values.size(), 3U);
  EXPECT_EQ(view.values[0].number, "9.40");
  EXPECT_EQ(view.values[0].flag, 1);
  EXPECT_EQ(view.values[1].number, "");
  EXPECT_EQ(view.values[1].flag, 9);
  EXPECT_TRUE(view.values[2].is_corrected);
  EXPECT_EQ(view.values[2].flag, 4);
  EXPECT_EQ(view.flag, 4);
  EXPECT_EQ(view.amends, "7");
  EXPECT_TRUE(view.clock_unset);
  EXPECT_EQ(view.measured(Quantity::pm2_5)->number, "9.40");
  EXPECT_EQ(view.measured(Quantity::co2), nullptr);
  // Nothing is left of the one before.
  ASSERT_TRUE(view_body(R"({"revision":2,"start":"a","end":"b","meta":1})", view));
  EXPECT_TRUE(view.values.empty());
  EXPECT_FALSE(view.clock_unset);
  EXPECT_EQ(view.amends, "");
  EXPECT_EQ(view.revision, "2");
  EXPECT_EQ(view.end, "b");
  EXPECT_EQ(view.flag, 9);
  for (const char* broken : {"", "[]", "{", R"({"pm2_5":})", R"({"flags":3})"}) {
    EXPECT_FALSE(view_body(broken, view)) << broken;
  }
}

TEST(stream_name, has_the_parts_that_a_record_has) {
  EXPECT_EQ(name_of_stream("sensor/roof-pm")->parts[0].value, "roof-pm");
  EXPECT_EQ(name_of_stream("ref/hk-epd/mong-kok")->parts[1].key, "station");
  EXPECT_EQ(name_of_stream("index/e/own")->parts[1].value, "own");
  for (const char* other : {"sensor/roof-pm/hour", "ref/hk-epd", "ledger", "sensor/", ""}) {
    EXPECT_FALSE(name_of_stream(other)) << other;
  }
  EXPECT_EQ(measured_stream("ref/hk-epd/mong-kok/obs"), "ref/hk-epd/mong-kok");
  EXPECT_FALSE(measured_stream("sensor/roof-pm/state"));
}

}  // namespace
}  // namespace twinsky
