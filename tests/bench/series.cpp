// SPDX-License-Identifier: Apache-2.0
// What a picture out of a large store costs: ten sensors for 30 days, whose hours are kept but for
// the present one, and the same 30 days made of the samples themselves.
//
//   series DATABASE ROWS
//
// Answers one line of JSON: CPU seconds of each, and how much more memory it held at once.
#include "gateway/hours/series.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/text/record.hpp"
#include "gateway/text/stored_readings.hpp"
#include "tests/bench/cost.hpp"
#include "tests/unit/memory_peak.hpp"

#include <cstdlib>
#include <iostream>

namespace {

using namespace twinsky;
using namespace std::chrono_literals;

constexpr int sensors = 10;
constexpr milliseconds period = 24h * 30;
constexpr UtcTime begin{milliseconds(1'792'800'000'000)};  // a whole hour
constexpr UtcTime end = begin + period;
constexpr auto columns = std::to_array<Column>({{Quantity::pm2_5, 1},
                                                {Quantity::pm10, 1},
                                                {Quantity::temperature, 2},
                                                {Quantity::humidity, 1}});

std::string body(std::int64_t number) {
  Sample sample;
  for (const Column& column : columns) {
    sample.readings.push_back(
        reading(column.quantity, 5 + static_cast<double>(number * 7 % 300) / 10));
    sample.readings.back().flag = Flag::pass;
  }
  return record_body(sample, columns, {}, 1);
}

void keep_hour(Tables& tables, UtcTime start, RowId first, RowId last) {
  for (int sensor = 0; sensor < sensors; ++sensor) {
    for (const Column& column : columns) {
      const std::int64_t used = (last - first + 1) / sensors;
      HourRow row{.stream = StreamId{sensor},
                  .start = start,
                  .quantity = column.quantity,
                  .hour = {.expected = used, .counts = {.pass = used}, .used = used},
                  .first_row = first,
                  .last_row = last};
      row.hour.value = 20;
      row.hour.minimum = 5;
      row.hour.maximum = 34.9;
      tables.save_hour(row);
    }
  }
}

void fill(Tables& tables, RowId rows) {
  tables.begin();
  for (int sensor = 0; sensor < sensors; ++sensor) {
    tables.save_stream({.stream = StreamId{sensor}, .name = "sensor/s" + std::to_string(sensor)});
  }
  RowId first_of_hour = 1;
  for (RowId row = 1; row <= rows; ++row) {
    const UtcTime time = begin + period * (row - 1) / rows;
    const UtcTime hour = hour_of(time);
    if (row > 1 && hour_of(begin + period * (row - 2) / rows) != hour) {
      keep_hour(tables, hour - 1h, first_of_hour, row - 1);
      tables.save_hours_done(row - 1);
      tables.commit();
      tables.begin();
      first_of_hour = row;
    }
    tables.insert(row, StreamId{row % sensors}, static_cast<std::uint64_t>(row / sensors + 1), time,
                  body(row));
  }
  tables.save_mark({.last_row = rows, .rows = static_cast<std::uint64_t>(rows)});
  tables.commit();
}

// The way without hours: all samples of the store are looked at.
std::size_t scan(StoreReader& reader) {
  std::vector<HourBuilder> hours(static_cast<std::size_t>(period / 1h));
  StoredReadings stored;
  RowId after = 0;
  for (;;) {
    const std::vector<StoredRow>& page = reader.page(after, 500);
    if (page.empty()) break;
    for (const StoredRow& row : page) {
      after = row.row;
      if (reader.name_of(row.stream) != "sensor/s1" || !read_body(row.body, stored)) continue;
      hours.at(static_cast<std::size_t>((row.time - begin) / 1h)).add(row.time, stored.readings);
    }
  }
  return hours.size();
}

template <class Work>
void measure(const char* what, Work work) {
  const testing_world::MemoryPeak memory;
  const double before = bench::cpu_s();
  const std::size_t points = work();
  const double cpu = bench::cpu_s() - before;
  std::cout << ",\"" << what << "\":{\"cpu_s\":" << cpu << ",\"points\":" << points
            << ",\"growth_kb\":" << memory.kilobytes_more() << "}";
}

}  // namespace

int main(int argc, char** argv) {
  const RowId rows = argc == 3 ? std::atoll(argv[2]) : 0;
  if (rows < 100'000) return 2;
  try {
    {
      Tables tables(argv[1], Tables::Access::write);
      fill(tables, rows);
    }
    const auto picture = [&](UtcTime from, std::size_t most) {
      return [=] {
        const auto reader = open_store_reader(argv[1]);
        const SeriesRequest request{"sensor/s1", Quantity::pm2_5, from, end, most};
        return read_series(*reader, request).points.size();
      };
    };
    std::cout << "{\"rows\":" << rows;
    measure("month", picture(begin, 1000));
    measure("hour", picture(end - 1h, 1000));
    measure("day", picture(end - 24h, 500));
    measure("scan", [&] { return scan(*open_store_reader(argv[1])); });
    std::cout << "}\n";
  } catch (const std::exception& problem) {
    std::cerr << "series: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
