// SPDX-License-Identifier: Apache-2.0
// Hours out of stored samples: when they are over, when samples come late, over restarts.
#include "gateway/hours/hourly.hpp"

#include "gateway/store/import.hpp"
#include "hours_fixture.hpp"

#include <nlohmann/json.hpp>

#include <random>

namespace twinsky {
namespace {

using Json = nlohmann::json;

TEST_F(HourlyTest, are_made_when_they_are_over_and_published_once) {
  put_minutes(ten, 90);
  step(ten + 59min);
  EXPECT_TRUE(kept().empty());
  step(ten + 1h);
  ASSERT_EQ(kept().size(), 1U);
  const HourRow row = kept()[0];
  EXPECT_EQ(row.start, ten);
  EXPECT_EQ(row.revision, 1);
  EXPECT_EQ(row.hour.expected, 60);
  EXPECT_EQ(row.hour.used, 60);
  EXPECT_DOUBLE_EQ(row.hour.value.value(), 39.5);
  EXPECT_TRUE(row.hour.is_valid());
  step(ten + 1h);
  const auto published = rows_of("sensor/roof/hour");
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].time, ten + 1h);
  const Json record = Json::parse(published[0].body);
  EXPECT_EQ(record["start"], "2026-11-22T02:00:00.000Z");
  EXPECT_EQ(record["end"], "2026-11-22T03:00:00.000Z");
  EXPECT_EQ(record["revision"], 1);
  EXPECT_EQ(record["quantities"]["pm2_5"]["mean"], 39.5);
  EXPECT_EQ(record["quantities"]["pm2_5"]["flags"], (Json{{"1", 60}}));
  step(ten + 2h);
  ASSERT_EQ(kept().size(), 2U);
  EXPECT_FALSE(kept()[1].hour.is_valid());                // half of it
  const auto reader = open_store_reader(settings_.path);  // as another program reads
  EXPECT_EQ(reader->hours("sensor/roof", Quantity::pm2_5, ten, ten + 1h).size(), 1U);
  EXPECT_TRUE(reader->hours("sensor/roof", Quantity::pm10, ten, ten + 9h).empty());
  EXPECT_TRUE(reader->hours("sensor/attic", Quantity::pm2_5, ten, ten + 9h).empty());
}

// Those of a broken card, put into the store that has gone on without them.
TEST_F(HourlyTest, are_made_of_samples_that_were_imported) {
  put_minutes(ten, 60);
  step(ten + 1h);
  ASSERT_EQ(kept().size(), 1U);
  const HourRow had = kept()[0];
  const auto samples = rows_of("sensor/roof");
  maker_.reset();
  settings_.path = (directory_ / "other.db").string();
  open();
  put("sensor/roof", ten + 2h, 5);
  step(ten + 3h);
  ASSERT_EQ(kept().size(), 1U);
  maker_.reset();
  close();
  {
    StoreImport import(settings_.path);
    const auto each = [&](auto use) {
      for (const Row& row : samples) use({row.stream, row.epoch, row.seq, row.time, row.body});
    };
    each([&](const ImportRow& row) { import.expect(row); });
    import.read_known();
    each([&](const ImportRow& row) { EXPECT_EQ(import.look(row), StoreImport::Look::further); });
    import.begin();
    each([&](const ImportRow& row) { import.put(row); });
    import.commit(clock_.utc());
  }
  open();
  step(ten + 4h);
  ASSERT_EQ(kept().size(), 2U);
  EXPECT_EQ(kept()[0].start, ten);
  EXPECT_EQ(kept()[0].hour.used, had.hour.used);
  EXPECT_EQ(kept()[0].hour.value, had.hour.value);
}

TEST_F(HourlyTest, a_late_sample_makes_its_hour_anew_and_only_that) {
  put_minutes(ten, 30);
  put_minutes(ten + 1h, 60);
  step(ten + 2h);
  put("sensor/roof", ten + 45min, 1000);
  step(ten + 2h + 5min);
  ASSERT_EQ(kept().size(), 2U);
  EXPECT_EQ(kept()[0].revision, 2);
  EXPECT_EQ(kept()[0].hour.used, 31);
  EXPECT_EQ(kept()[0].hour.maximum, 1000);
  EXPECT_EQ(kept()[1].revision, 1);
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 3U);
}

TEST_F(HourlyTest, what_a_clock_that_was_ahead_has_stamped_holds_nothing_up) {
  put_minutes(ten, 30);
  put("sensor/roof", ten + 87'600h, 10);
  put_minutes(ten + 30min, 31);
  step(ten + 1h);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept(ten + 87'600h, ten + 87'601h).size(), 1U);
  // Only the hour that is not over yet would be read again.
  const auto roof = rows_of("sensor/roof");
  EXPECT_EQ(store_->hours_done(), roof.back().row - 1);
}

TEST_F(HourlyTest, an_amended_sample_counts_as_it_was_amended) {
  put_minutes(ten, 59);
  put("sensor/roof", ten + 59min, 900);
  put("sensor/roof", ten + 59min, 900, Flag::fail, true);
  step(ten + 1h);
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept()[0].hour.counts, (HourCounts{.pass = 59, .fail = 1}));
  EXPECT_EQ(kept()[0].hour.maximum, 68);
  put("sensor/roof", ten + 10min, 20, Flag::suspect, true);
  step(ten + 2h);
  EXPECT_EQ(kept()[0].revision, 2);
  EXPECT_EQ(kept()[0].hour.counts, (HourCounts{.pass = 58, .suspect = 1, .fail = 1}));
}

TEST_F(HourlyTest, another_zone_makes_past_days_anew_and_says_so) {
  for (int hour = 0; hour < 40; ++hour) put_minutes(ten + hour * 1h, 60);
  step(ten + 40h);
  const auto days = [this] {
    std::map<std::string, std::string> by_start;
    for (const auto& row : rows_of("sensor/roof/hour")) {
      const Json record = Json::parse(row.body);
      by_start[record["start"]] = record["quantities"]["pm2_5"]["day"]["date"].get<std::string>() +
                                  "/" + std::to_string(record["revision"].get<int>());
    }
    return by_start;
  };
  EXPECT_EQ(days()["2026-11-22T16:00:00.000Z"], "2026-11-23/1");
  Zone zone = Zone::named("Asia/Shanghai").value();
  std::vector<std::string> said;
  const auto go_on = [&] {
    maker_ = std::make_unique<HourMaker>(
        *store_, clock_,
        [&zone](std::string_view) {
          return HourlyStream{.period = 1min, .decimals = {}, .standard = {.zone = zone}};
        },
        HourMaker::Tell(),
        Calendar{.zone = [&zone] { return zone; },
                 .announce = [&said](std::string_view message) { said.emplace_back(message); }});
    step(ten + 40h);
  };
  go_on();  // the same days under another name
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 40U);
  said.clear();
  zone = Zone::named("Europe/London").value();
  go_on();
  EXPECT_EQ(days()["2026-11-22T16:00:00.000Z"], "2026-11-22/2");
  EXPECT_EQ(days()["2026-11-23T00:00:00.000Z"], "2026-11-23/2");
  ASSERT_EQ(said.size(), 2U);
  EXPECT_NE(said[0].find("Europe/London now, before of Asia/Shanghai"), std::string::npos);
  EXPECT_EQ(store_->remembered("zone"), "Europe/London");
  const auto published = rows_of("sensor/roof/hour").size();
  go_on();  // once
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), published);
  EXPECT_EQ(said.size(), 2U);
}

TEST_F(HourlyTest, other_streams_and_samples_without_a_right_time_make_no_hours) {
  put("ref/hk-epd/mong-kok", ten, 40);
  put("sensor/gone", ten, 40);
  Entry marked = entry(store_->stream("sensor/roof"), R"({"clock":"unset","pm2_5":9,"flag":1})");
  marked.time = ten;
  store_->append(std::move(marked));
  step(ten + 3h);
  EXPECT_TRUE(kept().empty());
  for (const Row& row : rows()) EXPECT_FALSE(row.stream.ends_with("/hour"));
}

// The promise: in whatever order samples come, with whatever restarts between, the same hours.
TEST_F(HourlyTest, order_and_restarts_change_nothing) {
  std::mt19937 random(5);
  std::vector<std::pair<UtcTime, double>> samples;
  for (int n = 0; n < 6 * 60; ++n) {
    samples.emplace_back(ten + n * 1min, static_cast<double>(random() % 1000) / 10);
  }
  for (const auto& [time, value] : samples) put("sensor/ordered", time, value);
  step(ten + 6h);
  const auto ordered = store_->reader()->hours("sensor/ordered", Quantity::pm2_5, ten, ten + 6h);
  ASSERT_EQ(ordered.size(), 6U);
  for (int round = 0; round < 3; ++round) {
    const std::string name = "sensor/shuffled-" + std::to_string(round);
    std::ranges::shuffle(samples, random);
    for (std::size_t n = 0; n < samples.size(); ++n) {
      put(name, samples[n].first, samples[n].second);
      if (random() % 90 == 0) step(ten + 6h);
      if (random() % 90 == 0) restart();
    }
    step(ten + 6h);
    const auto shuffled = store_->reader()->hours(name, Quantity::pm2_5, ten, ten + 6h);
    ASSERT_EQ(shuffled.size(), ordered.size());
    for (std::size_t n = 0; n < ordered.size(); ++n) {
      EXPECT_EQ(shuffled[n].hour, ordered[n].hour) << n;
    }
  }
}

TEST_F(HourlyTest, a_restart_goes_on_where_the_hours_ended) {
  put_minutes(ten, 90);
  step(ten + 1h);
  const RowId done = store_->hours_done();
  EXPECT_EQ(done, 60);
  restart();
  put_minutes(ten + 90min, 30);
  step(ten + 2h);
  ASSERT_EQ(kept().size(), 2U);
  EXPECT_EQ(kept()[0].revision, 1);
  EXPECT_EQ(kept()[1].hour.used, 60);
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 2U);
}

TEST_F(HourlyTest, longer_means_stand_beside_their_hour_and_late_samples_revise_them) {
  const UtcTime midnight = ten - 10h;
  for (int hour = 0; hour < 26; ++hour) {
    if (hour == 3) continue;
    for (int n = 0; n < 45; ++n) put("sensor/roof", midnight + hour * 1h + n * 1min, hour);
  }
  step(midnight + 26h);
  const auto record_of = [&](int hour) {
    Json newest;
    for (const Row& row : rows_of("sensor/roof/hour")) {
      if (row.time == midnight + (hour + 1) * 1h) newest = Json::parse(row.body);
    }
    return newest;
  };
  const auto day_of = [&](int hour) { return record_of(hour)["quantities"]["pm2_5"]["day"]; };
  EXPECT_EQ(day_of(23), (Json{{"date", "2026-11-22"}, {"mean", 11.8696}, {"hours", 23}}));
  EXPECT_EQ(day_of(16), (Json{{"date", "2026-11-22"}, {"mean", nullptr}, {"hours", 16}}));
  EXPECT_EQ(day_of(25), (Json{{"date", "2026-11-23"}, {"mean", nullptr}, {"hours", 2}}));
  EXPECT_EQ(record_of(2)["revision"], 1);
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 25U);

  restart();
  for (int n = 0; n < 45; ++n) put("sensor/roof", midnight + 3h + n * 1min, 3);
  step(midnight + 26h + 5min);
  EXPECT_EQ(day_of(23), (Json{{"date", "2026-11-22"}, {"mean", 11.5}, {"hours", 24}}));
  EXPECT_EQ(record_of(3)["revision"], 1);
  EXPECT_EQ(record_of(23)["revision"], 2);
  EXPECT_EQ(record_of(2)["revision"], 1);   // before it
  EXPECT_EQ(record_of(24)["revision"], 1);  // of another day
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 25U + 21U);
  step(midnight + 26h + 10min);
  EXPECT_EQ(rows_of("sensor/roof/hour").size(), 25U + 21U);
}

TEST_F(HourlyTest, longer_means_are_the_same_in_whatever_order_samples_come) {
  std::vector<std::pair<UtcTime, double>> samples;
  for (int n = 0; n < 24 * 60; n += 1) samples.emplace_back(ten - 10h + n * 1min, n % 97);
  const auto newest_of = [&](const std::string& name) {
    std::map<UtcTime, Json> newest;
    for (const Row& row : rows_of(name + "/hour")) {
      newest[row.time] = Json::parse(row.body);
      newest[row.time].erase("revision");
    }
    return newest;
  };
  for (const auto& [time, value] : samples) put("sensor/ordered", time, value);
  step(ten + 14h);
  ASSERT_EQ(newest_of("sensor/ordered").size(), 24U);
  std::mt19937 random(11);
  std::ranges::shuffle(samples, random);
  for (const auto& [time, value] : samples) {
    put("sensor/shuffled", time, value);
    if (random() % 400 == 0) step(ten + 14h);
    if (random() % 400 == 0) restart();
  }
  step(ten + 14h);
  EXPECT_EQ(newest_of("sensor/shuffled"), newest_of("sensor/ordered"));
}

TEST_F(HourlyTest, the_thread_makes_them_as_time_passes) {
  const Hourly hourly(
      *store_, [](std::string_view) { return std::optional(HourlyStream{.period = 1min}); }, clock_,
      log_);
  put_minutes(clock_.utc(), 30);
  ASSERT_TRUE(commit());
  for (int n = 0; n < 100 && kept().empty(); ++n) {
    clock_.settle(2);
    clock_.advance(1min);
  }
  EXPECT_EQ(kept().size(), 1U);
}

}  // namespace
}  // namespace twinsky
