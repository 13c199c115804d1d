// SPDX-License-Identifier: Apache-2.0
// From samples and official rows through the real store to the validation record: whatever the
// order, with restarts, late and revised rows; and a week of real data to the figures of another
// program.
// Not under the thread sanitizer: ComparerOrder, ComparerWeek
#include "gateway/compare/comparer.hpp"

#include "drivers/registry.hpp"
#include "gateway/acquire/intake.hpp"
#include "gateway/compare/reference_hours.hpp"
#include "gateway/hours/hourly.hpp"
#include "store_fixture.hpp"
#include "tests/unit/collocation.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <random>
#include <sstream>

namespace twinsky {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::hours;

constexpr UtcTime midnight{milliseconds(1566086400000)};  // 2019-08-18T00:00:00Z

// Checks have a memory of the samples before, so they are another story.
QualitySettings no_checks(std::initializer_list<Quantity> quantities) {
  QualitySettings quality;
  for (const Quantity quantity : quantities) {
    Settings off;
    off.set("off", std::vector<std::string>{"range", "climatology", "spike", "rate_of_change",
                                            "flat_line", "attenuated_signal"});
    quality.quantities[quantity] = std::move(off);
  }
  return quality;
}

Sample official_sample(Quantity quantity, std::optional<double> value, UtcTime start, UtcTime end) {
  Sample sample{.time = end};
  Reading made{.quantity = quantity, .value = value};
  if (!value) made.flag = Flag::missing;
  sample.readings.push_back(made);
  sample.official = Official{.station = "", .start = start, .end = end, .fetched = end};
  return sample;
}

class ComparerTest : public StoreTest {
 protected:
  ComparerTest() {
    clock_.step_utc(midnight - clock_.utc());
    comparison_.sensor = "roof";
    comparison_.quantity = Quantity::pm2_5;
    comparison_.reference = {
        .feed = "hk-epd",
        .station = "mong-kok",
        .kind = "roadside",
        .label = "hour_ending",
        .siting = {.distance_m = 8, .height_difference_m = 1, .is_same_kind = true}};
    comparison_.usual_gas_reference_k = 293.15;
  }

  void start() {
    stop();
    open();
    intake_ = std::make_unique<Intake>(*store_, latest_values_, bulletin_, clock_);
    const std::vector<Column> columns{{Quantity::pm2_5, 9},
                                      {Quantity::o3_ppb, 9},
                                      {Quantity::temperature, 9},
                                      {Quantity::humidity, 9}};
    intake_->open({.name = "sensor/roof",
                   .columns = columns,
                   .period = period_,
                   .quality = no_checks({Quantity::pm2_5, Quantity::o3_ppb, Quantity::temperature,
                                         Quantity::humidity})});
    for (const char* station : {"mong-kok", "sham-shui-po"}) {
      intake_->open({.name = std::string("ref/hk-epd/") + station, .columns = columns});
    }
    hours_ = std::make_unique<HourMaker>(*store_, clock_, [this](std::string_view) {
      return std::optional(HourlyStream{.period = period_, .use_suspect = true, .decimals = {}});
    });
    maker_ = std::make_unique<ComparisonMaker>(
        *store_, clock_, notes_file(settings_.path),
        ComparisonOutlet{
            .post = [this](const std::string& topic,
                           const std::string& text) { posted_[topic] = text; },
            .withdraw = [this](std::string_view topic) { posted_.erase(std::string(topic)); },
            .announce =
                [this](std::string_view event, std::string_view subject, std::string_view message) {
                  events_.push_back(std::string(event) + " " + std::string(subject) + " " +
                                    std::string(message));
                }});
    maker_->configure({comparison_}, "c0ffee");
  }
  void stop() {
    maker_.reset();
    hours_.reset();
    intake_.reset();
  }
  void restart() {
    ASSERT_TRUE(commit());
    stop();
    crash();
    start();
  }
  void evaluate() {
    ASSERT_TRUE(commit());
    hours_->step(clock_.utc());
    maker_->step();
    ASSERT_TRUE(commit());
  }
  void take(UtcTime time, Quantity quantity, double value) {
    intake_->take("sensor/roof", {.time = time, .readings = {reading(quantity, value)}});
  }
  void take_hour(const std::string& station, UtcTime start, Quantity quantity,
                 std::optional<double> value) {
    intake_->take_official("ref/hk-epd/" + station,
                           official_sample(quantity, value, start, start + 1h), "hour");
  }
  [[nodiscard]] std::string record() const {
    const auto found = posted_.find(comparison_.topic());
    return found == posted_.end() ? "" : found->second;
  }
  // Less what may differ.
  [[nodiscard]] std::string content() const {
    Json json = Json::parse(record());
    json.erase("computed_at");
    json.erase("revision");
    return json.dump(1);
  }

  milliseconds period_ = 15min;
  Comparison comparison_;
  LatestValues latest_values_;
  Bulletin bulletin_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<HourMaker> hours_;
  std::unique_ptr<ComparisonMaker> maker_;
  std::map<std::string, std::string> posted_;
  std::vector<std::string> events_;
};

// ---- the promise of order ---------------------------------------------------------------------

struct Delivery {
  UtcTime due{};  // when it would come in the ordered run
  enum class Kind { sample, reference, neighbour } kind{};
  UtcTime time{};
  double value = 0;
};

constexpr int order_hours = 200;

std::vector<Delivery> ordered_deliveries() {
  std::mt19937 random(7);
  std::normal_distribution<double> noise(0, 2);
  std::vector<Delivery> all;
  double level = 20;
  for (int hour = 0; hour < order_hours; ++hour) {
    const UtcTime start = midnight + hours(hour);
    level = std::max(3.0, 20 + 0.9 * (level - 20) + 2 * noise(random));
    for (int n = 0; n < 4; ++n) {
      if (random() % 20 == 0) continue;
      const UtcTime time = start + n * 15min;
      all.push_back({time, Delivery::Kind::sample, time, 0.8 * level + 2 + noise(random) / 2});
    }
    if (random() % 25 == 0) continue;
    const auto rounded = [](double value) { return std::round(value); };
    all.push_back({start + 100min, Delivery::Kind::reference, start, rounded(level)});
    all.push_back(
        {start + 100min, Delivery::Kind::neighbour, start, rounded(level + noise(random))});
  }
  std::ranges::stable_sort(all, {}, &Delivery::due);
  return all;
}

class ComparerOrder : public ComparerTest {
 protected:
  void deliver(const Delivery& one) {
    if (one.kind == Delivery::Kind::sample) return take(one.time, Quantity::pm2_5, one.value);
    const bool is_own = one.kind == Delivery::Kind::reference;
    take_hour(is_own ? "mong-kok" : "sham-shui-po", one.time, Quantity::pm2_5, one.value);
  }
  // The clock moves along with the deliveries, to the same end.
  void move_clock(std::size_t done, std::size_t all) {
    const auto length = hours(order_hours) + 3h;
    const UtcTime now =
        midnight + milliseconds(milliseconds(length).count() * static_cast<std::int64_t>(done) /
                                static_cast<std::int64_t>(all));
    if (now > clock_.utc()) clock_.advance(now - clock_.utc());
  }
};

TEST_F(ComparerOrder, order_restarts_late_and_revised_rows_leave_no_trace) {
  const std::vector<Delivery> ordered = ordered_deliveries();
  start();
  for (std::size_t at = 0; at < ordered.size(); ++at) {
    deliver(ordered[at]);
    move_clock(at + 1, ordered.size());
    if (at % 100 == 0) evaluate();
  }
  evaluate();
  const std::string expected = content();
  const Json json = Json::parse(expected);
  EXPECT_GT(json["fit"]["n"], 140) << expected;
  EXPECT_GT(json["fit"]["r2"], 0.5);
  EXPECT_FALSE(json["drift"]["commissioning"].is_null());
  const UtcTime end = clock_.utc();

  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<Delivery> shuffled = ordered;
    std::vector<Delivery> late;
    for (Delivery& one : shuffled) {
      if (one.kind == Delivery::Kind::sample) continue;
      const bool is_revised = random() % 100 == 0;
      if (random() % 20 != 0 && !is_revised) continue;
      late.push_back(one);
      if (is_revised) one.value += 5;  // first published wrong
      if (!is_revised) one.time = UtcTime{};
    }
    std::erase_if(shuffled, [](const Delivery& one) { return one.time == UtcTime{}; });
    std::ranges::shuffle(shuffled, random);
    std::ranges::shuffle(late, random);
    shuffled.insert(shuffled.end(), late.begin(), late.end());

    stop();
    close();
    posted_.clear();
    settings_.path = (directory_ / ("seed-" + std::to_string(seed) + ".db")).string();
    clock_.step_utc(midnight - clock_.utc());
    start();
    for (std::size_t at = 0; at < shuffled.size(); ++at) {
      deliver(shuffled[at]);
      move_clock(at + 1, shuffled.size());
      if (random() % 200 == 0) evaluate();
      if (random() % 300 == 0) restart();
    }
    ASSERT_EQ(clock_.utc(), end);
    if (seed % 2 == 0) restart();
    evaluate();
    ASSERT_EQ(content(), expected) << "seed " << seed;
  }
}

// ---- single facts -----------------------------------------------------------------------------

class ComparerFacts : public ComparerTest {
 protected:
  ComparerFacts() {
    start();
    for (int hour = 0; hour < 30; ++hour) {
      const UtcTime begin = midnight + hours(hour);
      for (int n = 0; n < 4; ++n) take(begin + n * 15min, Quantity::pm2_5, 10 + hour % 7);
      if (hour != 12) take_hour("mong-kok", begin, Quantity::pm2_5, 11 + hour % 7);
    }
    clock_.advance(hours(30) + 5min);
    evaluate();
  }
  [[nodiscard]] Json json() const { return Json::parse(record()); }
  [[nodiscard]] int withheld(const char* cause) const {
    return json()["coverage"]["24h"]["withheld"][cause];
  }
};

TEST_F(ComparerFacts, a_late_row_gives_its_window_the_next_revision) {
  EXPECT_EQ(json()["revision"], 1);
  EXPECT_EQ(json()["window_end"], "2019-08-19T06:00:00.000Z");
  EXPECT_EQ(withheld("reference_missing"), 1);
  evaluate();
  EXPECT_EQ(json()["revision"], 1);  // nothing new
  take_hour("mong-kok", midnight + 12h, Quantity::pm2_5, 13);
  evaluate();
  EXPECT_EQ(json()["revision"], 2);
  EXPECT_EQ(withheld("reference_missing"), 0);
  take_hour("mong-kok", midnight + 12h, Quantity::pm2_5, 14);
  restart();
  evaluate();
  EXPECT_EQ(json()["revision"], 3);
  take_hour("mong-kok", midnight + 12h, Quantity::pm2_5, std::nullopt);
  evaluate();
  EXPECT_EQ(withheld("reference_missing"), 1);
}

TEST_F(ComparerFacts, hours_before_the_first_sample_are_told_apart_from_missing_ones) {
  const Json month = json()["coverage"]["720h"];
  EXPECT_EQ(month["expected"], 720);
  EXPECT_EQ(month["withheld"]["before_sensor"], 690);
  EXPECT_EQ(month["withheld"]["sensor_short"], 0);
  EXPECT_EQ(month["pairs"], 29);
}

// "hk-observatory" was "hong-kong-observatory" in an earlier version of the registry.
TEST_F(ComparerFacts, hours_under_an_earlier_name_of_the_reference_are_its_own) {
  const FeedInfo& info = *feed_named("hk-hko");
  comparison_.feed = info.make(Settings::defaults(info.settings));
  comparison_.reference.feed = "hk-hko";
  comparison_.reference.station = "hk-observatory";
  const std::string past = "ref/hk-hko/hong-kong-observatory";
  for (const std::string& stream : {past, comparison_.reference_stream()}) {
    intake_->open({.name = stream, .columns = {{Quantity::pm2_5, 9}}});
  }
  for (int hour = 0; hour < 30; ++hour) {
    const UtcTime begin = midnight + hours(hour);
    const auto official = [&](double value) {
      return official_sample(Quantity::pm2_5, value, begin, begin + 1h);
    };
    if (hour <= 18) intake_->take_official(past, official(20), "hour");
    if (hour >= 18) intake_->take_official(comparison_.reference_stream(), official(30), "hour");
  }
  ASSERT_TRUE(commit());
  const StoredPairs pairs =
      read_pairs(*store_->reader(), comparison_, {},
                 {std::chrono::floor<hours>(midnight), std::chrono::floor<hours>(midnight + 30h)});
  ASSERT_EQ(pairs.rows.size(), 30U);
  for (int hour = 0; hour < 30; ++hour) {
    EXPECT_EQ(pairs.rows[static_cast<std::size_t>(hour)].reference, hour < 18 ? 20 : 30) << hour;
  }
}

TEST_F(ComparerFacts, work_on_the_sensor_never_pairs) {
  append_note(notes_file(settings_.path), {.sensor = "roof",
                                           .kind = NoteKind::maintenance,
                                           .from = midnight + 20h + 30min,
                                           .to = midnight + 22h,
                                           .noted = clock_.utc(),
                                           .text = "new inlet"});
  evaluate();
  EXPECT_EQ(withheld("maintenance"), 2);
}

TEST_F(ComparerFacts, a_move_starts_new_windows) {
  append_note(notes_file(settings_.path), {.sensor = "roof",
                                           .kind = NoteKind::moved,
                                           .from = midnight + 25h,
                                           .to = midnight + 25h + 10min,
                                           .noted = clock_.utc(),
                                           .text = {}});
  evaluate();
  EXPECT_EQ(json()["coverage"]["24h"]["pairs"], 4);
}

TEST_F(ComparerFacts, another_serial_number_starts_new_windows_also_after_a_restart) {
  const auto pairs = [&] { return json()["coverage"]["24h"]["pairs"]; };
  const auto name_unit = [&](const char* serial_number) {
    comparison_.serial_number = serial_number;
    restart();
    evaluate();
  };
  name_unit("A");  // nobody had said which it was
  EXPECT_EQ(pairs(), 23);
  EXPECT_TRUE(events_.empty());
  name_unit("B");
  EXPECT_EQ(pairs(), 0);
  const std::string told = "sensor_replaced roof serial number A -> B: its comparisons begin anew";
  EXPECT_EQ(std::ranges::count(events_, told), 1);
  name_unit("");  // left out of the configuration: still B
  for (int hour = 30; hour < 34; ++hour) {
    const UtcTime begin = midnight + hours(hour);
    for (int n = 0; n < 4; ++n) take(begin + n * 15min, Quantity::pm2_5, 12);
    take_hour("mong-kok", begin, Quantity::pm2_5, 12);
  }
  clock_.advance(hours(4));
  name_unit("B");
  EXPECT_EQ(pairs(), 3);  // it was replaced within the first of the four
  EXPECT_EQ(std::ranges::count(events_, told), 1);
}

TEST_F(ComparerFacts, a_collocation_of_the_unit_before_says_nothing_of_this_one) {
  const Note note{.sensor = "roof",
                  .kind = NoteKind::collocation,
                  .from = midnight,
                  .to = midnight + 24h,
                  .noted = clock_.utc(),
                  .text = {}};
  EXPECT_TRUE(noted_collocation(comparison_, {&note, 1}));
  comparison_.replaced = midnight + 25h;
  EXPECT_FALSE(noted_collocation(comparison_, {&note, 1}));
}

TEST_F(ComparerFacts, is_remembered_for_status_and_withdrawn_when_it_is_removed) {
  const auto kept = read_comparisons(settings_.path);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].topic, "compare/roof/pm2_5/hk-epd/mong-kok");
  EXPECT_TRUE(kept[0].summary.starts_with("pm2_5  insufficient")) << kept[0].summary;
  EXPECT_EQ(Json::parse(kept[0].record), json());
  restart();
  maker_->configure({}, "c0ffee");
  EXPECT_TRUE(posted_.empty());
  ASSERT_TRUE(commit());
  EXPECT_TRUE(read_comparisons(settings_.path).empty());
}

// ---- the stations around ------------------------------------------------------------------------

class ComparerNeighbours : public ComparerTest {
 protected:
  ComparerNeighbours() {
    const FeedInfo& info = *feed_named("hk-epd");
    comparison_.feeds["hk-epd"] = info.make(Settings::defaults(info.settings));
    comparison_.sensor_position = comparison_.feeds["hk-epd"]->station("mong-kok")->position;
    start();
    clock_.advance(5min);
  }
  // An hour of the sensor and of three stations whose median is 20.
  void pass_hour(double value, int stations = 3) {
    const UtcTime begin = hour_of(clock_.utc());
    for (int n = 0; n < 4; ++n) take(begin + n * 15min, Quantity::pm2_5, value);
    const char* const names[] = {"mong-kok", "sham-shui-po", "eastern"};
    for (int n = 0; n < stations; ++n) {
      intake_->open(
          {.name = std::string("ref/hk-epd/") + names[n], .columns = {{Quantity::pm2_5, 1}}});
      take_hour(names[n], begin, Quantity::pm2_5, 19 + n);
    }
    clock_.advance(1h);
    evaluate();
  }
  [[nodiscard]] Json neighbours() const { return Json::parse(record())["neighbours"]; }
  [[nodiscard]] std::vector<std::string> told() const {  // of them; verdicts change too
    std::vector<std::string> events = events_;
    std::erase_if(events, [](const auto& event) { return !event.starts_with("neighbours_"); });
    return events;
  }
};

TEST_F(ComparerNeighbours, three_hours_far_from_all_of_them_are_told_once) {
  pass_hour(22);
  EXPECT_EQ(neighbours(), (Json{{"flag", 1}, {"stations", 3}, {"deviation", 0.4}}));
  pass_hour(60);
  pass_hour(60);
  EXPECT_EQ(neighbours()["flag"], 1);
  EXPECT_TRUE(told().empty());
  pass_hour(60);
  EXPECT_EQ(neighbours(), (Json{{"flag", 3}, {"stations", 3}, {"deviation", 8}}));
  const std::string far = "neighbours_differ roof/pm2_5/hk-epd/mong-kok ";
  ASSERT_EQ(told().size(), 1U);
  EXPECT_TRUE(told()[0].starts_with(far)) << told()[0];
  restart();
  pass_hour(60);
  EXPECT_EQ(neighbours()["flag"], 3);
  EXPECT_EQ(told().size(), 1U);
  pass_hour(22);
  ASSERT_EQ(told().size(), 2U);
  EXPECT_TRUE(told()[1].starts_with("neighbours_agree ")) << told()[1];
}

TEST_F(ComparerNeighbours, two_stations_or_none_within_reach_say_nothing) {
  pass_hour(60, 2);
  EXPECT_TRUE(neighbours().is_null());
  comparison_.sensor_position->latitude_deg += 1;
  restart();
  for (int hour = 0; hour < 3; ++hour) pass_hour(60);
  EXPECT_TRUE(neighbours().is_null());
}

// A late value of any of them makes the record anew.
TEST_F(ComparerNeighbours, a_station_that_comes_late_is_heard) {
  for (int hour = 0; hour < 3; ++hour) pass_hour(60);
  const UtcTime begin = hour_of(clock_.utc()) - 1h;
  EXPECT_EQ(neighbours()["flag"], 3);
  take_hour("eastern", begin, Quantity::pm2_5, 62);
  take_hour("sham-shui-po", begin, Quantity::pm2_5, 61);
  evaluate();
  EXPECT_EQ(neighbours()["flag"], 1);
}

// ---- hours of a station -------------------------------------------------------------------------

TEST(reference_hours, are_whole_intervals_or_five_of_six_parts) {
  const auto row = [](milliseconds start, milliseconds length, std::optional<double> value,
                      const char* document = "a") {
    return OfficialRow{.document = document,
                       .start = midnight + start,
                       .end = midnight + start + length,
                       .value = {.quantity = Quantity::temperature, .value = value}};
  };
  const std::vector<OfficialRow> whole{row(0h, 1h, std::nullopt), row(0h, 1h, 4.0, "b"),
                                       row(1h, 1h, 5.0)};
  auto found = reference_hours(whole);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].value, 4.0);
  EXPECT_EQ(found[1].value, 5.0);

  std::vector<OfficialRow> minutes;  // one of every ten, ending at :10, :20 …
  for (int n = 0; n < 6; ++n) minutes.push_back(row(n * 10min + 9min, 1min, 10.0 + n));
  found = reference_hours(minutes);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].hour, HourStart(std::chrono::floor<hours>(midnight)));
  EXPECT_EQ(found[0].value, 12.5);
  minutes.pop_back();
  EXPECT_EQ(reference_hours(minutes).size(), 1U);
  minutes.pop_back();
  EXPECT_TRUE(reference_hours(minutes).empty());
}

// ---- a week of real data ------------------------------------------------------------------------

struct Minute {
  UtcTime time{};
  std::map<Quantity, double> values;
};

std::vector<Minute> minutes_of_unit_1() {
  constexpr std::pair<std::size_t, Quantity> columns[] = {{2, Quantity::o3_ppb},
                                                          {3, Quantity::pm2_5},
                                                          {4, Quantity::temperature},
                                                          {5, Quantity::humidity}};
  std::ifstream file(tests_directory() + "/cases/compare/epa-collocation-unit1-1min.csv");
  std::vector<Minute> minutes;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    cells.resize(6);
    Minute minute{.time = parse_time(cells[0]).value()};
    for (const auto& [at, quantity] : columns) {
      if (!cells[at].empty()) minute.values[quantity] = std::stod(cells[at]);
    }
    minutes.push_back(std::move(minute));
  }
  return minutes;
}

const Json& expected_window(const Json& metrics, const std::string& id) {
  for (const Json& each : metrics["rolling"]) {
    if (each["id"] == id) return each["expected"];
  }
  throw std::runtime_error(id);
}

void expect_equal(const Json& found, double expected, const char* what) {
  ASSERT_TRUE(found.is_number()) << what;
  EXPECT_NEAR(found.get<double>(), expected, 1e-6 * std::abs(expected)) << what;
}

class ComparerWeek : public ComparerTest {
 protected:
  ComparerWeek() { period_ = 1min; }

  void replay(Quantity quantity, const std::string& column) {
    comparison_.quantity = quantity;
    start();
    const auto hourly = collocated_rows("s1_" + column, "ref_" + column);
    auto next = std::ranges::find(hourly, std::chrono::floor<hours>(midnight), &PairRow::hour);
    UtcTime now = midnight;
    const auto end_hour = [&](UtcTime until) {
      for (; next != hourly.end() && next->hour + 1h <= until; ++next) {
        take_hour("mong-kok", next->hour, quantity, next->reference);
      }
      clock_.advance(until + 5min - clock_.utc());
      evaluate();
    };
    for (const Minute& minute : minutes_of_unit_1()) {
      for (; now + 1h <= minute.time; now += 1h) end_hour(now + 1h);
      Sample sample{.time = minute.time};
      for (const auto& [each, value] : minute.values)
        sample.readings.push_back(reading(each, value));
      intake_->take("sensor/roof", std::move(sample));
    }
    // The minutes end with the day; the expected file's window ends five hours later.
    for (; now < midnight + 7 * 24h; now += 1h) end_hour(now + 1h);
    for (; now < midnight + 7 * 24h + 5h; now += 1h) {
      const auto row = std::ranges::find(hourly, std::chrono::floor<hours>(now), &PairRow::hour);
      for (int n = 0; row->sensor && n < row->usable; ++n) {
        take(now + n * 1min, quantity, *row->sensor);
      }
      end_hour(now + 1h);
    }
  }
};

TEST_F(ComparerWeek, ozone_gives_the_figures_of_the_expected_file) {
  std::ifstream file(tests_directory() + "/cases/compare/expected-metrics.json");
  const Json metrics = Json::parse(file);
  const Json& expected =
      expected_window(metrics, "rolling-s1_o3-ref_o3-168-2019-08-25T05:00:00Z-126");
  replay(Quantity::o3_ppb, "o3");
  const Json json = Json::parse(record());
  EXPECT_EQ(json["window_end"], "2019-08-25T05:00:00.000Z");
  EXPECT_EQ(json["quantity"], "o3_ppb");
  EXPECT_EQ(json["fit"]["n"], expected["pairs"]);
  expect_equal(json["fit"]["slope"], expected["slope"], "slope");
  expect_equal(json["fit"]["intercept"], expected["intercept"], "intercept");
  expect_equal(json["fit"]["r2"], expected["r2"], "r2");
  expect_equal(json["error"]["rmse"], expected["rmse"], "rmse");
  expect_equal(json["error"]["mbe"], expected["mbe"], "mbe");
}

TEST_F(ComparerWeek, particles_and_temperature_equal_the_hourly_file) {
  for (const auto& [quantity, column] :
       {std::pair(Quantity::pm2_5, std::string("pm25")), {Quantity::temperature, "temp"}}) {
    stop();
    close();
    settings_.path = (directory_ / (column + ".db")).string();
    clock_.step_utc(midnight - clock_.utc());
    replay(quantity, column);
    const Json json = Json::parse(record());
    const HourStart end = std::chrono::floor<hours>(midnight) + hours(7 * 24 + 5);
    const auto rows = collocated_rows("s1_" + column, "ref_" + column);
    const Assessment seen = assess(rows, {end - hours(168), end});
    EXPECT_EQ(json["fit"]["n"], seen.moments.n) << column;
    expect_equal(json["fit"]["slope"], seen.line->slope, "slope");
    expect_equal(json["fit"]["n_effective"], seen.n_effective, "n_effective");
    expect_equal(json["error"]["rmse"], seen.errors->rmse, "rmse");
  }
}

}  // namespace
}  // namespace twinsky
