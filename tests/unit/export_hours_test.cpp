// SPDX-License-Identifier: Apache-2.0
// `twinsky export hours`: what a table of hours says to a program that knows nothing of JSON.
#include "hours_fixture.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <map>
#include <sstream>

namespace twinsky {
namespace {

class ExportHours : public HourlyTest {
 protected:
  Answer exported(const std::string& options) {
    return shell(twinsky_binary() + " export hours --store " + settings_.path + " " + options);
  }
  // A row by its cells' names; of an hour that begins then.
  static std::map<std::string, std::string> row(const std::string& table,
                                                const std::string& start) {
    const auto cells_of = [](const std::string& line) {
      std::vector<std::string> cells;
      std::istringstream text(line + ",");
      for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
      return cells;
    };
    std::map<std::string, std::string> named;
    const auto at = table.find("\n" + start);
    if (at == table.npos) return named;
    const auto names = cells_of(table.substr(0, table.find('\n')));
    const auto cells = cells_of(table.substr(at + 1, table.find('\n', at + 1) - at - 1));
    EXPECT_EQ(names.size(), cells.size()) << table;
    for (std::size_t n = 0; n < std::min(names.size(), cells.size()); ++n) {
      named[names[n]] = cells[n];
    }
    return named;
  }
  void put_official(const std::string& station, UtcTime start, Quantity quantity,
                    std::optional<double> value, Flag flag = Flag::pass) {
    Entry made = entry(store_->stream("ref/" + station), R"({"flag":1})");
    made.time = start + 1h;
    made.official_key = OfficialKey{"24pc", start, start + 1h, 1};
    made.official = {{.quantity = quantity, .value = value, .flag = flag, .gas_reference_k = {}}};
    store_->append(std::move(made));
  }
};

TEST_F(ExportHours, are_a_flat_table_with_both_ends_and_units) {
  put_minutes(ten, 90);
  step(ten + 2h);
  const Answer answer = exported("--sensor roof");
  EXPECT_EQ(answer.code, 0);
  const std::string header =
      "hour_start,hour_end,day,source,pm2_5 [µg/m³],pm2_5_n,pm2_5_expected,pm2_5_valid,"
      "pm2_5_minimum [µg/m³],pm2_5_maximum [µg/m³],pm2_5_deviation [µg/m³],"
      "pm2_5_day_mean [µg/m³],pm2_5_day_hours\n";
  EXPECT_EQ(answer.text.substr(0, header.size()), header);
  const std::string first =
      "2026-11-22T02:00:00.000Z,2026-11-22T03:00:00.000Z,2026-11-22,roof,39.5,60,60,1,10,69,17.46";
  EXPECT_EQ(answer.text.substr(header.size(), first.size()), first) << answer.text;
  const auto second = row(answer.text, "2026-11-22T03:00");
  EXPECT_EQ(second.at("pm2_5_n"), "30");
  EXPECT_EQ(second.at("pm2_5_valid"), "0");
  EXPECT_EQ(second.at("pm2_5 [µg/m³]"), "84.5");
  EXPECT_EQ(second.at("pm2_5_day_hours"), "1") << "that is not valid";
  EXPECT_EQ(exported("--sensor roof --from 2026-11-22T04:00Z").text,
            "hour_start,hour_end,day,source\n");
  const Answer none = exported("--sensor attic");
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.text.find("has no sensor attic; it has: roof\n"), std::string::npos) << none.text;
  EXPECT_EQ(exported("").code, 2);
}

// Of valid hours, those before the first row included.
TEST_F(ExportHours, have_the_means_of_eight_hours_and_of_the_day) {
  for (int hour = 0; hour < 32; ++hour) {
    for (int n = 0; n < 60; ++n) put("sensor/roof", ten + hour * 1h + n * 1min, 10.0 + hour);
  }
  step(ten + 33h);
  for (int hour = 0; hour < 8; ++hour) {
    put_official("hk-epd/mong-kok", ten + hour * 1h, Quantity::o3_ppb, 20.0 + hour);
  }
  ASSERT_TRUE(commit());
  const std::string table = exported("--sensor roof --station hk-epd/mong-kok").text;
  EXPECT_EQ(row(table, "2026-11-22T15:00").at("day"), "2026-11-22");
  EXPECT_EQ(row(table, "2026-11-22T15:00").at("pm2_5_day_hours"), "14");
  EXPECT_EQ(row(table, "2026-11-22T16:00").at("day"), "2026-11-23");  // Hong Kong's midnight
  EXPECT_EQ(row(table, "2026-11-22T16:00").at("pm2_5_day_hours"), "1");
  EXPECT_EQ(row(table, "2026-11-23T08:00").at("pm2_5_day_mean [µg/m³]"), "");
  EXPECT_EQ(row(table, "2026-11-23T09:00").at("pm2_5_day_hours"), "18");
  EXPECT_EQ(row(table, "2026-11-23T09:00").at("pm2_5_day_mean [µg/m³]"), "32.5");
  const std::string station = exported("--station hk-epd/mong-kok --from 2026-11-22T09:00Z").text;
  const auto last = row(station, "2026-11-22T09:00");
  EXPECT_EQ(last.at("o3_ppb_mean_8h [ppb]"), "23.5");
  EXPECT_EQ(last.at("o3_ppb_hours_8h"), "8");
  EXPECT_EQ(last.at("o3_ppb_day_maximum_8h [ppb]"), "");
  EXPECT_EQ(last.at("o3_ppb_day_hours"), "8");
}

TEST_F(ExportHours, of_stations_stand_in_the_same_table) {
  put_minutes(ten, 60);
  step(ten + 2h);
  put_official("hk-epd/mong-kok", ten, Quantity::pm2_5, 22);
  put_official("hk-epd/mong-kok", ten + 1h, Quantity::pm2_5, 30, Flag::suspect);
  put_official("hk-epd/mong-kok", ten + 2h, Quantity::pm2_5, std::nullopt, Flag::missing);
  ASSERT_TRUE(commit());
  const std::string table = exported("--station hk-epd/mong-kok --sensor roof").text;
  EXPECT_NE(table.find(",2026-11-22,roof,39.5,60,60,1,"), std::string::npos) << table;
  EXPECT_NE(table.find("2026-11-22T02:00:00.000Z,2026-11-22T03:00:00.000Z,2026-11-22,"
                       "hk-epd/mong-kok,22,,,1,,,,,1\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find(",hk-epd/mong-kok,30,,,0,"), std::string::npos) << table;
  EXPECT_NE(table.find(",hk-epd/mong-kok,,,,0,"), std::string::npos) << table;
  const Answer none = exported("--station hk-epd/sha-tin");
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.text.find("has no station hk-epd/sha-tin; it has: hk-epd/mong-kok\n"),
            std::string::npos)
      << none.text;
}

// As ncdump prints it; time is when the hour ends, as of all records.
TEST_F(ExportHours, are_a_netcdf_file_with_both_ends) {
  put_minutes(ten, 60);
  step(ten + 2h);
  put_official("hk-epd/mong-kok", ten, Quantity::pm2_5, 22.25);
  ASSERT_TRUE(commit());
  const std::string path = (directory_ / "hours.nc").string();
  ASSERT_EQ(
      exported("--sensor roof --station hk-epd/mong-kok --format netcdf --output " + path).code, 0);
  const auto values = [&path](const std::string& name) {
    const std::string text = shell("ncdump -v " + name + " " + path).text;
    const auto at = text.find("\ndata:\n\n " + name + " =");
    return at == text.npos ? text : text.substr(at + 11 + name.size());
  };
  EXPECT_EQ(values("pm2_5"), " 39.5, 22.25 ;\n}\n");
  EXPECT_EQ(values("pm2_5_n"), " 60, _ ;\n}\n");
  EXPECT_EQ(values("pm2_5_valid"), " 1, 1 ;\n}\n");
  EXPECT_EQ(values("time"), " 1795316400000, 1795316400000 ;\n}\n");
  EXPECT_EQ(values("time_bnds"),
            "\n  1795312800000, 1795316400000,\n"
            "  1795312800000, 1795316400000 ;\n}\n");
  const std::string header = shell("ncdump -h " + path).text;
  EXPECT_NE(header.find("pm2_5:cell_methods = \"time: mean\""), std::string::npos) << header;
  EXPECT_NE(header.find("pm2_5:units = \"ug m-3\""), std::string::npos) << header;
}

}  // namespace
}  // namespace twinsky
