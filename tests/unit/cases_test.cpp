// SPDX-License-Identifier: Apache-2.0
// Runs every case of every vector file through `replay decode`, in all ways to cut a stream. A new
// driver needs a file in tests/cases, not a new test. The rules are those of
// tests/cases/sensor-vectors/README.md.
#include "drivers/registry.hpp"
#include "gateway/commands/replay_decode.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sstream>

namespace twinsky {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const fs::path cases_directory = fs::path(tests_directory()) / "cases";

Json read_json(const fs::path& path) {
  std::ifstream stream(path);
  return Json::parse(stream);
}

// All shared vectors, and the drivers' own files beside them.
std::vector<fs::path> vector_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(cases_directory / "sensor-vectors")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  for (const DriverInfo* info : driver_registry()) {
    const fs::path own = cases_directory / (std::string(info->name) + ".json");
    if (fs::exists(own)) files.push_back(own);
    if (info->algorithm != nullptr) {
      files.push_back(cases_directory / (std::string(info->algorithm->name) + ".json"));
    }
  }
  std::ranges::sort(files);
  return files;
}

std::vector<Json> replay(const fs::path& file, std::string_view chunk) {
  const std::vector<std::string> files{file.string()};
  std::ostringstream lines;
  std::ostringstream problems;
  EXPECT_TRUE(replay_decode(files, chunking_named(chunk).value(), lines, problems))
      << problems.str();
  std::vector<Json> all;
  std::istringstream text(lines.str());
  for (std::string line; std::getline(text, line);) all.push_back(Json::parse(line));
  return all;
}

// ---- the README's rules ---------------------------------------------------------------------

bool is_close(double expected, double actual, std::string_view key, const Json& tolerance) {
  const double difference = std::abs(expected - actual);
  if (tolerance.contains("abs")) return difference <= tolerance["abs"].get<double>();
  if (tolerance.contains("rel")) {
    return difference <= tolerance["rel"].get<double>() * std::abs(expected);
  }
  if (tolerance.contains(key)) return difference <= tolerance[std::string(key)].get<double>();
  if (const auto relative = tolerance.find(std::string(key) + "_rel");
      relative != tolerance.end()) {
    return difference <= relative->get<double>() * std::abs(expected);
  }
  return difference <= 1e-3;
}

bool matches(const Json& expected, const Json& actual, std::string_view key,
             const Json& tolerance) {
  if (expected.is_number_integer() && !tolerance.contains("abs") && !tolerance.contains("rel") &&
      !tolerance.contains(key)) {
    return actual.is_number() && actual.get<double>() == expected.get<double>();
  }
  if (expected.is_number()) {
    return actual.is_number() &&
           is_close(expected.get<double>(), actual.get<double>(), key, tolerance);
  }
  if (!expected.is_array()) return expected == actual;  // text, bool, null
  return actual.is_array() &&
         std::ranges::equal(expected, actual, [&](const Json& one, const Json& other) {
           return matches(one, other, key, tolerance);
         });
}

void expect_set(const Json& expected, const Json& actual, const Json& tolerance) {
  for (const auto& [key, value] : expected.items()) {
    // Absent may be left out, but is never a number.
    const Json found = actual.value(key, Json());
    EXPECT_TRUE(matches(value, found, key, tolerance))
        << key << ": " << value << " expected, not " << found;
  }
}

void expect_faults_within(const Json& errors, const Json& allowed) {
  for (const Json& fault : errors) {
    EXPECT_NE(std::ranges::find(allowed, fault), allowed.end()) << fault << " was not expected";
  }
}

void expect_outcome(const Json& test_case, const Json& line, const Json& tolerance) {
  const Json& readings = line.at("readings");
  const Json& errors = line.at("errors");
  if (test_case.contains("expect")) {
    ASSERT_EQ(readings.size(), 1U);
    expect_set(test_case["expect"], readings[0], tolerance);
    expect_faults_within(errors, test_case.value("errors", Json::array()));
  } else if (test_case.contains("readings")) {
    ASSERT_EQ(readings.size(), test_case["readings"].size());
    for (std::size_t at = 0; at < readings.size(); ++at) {
      expect_set(test_case["readings"][at], readings[at], tolerance);
    }
    if (test_case.contains("errors")) expect_faults_within(errors, test_case["errors"]);
  } else if (test_case.contains("expect_sequence")) {
    EXPECT_TRUE(matches(test_case["expect_sequence"], line.at("sequence"), "", tolerance));
  } else {
    EXPECT_NE(std::ranges::find(errors, test_case.at("error")), errors.end())
        << test_case.at("error") << " is missing";
    EXPECT_TRUE(readings.empty());
    if (test_case.contains("exception_code")) {
      EXPECT_EQ(line.value("exception_code", Json()), test_case["exception_code"]);
    }
  }
}

void expect_file(const fs::path& path, std::string_view chunk) {
  const Json file = read_json(path);
  const std::vector<Json> lines = replay(path, chunk);
  ASSERT_EQ(lines.size(), file.at("cases").size()) << path;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const Json& test_case = file["cases"][at];
    SCOPED_TRACE(path.filename().string() + ": " + test_case.at("name").get<std::string>() +
                 ", chunks: " + std::string(chunk));
    EXPECT_EQ(lines[at].at("case"), test_case.at("name"));
    expect_outcome(test_case, lines[at], file.value("tolerance", Json::object()));
  }
}

TEST(cases, decode_as_expected_whole) {
  ASSERT_FALSE(vector_files().empty());
  for (const fs::path& file : vector_files()) expect_file(file, "whole");
}

TEST(cases, decode_as_expected_byte_by_byte) {
  for (const fs::path& file : vector_files()) expect_file(file, "1");
}

TEST(cases, decode_as_expected_in_random_chunks) {
  for (const auto* chunk : {"random:1", "random:20261122", "random:4294967295"}) {
    for (const fs::path& file : vector_files()) expect_file(file, chunk);
  }
}

// ---- the registry ---------------------------------------------------------------------------

TEST(registry, is_sorted_and_every_driver_is_complete) {
  const auto drivers = driver_registry();
  EXPECT_TRUE(std::ranges::is_sorted(drivers, {}, &DriverInfo::name));
  for (const DriverInfo* info : drivers) {
    SCOPED_TRACE(info->name);
    EXPECT_EQ(driver_named(info->name), info);
    EXPECT_FALSE(info->summary.empty() || info->makers.empty() || info->datasheet.empty());
    EXPECT_NE(info->make == nullptr, info->make_listener == nullptr);
    EXPECT_EQ(info->make == nullptr, info->decode == nullptr);
    EXPECT_TRUE(!info->quantities.empty() || info->quantities_of != nullptr);
    EXPECT_NO_THROW((void)Settings::defaults(info->settings));
    EXPECT_TRUE(info->bus->name != "i2c" || !info->addresses.empty());
  }
  EXPECT_EQ(driver_named("nonsense"), nullptr);
}

// `scan` would pass it over, and nobody would know why.
TEST(registry, every_driver_says_how_its_device_is_recognised_or_why_it_cannot_be) {
  for (const DriverInfo* info : driver_registry()) {
    SCOPED_TRACE(info->name);
    const bool is_asked = info->probe != nullptr || info->approaches != nullptr;
    const bool is_recognised = is_asked || info->recognise != nullptr;
    EXPECT_NE(is_recognised, !info->unrecognisable.empty());
    EXPECT_TRUE(info->recognise == nullptr || info->make_listener != nullptr);
    EXPECT_TRUE(is_asked || info->questions.empty());
    // A listener is asked in the stream that it may have talked in by itself.
    EXPECT_TRUE(info->make_listener == nullptr || info->probe == nullptr ||
                info->recognise != nullptr);
  }
}

// A driver that asked its bus for what that cannot do would be a fault of the program; a bus that
// cannot be opened is none.
TEST(registry, every_driver_lives_on_each_bus_that_fits_it) {
  SystemClock clock;
  for (const DriverInfo* info : driver_registry()) {
    for (const BusInfo* kind : bus_registry()) {
      if (kind->plays_any || !fits(*kind, *info->bus)) continue;
      SCOPED_TRACE(std::string(info->name) + " on " + std::string(kind->name));
      const Settings settings = Settings::defaults(info->settings);
      const auto bus = make_bus(
          {.info = kind, .address = "127.0.0.1:1", .settings = Settings::defaults(kind->settings)},
          {.clock = clock, .stop = {}, .nearby = {}});
      const auto link = bus->link({.address = 1, .line = info->line});
      try {
        if (info->make != nullptr) {
          const auto driver = info->make(settings);
          driver->start(*link);
          (void)driver->sample(*link);
        } else {
          info->make_listener(settings)->start(link_as<StreamLink>(*link));
        }
        if (info->probe != nullptr) (void)info->probe(*link);
      } catch (const LinkError&) {
      } catch (const BusError&) {
      }
    }
  }
}

TEST(registry, a_link_of_another_kind_is_a_fault_of_the_program) {
  SystemClock clock;
  const auto bus =
      make_bus({.info = bus_named("serial"), .address = "/dev/null", .settings = Settings()},
               {.clock = clock, .stop = {}, .nearby = {}});
  const auto link = bus->link({});
  const DriverInfo* const sht4x = driver_named("sht4x");
  EXPECT_THROW((void)sht4x->make(Settings::defaults(sht4x->settings))->sample(*link),
               BrokenInvariant);
}

TEST(registry, of_buses_is_in_the_order_in_which_messages_name_them) {
  std::vector<std::string_view> names;
  for (const BusInfo* kind : bus_registry()) {
    names.push_back(kind->name);
    EXPECT_EQ(bus_named(kind->name), kind);
    EXPECT_FALSE(kind->documentation.empty() || kind->make == nullptr) << kind->name;
    EXPECT_TRUE(kind->device_addresses.empty() || !kind->device_address_name.empty());
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"i2c", "serial", "modbus", "modbus_tcp",
                                                  "modbus_rtu_tcp", "recorded"}));
}

TEST(registry, equals_the_folder_of_sensors) {
  std::set<std::string> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(tests_directory()).parent_path() / "drivers" / "sensors")) {
    if (entry.path().extension() == ".cpp") files.insert(entry.path().stem().string());
  }
  std::set<std::string> drivers;
  for (const DriverInfo* info : driver_registry()) drivers.emplace(info->name);
  EXPECT_EQ(files, drivers);
}

TEST(registry, every_driver_has_cases_and_among_them_a_fault) {
  std::set<std::string> with_cases;
  std::set<std::string> with_fault;
  for (const fs::path& path : vector_files()) {
    const Json file = read_json(path);
    with_cases.insert(file.at("driver"));
    EXPECT_FALSE(file.at("source").get<std::string>().empty()) << path;
    for (const Json& test_case : file.at("cases")) {
      if (test_case.contains("error")) with_fault.insert(file.at("driver"));
    }
  }
  for (const DriverInfo* info : driver_registry()) {
    EXPECT_TRUE(with_cases.contains(std::string(info->name))) << info->name;
    EXPECT_TRUE(with_fault.contains(std::string(info->name))) << info->name;
  }
}

// ---- anything at all ------------------------------------------------------------------------

std::vector<std::byte> random_bytes(std::mt19937& random, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// What recorded bytes become on a bad line: changed, lost, doubled or replaced by noise.
std::string damaged(const std::string& hex, std::mt19937& random) {
  auto bytes = from_hex(hex).value_or(std::vector<std::byte>());
  for (auto damages = random() % 3; damages > 0 && !bytes.empty(); --damages) {
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size());
    switch (random() % 4) {
      case 0:
        *at = static_cast<std::byte>(random());
        break;
      case 1:
        bytes.erase(at);
        break;
      case 2:
        bytes.insert(bytes.end(), at, bytes.end());
        break;
      default:
        bytes = random_bytes(random, random() % 48);
        break;
    }
  }
  return to_hex(bytes);
}

void damage(Json& test_case, std::mt19937& random) {
  for (const auto* key : {"rx_hex", "request_hex"}) {
    if (test_case.contains(key)) test_case[key] = damaged(test_case[key], random);
  }
  if (test_case.contains("transactions")) {
    for (Json& transaction : test_case["transactions"]) {
      transaction["read_hex"] = damaged(transaction.value("read_hex", ""), random);
    }
  }
  if (test_case.contains("registers")) {
    for (Json& block : test_case["registers"]) block = damaged(block, random);
  }
}

TEST(any_bytes, yield_readings_and_faults_of_the_catalogue_only) {
  std::mt19937 random(20261122);
  const fs::path path = fs::path(testing::TempDir()) / "twinsky_damaged_vectors.json";
  for (const fs::path& original : vector_files()) {
    SCOPED_TRACE(original.filename().string());
    Json file = read_json(original);
    Json cases = Json::array();
    for (int round = 0; round < 100; ++round) {
      for (Json test_case : file["cases"]) {
        damage(test_case, random);
        cases.push_back(std::move(test_case));
      }
    }
    file["cases"] = std::move(cases);
    std::ofstream(path) << file;
    const std::vector<Json> whole = replay(path, "whole");
    EXPECT_EQ(whole.size(), file["cases"].size());
    EXPECT_EQ(whole, replay(path, "1"));
    for (const Json& line : whole) {
      for (const Json& fault : line["errors"]) {
        EXPECT_TRUE(fault_named(fault.get<std::string>())) << fault;
      }
    }
  }
  fs::remove(path);
}

TEST(any_bytes, of_a_stream_are_heard_the_same_however_cut) {
  std::mt19937 random(7);
  const auto sizes = [](const Decoded& decoded) {
    return std::pair(decoded.samples.size(), decoded.faults);
  };
  for (const DriverInfo* info : driver_registry()) {
    if (info->make_listener == nullptr) continue;
    SCOPED_TRACE(info->name);
    const Settings settings = Settings::defaults(info->settings);
    for (int round = 0; round < 200; ++round) {
      const auto stream = random_bytes(random, 512);
      const auto at_once = info->make_listener(settings);
      const auto bit_by_bit = info->make_listener(settings);
      const Decoded whole = at_once->feed(stream);
      Decoded pieces;
      for (Bytes rest = stream; !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % 9, rest.size());
        const Decoded piece = bit_by_bit->feed(rest.first(size));
        pieces.samples.insert(pieces.samples.end(), piece.samples.begin(), piece.samples.end());
        pieces.faults.insert(pieces.faults.end(), piece.faults.begin(), piece.faults.end());
        rest = rest.subspan(size);
      }
      EXPECT_EQ(sizes(whole), sizes(pieces));
      EXPECT_EQ(sizes(at_once->finish()), sizes(bit_by_bit->finish()));
    }
  }
}

}  // namespace
}  // namespace twinsky
