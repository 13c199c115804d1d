// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/datum.hpp"

#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

constexpr double micro_degree = 1e-6;

Position at(Datum datum, double latitude, double longitude) {
  return {.datum = datum,
          .latitude_deg = latitude,
          .longitude_deg = longitude,
          .height_above_sea_m = 12,
          .height_above_ground_m = {}};
}

TEST(datum, agrees_with_published_vectors_both_ways) {
  std::ifstream file(tests_directory() + "/cases/coordinates/gcj02.json");
  const auto vectors = nlohmann::json::parse(file)["vectors"];
  ASSERT_FALSE(vectors.empty());
  for (const auto& vector : vectors) {
    const std::string name = vector["name"];
    const double latitude = vector["wgs84"][0];
    const double longitude = vector["wgs84"][1];
    const Coordinates drawn = gcj02_of_wgs84({latitude, longitude});
    EXPECT_NEAR(drawn.latitude_deg, vector["gcj02"][0], micro_degree) << name;
    EXPECT_NEAR(drawn.longitude_deg, vector["gcj02"][1], micro_degree) << name;
    const Position back = to_wgs84(at(Datum::gcj02, vector["gcj02"][0], vector["gcj02"][1]));
    EXPECT_EQ(back.datum, Datum::wgs84);
    EXPECT_NEAR(back.latitude_deg, latitude, micro_degree) << name;
    EXPECT_NEAR(back.longitude_deg, longitude, micro_degree) << name;
    EXPECT_EQ(back.height_above_sea_m, 12);
  }
}

TEST(datum, undoes_both_shifts_all_over_the_mainland) {
  for (double latitude = 20; latitude < 50; latitude += 3.7) {
    for (double longitude = 80; longitude < 130; longitude += 4.3) {
      const Coordinates gcj02 = gcj02_of_wgs84({latitude, longitude});
      const Coordinates bd09 = bd09_of_gcj02(gcj02);
      const Position back = to_wgs84(at(Datum::bd09, bd09.latitude_deg, bd09.longitude_deg));
      EXPECT_NEAR(back.latitude_deg, latitude, micro_degree);
      EXPECT_NEAR(back.longitude_deg, longitude, micro_degree);
    }
  }
}

TEST(datum, shifts_nothing_in_hong_kong) {
  struct Place {
    const char* name;
    double latitude;
    double longitude;
    bool is_in_hong_kong;
  };
  const Place places[] = {
      {"Mong Kok", 22.3225, 114.168333, true},
      {"Tap Mun", 22.471389, 114.360833, true},
      {"Tung Chung", 22.288889, 113.943611, true},
      {"Lau Fau Shan", 22.4689, 113.9836, true},
      {"Ta Kwu Ling", 22.5286, 114.1567, true},
      {"Waglan Island", 22.1822, 114.3033, true},
      {"Shenzhen Futian", 22.541, 114.06, false},
      {"Shenzhen Yantian", 22.5689, 114.2458, false},
      {"Shenzhen Shekou", 22.4775, 113.915, false},
      {"Shenzhen Nan'ao", 22.5422, 114.494, false},
      {"Macau", 22.19, 113.54, false},
      {"Shanghai", 31.23, 121.47, false},
  };
  for (const auto& [name, latitude, longitude, is_here] : places) {
    EXPECT_EQ(is_in_hong_kong({latitude, longitude}), is_here) << name;
    const Position position = to_wgs84(at(Datum::gcj02, latitude, longitude));
    EXPECT_EQ(position.latitude_deg == latitude, is_here) << name;
    EXPECT_EQ(to_wgs84(at(Datum::wgs84, latitude, longitude)).latitude_deg, latitude) << name;
  }
  // BD-09 is Baidu's own shift, which it applies in Hong Kong as well.
  const Coordinates drawn = bd09_of_gcj02({22.3225, 114.168333});
  EXPECT_NEAR(to_wgs84(at(Datum::bd09, drawn.latitude_deg, drawn.longitude_deg)).latitude_deg,
              22.3225, micro_degree);
}

}  // namespace
}  // namespace twinsky
