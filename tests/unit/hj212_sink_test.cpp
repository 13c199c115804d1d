// SPDX-License-Identifier: Apache-2.0
// What a platform of HJ 212 is told: codes and units, the lines of the format, and minutes. The
// connection is shown by tests/daemon/hj212_test.py.
#include "drivers/frames/hj212_factors.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/sinks/transports/hj212_minutes.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

std::string value(std::span<const FrameFactor> factors, Quantity quantity, double number) {
  std::string group;
  append_hj212_value(group, *factor_of(factors, quantity), "Avg", number);
  return group;
}

// ---- codes and units ----------------------------------------------------------------------------

TEST(hj212_factors, values_have_the_unit_and_the_decimals_of_their_code) {
  const auto factors = hj212_factors();
  EXPECT_EQ(value(factors, Quantity::pm2_5, 9.449), "a34004-Avg=9.4");
  EXPECT_EQ(value(factors, Quantity::pressure, 1013.25), "a01006-Avg=101.325");
  EXPECT_EQ(value(factors, Quantity::co, 427), "a21005-Avg=0.427");
  EXPECT_EQ(value(factors, Quantity::temperature, -0.04), "a01001-Avg=0.0");
  EXPECT_EQ(value(factors, Quantity::wind_dir, 359.5), "a01008-Avg=360");
  EXPECT_EQ(value(factors, Quantity::pm2_5, std::numeric_limits<double>::quiet_NaN()), "");
  EXPECT_EQ(factor_of(factors, Quantity::no2_ppb), nullptr);
  EXPECT_EQ(factor_of(factors, Quantity::co2), nullptr);
}

TEST(hj212_factors, what_is_written_goes_before_the_table) {
  const Texts own = {"noise=LA", "pm2_5=a34004 mg/m3", "pressure=a01006 hPa", "co2=a05001",
                     "pm10=a34002 kg"};
  const auto factors = hj212_factors(own);
  EXPECT_EQ(value(factors, Quantity::noise, 46.34), "LA-Avg=46.3");
  EXPECT_EQ(value(factors, Quantity::pm2_5, 9.44), "a34004-Avg=0.0094");
  EXPECT_EQ(value(factors, Quantity::pressure, 1013.25), "a01006-Avg=1013.25");
  EXPECT_EQ(value(factors, Quantity::co2, 420), "a05001-Avg=420");
  EXPECT_EQ(value(factors, Quantity::pm10, 11), "a34002-Avg=11.0") << "what cannot be read is not";
  for (const char* good : {"noise=LA", "pm2_5=a34004 mg/m3", "co2=a05001 [ppm]"}) {
    EXPECT_EQ(problem_of_hj212_factor(good), "") << good;
  }
  for (const char* wrong :
       {"", "noise", "noise=", "dust=a1", "noise=L;A", "co2=a05001 mg/m3", "pm10=a34002 kg"}) {
    EXPECT_NE(problem_of_hj212_factor(wrong), "") << wrong;
  }
}

TEST(hj212_factors, groups_are_cut_between_two_of_them) {
  EXPECT_EQ(parts_of_hj212("a=1;b=2;c=3", 7), (Texts{"a=1;b=2", "c=3"}));
  EXPECT_EQ(parts_of_hj212("a=1;b=2;c=3", 11), (Texts{"a=1;b=2;c=3"}));
  EXPECT_EQ(parts_of_hj212("a=1", 2), Texts{"a=1"}) << "none is cut itself";
  EXPECT_EQ(parts_of_hj212("", 7), Texts{});
}

// ---- the format ---------------------------------------------------------------------------------

class Hj212FormatTest : public testing::Test {
 protected:
  std::unique_ptr<Format> make() {
    return format_named("hj212")->make({.settings = settings_}, "test");
  }
  // The line of a record without its tail, which is told apart below.
  std::string line(const std::string& stream, std::string_view body,
                   std::string_view time = "2026-11-22T02:30:00.123Z") {
    const auto format = make();
    std::string payload;
    StoredRow row{.seq = 7, .time = at(time)};
    row.body = body;
    format->append(payload, format->head(stream, "e1"), row);
    format->close(payload);
    return payload;
  }

  Settings settings_ = Settings::defaults(format_named("hj212")->settings);
};

TEST_F(Hj212FormatTest, sensors_alone_have_a_place_and_only_what_is_told_of_them) {
  EXPECT_EQ(make()->destination("sensor/a/obs"), "sensor/a/obs");
  EXPECT_EQ(make()->destination("sensor/a/hour"), "sensor/a/hour");
  for (const char* subject : {"sensor/a/state", "sensor/a/meta", "ref/hk-epd/a/obs", "status",
                              "info", "mark", "newest", "ledger", "event"}) {
    EXPECT_EQ(make()->destination(subject), "") << subject;
  }
  settings_.set("hj212_frames", Texts{"2031"});
  EXPECT_EQ(make()->destination("sensor/a/obs"), "");
  EXPECT_EQ(make()->destination("sensor/a/hour"), "sensor/a/hour");
}

TEST_F(Hj212FormatTest, a_sample_has_flags_and_leaves_out_what_is_absent) {
  EXPECT_EQ(line("sensor/a",
                 R"({"pm2_5":9.4,"pm10":3000.0,"temperature":25.31,"humidity":null,"co2":400,)"
                 R"("flag":4,"flags":{"pm10":4,"temperature":3},)"
                 R"("reasons":{"pm10":"range","temperature":"spike"},)"
                 R"("faults":{"humidity":"nack"},"meta":1})"),
            "2011\t1795314600123\ta34004-Rtd=9.4,a34004-Flag=N;a34002-Rtd=3000.0,a34002-Flag=T;"
            "a01001-Rtd=25.3,a01001-Flag=D\tsensor/a\te1\t7\t0\t"
            "pm2_5=9.4:1,pm10=3000:4,temperature=25.31:3\n");
  EXPECT_EQ(line("sensor/a", R"({"co2":400,"flag":1,"meta":1})"), "") << "it has no code";
  EXPECT_EQ(line("sensor/a", R"({"pm2_5":9.4,"flag":1,"clock":"unset","meta":1})"), "");
  EXPECT_NE(line("sensor/a", R"({"amends":5,"pm2_5":9.4,"flag":1,"meta":1})").find("\t7\t5\t"),
            std::string::npos);
  settings_.set("factors", Texts{"b/pm2_5"});
  EXPECT_EQ(line("sensor/a", R"({"pm2_5":9.4,"flag":1,"meta":1})"), "");
  EXPECT_NE(line("sensor/b", R"({"pm2_5":9.4,"flag":1,"meta":1})"), "");
}

constexpr const char* last_hour =
    R"({"start":"2026-11-29T15:00:00.000Z","end":"2026-11-29T16:00:00.000Z","revision":1,)"
    R"("quantities":{"pm2_5":{"mean":41.3500,"minimum":40.0000,"maximum":42.7000,"n":358,)"
    R"("expected":360,"valid":true,"day":{"date":"2026-11-29","mean":28.6000,"hours":24}},)"
    R"("wind_dir":{"mean":90.0000,"n":358,"expected":360,"valid":true},)"
    R"("temperature":{"mean":20.0,"minimum":19.0,"maximum":21.0,"n":9,"expected":360,"valid":false}}})";

TEST_F(Hj212FormatTest, an_hour_names_its_start_and_the_last_one_ends_the_day_too) {
  EXPECT_EQ(line("sensor/a/hour", last_hour, "2026-11-29T16:00:00.000Z"),
            "2061\t1795964400000\ta34004-Avg=41.4,a34004-Min=40.0,a34004-Max=42.7,a34004-Flag=N;"
            "a01008-Avg=90,a01008-Flag=N\n"
            "2031\t1795881600000\ta34004-Avg=28.6,a34004-Flag=N\n");
  EXPECT_EQ(at("2026-11-29T15:00:00Z"), UtcTime(1795964400000ms));
  EXPECT_EQ(at("2026-11-28T16:00:00Z"), UtcTime(1795881600000ms)) << "midnight there";
  settings_.set("data_time", std::string("end"));
  settings_.set("hj212_frames", Texts{"2031"});
  EXPECT_EQ(line("sensor/a/hour", last_hour),
            "2031\t1795968000000\ta34004-Avg=28.6,a34004-Flag=N\n");
  std::string earlier = last_hour;
  earlier.replace(earlier.find("16:00"), 5, "15:00");
  EXPECT_EQ(line("sensor/a/hour", earlier), "");
}

TEST_F(Hj212FormatTest, what_is_asked_for_is_found_by_the_time_of_its_rows) {
  settings_.set("minute_interval", std::int64_t{10});
  const auto asked = [&](const std::string& kind) {
    const auto format = make();
    const auto found = format->replay()->asked(
        {.destination = "requests", .text = kind + " 1000000 2000000", .correlation = "c"});
    EXPECT_FALSE(found.problem);
    EXPECT_EQ(found.request.correlation, "c");
    return std::tuple(found.request.topics, found.request.from.time_since_epoch() / 1ms,
                      found.request.to.time_since_epoch() / 1ms);
  };
  using Range = std::tuple<std::string, std::int64_t, std::int64_t>;
  EXPECT_EQ(asked("2011"), Range("sensor/+/obs", 1'000'000, 2'001'000));
  EXPECT_EQ(asked("2051"), Range("sensor/+/obs", 1'000'000, 2'600'000));
  EXPECT_EQ(asked("2061"), Range("sensor/+/hour", 4'600'000, 5'600'001));
  EXPECT_EQ(asked("2031"), Range("sensor/+/hour", 87'400'000, 88'400'001));
  settings_.set("data_time", std::string("end"));
  EXPECT_EQ(asked("2051"), Range("sensor/+/obs", 400'000, 2'000'000));
  EXPECT_EQ(asked("2061"), Range("sensor/+/hour", 1'000'000, 2'000'001));
  const auto format = make();
  for (const char* wrong : {"2061 2 1", "2061 1", "2061", ""}) {
    EXPECT_TRUE(format->replay()->asked({.destination = "requests", .text = wrong}).problem)
        << wrong;
  }
}

// ---- minutes ------------------------------------------------------------------------------------

class Hj212MinutesTest : public testing::Test {
 protected:
  Hj212Sample sample(std::uint64_t seq, std::string_view time, double pm,
                     std::uint64_t amends = 0) {
    Hj212Sample made{.stream = "a", .seq = seq, .amends = amends, .time = at(time)};
    made.readings.push_back(reading(Quantity::pm2_5, pm));
    return made;
  }
  // Answers whether its message is held.
  bool add(std::uint64_t seq, std::string_view time, double pm, std::uint64_t amends = 0) {
    return minutes_.add(sample(seq, time, pm, amends), static_cast<Place>(seq), now_);
  }
  std::string due(std::string_view utc = "1970-01-01T00:00:00Z") {
    const auto minute = minutes_.take(at(utc), now_);
    if (!minute) return "";
    done_ = minutes_.done(*minute);
    return iso8601(minute->start).substr(11, 5) + " " + minute->groups;
  }

  Hj212Minutes minutes_{10min, *frame_language_named("hj212"), hj212_factors()};
  MonotonicTime now_{};
  std::vector<Place> done_;
};

TEST_F(Hj212MinutesTest, one_message_of_each_interval_is_held_until_its_frame_has_arrived) {
  EXPECT_TRUE(add(1, "2026-11-22T02:30:00Z", 1));
  EXPECT_FALSE(add(2, "2026-11-22T02:35:00Z", 2));
  EXPECT_FALSE(add(3, "2026-11-22T02:39:59.999Z", 6));
  EXPECT_EQ(due(), "");
  EXPECT_TRUE(add(4, "2026-11-22T02:40:00Z", 9));
  EXPECT_EQ(due(), "") << "what amends the one before would come now";
  EXPECT_FALSE(add(5, "2026-11-22T02:41:00Z", 9));
  EXPECT_EQ(due(), "02:30 a34004-Avg=3.0,a34004-Min=1.0,a34004-Max=6.0,a34004-Flag=N");
  EXPECT_EQ(done_, std::vector<Place>{1});
  EXPECT_EQ(due(), "");
}

TEST_F(Hj212MinutesTest, an_interval_ends_by_the_clock_too_when_nothing_more_comes) {
  add(1, "2026-11-22T02:30:00Z", 1);
  EXPECT_EQ(due("2026-11-22T02:41:29Z"), "");
  EXPECT_EQ(due("2026-11-22T02:41:30Z"), "") << "something has just come";
  now_ += 3s;
  EXPECT_EQ(due("2026-11-22T02:41:29Z"), "");
  EXPECT_EQ(due("2026-11-22T02:41:30Z").substr(0, 5), "02:30");
}

TEST_F(Hj212MinutesTest,
       what_comes_late_makes_it_anew_and_a_correction_takes_the_place_of_what_was) {
  add(1, "2026-11-22T02:30:00Z", 1);
  add(2, "2026-11-22T02:39:00Z", 99);
  add(3, "2026-11-22T02:42:00Z", 2);
  EXPECT_EQ(due(), "02:30 a34004-Avg=50.0,a34004-Min=1.0,a34004-Max=99.0,a34004-Flag=N");
  EXPECT_TRUE(add(4, "2026-11-22T02:39:00Z", 3, 2));
  EXPECT_EQ(due(), "02:30 a34004-Avg=2.0,a34004-Min=1.0,a34004-Max=3.0,a34004-Flag=N");
  EXPECT_EQ(done_, std::vector<Place>{4});
  add(5, "2026-11-22T02:52:00Z", 2);
  EXPECT_EQ(due().substr(0, 5), "02:40");
  EXPECT_FALSE(add(6, "2026-11-22T02:31:00Z", 2)) << "its interval is forgotten";
  EXPECT_EQ(minutes_.late(), 1U);
  EXPECT_EQ(due(), "");
}

TEST_F(Hj212MinutesTest, what_comes_again_on_a_new_connection_counts_once) {
  add(1, "2026-11-22T02:30:00Z", 1);
  add(2, "2026-11-22T02:31:00Z", 3);
  minutes_.arrived(sample(2, "2026-11-22T02:31:00Z", 3));
  minutes_.start();
  EXPECT_FALSE(minutes_.has_arrived(sample(1, "2026-11-22T02:30:00Z", 1)));
  EXPECT_TRUE(minutes_.has_arrived(sample(2, "2026-11-22T02:31:00Z", 3)));
  EXPECT_TRUE(add(1, "2026-11-22T02:30:00Z", 1));
  EXPECT_FALSE(add(2, "2026-11-22T02:31:00Z", 3));
  add(3, "2026-11-22T02:41:00Z", 9);
  EXPECT_EQ(due(), "02:30 a34004-Avg=2.0,a34004-Min=1.0,a34004-Max=3.0,a34004-Flag=N");
  EXPECT_EQ(done_, std::vector<Place>{1});
}

TEST_F(Hj212MinutesTest, what_is_asked_for_ends_with_what_there_is) {
  Hj212Minutes others = minutes_.of_nothing();
  add(9, "2026-11-22T02:30:00Z", 1);
  others.add(sample(1, "2026-11-22T02:30:00Z", 1), 0, now_);
  others.add(sample(2, "2026-11-22T02:40:00Z", 4), 0, now_);
  ASSERT_EQ(others.rest().size(), 2U);
  EXPECT_EQ(others.rest()[1].groups, "a34004-Avg=4.0,a34004-Min=4.0,a34004-Max=4.0,a34004-Flag=N");
}

}  // namespace
}  // namespace twinsky
