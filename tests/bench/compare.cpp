// SPDX-License-Identifier: Apache-2.0
// What one hourly evaluation of ten sensors with six quantities over 720 h costs, beside what it
// costs to receive the samples of one such hour, one sample of each sensor every ten seconds.
//
//   compare DIRECTORY
#include "gateway/acquire/intake.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/hours/hourly.hpp"
#include "gateway/system/memory.hpp"
#include "tests/bench/cost.hpp"

#include <cmath>
#include <map>

namespace {

using namespace twinsky;
using namespace std::chrono_literals;

constexpr int sensors = 10;
constexpr int kept_hours = 720;
constexpr milliseconds every = 10s;
constexpr std::array quantities{Quantity::pm2_5,   Quantity::pm10,        Quantity::o3_ppb,
                                Quantity::no2_ppb, Quantity::temperature, Quantity::humidity};
constexpr UtcTime begin{milliseconds(1792800000000)};

std::string name_at(int sensor) {
  return "s" + std::to_string(sensor);
}

double level(int hour, int sensor) {
  return 30 + 15 * std::sin(hour / 3.8) + 3 * std::sin(1.7 * hour + sensor);
}

Quantity official_form(Quantity quantity) {
  if (quantity == Quantity::o3_ppb) return Quantity::o3;
  return quantity == Quantity::no2_ppb ? Quantity::no2 : quantity;
}

std::vector<Comparison> comparisons() {
  std::vector<Comparison> made;
  for (int sensor = 0; sensor < sensors; ++sensor) {
    for (const Quantity quantity : quantities) {
      Comparison one;
      one.sensor = name_at(sensor);
      one.quantity = quantity;
      one.reference = {.feed = "hk-epd",
                       .station = "mong-kok",
                       .kind = "roadside",
                       .label = "hour_ending",
                       .siting = {8, 1, true}};
      one.humidity_stream = one.sensor_stream();
      one.usual_gas_reference_k = 293.15;
      made.push_back(std::move(one));
    }
  }
  return made;
}

void keep_month(Store& store, ManualClock& clock, Intake& intake) {
  intake.open({.name = "ref/hk-epd/mong-kok"});
  for (int hour = 0; hour < kept_hours; ++hour) {
    const UtcTime start = begin + std::chrono::hours(hour);
    std::vector<HoursOfStream> all;
    for (int sensor = 0; sensor < sensors; ++sensor) {
      const StreamId stream = store.stream("sensor/" + name_at(sensor));
      HoursOfStream hours{.record_stream = store.stream("sensor/" + name_at(sensor) + "/hour"),
                          .record_time = start + 1h,
                          .record_body = "{}"};
      for (const Quantity quantity : quantities) {
        Hour one{.expected = 360, .counts = {.pass = 360}, .used = 360};
        one.value = level(hour, sensor);
        hours.rows.push_back({.stream = stream, .start = start, .quantity = quantity, .hour = one});
      }
      all.push_back(std::move(hours));
    }
    store.keep_hours(std::move(all), 0);
    Sample official{.time = start + 1h};
    for (const Quantity quantity : quantities) {
      official.readings.push_back(reading(official_form(quantity), level(hour, 99)));
    }
    official.official = Official{.station = "mong-kok",
                                 .start = start,
                                 .end = start + 1h,
                                 .fetched = start + 1h,
                                 .gas_reference_k = 293.15};
    intake.take_official("ref/hk-epd/mong-kok", std::move(official), "hour");
    if (hour % 50 == 0) store.flush(clock.now() + 10s);
  }
  clock.advance(std::chrono::hours(kept_hours));
  store.flush(clock.now() + 10s);
}

void receive_hour(Store& store, ManualClock& clock, Intake& intake) {
  for (milliseconds at{0}; at < 1h; at += every) {
    for (int sensor = 0; sensor < sensors; ++sensor) {
      Sample sample{.time = clock.utc()};
      for (const Quantity quantity : quantities) {
        sample.readings.push_back(reading(quantity, level(static_cast<int>(at / 1min), sensor)));
      }
      intake.take("sensor/" + name_at(sensor), std::move(sample));
    }
    clock.advance(every);
    store.flush(clock.now() + 10s);
  }
}

long private_kb() {
  std::ifstream file("/proc/self/statm");
  long pages = 0;
  long resident = 0;
  long shared = 0;
  file >> pages >> resident >> shared;
  return (resident - shared) * 4;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  keep_little_memory();
  ManualClock clock(begin);
  Log log(LogLevel::error);
  StoreSettings settings;
  settings.path = std::string(argv[1]) + "/compare.db";
  settings.machine_id = "bench";
  settings.minimum_free_bytes = 0;
  Store store(settings, clock, log);
  LatestValues latest_values;
  Bulletin bulletin;
  Intake intake(store, latest_values, bulletin, clock);
  keep_month(store, clock, intake);
  for (int sensor = 0; sensor < sensors; ++sensor) {
    StreamDescription stream{.name = "sensor/" + name_at(sensor), .period = every};
    for (const Quantity quantity : quantities) stream.columns.push_back({quantity, 1});
    intake.open(stream);
  }
  HourMaker hours(store, clock, [](std::string_view) {
    return std::optional(HourlyStream{.period = every, .decimals = {}});
  });
  hours.step(clock.utc());
  int posted = 0;
  ComparisonMaker maker(store, clock, notes_file(settings.path),
                        {.post = [&](const std::string&, const std::string&) { ++posted; },
                         .withdraw = [](std::string_view) {},
                         .announce = [](std::string_view, std::string_view, std::string_view) {}});
  maker.configure(comparisons(), "bench");
  maker.step();

  const double before = bench::cpu_s();
  receive_hour(store, clock, intake);
  hours.step(clock.utc());
  const double received = bench::cpu_s();
  posted = 0;
  maker.step();
  clock.advance(5min);
  const long memory = private_kb();
  const double half = bench::cpu_s();
  maker.step();
  const double evaluated = bench::cpu_s();
  for (int n = 0; n < 5; ++n) {
    clock.advance(1h);
    maker.step();
  }
  std::printf(
      "{\"receive_hour_cpu_s\":%.4f,\"evaluate_cpu_s\":%.4f,\"records\":%d,"
      "\"memory_kb\":%ld,\"growth_kb\":%ld}\n",
      received - before, evaluated - half, posted, memory, private_kb() - memory);
  return 0;
}
