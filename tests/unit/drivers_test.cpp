// SPDX-License-Identifier: Apache-2.0
// What drivers announce of themselves, where it depends on their settings. How they talk with their
// devices is the matter of conversations_test.cpp.
#include "drivers/registry.hpp"

#include <gtest/gtest.h>
#include <map>

namespace twinsky {
namespace {

using enum Quantity;

Settings settings_for(std::string_view driver,
                      std::initializer_list<std::pair<std::string, Settings::Value>> chosen = {}) {
  Settings settings = Settings::defaults(driver_named(driver)->settings);
  for (const auto& [name, value] : chosen) settings.set(name, value);
  return settings;
}

TEST(bme280, a_bmp280_announces_no_humidity) {
  const auto* info = driver_named("bme280");
  EXPECT_EQ(info->quantities_of(settings_for("bme280")).size(), 3U);
  EXPECT_EQ(info->quantities_of(settings_for("bme280", {{"variant", "bmp280"}})).size(), 2U);
}

TEST(pms5003, announces_what_its_variant_measures) {
  const auto* info = driver_named("pms5003");
  EXPECT_EQ(info->warm_up, std::chrono::seconds(30));
  EXPECT_TRUE(info->can_sleep);
  for (const auto& [variant, count] : std::map<std::string, std::size_t>{
           {"pms5003", 12}, {"pms5003t", 12}, {"pms5003st", 15}, {"pms3003", 6}}) {
    const auto quantities = info->quantities_of(settings_for("pms5003", {{"variant", variant}}));
    EXPECT_EQ(quantities.size(), count) << variant;
    for (const DriverQuantity& quantity : quantities) {
      const bool is_climate = quantity.quantity == temperature || quantity.quantity == humidity;
      EXPECT_EQ(quantity.internal, is_climate) << variant << ' ' << name_of(quantity.quantity);
    }
  }
}

TEST(sds011, knows_what_an_id_of_a_device_is) {
  const auto* info = driver_named("sds011");
  EXPECT_EQ(info->check(settings_for("sds011", {{"device_id", "a160"}})), "");
  EXPECT_NE(info->check(settings_for("sds011", {{"device_id", "a16"}})), "");
  EXPECT_NE(info->check(settings_for("sds011", {{"device_id", "a16000"}})), "");
}

}  // namespace
}  // namespace twinsky
