// SPDX-License-Identifier: Apache-2.0
// `export --format netcdf` and `--metadata`, read by others: ncdump, NetCDF-C and xarray
// (tests/science/judge.py), which find what the JSON lines of the same export say.
#include "gateway/text/cf_table.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"
#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace twinsky {
namespace {

class ExportAsNetcdf : public StoreTest {
 protected:
  void put(const std::string& stream, const std::string& body) {
    store_->append(entry(store_->stream(stream), body));
    clock_.advance(1min);
  }
  void SetUp() override {
    open();
    store_->remember("gateway", "mk-roof");
  }
  void put_records() {
    put("sensor/roof-pm", R"({"pm2_5":9.40,"pm10":11.0,"pm2_5_corrected":8.1,"flag":2,)"
                          R"("flags":{"pm2_5":2,"pm2_5_corrected":3},"meta":7})");
    put("sensor/roof-air", R"({"temperature":-3.5,"flag":3,"flags":{"temperature":3},"meta":1})");
    put("event", R"({"event":"sensor_lost","subject":"roof-pm","message":"no answer"})");
    put("sensor/roof-pm", R"({"pm2_5":null,"pm10":0.1,"flag":9,"flags":{"pm2_5":9},)"
                          R"("faults":{"pm2_5":"checksum"},"meta":7})");
    put("sensor/roof-pm/hour",
        R"({"start":"2026-11-22T01:00:00.000Z","end":"2026-11-22T02:00:00.000Z","revision":1,)"
        R"("quantities":{"pm2_5":{"mean":9.5}}})");
    put("ref/hk-epd/mong-kok",
        R"({"start":"2026-11-22T01:00:00.000Z","end":"2026-11-22T02:00:00.000Z",)"
        R"("gas_reference_k":293.15,"no2":41,"pm2_5":12,"flag":2,"flags":{"no2":2,"pm2_5":2}})");
    put("sensor/roof-pm", R"({"amends":1,"pm2_5":9.3,"pm10":11.0,"flag":4,"flags":{"pm10":4}})");
    ASSERT_TRUE(commit());
  }
  std::string file(const std::string& name) const { return (directory_ / name).string(); }
  Answer twinsky(const std::string& options) {
    return shell(twinsky_binary() + " export --store " + settings_.path + ' ' + options);
  }
  static std::string judge() { return tests_directory() + "/science/judge.py "; }
};

TEST_F(ExportAsNetcdf, others_find_the_same_values_flags_and_interval_ends) {
  put_records();
  ASSERT_EQ(twinsky("--format netcdf --output " + file("a.nc")).code, 0);
  ASSERT_EQ(twinsky("--json --output " + file("a.json")).code, 0);
  const Answer judged = shell(judge() + file("a.nc") + ' ' + file("a.json"));
  EXPECT_EQ(judged.code, 0) << judged.text;
  EXPECT_EQ(judged.text, "5 records judged\n");
  EXPECT_EQ(shell("ncdump -k " + file("a.nc")).text, "64-bit offset\n");
}

// What the judge says of a file whose values are not those of the lines.
TEST_F(ExportAsNetcdf, the_judge_finds_what_is_wrong) {
  put_records();
  ASSERT_EQ(twinsky("--format netcdf --output " + file("a.nc")).code, 0);
  const std::string lines = twinsky("--json").text;
  for (const auto& [right, wrong] : std::vector<std::pair<std::string, std::string>>{
           {"\"pm2_5\":9.40", "\"pm2_5\":9.41"},
           {"\"pm10\":4}", "\"pm10\":3}"},
           {"\"end\":\"2026-11-22T02", "\"end\":\"2026-11-22T03"},
           {"\"pm2_5\":null", "\"pm2_5\":0.0"}}) {
    std::string other = lines;
    ASSERT_NE(other.find(right), std::string::npos) << right;
    for (auto at = other.find(right); at != other.npos; at = other.find(right, at + 1)) {
      other.replace(at, right.size(), wrong);
    }
    std::ofstream(file("b.json")) << other;
    EXPECT_EQ(shell(judge() + file("a.nc") + ' ' + file("b.json")).code, 1) << wrong;
  }
}

TEST_F(ExportAsNetcdf, is_what_ncdump_printed_when_it_was_right) {
  put_records();
  ASSERT_EQ(twinsky("--format netcdf --output " + file("records.nc")).code, 0);
  const Answer header = shell("ncdump " + file("records.nc") + " | sed '/:history\\|:source/d; s/" +
                              store_->epoch() + "/EPOCH/'");
  std::ifstream golden(tests_directory() + "/science/records.cdl");
  std::stringstream expected;
  expected << golden.rdbuf();
  EXPECT_FALSE(header.text.empty());
  EXPECT_EQ(header.text, expected.str());
}

TEST_F(ExportAsNetcdf, of_official_hours_alone_says_that_values_are_means) {
  put_records();
  const std::string command = "--format netcdf --stream ref/hk-epd/mong-kok --output ";
  ASSERT_EQ(twinsky(command + file("a.nc")).code, 0);
  const std::string header = shell("ncdump -h " + file("a.nc")).text;
  EXPECT_NE(header.find("no2:cell_methods = \"time: mean\""), std::string::npos) << header;
  EXPECT_NE(header.find("time:bounds = \"time_bnds\""), std::string::npos) << header;
  EXPECT_NE(header.find("DATA.GOV.HK"), std::string::npos) << header;
  ASSERT_EQ(twinsky("--format netcdf --sensor roof-air --output " + file("b.nc")).code, 0);
  const std::string moments = shell("ncdump -h " + file("b.nc")).text;
  EXPECT_NE(moments.find("temperature:cell_methods = \"time: point\""), std::string::npos);
  EXPECT_EQ(moments.find("time_bnds("), std::string::npos) << moments;
}

TEST_F(ExportAsNetcdf, of_nothing_is_a_file_too) {
  ASSERT_TRUE(commit());
  ASSERT_EQ(twinsky("--format netcdf --output " + file("a.nc")).code, 0);
  const Answer header = shell("ncdump " + file("a.nc"));
  EXPECT_EQ(header.code, 0) << header.text;
  EXPECT_NE(header.text.find("obs = UNLIMITED ; // (0 currently)"), std::string::npos);
}

TEST_F(ExportAsNetcdf, csv_has_its_metadata_beside_it) {
  put_records();
  ASSERT_EQ(twinsky("--metadata --output " + file("a.csv")).code, 0);
  std::ifstream beside(file("a.csv-metadata.json"));
  const auto metadata = nlohmann::json::parse(beside);
  EXPECT_EQ(metadata["url"], "a.csv");
  std::ifstream csv(file("a.csv"));
  std::string header;
  std::getline(csv, header);
  std::string columns;
  for (const auto& column : metadata["tableSchema"]["columns"]) {
    columns += (columns.empty() ? "" : ",") + column["titles"].get<std::string>();
    EXPECT_TRUE(column.contains("datatype")) << column;
    if (column["name"] != "pm2_5") continue;
    EXPECT_EQ(column["datatype"], "double");
    EXPECT_EQ(column["schema:unitText"], "µg/m³");
    EXPECT_EQ(column["schema:unitCode"], "ucum:ug/m3");
  }
  EXPECT_EQ(columns, header);
  EXPECT_EQ(metadata["null"], "");
  EXPECT_NE(metadata["dc:rights"].get<std::string>().find("hk-epd: "), std::string::npos);
  EXPECT_EQ(twinsky("--metadata").code, 2);
  EXPECT_EQ(twinsky("--metadata --format netcdf --output " + file("a.nc")).code, 2);
}

TEST(cf_table, has_a_unit_of_udunits_for_every_quantity) {
  for (const QuantityInfo& info : quantity_catalogue()) {
    const std::string_view unit = udunits_of(info);
    EXPECT_EQ(unit == "1", info.ucum.starts_with('{')) << info.name;
    const Answer judged =
        shell("udunits2 -H '" + std::string(unit) + "' -W '" + std::string(unit) + "' </dev/null");
    EXPECT_EQ(judged.text.find("recognize"), std::string::npos) << judged.text;
  }
  EXPECT_NE(shell("udunits2 -H dB -W dB </dev/null").text.find("recognize"), std::string::npos)
      << "it takes everything";
}

}  // namespace
}  // namespace twinsky
