// SPDX-License-Identifier: Apache-2.0
// A store in which sensors have a year of hours behind them, for a daemon to go on with.
//
//   year DATABASE SENSORS
#include "gateway/store/hours.hpp"
#include "gateway/store/tables.hpp"

#include <cstdlib>
#include <iostream>

namespace {

using namespace twinsky;
using namespace std::chrono_literals;

void fill(Tables& tables, int sensors, UtcTime end) {
  tables.begin();
  for (int sensor = 0; sensor < sensors; ++sensor) {
    tables.save_stream(
        {.stream = StreamId{sensor + 1}, .name = "sensor/s" + std::to_string(sensor)});
  }
  tables.commit();
  for (UtcTime start = end - std::chrono::days(365); start < end; start += 1h) {
    if (start.time_since_epoch() % std::chrono::days(1) == 0ms) tables.begin();
    for (int sensor = 0; sensor < sensors; ++sensor) {
      for (const Quantity quantity : {Quantity::temperature, Quantity::humidity}) {
        HourRow row{.stream = StreamId{sensor + 1},
                    .start = start,
                    .quantity = quantity,
                    .hour = {.expected = 3600, .counts = {.pass = 3600}, .used = 3600}};
        row.hour.value = 20 + static_cast<double>(start.time_since_epoch() / 1h % 97) / 10;
        row.hour.minimum = 19.25;
        row.hour.maximum = 31.5;
        tables.save_hour(row);
      }
    }
    if ((start + 1h).time_since_epoch() % std::chrono::days(1) == 0ms || start + 1h >= end)
      tables.commit();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int sensors = argc == 3 ? std::atoi(argv[2]) : 0;
  if (sensors < 1) return 2;
  try {
    Tables tables(argv[1], Tables::Access::write);
    const UtcTime today = std::chrono::floor<std::chrono::days>(SystemClock().utc());
    fill(tables, sensors, today);
  } catch (const std::exception& problem) {
    std::cerr << "year: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
