// SPDX-License-Identifier: Apache-2.0
// Ten years in a file of 50 MB: no table eats another one's share, the last year costs what an
// early one did, and what a sink missed that was away for a year is in the ledger to the row.
#include "gateway/store/hours.hpp"
#include "gateway/store/retention.hpp"
#include "tests/faults/table_bytes.hpp"
#include "tests/unit/store_fixture.hpp"

#include <array>
#include <charconv>
#include <map>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr std::int64_t file_bytes = 50'000'000;
constexpr int years = 10;
constexpr int year_away = 5;  // of the second sink
constexpr int days_in_year = 365;
constexpr auto one_step = 12h;
constexpr int hours_in_step = 12;
constexpr int samples_in_step = 144;  // of a sensor
constexpr int steps_in_year = days_in_year * 24 / hours_in_step;
constexpr int gaps_in_step = 16;
constexpr std::array sensors = {"sensor/roof", "sensor/yard", "sensor/road"};
constexpr std::array stations = {"ref/hk-epd/mong-kok", "ref/hk-epd/central-western",
                                 "ref/cn-cnemc/1141a"};
constexpr std::array own_quantities = {Quantity::pm2_5, Quantity::temperature};
constexpr std::array official_quantities = {Quantity::pm2_5, Quantity::no2, Quantity::o3,
                                            Quantity::so2};

// Numbers by stream, as ranges that do not touch.
class Numbers {
 public:
  void add(const std::string& stream, std::uint64_t first, std::uint64_t last) {
    auto& ranges = ranges_[stream];
    auto next = ranges.lower_bound(first);
    if (next != ranges.begin() && std::prev(next)->second + 1 >= first) --next;
    while (next != ranges.end() && next->first <= last + 1) {
      first = std::min(first, next->first);
      last = std::max(last, next->second);
      next = ranges.erase(next);
    }
    ranges.emplace(first, last);
  }
  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const auto& [stream, ranges] : ranges_) {
      for (const auto& [first, last] : ranges) sum += last - first + 1;
    }
    return sum;
  }
  bool operator==(const Numbers&) const = default;

 private:
  std::map<std::string, std::map<std::uint64_t, std::uint64_t>> ranges_;  // first to last
};

// What one sink was given, and which numbers it missed.
class Subscriber {
 public:
  Subscriber(Store& store, std::string sink) : sink_(std::move(sink)), reader_(store.reader()) {}

  // `proceed` lets the store get on with what it does meanwhile.
  void take(Store& store, const std::function<void()>& proceed) {
    const RowId last = store.sendable();
    while (!store.claim(sink_, last)) proceed();  // else it may delete what is on its way
    RowId after = store.cursor(sink_);
    while (after < last) {
      const auto& page = reader_->page(after, 1000);
      if (page.empty()) break;
      for (const StoredRow& row : page) take(row);
      after = page.back().row;
    }
    store.acknowledge(sink_, after);
  }
  void hear_of(const LedgerRow& gap) {
    if (gap.sink == sink_) explain(gap.stream, gap.first_seq, gap.last_seq, gap.count);
  }
  [[nodiscard]] const Numbers& missed() const { return missed_; }
  [[nodiscard]] const Numbers& explained() const { return explained_; }

 private:
  void take(const StoredRow& row) {
    const std::string& stream = reader_->name_of(row.stream);
    std::uint64_t& last = last_seq_[stream];
    ASSERT_GT(row.seq, last) << stream;
    if (row.seq > last + 1) missed_.add(stream, last + 1, row.seq - 1);
    last = row.seq;
    if (stream != "ledger" || text_of(row.body, "sink") != sink_) return;
    explain(text_of(row.body, "stream"), number_of(row.body, "first_seq"),
            number_of(row.body, "last_seq"), number_of(row.body, "count"));
  }
  void explain(const std::string& stream, std::uint64_t first, std::uint64_t last,
               std::uint64_t count) {
    ASSERT_EQ(count, last - first + 1) << stream;
    explained_.add(stream, first, last);
  }
  static std::string_view after_key(std::string_view body, const std::string& key) {
    const auto at = body.find('"' + key + R"(":)");
    return at == std::string_view::npos ? std::string_view{} : body.substr(at + key.size() + 3);
  }
  static std::string text_of(std::string_view body, const std::string& key) {
    const std::string_view text = after_key(body, key);
    return text.empty() ? "" : std::string(text.substr(1, text.find('"', 1) - 1));
  }
  static std::uint64_t number_of(std::string_view body, const std::string& key) {
    const std::string_view text = after_key(body, key);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  const std::string sink_;
  std::unique_ptr<StoreReader> reader_;
  std::map<std::string, std::uint64_t> last_seq_;
  Numbers missed_;
  Numbers explained_;
};

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  file >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// What the process has read and written, whatever a cache made of it.
std::int64_t bytes_moved() {
  std::ifstream file("/proc/self/io");
  std::string key;
  std::int64_t value = 0;
  std::int64_t sum = 0;
  while (file >> key >> value) {
    if (key == "rchar:" || key == "wchar:") sum += value;
  }
  return sum;
}

class TenYears : public StoreTest {
 protected:
  void live_through_a_step(int step) {
    const UtcTime start = clock_.utc();
    for (int n = 0; n < samples_in_step; ++n) {
      for (const char* sensor : sensors) {
        Entry sample;
        sample.stream = store_->stream(sensor);
        sample.time = start + n * 5min;
        sample.body = R"({"pm2_5":)" + std::to_string(n % 40) + "." + std::to_string(step % 10) +
                      R"(,"pm10":31.5,"temperature":21.55,"humidity":71.25,"flag":1,"meta":1})";
        store_->append(std::move(sample));
      }
    }
    std::vector<HoursOfStream> made;
    for (int n = 0; n < hours_in_step; ++n) {
      for (const char* sensor : sensors) made.push_back(hour_of(sensor, start + n * 1h));
      for (const char* station : stations) append_official(station, start + n * 1h);
    }
    store_->keep_hours(std::move(made), 0);
    for (int n = 0; n < gaps_in_step; ++n) {
      store_->note_gap({"no_response", sensors[static_cast<std::size_t>(n) % sensors.size()],
                        start + n * 1min, start + n * 1min, 1, false, "", 0, 0, ""});
    }
    clock_.advance(one_step);
    ASSERT_TRUE(commit());
  }

  HoursOfStream hour_of(const std::string& sensor, UtcTime start) {
    HoursOfStream made{
        .record_stream = store_->stream(sensor + "/hour"),
        .record_time = start + 1h,
        .record_body = R"({"start":1,"quantities":{"pm2_5":{"mean":12.3456,"n":6}}})"};
    for (const Quantity quantity : own_quantities) {
      made.rows.push_back(
          {.stream = store_->stream(sensor), .start = start, .quantity = quantity, .first_row = 1});
      made.rows.back().hour = {.expected = 12,
                               .counts = {.pass = 12},
                               .used = 12,
                               .value = 12.3456,
                               .minimum = 9.1,
                               .maximum = 14.9,
                               .deviation = 1.2345};
      made.rows.back().last_row = 1'000'000;
    }
    return made;
  }

  void append_official(const std::string& station, UtcTime start) {
    Entry made;
    made.stream = store_->stream(station);
    made.time = start + 1h;
    made.body = R"({"pm2_5":12.3,"no2":45.6,"flag":1})";
    made.official_key = OfficialKey{"24pc", start, start + 1h, 0x1234567890abcdefULL};
    for (const Quantity quantity : official_quantities) {
      made.official.push_back({quantity, 45.6, Flag::pass, 293.15});
    }
    store_->append(std::move(made));
  }

  void expect_shares(int year) {
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(settings_.path));
    EXPECT_LE(size, file_bytes + file_bytes / 50) << "year " << year;
    EXPECT_LE(std::filesystem::file_size(settings_.path + "-wal"), 8'000'000U);
    for (const TableShare& share : table_shares) {
      const std::int64_t bytes = table_bytes(settings_.path, share.table);
      EXPECT_LE(bytes, file_bytes / 100 * share.percent * 11 / 10)
          << share.rows_name << " in year " << year;
      if (year < 4) continue;  // is full by then, if its rows are not reckoned too large
      EXPECT_GE(bytes, file_bytes / 100 * share.percent * 7 / 10)
          << share.rows_name << " in year " << year;
    }
    EXPECT_EQ(store_->status().disk_fault, "");
  }
};

TEST_F(TenYears, leave_each_table_its_share_and_cost_no_more_each_year) {
  settings_.max_size_bytes = file_bytes;
  settings_.keep = std::chrono::days(days_in_year * 20);  // so that size alone decides
  settings_.commit_rows = 10'000;
  open();
  store_->add_sink("near", true);
  store_->add_sink("away", true);
  Subscriber near(*store_, "near");
  Subscriber away(*store_, "away");
  std::map<int, std::int64_t> moved;
  std::map<int, std::int64_t> resident;
  std::vector<LedgerRow> when_back;
  for (int year = 1; year <= years; ++year) {
    const std::int64_t before = bytes_moved();
    for (int step = 0; step < steps_in_year; ++step) {
      live_through_a_step(step);
      const auto proceed = [this] { ASSERT_TRUE(commit()); };
      near.take(*store_, proceed);
      if (year != year_away) away.take(*store_, proceed);
    }
    settle();
    moved[year] = bytes_moved() - before;
    resident[year] = resident_bytes();
    if (year == year_away) when_back = ledger();
    expect_shares(year);
    std::printf("year %d: %lld MB moved, %lld kB resident\n", year,
                static_cast<long long>(moved[year] / 1'000'000),
                static_cast<long long>(resident[year] / 1000));
  }
  // Nothing grows: neither work nor memory. (To read the whole ledger takes this test some.)
  EXPECT_LE(moved[years], moved[2] * 5 / 4);
  EXPECT_LE(resident[year_away], resident[1] + 4'000'000);
  EXPECT_LE(resident[years], resident[year_away + 1] + 1'000'000);

  // The newest of each table is there, as far back as its share goes.
  const UtcTime now = clock_.utc();
  const auto reader = store_->reader();
  const auto samples = reader->page(0, 1);
  ASSERT_FALSE(samples.empty());
  EXPECT_LE(samples.front().time, now - std::chrono::days(180));
  const auto first_hour = reader->first_hour(sensors[0], own_quantities[0], UtcTime::min());
  EXPECT_LE(first_hour.value(), now - std::chrono::days(200));
  const auto first_official =
      reader->first_official(stations[0], official_quantities[0], UtcTime::min());
  EXPECT_LE(first_official.value(), now - std::chrono::days(150));
  for (UtcTime hour = *first_hour; hour + 24h <= now; hour += 24h) {
    ASSERT_EQ(reader->hours(sensors[0], own_quantities[0], hour, hour + 24h).size(), 24U);
  }

  // Who was there missed nothing; who was away missed what the ledger says, and nothing else.
  EXPECT_EQ(near.missed().count(), 0U);
  EXPECT_EQ(near.explained().count(), 0U);
  for (const LedgerRow& gap : when_back) away.hear_of(gap);
  EXPECT_GT(away.missed().count(), 1000U);
  EXPECT_TRUE(away.missed() == away.explained());
  EXPECT_EQ(away.missed().count(), away.explained().count());
  // Rows of the ledger have gone, what they add up to has not.
  const auto sums = store_->status().ledger_sums;
  EXPECT_LT(ledger().size(), static_cast<std::size_t>(years * steps_in_year * gaps_in_step));
  EXPECT_EQ(sums.at("no_response"),
            static_cast<std::uint64_t>(years * steps_in_year * gaps_in_step));
  EXPECT_EQ(sums.at("size"), away.missed().count());
}

}  // namespace
}  // namespace twinsky
