// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/config.hpp"

#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/placement.hpp"
#include "tests/unit/mqtt_sink.hpp"
#include "tests/unit/places.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

namespace twinsky {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const fs::path corpus = fs::path(tests_directory()) / "configs";
const fs::path project = fs::path(tests_directory()).parent_path();

std::string text_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Cases are files, or folders with a twinsky.json and its conf.d.
std::vector<std::string> cases_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(corpus / folder)) {
    if (entry.is_directory() || entry.path().extension() == ".json") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

std::string file_of(const std::string& folder, const std::string& name) {
  const fs::path directory = corpus / folder / name;
  return fs::is_directory(directory) ? (directory / "twinsky.json").string()
                                     : directory.string() + ".json";
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

class Refused : public testing::TestWithParam<std::string> {};

// `<name>.txt` holds the expected lines; lines that begin with '#' are for the schema's judge.
TEST_P(Refused, is_refused_in_these_words) {
  const auto config = load_config(file_of("refused", GetParam()));
  ASSERT_FALSE(config.has_value());
  std::string lines;
  for (Problem problem : config.error()) {
    problem.file = fs::path(problem.file).lexically_relative(corpus / "refused").string();
    lines += text_of(problem) + "\n";
  }
  std::istringstream expectation(text_of_file(corpus / "refused" / (GetParam() + ".txt")));
  std::string expected;
  for (std::string line; std::getline(expectation, line);) {
    if (!line.starts_with('#')) expected += line + "\n";
  }
  EXPECT_EQ(lines, expected);
}
INSTANTIATE_TEST_SUITE_P(corpus, Refused, testing::ValuesIn(cases_in("refused")), test_name);

class Accepted : public testing::TestWithParam<std::string> {};

TEST_P(Accepted, is_accepted) {
  const auto config = load_config(file_of("accepted", GetParam()));
  if (config.has_value()) return;
  for (const auto& problem : config.error()) ADD_FAILURE() << text_of(problem);
}
INSTANTIATE_TEST_SUITE_P(corpus, Accepted, testing::ValuesIn(cases_in("accepted")), test_name);

// A directory of our own for files that a test writes.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "twinsky-config-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> lines_of(const Result<Config, std::vector<Problem>>& config) {
  std::vector<std::string> lines;
  if (config) return lines;
  for (Problem problem : config.error()) {
    problem.file = fs::path(problem.file).filename().string();
    lines.push_back(text_of(problem));
  }
  return lines;
}

// ---- small drivers of our own: what no shipped driver does ----

class Silent final : public DriverOn<TransferLink> {
 public:
  Result<Sample> sample(TransferLink&) override { return Unexpected{Fault::no_response}; }
};

constexpr auto indoors = std::to_array<DriverQuantity>({
    {Quantity::co2, 400, 5000, 0, false},
    {Quantity::temperature, -10, 60, 1, true},
});
constexpr auto channels = std::to_array<std::string_view>({"left", "right"});
constexpr auto twin_settings = std::to_array<Setting>({
    {.name = "pair", .kind = SettingKind::integer, .documentation = "Two equal digits."},
});

const DriverInfo twin = [] {
  DriverInfo info;
  info.name = "twin";
  info.summary = "Two in one case";
  info.bus = bus_named("i2c");
  info.quantities = indoors;
  info.channels = channels;
  info.settings = twin_settings;
  info.make = [](const Settings&) -> std::unique_ptr<Driver> { return std::make_unique<Silent>(); };
  info.check = [](const Settings& settings) -> std::string {
    const bool is_fine = !settings.has("pair") || settings.integer("pair") % 11 == 0;
    return is_fine ? "" : "\"pair\" has two different digits, expected equal ones";
  };
  return info;
}();
const std::array<const DriverInfo*, 1> own_drivers = {&twin};

Vocabulary own_vocabulary() {
  return {.drivers = own_drivers,
          .feeds = {},
          .machine_id_file = "/nonexistent",
          .serial_number_file = "/nonexistent"};
}

constexpr std::string_view head = R"({"gateway": {"id": "g", "jurisdiction": "hk"},
"buses": {"i2c-1": {"i2c": "/dev/i2c-1"}, "i2c-2": {"i2c": "/dev/i2c-2"}},
)";

TEST(config, knows_only_the_vocabulary_it_is_given) {
  const Folder folder;
  const struct {
    std::string_view rest;
    std::vector<std::string> lines;
  } rows[] = {
      {R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s", "address": 9}]})",
       {}},
      {R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s"}]})",
       {"f:3:13: /sensors/0: \"address\" is missing, expected the device's I2C address"}},
      {R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s", "address": 120}]})",
       {"f:3:85: /sensors/0/address: 0x78 is no address of twin, expected one from 0x08 to 0x77"}},
      {R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s", "address": 9, "pair": 12}]})",
       {"f:3:13: /sensors/0: \"pair\" has two different digits, expected equal ones"}},
      {R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s", "address": 9},
{"id": "a-left", "driver": "twin", "bus": "i2c-2", "every": "1s", "address": 9}]})",
       {"f:3:20: /sensors/0/id: the channel \"left\" is published as \"a-left\", which is taken by "
        "line 4, expected another id"}},
      {R"("sensors": [{"id": "twenty-eight-characters-long", "driver": "twin", "bus": "i2c-1", "every": "1s", "address": 9}]})",
       {"f:3:20: /sensors/0/id: the channel \"left\" is published as "
        "\"twenty-eight-characters-long-left\", which is too long, expected an id of at most 27 "
        "characters",
        "f:3:20: /sensors/0/id: the channel \"right\" is published as "
        "\"twenty-eight-characters-long-right\", which is too long, expected an id of at most 26 "
        "characters"}},
  };
  for (const auto& row : rows) {
    const auto file = folder.write("f", std::string(head).append(row.rest));
    EXPECT_EQ(lines_of(load_config(file, own_vocabulary())), row.lines) << row.rest;
  }
}

TEST(config, compares_what_a_sensor_publishes) {
  // The case's temperature is `internal_temperature` unless the case is open to the air.
  const Folder folder;
  const auto problems = [&](std::string_view ambient, std::string_view sensor,
                            std::string_view quantity) {
    std::string text(head);
    text.append(R"("sensors": [{"id": "a", "driver": "twin", "bus": "i2c-1", "every": "1s", )")
        .append(R"("address": 9, "ambient": )")
        .append(ambient)
        .append("}],\n\"compare\": [{\"sensor\": \"")
        .append(sensor)
        .append("\", \"quantity\": \"")
        .append(quantity)
        .append("\", \"with\": \"hk-epd/x\"}]}");
    auto lines = lines_of(load_config(folder.write("f", text), own_vocabulary()));
    std::erase_if(lines,
                  [](const auto& line) { return line.find("is not followed") != line.npos; });
    return lines;
  };
  const std::vector<std::string> none;
  EXPECT_EQ(problems("false", "a", "co2"), none);
  EXPECT_EQ(problems("false", "a-right", "internal_temperature"), none);
  EXPECT_EQ(problems("true", "a", "temperature"), none);
  EXPECT_EQ(problems("false", "a", "temperature"),
            std::vector<std::string>{"f:4:41: /compare/0/quantity: \"a\" does not measure "
                                     "\"temperature\", expected one of \"co2\", "
                                     "\"internal_temperature\"; did you mean "
                                     "\"internal_temperature\"?"});
}

// ---- what comes out ----

TEST(config, fills_everything_in) {
  const Folder folder;
  const auto file = folder.write("twinsky.json", R"({
    "gateway": {"id": "g", "name": "n", "jurisdiction": "cn-sh",
                "position": {"datum": "gcj02", "latitude": 31.2, "longitude": 121.5, "height_above_sea_m": 4}},
    "buses": {"pm": {"serial": "/dev/ttyUSB0", "baud": 19200}, "rs485": {"modbus": "/dev/ttyUSB1", "parity": "even"},
              "tcp": {"modbus_tcp": "192.0.2.7"}, "i2c-1": {"i2c": "/dev/i2c-1"}},
    "sensors": [{"id": "a", "driver": "pms5003", "bus": "pm", "stop_bits": 2},
                {"id": "b", "driver": "modbus", "bus": "rs485", "unit": 7, "every": "10s", "map": "renke-rs-fsxcs"},
                {"id": "c", "driver": "bme280", "bus": "i2c-1", "every": "1min", "address": "0x77"}],
    "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
    "compare": [{"sensor": "a", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}],
    "store": {"path": "data/t.db", "max_size": "64MiB", "queue": "1MiB", "clock_wait": "0s"},
    "sinks": [{"id": "s", "mqtt": "mqtts://broker", "ca_file": "ca.pem", "username": "u", "password_file": "secret"}],
    "serve": {}
  })");
  const auto loaded = load_config(file);
  ASSERT_TRUE(loaded.has_value()) << lines_of(loaded).front();
  const Config& config = *loaded;
  EXPECT_EQ(config.gateway.position->datum, Datum::wgs84);  // turned where it enters
  EXPECT_NEAR(config.gateway.position->latitude_deg, 31.2021, 0.0005);
  EXPECT_NEAR(config.gateway.position->longitude_deg, 121.4955, 0.0005);
  EXPECT_EQ(config.gateway.position->height_above_sea_m, 4.0);
  EXPECT_EQ(config.gateway.position->height_above_ground_m, std::nullopt);
  EXPECT_EQ(config.gateway.clock, "auto");
  EXPECT_EQ(config.buses[0].settings.integer("baud"), 19200);
  EXPECT_FALSE(config.buses[0].settings.has("parity"));
  EXPECT_EQ(config.buses[2].address, "192.0.2.7:502");
  EXPECT_FALSE(config.buses[3].settings.has("baud"));
  EXPECT_EQ(config.sensors[0].device.line, (LineSettings{19200, 'N', 8, 2}));
  EXPECT_EQ(config.sensors[0].every, std::nullopt);
  EXPECT_EQ(config.sensors[0].settings, Settings::defaults(driver_named("pms5003")->settings));
  EXPECT_EQ(config.sensors[1].device.address, 7);
  EXPECT_EQ(config.sensors[1].device.line.parity, 'E');
  EXPECT_EQ(config.sensors[1].settings.text("map"), "renke-rs-fsxcs");
  EXPECT_EQ(config.sensors[2].device.address, 0x77);
  EXPECT_EQ(config.sensors[2].every, 1min);
  EXPECT_EQ(config.feeds[0].stations, std::vector<std::string>{"mong-kok"});
  EXPECT_FALSE(config.feeds[0].settings.text("base").empty());
  EXPECT_EQ(config.compare[0], (CompareSettings{"a", "pm2_5", "hk-epd", "mong-kok"}));
  EXPECT_EQ(config.store.path, folder.path() / "data/t.db");
  EXPECT_EQ(config.store.max_size_bytes, 64 << 20);
  EXPECT_EQ(config.store.queue_bytes, 1U << 20U);
  EXPECT_EQ(config.store.clock_wait, 0s);
  EXPECT_EQ(config.store.keep, 400 * 24h);
  const SinkSettings& sink = config.sinks[0];
  EXPECT_EQ(sink.transport->name, "mqtt");
  EXPECT_EQ(sink.address, "mqtts://broker:8883");
  EXPECT_EQ(sink.format->name, "native");
  EXPECT_EQ(sink.settings.text("ca_file"), folder.path() / "ca.pem");
  EXPECT_EQ(sink.settings.text("password_file"), "secret");
  EXPECT_EQ(sink.configuration_directory, folder.path());
  EXPECT_EQ(sink.settings.integer("window"), 100);
  EXPECT_TRUE(sink.settings.boolean("verify"));
  EXPECT_EQ(config.serve.listen, "127.0.0.1:8787");
  EXPECT_EQ(config.hash.size(), 16U);
}

// The defaults of the structs are those of the declarations.
// A station's earlier id still names it, in the feed and in a comparison.
TEST(config, follows_a_station_under_its_present_id) {
  const auto config = load_config(file_of("accepted", "station-with-an-earlier-id"));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->feeds[0].stations, (std::vector<std::string>{"hk-observatory", "sha-tin"}));
  EXPECT_EQ(config->compare[0].station, "hk-observatory");
}

TEST(config, has_one_set_of_defaults) {
  const Folder folder;
  const auto file = folder.write("f", R"({"gateway": {"id": "g", "jurisdiction": "hk"},
      "sinks": [{"id": "s", "mqtt": "mqtt://b:1883"}]})");
  auto config = load_config(file, own_vocabulary());
  ASSERT_TRUE(config.has_value());
  StoreSettings store;
  store.path = "/var/lib/twinsky/twinsky.db";
  EXPECT_EQ(config->store, store);
  SinkSettings sink = testing_world::mqtt_sink("s", "mqtt://b:1883", "now");
  sink.configuration_directory = folder.path();
  EXPECT_EQ(config->sinks[0], sink);
  EXPECT_EQ(config->serve, ServeSettings{});
}

// Two ways out and two ways to write that no program has.
constexpr auto file_settings = std::to_array<Setting>({
    {.name = "compress", .kind = SettingKind::boolean, .documentation = "?", .fallback = "false"},
});
constexpr auto line_settings = std::to_array<Setting>({
    {.name = "separator", .documentation = "Between two values.", .fallback = ","},
});
const TransportInfo to_file = {.name = "file",
                               .address_form = SettingKind::path,
                               .documentation = "Where it is appended.",
                               .settings = file_settings};
const TransportInfo by_post = {.name = "post", .documentation = "Whom it is posted to."};
const FormatInfo plain = {.name = "native"};
const FormatInfo in_lines = {.name = "lines",
                             .settings = line_settings,
                             .check = [](SinkSettings& sink, const std::set<std::string_view>&) {
                               std::vector<SinkProblem> problems;
                               if (sink.transport == &by_post)
                                 problems.push_back({"format", "lines are not posted", true});
                               return problems;
                             }};
const std::array<const TransportInfo*, 2> own_transports = {&to_file, &by_post};
const std::array<const FormatInfo*, 2> own_formats = {&in_lines, &plain};

TEST(config, a_sink_has_the_settings_of_its_transport_and_its_format) {
  Vocabulary vocabulary = own_vocabulary();
  vocabulary.transports = own_transports;
  vocabulary.formats = own_formats;
  const Folder folder;
  const auto load =
      [&](std::string_view sink) {
        return load_config(folder.write("f", R"({"gateway": {"id": "g", "jurisdiction": "hk"},
"sinks": [{"id": "s", )" + std::string(sink) + "}]}"),
                           vocabulary);
      };
  const struct {
    std::string_view sink;
    std::vector<std::string> lines;
  } rows[] = {
      {R"("format": "lines")",
       {R"(f:2:11: /sinks/0: the sink names no transport, expected exactly one of "file", "post")"}},
      {R"("file": "out", "post": "http://h")",
       {"f:2:38: /sinks/0/post: the sink names a second transport, expected exactly one of "
        "\"file\", \"post\""}},
      {R"("file": "out", "format": "line")",
       {"f:2:48: /sinks/0/format: there is no format \"line\", expected one of \"lines\", "
        "\"native\"; did you mean \"lines\"?"}},
      {R"("file": "out", "separator": ";")",
       {"f:2:38: /sinks/0/separator: the key \"separator\" is not known here, expected one of "
        "\"id\", \"was\", \"format\", \"batch_records\", \"messages_per_minute\", "
        "\"start_at\", \"allow\", \"quantities\", \"redistribute\", \"file\", \"compress\""}},
      {R"("post": "ftp://h", "compres": true)",
       {"f:2:31: /sinks/0/post: \"ftp://h\" begins with a scheme that does not fit here, expected "
        "an address such as \"http://host\" or \"https://host\"",
        "f:2:42: /sinks/0/compres: the key \"compres\" is not known here, expected one of \"id\", "
        "\"was\", \"format\", \"batch_records\", \"messages_per_minute\", \"start_at\", "
        "\"allow\", \"quantities\", \"redistribute\", \"post\""}},
      {R"("post": "http://h", "format": "lines")",
       {"f:2:43: /sinks/0/format: lines are not posted"}},
  };
  for (const auto& row : rows) EXPECT_EQ(lines_of(load(row.sink)), row.lines) << row.sink;

  const auto config = load(R"("file": "out", "format": "lines", "separator": ";")");
  ASSERT_TRUE(config.has_value());
  const SinkSettings& sink = config->sinks[0];
  EXPECT_EQ(sink.transport, &to_file);
  EXPECT_EQ(sink.address, folder.path() / "out");
  EXPECT_EQ(sink.format, &in_lines);
  EXPECT_EQ(sink.settings.text("separator"), ";");
  EXPECT_FALSE(sink.settings.boolean("compress"));
  EXPECT_EQ(load(R"("file": "out")")->sinks[0].format, &plain);
  for (const std::string_view changed :
       {R"("file": "on", "format": "lines", "separator": ";")",
        R"("file": "out", "format": "lines", "separator": ".")",
        R"("file": "out", "format": "lines", "separator": ";", "compress": true)",
        R"("file": "out", "compress": false)"}) {
    EXPECT_NE(load(changed)->sinks[0], sink) << changed;
  }
  const std::string reference = config_reference(vocabulary);
  for (const std::string_view part :
       {"### transport `file` adds", "| `post` |", "format `lines`"}) {
    EXPECT_NE(reference.find(part), std::string::npos) << part;
  }
}

TEST(config, each_city_has_its_own_defaults) {
  const struct {
    std::string_view rest;
    PositionRule position;
    std::vector<std::string> allow;
  } rows[] = {
      {R"("hk"}, "sinks": [{"id": "s", "mqtt": "mqtt://h"}])", {}, {"#"}},
      {R"("other"}, "sinks": [{"id": "s", "mqtt": "mqtt://h"}])", {}, {"#"}},
      {R"("cn-sh"}, "sinks": [{"id": "s", "mqtt": "mqtt://h"}])", {.is_published = false}, {}},
      {R"("cn-sh", "publish_position": true, "position_decimals": 1},
          "sinks": [{"id": "s", "mqtt": "mqtt://h", "allow": ["info", "sensor/#"]}])",
       {.is_published = true, .decimals = 1},
       {"info", "sensor/#"}},
      {R"("hk", "publish_position": false}, "sinks": [{"id": "s", "mqtt": "mqtt://h", "allow": []}])",
       {.is_published = false},
       {}},
  };
  for (const auto& row : rows) {
    const Folder folder;
    const auto config = load_config(folder.write(
        "f", R"({"gateway": {"id": "g", "jurisdiction": )" + std::string(row.rest) + "}"));
    ASSERT_TRUE(config.has_value()) << row.rest;
    EXPECT_EQ(config->gateway.position_rule, row.position) << row.rest;
    EXPECT_EQ(config->sinks.front().allow, row.allow) << row.rest;
    EXPECT_EQ(config->sinks.front().withheld_feeds,
              (std::vector<std::string>{"cn-cnemc", "cn-sh-opendata", "openaq"}));
  }
}

// A gateway that ran before an upgrade goes on; `check` refuses what it says then.
TEST(config, what_ran_before_and_is_wrong_is_a_warning) {
  const auto loaded = [](const std::string& placement) {
    const Folder folder;
    const auto file = folder.write("f", R"({"gateway": {"id": "g", "jurisdiction": "hk"},
      "buses": {"pm": {"serial": "/dev/ttyUSB0"}},
      "sensors": [{"id": "a", "driver": "pms5003", "bus": "pm", "placement": ")" +
                                            placement + R"("}],
      "sinks": [{"id": "s", "mqtt": "mqtt://h", "allow": ["reply/#", "info"]}],
      "serve": {"listen": "0.0.0.0:8787"}})");
    auto config = load_config(file);
    EXPECT_TRUE(config.has_value());
    return config ? std::move(*config) : Config{};
  };
  for (const auto& [word, meant] : {std::pair("inside", "indoor"),
                                    {"indoors", "indoor"},
                                    {"roof", "rooftop"},
                                    {"rooftp", "rooftop"},
                                    {"kerbside", "roadside"},
                                    {"hyperspace", ""}}) {
    const Config config = loaded(word);
    ASSERT_EQ(config.warnings.size(), 3U) << word;
    EXPECT_EQ(config.warnings[0].pointer, "/sensors/0/placement");
    EXPECT_EQ(config.warnings[0].suggestion, meant);
    EXPECT_EQ(config.warnings[1].pointer, "/sinks/0/allow/0");
    EXPECT_EQ(config.warnings[2].pointer, "/serve/listen");
    EXPECT_NE(config.warnings[2].message.find("without a token"), std::string::npos);
    ASSERT_EQ(config.notes.size(), 1U);  // the port that is not there
    EXPECT_EQ(config.notes[0].pointer, "/buses/pm/serial");
    EXPECT_EQ(air_of(config.sensors[0].placement), Air::unknown);
  }
  for (const std::string_view word : placements) {
    EXPECT_EQ(loaded(std::string(word)).warnings.size(), 2U) << word;
    EXPECT_EQ(air_of(word) == Air::indoors, word == "indoor");
    EXPECT_NE(air_of(word), Air::unknown);
  }
}

// Earlier versions took any id, and the running gateway says that it finds no such station.
TEST(config, an_id_that_a_feeds_list_of_stations_lacks_is_told_and_started_with) {
  const Folder folder;
  const auto warnings = [&](const std::string& feeds, const std::string& with = "") {
    const auto config = load_config(folder.write("f", R"({
      "gateway": {"id": "g", "jurisdiction": "hk"}, "buses": {"pm": {"serial": "/dev/ttyUSB0"}},
      "sensors": [{"id": "a", "driver": "sds011", "bus": "pm", "placement": "rooftop"}],
      "feeds": [)" + feeds + "], \"compare\": [" + with + "]}"));
    EXPECT_TRUE(config.has_value());
    std::string text;
    if (!config) return text;
    for (const Problem& each : config->warnings) {
      if (each.message.find(" has no station ") == std::string::npos) continue;
      text += each.pointer + ": " + each.message + " -> " + each.suggestion + "\n";
    }
    return text;
  };
  EXPECT_EQ(warnings(R"({"feed": "hk-epd", "stations": ["mongkok", "eastern", "atlantis"]})"),
            "/feeds/0/stations/0: hk-epd has no station \"mongkok\", expected one that is listed "
            "by: twinsky stations hk-epd -> mong-kok\n"
            "/feeds/0/stations/2: hk-epd has no station \"atlantis\", expected one that is listed "
            "by: twinsky stations hk-epd -> \n");
  EXPECT_EQ(warnings(R"({"feed": "hk-epd"})",
                     R"({"sensor": "a", "quantity": "pm2_5", "with": "hk-epd/mongkok"})"),
            "/compare/0/with: hk-epd has no station \"mongkok\", expected one that is listed by: "
            "twinsky stations hk-epd -> mong-kok\n");
  // What the registry does not list completely, nobody can refuse: another city, other aerodromes.
  EXPECT_EQ(warnings(R"({"feed": "hk-hko", "stations": ["hong-kong-observatory"]})"), "");
  EXPECT_EQ(warnings(R"({"feed": "cn-cnemc", "city": "北京市", "stations": ["1001a"],
                         "terms_accepted": true})"),
            "");
  EXPECT_NE(warnings(R"({"feed": "metar", "stations": ["egll"]})"), "");
  EXPECT_EQ(warnings(R"({"feed": "metar", "aerodromes": ["EGLL"], "stations": ["egll"]})"), "");
}

// `run` begins without them and waits; `check` says so where it can be seen, and refuses what can
// be of use to nobody.
TEST(config, tells_of_the_files_that_its_settings_name) {
  const Folder folder;
  const auto places = [&](const std::string& pem) {
    const auto config = load_config(folder.write("f", R"({
      "gateway": {"id": "a", "jurisdiction": "hk"},
      "feeds": [{"feed": "openaq", "sensors": {"1": "a"}, "terms_accepted": true, "key_file": "key"}],
      "sinks": [{"id": "s", "mqtt": "mqtts://broker", "username": "u", "password_file": "pw",
                 "ca_file": "ca.pem", "client_certificate": ")" +
                                                          pem + R"(", "client_key": "k"}]})"));
    EXPECT_TRUE(config.has_value());
    std::string warnings;
    std::string notes;
    if (config) {
      for (const Problem& each : config->warnings) warnings += each.pointer + " ";
      for (const Problem& each : config->notes) notes += each.pointer + " ";
    }
    return std::pair(notes, warnings);
  };
  EXPECT_EQ(places("c.pem"),
            std::pair(std::string("/feeds/0/key_file /sinks/0/password_file /sinks/0/ca_file "
                                  "/sinks/0/client_certificate /sinks/0/client_key "),
                      std::string()));
  const auto write = [&](const char* name, std::string_view text, fs::perms mode) {
    fs::permissions(folder.write(name, text), mode);
  };
  constexpr auto of_owner = fs::perms::owner_read | fs::perms::owner_write;
  write("key", "secret\n", of_owner);
  write("pw", "secret\n", of_owner);
  write("ca.pem", "certificate\n", of_owner);
  write("c.pem", "certificate\n", of_owner);
  write("k", "secret\n", of_owner);
  EXPECT_EQ(places("c.pem"), std::pair(std::string(), std::string()));
  write("key", "secret\n", of_owner | fs::perms::others_read);
  write("pw", "", of_owner);
  fs::create_directory(folder.path() / "d");
  EXPECT_EQ(places("d"),
            std::pair(std::string(), std::string("/feeds/0/key_file /sinks/0/password_file "
                                                 "/sinks/0/client_certificate ")));
}

TEST(config, the_zone_is_that_of_the_jurisdiction_where_nothing_is_said) {
  const auto zone_of = [](const std::string& gateway) {
    const Folder folder;
    const auto config =
        load_config(folder.write("f", R"({"gateway": {"id": "g", )" + gateway + "}}"));
    return config ? config->gateway.zone.name() : "refused";
  };
  EXPECT_EQ(zone_of(R"("jurisdiction": "hk")"), "Asia/Hong_Kong");
  EXPECT_EQ(zone_of(R"("jurisdiction": "cn-sh")"), "Asia/Shanghai");
  EXPECT_EQ(zone_of(R"("jurisdiction": "other")"), "UTC");
  EXPECT_EQ(zone_of(R"("jurisdiction": "other", "zone": "Europe/London")"), "Europe/London");
}

TEST(config, merges_the_files_of_conf_d) {
  const auto config = load_config(file_of("accepted", "added-files"));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->gateway.id, "mk-roof");
  EXPECT_EQ(config->gateway.name, "later");
  ASSERT_EQ(config->sensors.size(), 3U);
  EXPECT_EQ(config->sensors[1].every, 1min);
  EXPECT_EQ(config->sensors[2].id, "attic");
  ASSERT_EQ(config->files.size(), 3U);
  EXPECT_TRUE(config->files[1].ends_with("conf.d/10-air.json"));
  EXPECT_NE(config->hash, load_config(file_of("accepted", "design"))->hash);
}

TEST(config, takes_the_machines_id) {
  const Folder folder;
  const auto file = folder.write("f", R"({"gateway": {"id": "auto", "jurisdiction": "hk"}})");
  Vocabulary vocabulary = own_vocabulary();
  vocabulary.machine_id_file = folder.write("machine-id", "0123456789abcdef0123456789abcdef\n");
  auto config = load_config(file, vocabulary);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->gateway.id, "0123456789ab");
  EXPECT_EQ(config->store.machine_id, "0123456789abcdef0123456789abcdef");
  vocabulary.serial_number_file = folder.write("serial", std::string("10000000abcd0001\0", 17));
  EXPECT_EQ(load_config(file, vocabulary)->store.machine_id,
            "0123456789abcdef0123456789abcdef-10000000abcd0001");
  vocabulary.machine_id_file = folder.write("fresh", "uninitialized\n");
  EXPECT_EQ(lines_of(load_config(file, vocabulary)),
            std::vector<std::string>{"f:1:20: /gateway/id: \"auto\" takes the machine's id, but " +
                                     vocabulary.machine_id_file +
                                     " holds none, expected an id of your own"});
}

TEST(config, says_when_there_is_no_file) {
  const Folder folder;
  EXPECT_EQ(
      lines_of(load_config(folder.path() / "twinsky.json")),
      std::vector<std::string>{"twinsky.json: cannot be read (No such file or directory): is the "
                               "name right, and may you read it (sudo)?"});
  fs::create_directory(folder.path() / "d");
  EXPECT_EQ(
      lines_of(load_config(folder.path() / "d")),
      std::vector<std::string>{"d: cannot be read (it is a directory): is the name right, and "
                               "may you read it (sudo)?"});
}

TEST(config, a_hostile_file_is_refused_quickly) {
  const Folder folder;
  EXPECT_EQ(lines_of(load_config(folder.write("f", std::string(5'000'000, '[')))),
            std::vector<std::string>{"f:1:1: the file is larger than 1MiB, expected a "
                                     "configuration of less"});
  std::string keys = "{";
  for (int at = 0; at < 15'000; ++at) keys += "\"k" + std::to_string(at) + "\":1,";
  keys += "\"a\":1}";
  EXPECT_EQ(lines_of(load_config(folder.write("f", keys))).size(), 15'002U);
  EXPECT_EQ(lines_of(load_config(folder.write("f", "{\"a\\n\\u001b[2J\": 1}"))).front(),
            "f:1:1: \"gateway\" is missing, expected an object with at least \"id\" and "
            "\"jurisdiction\"");
}

// A flipped byte anywhere never crashes and never passes in silence as something else.
TEST(config, survives_any_damage) {
  const std::string good = text_of_file(file_of("accepted", "every-setting"));
  const Folder folder;
  for (std::size_t at = 0; at < good.size(); at += 7) {
    for (const char put : {'"', '{', '}', ',', '9', '-', 'x', '\0', '\xC3'}) {
      std::string text = good;
      text[at] = put;
      const auto config = load_config(folder.write("f", text));
      if (config) continue;
      for (const auto& problem : config.error()) EXPECT_GE(problem.line, 1) << text_of(problem);
    }
  }
}

TEST(config, suggests_what_was_meant) {
  const std::string_view known[] = {"baud", "bus", "driver", "every", "bme280", "hk"};
  const struct {
    std::string_view word;
    std::string_view suggestion;
  } rows[] = {{"bause", "baud"},
              {"evrey", "every"},
              {"bme28O", "bme280"},
              {"BME280", "bme280"},
              {"drievr", "driver"},
              {"kh", "hk"},
              {"x", ""},
              {"password", ""},
              {"bu", "bus"},
              {"everything", ""},
              {"", ""}};
  for (const auto& row : rows) EXPECT_EQ(nearest(row.word, known), row.suggestion) << row.word;
}

// ---- what is declared ----

TEST(config, every_declaration_is_sound) {
  std::vector<std::pair<std::string, std::span<const Setting>>> groups = {
      {"position", position_settings()}};
  for (const Section& section : sections()) groups.emplace_back(section.name, section.settings);
  for (const DriverInfo* driver : driver_registry()) {
    groups.emplace_back(driver->name, driver->settings);
    for (const Setting& own : driver->settings) {
      for (const Setting& common : sensor_settings()) {
        EXPECT_NE(own.name, common.name) << driver->name << " declares a setting of every sensor";
      }
    }
  }
  for (const FeedInfo* feed : feed_registry()) {
    groups.emplace_back(feed->name, feed->settings);
    for (const Setting& own : feed->settings) {
      for (const Setting& common : feed_settings()) EXPECT_NE(own.name, common.name) << feed->name;
    }
    EXPECT_EQ(Settings::defaults(feed->settings).text("base"), feed->base_url) << feed->name;
  }
  for (const auto& [group, settings] : groups) {
    EXPECT_NO_THROW((void)Settings::defaults(settings)) << group;
    for (const Setting& setting : settings) {
      EXPECT_TRUE(setting.documentation.ends_with(".") || setting.documentation.ends_with("…"))
          << group << "." << setting.name << " has no sentence";
      EXPECT_FALSE(setting.required && !setting.fallback.empty()) << group << "." << setting.name;
      EXPECT_LE(setting.lower, setting.upper) << group << "." << setting.name;
    }
  }
}

TEST(config, the_schema_that_is_installed_is_the_declared_one) {
  EXPECT_EQ(text_of_file(fs::path(twinsky_binary()).replace_filename("twinsky.schema.json")),
            config_schema());
}

// What stops a first evening: it ran before, so `run` begins with it, and `check` tells it.
TEST(config, tells_what_can_never_give_a_value) {
  const Folder folder;
  const auto told = [&](const std::string& port, const std::string& baud,
                        const std::string& quantity, const std::string& path) {
    const auto config = load_config(folder.write("f", R"({
      "gateway": {"id": "a", "jurisdiction": "hk"},
      "buses": {"pm": {"serial": ")" + port + R"("}, "i2c-1": {"i2c": "/dev/zero"}},
      "sensors": [{"id": "p", "driver": "pms5003", "bus": "pm", "baud": )" +
                                                          baud + R"(},
                  {"id": "t", "driver": "bme280", "bus": "i2c-1", "every": "10s"}],
      "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
      "compare": [{"sensor": ")" + (quantity == "pm2_5" ? "p" : "t") +
                                                          R"(", "quantity": ")" + quantity +
                                                          R"(", "with": "hk-epd/mong-kok"}],
      "store": {"path": ")" + path + R"("}})"));
    EXPECT_TRUE(config.has_value());
    std::string warnings;
    std::string notes;
    if (config) {
      for (const Problem& each : config->warnings) warnings += text_of(each) + "\n";
      for (const Problem& each : config->notes) notes += text_of(each) + "\n";
    }
    return std::pair(notes, warnings);
  };
  const auto has = [](const std::string& text, std::string_view words) {
    return text.find(words) != text.npos;
  };
  const std::string store = (folder.path() / "store.db").string();
  EXPECT_EQ(told("/dev/null", "9600", "pm2_5", store), std::pair(std::string(), std::string()));
  const auto gone = told("/dev/ttyUSB250", "9600", "pm2_5", store);
  EXPECT_TRUE(has(gone.first, "/buses/pm/serial: \"/dev/ttyUSB250\" is not there now"));
  EXPECT_EQ(gone.second, "");
  EXPECT_TRUE(has(told("COM3", "9600", "pm2_5", store).second,
                  "\"COM3\" is no device's file, expected one such as \"/dev/serial/by-id/*\""));
  EXPECT_TRUE(has(told("/dev/null", "115200", "pm2_5", store).second,
                  "/sensors/0/baud: 115200 is no speed of pms5003"));
  EXPECT_TRUE(has(told("/dev/null", "9600", "humidity", store).second,
                  "/compare/0/quantity: the feed \"hk-epd\" has no \"humidity\""));
  EXPECT_TRUE(has(told("/dev/null", "9600", "pm2_5", "~/twinsky.db").second,
                  "/store/path: \"~/twinsky.db\" begins with \"~\""));
}

TEST(config, slips_of_people_from_elsewhere_are_understood) {
  const Folder folder;
  const auto said = [&](const std::string& text) {
    const auto config = load_config(folder.write("f", text));
    std::string all;
    if (config) return all;
    for (const Problem& each : config.error()) all += text_of(each) + "\n";
    return all;
  };
  const auto has = [](const std::string& text, std::string_view words) {
    return text.find(words) != text.npos;
  };
  EXPECT_TRUE(has(said("# mine\n{}"), "\"#\" begins no comment here, expected //"));
  EXPECT_TRUE(has(said("{\n# mine\n\"gateway\": 1}"), "expected //"));
  EXPECT_TRUE(has(said(R"({"gateway": {"id": "a"} # mine
})"),
                  "expected //"));
  EXPECT_TRUE(has(said("{“gateway”: 1}"), "not the quotation mark of JSON, expected \""));
  EXPECT_TRUE(has(said("{\"gateway\": {\"id\": “a”}}"), "not the quotation mark of JSON"));
  EXPECT_TRUE(
      has(said(R"({"gateway": {"id": "a", "jurisdiction": "sh"}})"), "did you mean \"cn-sh\"?"));
  EXPECT_TRUE(has(said(R"({"gateway": {"id": "a", "jurisdiction": "Hong Kong"}})"),
                  "did you mean \"hk\"?"));
  EXPECT_TRUE(has(said(R"({"gateway": {"id": "a", "jurisdiction": "shanghai"}})"),
                  "did you mean \"cn-sh\"?"));
  EXPECT_TRUE(
      has(said(R"({"gateway": {"id": "a", "jurisdiction": "hk"}, "feeds": [{"feed": "epd"}]})"),
          "did you mean \"hk-epd\"?"));
  EXPECT_TRUE(
      has(said(R"({"gateway": {"id": "a", "jurisdiction": "hk"}, "buses": {"b": {"i2c": 1}}})"),
          "1 is no path: The adapter's file, such as /dev/i2c-1"));
  EXPECT_TRUE(has(said(R"({"gateway": {"id": "a", "jurisdiction": "hk"},
                           "buses": {"b": {"i2c": "/dev/null"}},
                           "sensors": [{"id": "s", "driver": "thermometer", "bus": "b"}]})"),
                  "expected one of \"" + std::string(driver_registry().front()->name) + '"'));
  EXPECT_TRUE(has(said(R"({"gateway": {"id": "a", "jurisdiction": "hk"},
                           "corrections": [{"id": "c", "sensor": "s", "quantity": "pm2_5",
                                            "method": "linear", "slope": 1.2}]})"),
                  "did you mean \"gain\"?"));
  const auto of_sensor = [&](const std::string& driver, const std::string& bus) {
    return said(R"({"gateway": {"id": "a", "jurisdiction": "hk"},
                    "buses": {"pm": {"serial": "/dev/null"}, "i2c": {"i2c": "/dev/zero"}},
                    "sensors": [{"id": "s", "every": "10s", "driver": ")" +
                driver + R"(", "bus": ")" + bus + R"("}]})");
  };
  EXPECT_TRUE(has(of_sensor("pms5003", "PM"), "did you mean \"pm\"?"));
  const std::string variant = R"(expected "driver": "bme280", "variant": "bmp280")";
  EXPECT_TRUE(has(of_sensor("bmp280", "i2c"), variant));
  EXPECT_TRUE(has(of_sensor("BMP280", "i2c"), variant));
  EXPECT_FALSE(has(of_sensor("BMP280", "i2c"), "did you mean"));
  // But for a letter it is the name of a driver for another device.
  EXPECT_TRUE(has(of_sensor("PMSA003", "pm"), "did you mean \"pms5003\"?"));
  EXPECT_TRUE(has(of_sensor("SHT41", "i2c"), "did you mean \"sht4x\"?"));
}

TEST(config, the_reference_names_every_setting) {
  const std::string reference = config_reference();
  for (const Section& section : sections()) {
    for (const Setting& setting : section.settings) {
      EXPECT_NE(reference.find("| `" + std::string(setting.name) + "` |"), std::string::npos)
          << setting.name;
    }
  }
  for (const DriverInfo* driver : driver_registry()) {
    if (driver->settings.empty()) continue;
    EXPECT_NE(reference.find("driver `" + std::string(driver->name) + "` adds"), std::string::npos);
  }
}

TEST(config, what_is_shipped_is_good) {
  std::vector<fs::path> files = {project / "config/twinsky.json"};
  for (const auto& entry : fs::directory_iterator(project / "config/examples")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  EXPECT_GE(files.size(), 4U);
  Vocabulary vocabulary;
  const Folder folder;
  vocabulary.machine_id_file = folder.write("machine-id", "0123456789abcdef0123456789abcdef\n");
  for (const auto& file : files) {
    const auto config = load_config(file.string(), vocabulary);
    if (config.has_value()) {
      EXPECT_TRUE(config->warnings.empty()) << file;
      for (const Problem& note : config->notes) {  // secrets and devices are not shipped
        EXPECT_TRUE(note.pointer.ends_with("_file") || note.pointer.starts_with("/buses/"))
            << file << ' ' << note.message;
      }
      continue;
    }
    for (const auto& problem : config.error()) ADD_FAILURE() << text_of(problem);
  }
}

}  // namespace
}  // namespace twinsky
