// SPDX-License-Identifier: Apache-2.0
// A store for a daemon to go on with: its sensors have a year of hours behind them, and of the
// present hour as many samples as are ever read for one picture.
//
//   year DATABASE SENSORS
#include "gateway/store/hours.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/text/record.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using namespace twinsky;
using namespace std::chrono_literals;

constexpr int hours = 365 * 24;
constexpr int hours_of_commit = 24;
constexpr RowId samples = 30'000;
constexpr auto columns =
    std::to_array<Column>({{Quantity::temperature, 2}, {Quantity::humidity, 2}});

void save_streams(Tables& tables, int sensors) {
  tables.begin();
  for (int sensor = 0; sensor < sensors; ++sensor) {
    tables.save_stream({.stream = StreamId{sensor}, .name = "sensor/s" + std::to_string(sensor)});
  }
  tables.commit();
}

void fill_hours(Tables& tables, int sensors, UtcTime end) {
  for (int hour = 0; hour < hours; ++hour) {
    if (hour % hours_of_commit == 0) tables.begin();
    for (int sensor = 0; sensor < sensors; ++sensor) {
      for (const Column& column : columns) {
        HourRow row{.stream = StreamId{sensor},
                    .start = end - (hours - hour) * 1h,
                    .quantity = column.quantity,
                    .hour = {.expected = 3600, .counts = {.pass = 3600}, .used = 3600}};
        row.hour.value = 20 + static_cast<double>(hour % 97) / 10;
        row.hour.minimum = 19.25;
        row.hour.maximum = 31.5;
        tables.save_hour(row);
      }
    }
    if ((hour + 1) % hours_of_commit == 0) tables.commit();
  }
}

void fill_samples(Tables& tables, int sensors, UtcTime from, UtcTime to) {
  Sample sample;
  sample.readings = {reading(Quantity::temperature, 25), reading(Quantity::humidity, 56.5)};
  for (Reading& each : sample.readings) each.flag = Flag::pass;
  const std::string body = record_body(sample, columns, {}, 1);
  tables.begin();
  for (RowId row = 1; row <= samples; ++row) {
    tables.insert(row, StreamId{row % sensors}, static_cast<std::uint64_t>((row - 1) / sensors + 1),
                  from + (to - from) * row / samples, body);
  }
  tables.save_mark({.last_row = samples, .rows = static_cast<std::uint64_t>(samples)});
  tables.commit();
}

}  // namespace

int main(int argc, char** argv) {
  const int sensors = argc == 3 ? std::atoi(argv[2]) : 0;
  if (sensors < 1) return 2;
  try {
    Tables tables(argv[1], Tables::Access::write);
    const UtcTime now = SystemClock().utc();
    const UtcTime present_hour = std::chrono::floor<std::chrono::hours>(now);
    save_streams(tables, sensors);
    fill_hours(tables, sensors, present_hour);
    fill_samples(tables, sensors, present_hour, now);
  } catch (const std::exception& problem) {
    std::cerr << "year: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
