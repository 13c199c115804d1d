// SPDX-License-Identifier: Apache-2.0
// The driver `modbus`: its maps, and its decoding of the golden cases.
#include "drivers/register_map.hpp"

#include "drivers/buses/modbus.hpp"
#include "drivers/learned_scale.hpp"
#include "drivers/map_device.hpp"
#include "drivers/registry.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <stdlib.h>

namespace twinsky {
namespace {

using Json = nlohmann::json;

const DriverInfo& driver() {
  return *driver_named("modbus");
}

Settings chosen(const std::string& map, const std::string& overrides = "{}") {
  Settings settings;
  settings.set("map", map);
  settings.set("map_override", overrides);
  settings.set("answer_within", milliseconds(500));
  return settings;
}

std::vector<std::byte> hex(std::string_view text) {
  return from_hex(text).value();
}

std::optional<double> value_in(const Sample& sample, std::string_view name) {
  for (const auto& each : sample.readings) {
    if (name_of(each.quantity) == name) return each.value;
  }
  for (const auto& fact : sample.facts) {
    if (fact.name != name) continue;
    if (const auto* number = std::get_if<double>(&fact.value)) return *number;
  }
  return std::nullopt;
}

void expect_case(const Json& entry, const Decoded& decoded) {
  if (entry.contains("error")) {
    ASSERT_EQ(decoded.faults.size(), 1U);
    EXPECT_EQ(name_of(decoded.faults[0]), entry["error"].get<std::string>());
    EXPECT_TRUE(decoded.samples.empty());
    return;
  }
  EXPECT_TRUE(decoded.faults.empty());
  ASSERT_EQ(decoded.samples.size(), 1U);
  for (const auto& [name, value] : entry["expect"].items()) {
    const auto got = value_in(decoded.samples[0], name);
    ASSERT_EQ(got.has_value(), !value.is_null()) << name;
    // A float has seven digits.
    if (!got) continue;
    EXPECT_NEAR(*got, value.get<double>(), 1e-7 * std::max(1.0, std::abs(*got))) << name;
  }
}

void run_vectors(const std::string& file, const std::string& map) {
  std::ifstream stream(tests_directory() + "/cases/" + file);
  const Json vectors = Json::parse(stream);
  ASSERT_FALSE(vectors["cases"].empty());
  for (const auto& entry : vectors["cases"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const std::array exchanges{Exchange{.written = hex(entry["request_hex"].get<std::string>()),
                                        .answered = hex(entry["rx_hex"].get<std::string>())}};
    const auto overrides = entry.value("map_override", Json::object()).dump();
    expect_case(entry, driver().decode(exchanges, chosen(map, overrides)));
  }
}

RegisterMap small_map(const std::string& members, const std::string& entry) {
  auto map = parse_register_map(
      "{" + members + R"("registers":[{"quantity":"temperature",)" + entry + "}]}", "");
  EXPECT_TRUE(map) << (map ? "" : map.error());
  return map ? *map : RegisterMap();
}

TEST(register_map, doubts_what_is_most_likely_not_meant) {
  EXPECT_TRUE(small_map("", R"("register":500)").doubts.empty());
  EXPECT_TRUE(small_map("", R"("register":500,"type":"s32","word_order":"le")").doubts.empty());
  EXPECT_TRUE(small_map(R"("word_order":"le",)", R"("register":500)").doubts.empty());
  const auto order = small_map("", R"("register":500,"type":"s16","word_order":"le")").doubts;
  ASSERT_EQ(order.size(), 1U);
  EXPECT_NE(order[0].find("word_order says nothing of a single register"), std::string::npos);
  const auto number = small_map("", R"("register":40001)").doubts;
  ASSERT_EQ(number.size(), 1U);
  EXPECT_NE(number[0].find("which is 0 on the wire"), std::string::npos);
  EXPECT_EQ(small_map(R"("function":4,)", R"("register":30005)").doubts.size(), 1U);
  EXPECT_TRUE(small_map(R"("numbering":"wire",)", R"("register":40001)").doubts.empty());
}

TEST(register_map, reads_numbers_as_manuals_print_them) {
  const auto holding = small_map(R"("numbering":"manual",)", R"("register":40501)");
  EXPECT_EQ(holding.entries[0].address, 500);
  EXPECT_TRUE(holding.doubts.empty());
  EXPECT_EQ(
      small_map(R"("numbering":"manual","function":4,)", R"("register":30001)").entries[0].address,
      0);
  EXPECT_FALSE(parse_register_map(
      R"({"numbering":"manual","registers":[{"quantity":"temperature","register":500}]})", ""));
}

TEST(register_map, one_register_at_a_time_where_a_device_wants_it) {
  const auto map = parse_register_map(
      R"({"largest_read":1,"registers":[{"quantity":"temperature","register":0},)"
      R"({"quantity":"humidity","register":1},{"quantity":"illuminance","register":2,"type":"u32"}]})",
      "");
  ASSERT_TRUE(map) << map.error();
  EXPECT_EQ(blocks_of(*map).size(), 3U);
}

TEST(modbus, decodes_the_golden_cases_of_the_renke_station) {
  run_vectors("sensor-vectors/renke_rs_fsxcs.json", "renke-rs-fsxcs");
}

TEST(modbus, decodes_the_golden_cases_of_the_teledyne_monitor) {
  run_vectors("without-driver/teledyne_t640.json", "teledyne-t640");
}

Decoded decode(std::string_view request, std::string_view reply) {
  const std::array exchanges{Exchange{.written = hex(request), .answered = hex(reply)}};
  return driver().decode(exchanges, chosen("renke-rs-fsxcs"));
}

TEST(modbus, tells_apart_what_is_wrong_with_a_recorded_reply) {
  constexpr std::string_view wind = "010301f40001c404";
  const auto fault_of = [&](std::string_view reply) {
    const auto decoded = decode(wind, reply);
    EXPECT_TRUE(decoded.samples.empty());
    return decoded.faults.size() == 1 ? name_of(decoded.faults[0]) : "";
  };
  EXPECT_EQ(fault_of(""), "no_response");
  EXPECT_EQ(fault_of("01830280f1"), "checksum");
  EXPECT_EQ(fault_of("018302c0f1"), "exception");
  EXPECT_EQ(fault_of("11030200d5f9d8"), "framing");
  EXPECT_EQ(fault_of("01040200d578af"), "framing");
  EXPECT_EQ(fault_of("0103020"
                     "0"),
            "truncated");
  const auto refused = decode(wind, "018302c0f1");
  ASSERT_EQ(refused.facts.size(), 1U);
  EXPECT_EQ(refused.facts[0].name, "exception_code");
  EXPECT_EQ(std::get<double>(refused.facts[0].value), 2);
}

TEST(modbus, a_shipped_map_or_a_file_of_the_user_is_checked_by_name) {
  EXPECT_EQ(driver().check(chosen("renke-rs-fsxcs")), "");
  const std::string unknown = driver().check(chosen("renke"));
  EXPECT_TRUE(unknown.starts_with("no map \"renke\" is shipped; expected one of adtek-wsa, "))
      << unknown;
  EXPECT_TRUE(unknown.ends_with("xy-md02, or a path with a slash")) << unknown;
  EXPECT_EQ(driver().check(chosen("./no-such-map.json")),
            "map ./no-such-map.json: the file cannot be read (No such file or directory)");
  EXPECT_EQ(driver().check(chosen("renke-rs-fsxcs", R"({"lux":{"scale":1}})")),
            "map renke-rs-fsxcs: map_override: the map has no \"lux\"");
  EXPECT_EQ(driver().line_of(chosen("renke-rs-fsxcs")).baud, 4800);
}

TEST(modbus, quantities_come_from_the_map_with_the_digits_of_their_scale) {
  const auto quantities = driver().quantities_of(
      chosen("renke-rs-fsxcs", R"({"noise":null,"wind_speed":{"scale":0.1}})"));
  const auto decimals = [&](Quantity quantity) {
    const auto found = std::ranges::find(quantities, quantity, &DriverQuantity::quantity);
    return found == quantities.end() ? -1 : found->decimals;
  };
  EXPECT_EQ(decimals(Quantity::wind_speed), 1);
  EXPECT_EQ(decimals(Quantity::noise), -1) << "the device has no microphone";
  EXPECT_EQ(decimals(Quantity::temperature), 1);
  EXPECT_EQ(decimals(Quantity::pm2_5), 1) << "at least one unless the catalogue says integer";
  EXPECT_EQ(quantities.front().upper, 60);
}

// A map with these entries.
std::string map_of(std::string_view entries, std::string_view head = "") {
  return "{" + std::string(head) + R"("registers":[)" + std::string(entries) + "]}";
}

TEST(register_map, reads_every_type_in_both_word_orders) {
  const struct {
    std::string_view entry;
    std::string_view data;
    double value;
  } cases[] = {
      {R"("type":"u16")", "fe70", 65136},
      {R"("type":"s16","scale":0.1)", "fe70", -40},
      {R"("type":"u32")", "0001b57f", 111999},
      {R"("type":"u32","word_order":"le")", "b57f0001", 111999},
      {R"("type":"s32")", "fffffffe", -2},
      {R"("type":"s32","word_order":"le")", "fffeffff", -2},
      {R"("type":"f32")", "41bb8000", 23.4375},
      {R"("type":"f32","word_order":"le","scale":10)", "800041bb", 234.375},
      {R"("type":"u16","scale":0.1,"offset":-40)", "0258", 20},
      {R"("type":"f32","word_order":"abcd")", "41bb8000", 23.4375},
      {R"("type":"f32","word_order":"cdab")", "800041bb", 23.4375},
      {R"("type":"f32","word_order":"badc")", "bb410080", 23.4375},
      {R"("type":"f32","word_order":"dcba")", "0080bb41", 23.4375},
      {R"("type":"s16","word_order":"badc")", "feff", -2},
      {R"("type":"u64")", "0000000100000002", 4294967298},
      {R"("type":"u64","word_order":"le")", "0002000000010000", 4294967298},
      {R"("type":"s64")", "fffffffffffffffe", -2},
      {R"("type":"s64","word_order":"dcba")", "feffffffffffffff", -2},
      {R"("type":"f64")", "4037700000000000", 23.4375},
      {R"("type":"f64","word_order":"le")", "0000000070004037", 23.4375},
      {R"("type":"m16","scale":0.1)", "8065", -10.1},
      {R"("type":"m16","scale":0.1)", "0065", 10.1},
      {R"("type":"m32")", "80000005", -5},
      {R"("type":"u8_high")", "fe07", 254},
      {R"("type":"u8_low")", "fe07", 7},
      {R"("type":"s8_high")", "fe07", -2},
      {R"("type":"s8_low")", "07fe", -2},
  };
  for (const auto& each : cases) {
    const auto map = parse_register_map(
        map_of(R"({"quantity":"temperature","register":0,)" + std::string(each.entry) + "}"), "");
    ASSERT_TRUE(map) << map.error();
    Sample sample;
    read_block(*map, blocks_of(*map).at(0), hex(each.data), sample);
    EXPECT_NEAR(*sample.readings.at(0).value, each.value, 1e-9) << each.entry;
  }
}

TEST(register_map, a_sentinel_or_no_number_is_absent) {
  const auto map = parse_register_map(
      map_of(R"({"quantity":"temperature","register":0,"type":"s16","sentinels":[32767,-32768]},
                {"quantity":"pm2_5","register":1,"type":"f32"},
                {"fact":"flow","register":3,"type":"f32"})"),
      "");
  ASSERT_TRUE(map) << map.error();
  Sample sample;
  read_block(*map, blocks_of(*map).at(0), hex("8000 7fc00000 7f800000"), sample);
  for (const auto& each : sample.readings) {
    EXPECT_EQ(each.value, std::nullopt);
    EXPECT_EQ(each.flag, Flag::missing);
  }
  EXPECT_TRUE(std::holds_alternative<std::monostate>(sample.facts.at(0).value));
}

std::string blocks(std::string_view head, std::string_view entries) {
  const auto map = parse_register_map(map_of(entries, head), "");
  if (!map) return map.error();
  std::string text;
  for (const auto& block : blocks_of(*map)) {
    text += (text.empty() ? "" : " ") + std::to_string(block.function) + ":" +
            std::to_string(block.first) + "+" + std::to_string(block.count);
  }
  return text;
}

TEST(register_map, asks_for_neighbours_together_within_its_limits) {
  constexpr std::string_view entries =
      R"({"quantity":"pm10","register":20},{"quantity":"pm2_5","register":10,"type":"u32"},
         {"quantity":"pm1","register":12},{"fact":"x","register":12,"function":4})";
  EXPECT_EQ(blocks("", entries), "3:10+3 3:20+1 4:12+1");
  EXPECT_EQ(blocks(R"("largest_gap":6,)", entries), "3:10+3 3:20+1 4:12+1");
  EXPECT_EQ(blocks(R"("largest_gap":7,)", entries), "3:10+11 4:12+1");
  EXPECT_EQ(blocks(R"("largest_gap":7,"largest_read":10,)", entries), "3:10+3 3:20+1 4:12+1");
  EXPECT_EQ(blocks(R"("largest_read":2,)", entries), "3:10+2 3:12+1 3:20+1 4:12+1");
}

TEST(register_map, says_what_is_wrong_and_where) {
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "map: expected an object"},
      {"{}", "map: \"registers\" is missing: a list of entries"},
      {map_of(""), "registers: none of them is a quantity"},
      {map_of("7"), "registers/0: expected an object"},
      {map_of(R"({"register":1})"), "registers/0: expected either \"quantity\" or \"fact\""},
      {map_of(R"({"quantity":"pm25","register":1})"),
       "registers/0 (pm25): no quantity of the catalogue; what is none is a \"fact\""},
      {map_of(R"({"quantity":"pm10"})"),
       "registers/0 (pm10): \"register\" is missing: the address on the wire, where a manual's "
       "40501 is 500"},
      {map_of(R"({"quantity":"pm10","register":65535,"type":"u32"})"),
       "registers/0 (pm10): ends behind register 65535"},
      {map_of(R"({"quantity":"pm10","register":70000})"),
       "registers/0 (pm10): register must be a whole number from 0 to 65535"},
      {map_of(R"({"quantity":"pm10","register":1,"type":"u8"})"),
       "registers/0 (pm10): type must be one of u16, s16, u32, s32, f32, u64, s64, f64, m16, m32, "
       "u8_high, u8_low, s8_high, s8_low"},
      {map_of(R"({"quantity":"pm10","register":1,"scale":0})"),
       "registers/0 (pm10): scale must not be 0"},
      {map_of(R"({"quantity":"pm10","register":1,"range":[1,0]})"),
       "registers/0 (pm10): range must be [lower, upper]"},
      {map_of(R"({"quantity":"pm10","register":1,"sentinels":65535})"),
       "registers/0 (pm10): sentinels must be a list of numbers"},
      {map_of(R"({"quantity":"pm10","register":1},{"quantity":"pm10","register":2})"),
       "registers/1: a second \"pm10\""},
      {map_of(R"({"quantity":"pm10","register":1,"function":6})"),
       "registers/0 (pm10): function must be a whole number from 3 to 4"},
      {map_of("", R"("line":{"baud":"9600"},)"), "line: baud must be a number"},
      {map_of("", R"("quirks":{"echo":true},)"),
       "quirks: unknown key \"echo\", expected one of pause_after_connect_ms, "
       "transaction_not_echoed, unit_not_echoed, trailing_bytes"},
      {map_of("", R"("quirks":{"trailing_bytes":9},)"),
       "quirks: trailing_bytes must be a whole number from 0 to 8"},
      {map_of("", R"("settings":[{"register":7}],)"),
       "settings/0: expected \"register\" and \"value\""},
      {map_of("", R"("settings":[{"register":7,"value":1,"function":7}],)"),
       "settings/0: function must be 6 or 16"},
  };
  for (const auto& [text, problem] : cases) {
    const auto map = parse_register_map(text, "");
    EXPECT_EQ(map ? "" : map.error(), problem) << text;
  }
  EXPECT_FALSE(parse_register_map("{\"registers\":", ""));
  EXPECT_FALSE(parse_register_map(map_of(R"({"quantity":"pm10","register":1})"), "[1]"));
}

// A device that answers requests from a table of PDUs.
class TableLink final : public RequestLink {
 public:
  std::function<std::string(std::string)> answer;
  std::vector<std::string> asked;

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds) override {
    asked.push_back(to_hex(tx));
    const auto reply = hex(answer(asked.back()));
    std::ranges::copy(reply, rx.begin());
    return reply.size();
  }
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }
};

TEST(modbus, reads_the_renke_station_in_one_request) {
  TableLink link;
  link.answer = [](const std::string&) {
    return "031c00d50002000300890292011c02130017002903f10000481200b8000c";
  };
  const auto device = driver().make(chosen("renke-rs-fsxcs"));
  device->start(link);
  const auto sample = device->sample(link);
  EXPECT_EQ(link.asked, std::vector<std::string>{"0301f4000e"});
  ASSERT_TRUE(sample);
  EXPECT_EQ(value_in(*sample, "illuminance"), 18450);
  EXPECT_EQ(sample->readings.size(), 10U);
}

TEST(modbus, a_block_that_is_refused_leaves_the_others_standing) {
  TableLink link;
  link.answer = [](const std::string& asked) -> std::string {
    if (asked == "0400060004") throw LinkError(Fault::exception, "no such register");
    return asked == "0400220002" ? "040442c9e000" : "040400000000";
  };
  const auto device = driver().make(chosen("teledyne-t640"));
  const auto sample = device->sample(link);
  ASSERT_TRUE(sample);
  for (const auto& each : sample->readings) {
    const bool is_pressure = each.quantity == Quantity::pressure;
    EXPECT_EQ(each.value, is_pressure ? std::optional(1009.375) : std::nullopt);
    EXPECT_EQ(each.fault, is_pressure ? std::nullopt : std::optional(Fault::exception));
  }
}

TEST(modbus, a_silent_device_is_asked_once_a_sample) {
  TableLink link;
  link.answer = [](const std::string&) -> std::string {
    throw LinkError(Fault::no_response, "silence");
  };
  const auto device = driver().make(chosen("teledyne-t640"));
  EXPECT_THROW((void)device->sample(link), LinkError);
  EXPECT_EQ(link.asked.size(), 1U);
}

// A device that has these registers and refuses every request that touches another, and what it
// was asked to write.
class SparseDevice final : public RequestLink {
 public:
  std::map<int, int> registers;
  int most_at_once = 125;
  int asked = 0;
  std::vector<std::string> written;

  std::size_t request(Bytes tx, std::span<std::byte> rx, milliseconds) override {
    ++asked;
    if (u8(tx, 0) > 4) {
      written.push_back(to_hex(tx));
      std::ranges::copy(tx.first(5), rx.begin());
      return 5;
    }
    const int first = be16(tx, 1);
    const int count = be16(tx, 3);
    if (count > most_at_once) throw ModbusRefusal(1, 3, "answered with exception 3");
    std::string reply =
        hexadecimal(u8(tx, 0), 2) + hexadecimal(static_cast<unsigned>(2 * count), 2);
    for (int at = first; at < first + count; ++at) {
      if (!registers.contains(at)) throw ModbusRefusal(1, 2, "answered with exception 2");
      reply += hexadecimal(static_cast<unsigned>(registers[at]), 4);
    }
    const auto bytes = hex(reply);
    std::ranges::copy(bytes, rx.begin());
    return bytes.size();
  }
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }
};

std::size_t present_in(const Sample& sample) {
  return static_cast<std::size_t>(std::ranges::count_if(
      sample.readings, [](const Reading& each) { return each.value.has_value(); }));
}

TEST(modbus, a_register_that_a_device_lacks_costs_its_own_reading_alone) {
  SparseDevice station;
  for (int at = 500; at <= 513; ++at) station.registers[at] = 100;
  station.registers.erase(507);
  const auto device = driver().make(chosen("renke-rs-fsxcs"));
  device->start(station);
  const auto first = device->sample(station);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->readings.size(), 10U);
  EXPECT_EQ(present_in(*first), 9U);
  const auto refused = std::ranges::find(first->facts, "refused", &Fact::name);
  ASSERT_NE(refused, first->facts.end());
  EXPECT_EQ(std::get<std::string>(refused->value),
            "register 507: unit 1: answered with exception 2");
  // What was learned is kept: the next sample asks for the good blocks, and for that one once.
  station.asked = 0;
  EXPECT_EQ(present_in(*device->sample(station)), 9U);
  EXPECT_LE(station.asked, 6);
  station.registers[507] = 12;
  EXPECT_EQ(present_in(*device->sample(station)), 10U) << "it is asked for again and again";
}

TEST(modbus, a_device_that_gives_few_registers_at_once_is_asked_for_few) {
  SparseDevice station;
  for (int at = 500; at <= 513; ++at) station.registers[at] = 100;
  station.most_at_once = 2;
  const auto device = driver().make(chosen("renke-rs-fsxcs"));
  device->start(station);
  EXPECT_EQ(present_in(*device->sample(station)), 10U);
}

TEST(modbus, a_device_that_refuses_everything_is_not_asked_for_every_part_again) {
  SparseDevice nothing;
  const auto device = driver().make(chosen("renke-rs-fsxcs"));
  device->start(nothing);
  EXPECT_THROW((void)device->sample(nothing), LinkError);
  nothing.asked = 0;
  EXPECT_THROW((void)device->sample(nothing), LinkError);
  EXPECT_EQ(nothing.asked, 1);
}

TEST(register_map, halves_of_a_block_never_cut_an_entry) {
  const auto map = parse_register_map(map_of(R"({"quantity":"pm10","register":0,"type":"u32"},
                {"fact":"high","register":2,"type":"u8_high"},
                {"fact":"low","register":2,"type":"u8_low"},{"fact":"last","register":5})",
                                             R"("largest_gap":4,)"),
                                      "");
  ASSERT_TRUE(map) << map.error();
  const auto blocks = blocks_of(*map);
  ASSERT_EQ(blocks.size(), 1U);
  const auto halves = halves_of(*map, blocks[0]);
  ASSERT_EQ(halves.size(), 2U);
  EXPECT_EQ(halves[0].first, 0);
  EXPECT_EQ(halves[0].count, 3);
  EXPECT_EQ(halves[1].first, 5);
  EXPECT_EQ(halves[1].count, 1);
  EXPECT_TRUE(halves_of(*map, halves[1]).empty());
}

// A map of a user's own, with a setting of the device.
TEST(modbus, a_setting_of_the_device_is_written_only_when_it_differs) {
  const auto folder = std::filesystem::temp_directory_path() / "twinsky-map-XXXXXX";
  std::string made = folder.string();
  ASSERT_NE(::mkdtemp(made.data()), nullptr);
  const std::string path = made + "/own.json";
  std::ofstream(path) << map_of(R"({"quantity":"temperature","register":0})",
                                R"("settings":[{"register":9,"value":513},)"
                                R"({"register":10,"value":2,"function":16}],)");
  SparseDevice station;
  station.registers = {{0, 20}, {9, 1}, {10, 1}};
  driver().make(chosen(path))->start(station);
  EXPECT_EQ(station.written, (std::vector<std::string>{"0600090201", "10000a0001020002"}));
  station.written.clear();
  station.registers = {{0, 20}, {9, 513}, {10, 2}};
  driver().make(chosen(path))->start(station);
  EXPECT_TRUE(station.written.empty());
  std::filesystem::remove_all(made);
}

// Where the cases of a shipped map are: under its name, but for two that others share.
std::string cases_of(const std::string& map) {
  if (map == "renke-rs-fsxcs") return "sensor-vectors/renke_rs_fsxcs.json";
  if (map == "teledyne-t640") return "without-driver/teledyne_t640.json";
  return "maps/" + map + ".json";
}

// A map without a source that can be looked up, or without a case, is none.
TEST(shipped_maps, have_a_source_and_cases_that_name_every_quantity_of_theirs) {
  const auto names = shipped_maps();
  EXPECT_GE(names.size(), 28U);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const auto map = load_map(chosen(name));
    ASSERT_TRUE(map) << map.error();
    EXPECT_FALSE(map->source.empty());
    EXPECT_FALSE(map->makers.empty());
    EXPECT_TRUE(map->doubts.empty()) << map->doubts.front();
    std::ifstream stream(tests_directory() + "/cases/" + cases_of(name));
    const Json vectors = Json::parse(stream);
    std::set<std::string> named;
    for (const auto& entry : vectors["cases"]) {
      const Json expected = entry.value("expect", Json::object());
      for (const auto& [key, value] : expected.items()) named.insert(key);
    }
    for (const DriverQuantity& quantity : quantities_of(*map)) {
      EXPECT_TRUE(named.contains(std::string(name_of(quantity.quantity))))
          << name_of(quantity.quantity) << " has no case";
    }
  }
}

TEST(shipped_maps, decode_their_golden_cases) {
  for (const std::string& name : shipped_maps()) {
    SCOPED_TRACE(name);
    run_vectors(cases_of(name), name);
  }
}

TEST(shipped_maps, stand_in_the_table_of_their_documentation) {
  std::ifstream stream(tests_directory() + "/../drivers/maps/README.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (const std::string& name : shipped_maps()) {
    const auto map = load_map(chosen(name));
    ASSERT_TRUE(map);
    std::string quantities;
    for (const DriverQuantity& each : quantities_of(*map)) {
      quantities += (quantities.empty() ? "" : ", ") + std::string(name_of(each.quantity));
    }
    const std::string row =
        "| `" + name + "` | " + map->makers + " | " + quantities + " | " + map->source + " |\n";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

// Their drivers are found by no more than what they say; what is not sought costs a scan nothing.
TEST(shipped_maps, few_are_sought_by_registers_of_their_own) {
  int sought = 0;
  for (const std::string& name : shipped_maps()) sought += load_map(chosen(name))->is_sought;
  EXPECT_EQ(sought, 3);
  EXPECT_EQ(driver().approaches().size(), 6U);
}

// As the station says them: wind as a count, and its Beaufort number.
std::vector<std::string> learned(const std::vector<std::pair<int, int>>& winds,
                                 const std::string& overrides = "{}") {
  std::vector<Sample> samples;
  const auto map = load_map(chosen("renke-rs-fsxcs", overrides));
  for (const auto& [count, force] : winds) {
    Sample& sample = samples.emplace_back();
    sample.readings.push_back(reading(Quantity::wind_speed, count * map->entries[0].scale));
    sample.facts.push_back({"wind_force", static_cast<double>(force)});
  }
  return driver().learn(chosen("renke-rs-fsxcs", overrides), samples);
}

TEST(modbus, a_scale_is_told_by_what_the_device_says_besides) {
  const auto older = learned({{52, 3}, {0, 0}, {61, 4}});
  ASSERT_EQ(older.size(), 1U);
  EXPECT_NE(older[0].find("wind_speed: most likely scale 0.1 (older firmware"), std::string::npos)
      << older[0];
  EXPECT_NE(older[0].find("2 of 2 readings"), std::string::npos) << older[0];
  EXPECT_NE(older[0].find("\"map_override\": {\"wind_speed\": {\"scale\": 0.1}}"),
            std::string::npos)
      << older[0];
  const auto newer = learned({{520, 3}, {610, 4}});
  EXPECT_NE(newer[0].find("wind_speed: as configured (scale 0.01)"), std::string::npos) << newer[0];
  const auto back = learned({{520, 3}}, R"({"wind_speed":{"scale":0.1}})");
  EXPECT_NE(back[0].find("most likely scale 0.01;"), std::string::npos) << back[0];
}

TEST(modbus, a_scale_that_nothing_tells_is_not_proposed) {
  for (const auto& winds : std::vector<std::vector<std::pair<int, int>>>{
           {}, {{0, 0}, {0, 0}}, {{2, 0}}, {{52, 3}, {520, 3}}, {{520, 7}}}) {
    const auto sentences = learned(winds);
    ASSERT_EQ(sentences.size(), 1U);
    EXPECT_NE(sentences[0].find("wind_speed: not decided"), std::string::npos) << sentences[0];
    EXPECT_EQ(sentences[0].find("map_override"), std::string::npos);
  }
}

TEST(modbus, a_scale_is_told_by_what_is_likely_at_all) {
  Sample sample;
  sample.readings.push_back(reading(Quantity::solar_radiation, 8542));
  const std::array samples{sample};
  const auto told = driver().learn(chosen("kipp-zonen-smp"), samples);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("not decided"), std::string::npos)
      << "tenths and hundredths are both likely: " << told[0];
  const auto map = parse_register_map(
      map_of(R"({"quantity":"temperature","register":0,"scale":0.1,"plausible":[-10,45],
                 "alternatives":[{"scale":0.01}]})"),
      "");
  ASSERT_TRUE(map) << map.error();
  Sample air;
  air.readings.push_back(reading(Quantity::temperature, 245));
  const std::array airs{air};
  EXPECT_NE(learned_scales(*map, airs).at(0).find("\"scale\": 0.01"), std::string::npos);
}

TEST(modbus, the_beaufort_scale_has_its_limits) {
  for (const auto& [speed, force] : std::vector<std::pair<double, int>>{
           {0, 0}, {0.2, 0}, {0.3, 1}, {1.5, 1}, {1.6, 2}, {8.0, 5}, {32.6, 11}, {32.7, 12}}) {
    EXPECT_EQ(beaufort_of(speed), force) << speed;
  }
}

}  // namespace
}  // namespace twinsky
