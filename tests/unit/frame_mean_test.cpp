// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/frame_mean.hpp"

#include <array>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using enum Quantity;

double mean(Quantity quantity, std::initializer_list<double> values) {
  return mean_of(quantity, std::span(values.begin(), values.size())).value();
}

TEST(frame_mean, each_kind_of_quantity_has_its_arithmetic) {
  EXPECT_DOUBLE_EQ(mean(pm2_5, {10, 20}), 15);
  EXPECT_NEAR(mean(wind_dir, {350, 20}), 5, 1e-9);  // not 185
  EXPECT_NEAR(mean(wind_dir, {359, 1}), 0, 1e-9);
  EXPECT_NEAR(mean(noise, {50, 70}), 67.03, 0.01);  // ISO 1996-1: not 60
  EXPECT_DOUBLE_EQ(mean(wind_gust, {3, 9, 4}), 9);
  EXPECT_DOUBLE_EQ(mean(rain, {0.2, 0.4}), 0.2 + 0.4);
  EXPECT_DOUBLE_EQ(mean(rain_total, {8, 9}), 9);
  const std::array opposite{0.0, 180.0};
  EXPECT_FALSE(mean_of(wind_dir, opposite));
}

TEST(frame_mean, is_of_the_frames_that_have_the_quantity) {
  const std::array frames{
      Sample{.readings = {reading(pm2_5, 10), reading(wind_dir, 90)}},
      Sample{.readings = {reading(pm2_5, 20), absent(wind_dir, Fault::sensor_fault)}}};
  const Sample mean = mean_of(frames);
  EXPECT_EQ(mean.readings[0].value, 15.0);
  EXPECT_NEAR(mean.readings[1].value.value(), 90, 1e-9);
  EXPECT_FALSE(mean.readings[1].fault);
}

}  // namespace
}  // namespace twinsky
