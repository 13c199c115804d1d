// SPDX-License-Identifier: Apache-2.0
// The validation record: its keys, its numbers, and that the order of the hours leaves no trace.
#include "gateway/compare/record.hpp"
#include "tests/unit/collocation.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace twinsky {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::hours;

UtcTime after(const std::vector<PairRow>& rows) {
  return UtcTime(rows.back().hour + hours(1)) + std::chrono::minutes(7);
}

std::vector<PairRow> last_month(const std::string& sensor, const std::string& reference) {
  std::vector<PairRow> rows = collocated_rows(sensor, reference);
  rows.erase(rows.begin(), rows.end() - 720);
  return rows;
}

ComparisonInput input_of(const std::vector<PairRow>& rows, Quantity quantity) {
  return {
      .identity = {.sensor = "roof", .quantity = quantity, .config_hash = "c0ffee"},
      .reference = {.feed = "hk-epd",
                    .station = "mong-kok",
                    .kind = "roadside",
                    .label = "hour_ending",
                    .siting = {.distance_m = 8, .height_difference_m = 1, .is_same_kind = true}},
      .rows = rows,
      .now = after(rows)};
}

ComparisonRecord written(const ComparisonInput& input) {
  static const RecordWriter writer;
  return writer.write(input);
}

Json json_of(const ComparisonInput& input) {
  return Json::parse(written(input).json);
}

// Every object of the record has exactly the keys that the schema requires, in its order.
void expect_keys(const Json& value, const Json& schema, const Json& root, const std::string& at) {
  if (schema.contains("$ref")) {
    const std::string name = schema.at("$ref").get<std::string>().substr(std::size("#/$defs"));
    return expect_keys(value, root.at("$defs").at(name), root, at);
  }
  if (value.is_array() && schema.contains("items")) {
    for (const Json& item : value) expect_keys(item, schema.at("items"), root, at + "[]");
  }
  if (!value.is_object()) return;
  std::vector<std::string> keys;
  for (const auto& [key, part] : value.items()) keys.push_back(key);
  EXPECT_EQ(keys, schema.at("required").get<std::vector<std::string>>()) << at;
  EXPECT_EQ(schema.at("properties").size(), keys.size()) << at;
  for (const auto& [key, part] : value.items()) {
    std::string inside = at;
    inside.append("/").append(key);
    expect_keys(part, schema.at("properties").at(key), root, inside);
  }
}

std::vector<ComparisonInput> sundry(std::vector<std::vector<PairRow>>& kept) {
  kept = {last_month("s1_o3", "ref_o3"), last_month("s2_o3", "ref_o3"),
          last_month("s1_pm25", "ref_pm25"), last_month("s1_no2", "ref_no2")};
  for (std::size_t at = 0; at < kept[0].size(); ++at) {
    PairRow& row = kept[0][at];
    row.humidity = 40 + static_cast<double>(at % 60);
    if (row.sensor) row.corrected = *row.sensor - 2.7;
    row.is_provisional = at % 3 == 0;
  }
  std::vector<ComparisonInput> inputs = {
      input_of(kept[0], Quantity::o3_ppb), input_of(kept[1], Quantity::o3_ppb),
      input_of(kept[2], Quantity::pm2_5), input_of(kept[3], Quantity::no2_ppb)};
  inputs[0].identity.correction = "roof-o3@1";
  inputs[0].floor = Floor{.station = "b", .distance_m = 900, .pairs = 700, .r2 = 0.9, .rmse = 4};
  inputs[0].neighbours = NeighbourCheck{.flag = Flag::suspect, .stations = 5, .deviation = 7.5};
  for (ComparisonInput& input : inputs) {
    const HourStart begin = input.rows.front().hour;
    input.commissioning = commissioning_of(input.rows, {begin, begin + hours(168)});
  }
  inputs.push_back(inputs[3]);
  inputs.back().rows = {};  // nothing at all is known
  inputs.push_back(inputs[0]);
  inputs.back().reference.siting = {};
  return inputs;
}

TEST(compare_record, has_the_keys_of_the_schema) {
  std::ifstream file(std::filesystem::path(tests_directory()) /
                     "../gateway/compare/compare.schema.json");
  const Json schema = Json::parse(file);
  std::vector<std::vector<PairRow>> kept;
  for (const ComparisonInput& input : sundry(kept)) {
    const std::string text = written(input).json;
    EXPECT_EQ(text.find(":nan"), std::string::npos);
    EXPECT_EQ(text.find(":inf"), std::string::npos);
    expect_keys(Json::parse(text), schema, schema, "");
  }
}

// An independent validator agrees.
TEST(compare_record, is_valid_by_the_schema) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / ("compare-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  std::vector<std::vector<PairRow>> kept;
  const std::vector<ComparisonInput> inputs = sundry(kept);
  std::ofstream lines(directory / "lines.json");
  for (const ComparisonInput& input : inputs) lines << written(input).json << '\n';
  Json wrong = json_of(inputs.front());
  wrong["verdict"] = 3;
  lines << wrong.dump() << '\n';
  lines.close();
  std::ofstream(directory / "validate.py") << R"(import json, sys
sys.path.insert(0, sys.argv[1])
import contract
for line in open(sys.argv[2]):
    print(int(contract.validator("../compare/compare.schema.json").is_valid(json.loads(line))))
)";
  const std::string command = "python3 " + (directory / "validate.py").string() + " " +
                              tests_directory() + "/contract " +
                              (directory / "lines.json").string();
  std::FILE* const output = ::popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  for (std::size_t at = 0; at <= inputs.size(); ++at) {
    int valid = -1;
    ASSERT_EQ(std::fscanf(output, "%d", &valid), 1) << "python3-jsonschema is needed";
    EXPECT_EQ(valid, at < inputs.size() ? 1 : 0) << at;
  }
  EXPECT_EQ(::pclose(output), 0);
  std::filesystem::remove_all(directory);
}

TEST(compare_record, does_not_depend_on_the_order_of_the_hours) {
  std::vector<std::vector<PairRow>> kept;
  for (ComparisonInput& input : sundry(kept)) {
    const std::string ordered = written(input).json;
    for (unsigned seed = 1; seed <= 5; ++seed) {
      std::vector<PairRow> shuffled(input.rows.begin(), input.rows.end());
      std::mt19937 random(seed);
      std::ranges::shuffle(shuffled, random);
      ComparisonInput other = input;
      other.rows = shuffled;
      EXPECT_EQ(written(other).json, ordered);
    }
  }
}

TEST(compare_record, withheld_causes_sum_to_what_is_missing) {
  std::mt19937 random(7);
  std::vector<PairRow> rows = last_month("s1_o3", "ref_o3");
  for (PairRow& row : rows) {
    row.is_maintenance = random() % 20 == 0;
    if (random() % 10 == 0) row.reference_flag = random() % 2 == 0 ? Flag::suspect : Flag::missing;
    if (random() % 10 == 0) std::swap(row.usable, row.failed);
    if (row.sensor && random() % 4 != 0) row.corrected = *row.sensor + 1;
  }
  std::erase_if(rows, [&](const PairRow&) { return random() % 15 == 0; });
  ComparisonInput input = input_of(rows, Quantity::o3_ppb);
  input.identity.correction = "x@1";
  const Json record = json_of(input);
  for (const Json& coverage : {record["coverage"], record["corrected"]["coverage"]}) {
    for (const auto& [window, found] : coverage.items()) {
      int sum = 0;
      for (const auto& [cause, count] : found["withheld"].items()) sum += count.get<int>();
      EXPECT_EQ(sum, found["expected"].get<int>() - found["pairs"].get<int>()) << window;
    }
  }
  EXPECT_GT(record["coverage"]["720h"]["withheld"]["maintenance"], 0);
  EXPECT_GT(record["coverage"]["720h"]["withheld"]["sensor_qc"], 0);
  EXPECT_GT(record["coverage"]["720h"]["withheld"]["reference_flagged"], 0);
  EXPECT_GT(record["corrected"]["coverage"]["720h"]["withheld"]["uncorrected"], 0);
}

// The window that ends 2019-08-31T05:00Z is among the expected trailing windows.
TEST(compare_record, has_the_published_statistics) {
  const Json expected =
      Json::parse(std::ifstream(tests_directory() + "/cases/compare/expected-metrics.json"));
  const auto& rolling = expected["rolling"];
  const auto found =
      std::ranges::find(rolling, "rolling-s1_o3-ref_o3-168-2019-08-31T05:00:00Z-126",
                        [](const Json& item) { return item["id"].get<std::string>(); });
  ASSERT_NE(found, rolling.end());
  const Json& wanted = (*found)["expected"];
  std::vector<PairRow> rows = collocated_rows("s1_o3", "ref_o3");
  std::erase_if(rows, [](const PairRow& row) {
    return UtcTime(row.hour) >= parse_time("2019-08-31T05:00:00Z").value();
  });
  ComparisonInput input = input_of(rows, Quantity::o3_ppb);
  const Json record = json_of(input);
  EXPECT_EQ(record["window_end"], "2019-08-31T05:00:00.000Z");
  EXPECT_EQ(record["coverage"]["168h"]["pairs"], wanted["pairs"]);
  const auto close = [&](const char* group, const char* key, const char* name) {
    EXPECT_NEAR(record[group][key].get<double>(), wanted[name].get<double>(), 1e-6) << key;
  };
  close("fit", "slope", "slope");
  close("fit", "intercept", "intercept");
  close("fit", "r2", "r2");
  close("error", "rmse", "rmse");
  close("error", "mbe", "mbe");
}

TEST(compare_record, judges_as_the_data_deserve) {
  const std::vector<PairRow> good = last_month("s1_o3", "ref_o3");
  const ComparisonRecord agrees = written(input_of(good, Quantity::o3_ppb));
  EXPECT_EQ(agrees.verdict, Verdict::agrees);
  EXPECT_TRUE(Json::parse(agrees.json)["targets"]["meets"]);
  EXPECT_NE(agrees.summary.find("o3_ppb  agrees  slope "), std::string::npos) << agrees.summary;

  const std::vector<PairRow> biased = last_month("s2_o3", "ref_o3");
  ComparisonInput input = input_of(biased, Quantity::o3_ppb);
  const Json record = json_of(input);
  EXPECT_EQ(record["verdict"], "biased_correctable");
  EXPECT_FALSE(record["targets"]["meets"]);
  EXPECT_NEAR(record["proposal"]["gain"], 1.92, 0.05);
  EXPECT_LT(record["proposal"]["expected_rmse"], record["proposal"]["raw_rmse"]);
  // From further away nothing is proposed, and from far away nothing is said.
  input.reference.siting = {.distance_m = 3000, .height_difference_m = 1, .is_same_kind = true};
  EXPECT_TRUE(record["no_proposal"].is_null());
  const Json far = json_of(input);
  EXPECT_TRUE(far["proposal"].is_null());
  EXPECT_EQ(far["no_proposal"]["gate"], "station_far");
  EXPECT_EQ(far["no_proposal"]["limit"], 1000);
  input.reference.siting.distance_m = 9000;
  EXPECT_EQ(json_of(input)["verdict"], "not_comparable");
}

TEST(compare_record, hints_at_what_the_stations_around_say_and_at_its_own_heat) {
  const std::vector<PairRow> ozone = last_month("s1_o3", "ref_o3");
  ComparisonInput input = input_of(ozone, Quantity::o3_ppb);
  EXPECT_TRUE(json_of(input)["neighbours"].is_null());
  input.neighbours = NeighbourCheck{.flag = Flag::suspect, .stations = 5, .deviation = 7.5};
  EXPECT_EQ(json_of(input)["neighbours"], (Json{{"flag", 3}, {"stations", 5}, {"deviation", 7.5}}));
  EXPECT_NE(written(input).summary.find("far from 5 stations around"), std::string::npos);

  std::vector<PairRow> warm = last_month("s1_temp", "ref_temp");
  for (PairRow& row : warm) {
    const auto hour = (row.hour + hours(8)).time_since_epoch() % hours(24);
    const bool is_day = hour >= hours(9) && hour < hours(18);
    row.usable = row.expected;
    if (row.reference) row.sensor = *row.reference + (is_day ? 3.5 : 1.5);
  }
  ComparisonInput heated = input_of(warm, Quantity::temperature);
  EXPECT_EQ(json_of(heated)["self_heating"], (Json{{"night_degc", 1.5}, {"day_degc", 3.5}}));
  EXPECT_NE(written(heated).summary.find("heats itself: 1.5 °C at night, 3.5 by day"),
            std::string::npos);
  // On a hill it is as much colder; in a room, or far away, nothing is known.
  heated.reference.siting.height_difference_m = -300;
  EXPECT_TRUE(json_of(heated)["self_heating"].is_null());
  heated = input_of(warm, Quantity::temperature);
  heated.identity.is_indoor = true;
  EXPECT_TRUE(json_of(heated)["self_heating"].is_null());
  heated = input_of(warm, Quantity::temperature);
  heated.reference.siting.distance_m = 9000;
  EXPECT_TRUE(json_of(heated)["self_heating"].is_null());
}

TEST(compare_record, drift_is_told_against_commissioning) {
  std::vector<PairRow> rows = last_month("s1_o3", "ref_o3");
  const Window first{rows.front().hour, rows.front().hour + hours(168)};
  ComparisonInput input = input_of(rows, Quantity::o3_ppb);
  input.commissioning = commissioning_of(rows, first);
  ASSERT_TRUE(input.commissioning);
  EXPECT_NE(json_of(input)["drift"]["state"], "alarm");
  // Unit 2 reads half of the ozone since ever: a known bias is no drift.
  const std::vector<PairRow> biased = last_month("s2_o3", "ref_o3");
  ComparisonInput known = input_of(biased, Quantity::o3_ppb);
  known.commissioning = commissioning_of(biased, first);
  EXPECT_NE(json_of(known)["drift"]["state"], "alarm");

  for (std::size_t at = 360; at < rows.size(); ++at) {
    if (rows[at].sensor) *rows[at].sensor *= 1.6;
  }
  input.rows = rows;
  const Json drifted = json_of(input);
  EXPECT_EQ(drifted["drift"]["state"], "alarm");
  EXPECT_EQ(drifted["verdict"], "drifting");
}

TEST(compare_record, windows_end_where_the_reference_does) {
  std::vector<PairRow> rows = last_month("s1_o3", "ref_o3");
  const UtcTime now = after(rows);
  const HourStart current = rows.back().hour + hours(1);
  rows.back().reference = 20;
  EXPECT_EQ(window_end(rows, now), current);
  for (std::size_t late = 1; late <= 6; ++late) {
    rows[rows.size() - late].reference.reset();
    rows[rows.size() - late - 1].reference = 20;
    EXPECT_EQ(window_end(rows, now), current - hours(std::min<std::size_t>(late, 3))) << late;
  }
}

}  // namespace
}  // namespace twinsky
