// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/feed_watch.hpp"

#include "canned_fetcher.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using std::chrono::floor;
using std::chrono::hours;

// A feed on a clock that stands still, with everything that it hands on.
struct Bench {
  using Memory = std::map<std::string, std::string>;
  // `before`: what an earlier run has remembered.
  explicit Bench(const FeedSettings& settings, std::string_view gateway = "mk-roof",
                 UtcTime start = at("2026-11-22T02:40:00Z"), Memory before = {})
      : clock(start),
        memory(std::move(before)),
        watch(gateway, settings, *feed_named(settings.feed), {fetcher, outlet, clock, log}) {}

  // Lets time pass, and the feed do what is due meanwhile.
  void run_until(UtcTime end) {
    while (watch.due() <= end) {
      if (watch.due() > clock.utc()) clock.advance(watch.due() - clock.utc());
      watch.step({});
    }
    if (end > clock.utc()) clock.advance(end - clock.utc());
  }
  [[nodiscard]] UtcTime published_hour() const { return floor<hours>(clock.utc() - 25min); }
  // "02:40:03 24pc" for each request.
  [[nodiscard]] std::vector<std::string> minutes_asked() const {
    std::vector<std::string> texts;
    for (const auto& asked : fetcher.asked()) texts.push_back(iso8601(asked.time).substr(11, 5));
    return texts;
  }

  struct Taken {
    std::string stream;
    Sample sample;
    std::string document;
  };
  ManualClock clock;
  Memory memory;
  Log log{LogLevel::error};
  std::vector<StreamDescription> opened;
  std::vector<Taken> taken;
  std::vector<std::string> closed;
  std::vector<std::string> events;
  std::vector<std::string> warnings;
  std::vector<std::string> gaps;  // "stream cause end"
  FollowerOutlet outlet{
      .open = [this](const StreamDescription& stream) { opened.push_back(stream); },
      .close = [this](std::string_view stream) { closed.emplace_back(stream); },
      .take =
          [this](std::string_view stream, Sample sample, std::string_view document) {
            taken.push_back({std::string(stream), std::move(sample), std::string(document)});
          },
      .announce =
          [this](std::string_view event, std::string_view subject, std::string_view message) {
            events.push_back(std::string(event) + " " + std::string(subject) + " " +
                             std::string(message));
          },
      .warn =
          [this](std::string_view feed, const std::vector<Warning>* in_force) {
            warnings.push_back(std::string(feed) + " " +
                               (in_force == nullptr ? "gone" : warnings_document(*in_force)));
          },
      .miss =
          [this](std::string_view stream, UtcTime, UtcTime end, milliseconds,
                 std::string_view cause) {
            gaps.push_back(std::string(stream) + " " + std::string(cause) + " " + iso8601(end));
          },
      .remembered = [this](const std::string& name) { return memory[name]; },
      .remember = [this](const std::string& name,
                         std::string text) { memory[name] = std::move(text); }};
  CannedFetcher fetcher{
      clock, [this](const FetchRequest&) { return answer(concentrations(published_hour())); }};
  FeedWatch watch;
};

TEST(feed_watch, asks_at_the_start_and_then_once_for_every_update) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.run_until(at("2026-11-22T07:59:00Z"));
  const auto asked = bench.fetcher.asked();
  ASSERT_EQ(asked.size(), 6U);
  EXPECT_LT(asked[0].time, at("2026-11-22T02:40:05Z"));
  for (std::size_t count = 1; count < asked.size(); ++count) {
    const UtcTime update = at("2026-11-22T02:30:00Z") + hours(count);
    EXPECT_GE(asked[count].time, update);
    EXPECT_LT(asked[count].time, update + 5min);
    EXPECT_EQ(asked[count].time - update, asked[1].time - at("2026-11-22T03:30:00Z"));
  }
  EXPECT_EQ(bench.watch.counters().state, "fresh");
  EXPECT_TRUE(bench.events.empty());
}

TEST(feed_watch, gateways_have_moments_of_their_own) {
  std::set<std::int64_t> moments;
  for (int number = 0; number < 50; ++number) {
    Bench bench(settings_of("hk-epd", {"24pc"}), "gateway-" + std::to_string(number));
    bench.watch.step({});
    bench.run_until(at("2026-11-22T04:00:00Z"));
    ASSERT_EQ(bench.fetcher.asked().size(), 2U);
    moments.insert((bench.fetcher.asked()[1].time - at("2026-11-22T03:30:00Z")) / 1s);
  }
  EXPECT_GT(moments.size(), 40U) << "of fifty gateways, hardly two in the same second";
  EXPECT_LT(*moments.rbegin(), 300);
}

TEST(feed_watch, asks_three_times_more_where_the_new_hour_is_late_and_then_waits) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  const UtcTime old = at("2026-11-22T02:00:00Z");
  bench.fetcher.say([&](const FetchRequest&) { return answer(concentrations(old)); });
  bench.run_until(at("2026-11-22T04:29:00Z"));
  EXPECT_EQ(bench.fetcher.asked().size(), 1U + 4U);
  // It comes between two of them.
  bench.fetcher.say([&](const FetchRequest&) {
    return answer(
        concentrations(bench.clock.utc() < at("2026-11-22T04:38:00Z") ? old : old + hours(2)));
  });
  bench.run_until(at("2026-11-22T05:29:00Z"));
  EXPECT_LE(bench.fetcher.asked().size(), 5U + 3U);
  EXPECT_GE(bench.fetcher.asked().size(), 5U + 2U);
  EXPECT_EQ(bench.taken.back().sample.time, old + hours(2));
  EXPECT_TRUE(bench.events.empty()) << "late is not lost";
}

TEST(feed_watch, asks_conditionally_for_what_it_has) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.fetcher.say([&](const FetchRequest& request) {
    FetchReply reply = answer(concentrations(at("2026-11-22T02:00:00Z")));
    if (request.etag == reply.etag) reply.status = 304;
    return reply;
  });
  bench.run_until(at("2026-11-22T03:59:00Z"));
  const auto asked = bench.fetcher.asked();
  EXPECT_EQ(asked[0].request.etag, "");
  EXPECT_NE(asked[1].request.etag, "");
  EXPECT_EQ(bench.watch.counters().not_modified, asked.size() - 1);
  EXPECT_EQ(bench.taken.size(), 4U) << "two hours of two stations, once";
}

TEST(feed_watch, backs_off_from_failures_and_says_each_transition_once) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.fetcher.say([](const FetchRequest&) { return no_answer(); });
  bench.run_until(at("2026-11-22T03:29:00Z"));
  EXPECT_EQ(bench.minutes_asked(), (std::vector<std::string>{"02:40", "02:40", "02:41", "02:43",
                                                             "02:47", "02:55", "03:11"}));
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_EQ(bench.events[0],
            "feed_lost hk-epd 24pc: unreachable: Could not resolve host; trying again in 30s");
  EXPECT_EQ(bench.watch.counters().state, "unreachable");

  // The moment of the next update is not missed in a long pause.
  bench.fetcher.say([&](const FetchRequest&) { return answer("<html>sorry</html>"); });
  bench.run_until(at("2026-11-22T03:35:00Z"));
  ASSERT_EQ(bench.events.size(), 2U);
  EXPECT_TRUE(bench.events[1].starts_with("feed_lost hk-epd 24pc: html: ")) << bench.events[1];

  bench.fetcher.say(
      [&](const FetchRequest&) { return answer(concentrations(bench.published_hour())); });
  bench.run_until(at("2026-11-22T07:00:00Z"));
  ASSERT_EQ(bench.events.size(), 3U);
  EXPECT_EQ(bench.events[2], "feed_back hk-epd 24pc: answers again");
  EXPECT_EQ(bench.watch.counters().state, "fresh");
  EXPECT_EQ(bench.watch.counters().failures.at("unreachable"), 7U);
}

TEST(feed_watch, tells_every_failure_as_itself) {
  FetchReply missing;
  missing.status = 404;
  FetchReply large = no_answer();
  large.too_large = true;
  FetchReply cut = no_answer();
  cut.truncated = true;
  const struct {
    const char* fault;
    FetchReply reply;
  } cases[] = {
      {"unreachable", no_answer()},
      {"http_error", missing},
      {"too_large", large},
      {"truncated", cut},
      {"truncated", answer("<AQHI24HrPollutantConcentration><Poll")},
      {"html", answer("<!DOCTYPE html>\n<html></html>")},
      {"empty", answer("<AQHI24HrPollutantConcentration></AQHI24HrPollutantConcentration>")},
      {"grammar_changed", answer("<rdf></rdf>")},
      {"stale", answer(concentrations(at("2026-11-21T20:00:00Z")))},
  };
  for (const auto& [fault, reply] : cases) {
    Bench bench(settings_of("hk-epd", {"24pc"}));
    bench.fetcher.say([&](const FetchRequest&) { return reply; });
    bench.run_until(at("2026-11-22T02:40:06Z"));
    EXPECT_EQ(bench.watch.counters().state, fault);
    EXPECT_EQ(bench.watch.counters().failures.at(fault), 1U);
    ASSERT_EQ(bench.events.size(), 1U) << fault;
    EXPECT_TRUE(bench.events[0].starts_with("feed_lost hk-epd 24pc: " + std::string(fault)));
  }
}

TEST(feed_watch, is_stale_when_the_newest_hour_has_not_moved_for_three_hours) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  const UtcTime old = at("2026-11-22T02:00:00Z");
  bench.fetcher.say([&](const FetchRequest&) { return answer(concentrations(old)); });
  bench.run_until(at("2026-11-22T05:29:00Z"));
  EXPECT_TRUE(bench.events.empty());
  bench.run_until(at("2026-11-22T05:59:00Z"));
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_EQ(bench.events[0],
            "feed_lost hk-epd 24pc: stale: nothing newer than "
            "2026-11-22T02:00:00.000Z, though it answers");
  const std::size_t asked = bench.fetcher.asked().size();
  bench.run_until(at("2026-11-22T09:59:00Z"));
  EXPECT_EQ(bench.fetcher.asked().size(), asked + 4) << "once an update, no retries";
  bench.fetcher.say(
      [&](const FetchRequest&) { return answer(concentrations(bench.published_hour())); });
  bench.run_until(at("2026-11-22T10:59:00Z"));
  EXPECT_EQ(bench.events.size(), 2U);
}

TEST(feed_watch, hands_on_the_configured_stations_oldest_first) {
  Bench bench(settings_of("hk-epd", {"24pc", "24aqhi"}, {"mong-kok"}));
  bench.fetcher.say([&](const FetchRequest& request) {
    return answer(request.url.find("24aqhi") == std::string::npos
                      ? concentrations(bench.published_hour(), 3)
                      : indices(bench.published_hour()));
  });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  ASSERT_EQ(bench.taken.size(), 4U);
  EXPECT_TRUE(
      std::ranges::is_sorted(bench.taken, {}, [](const auto& taken) { return taken.sample.time; }));
  for (const auto& taken : bench.taken) EXPECT_EQ(taken.stream, "ref/hk-epd/mong-kok");
  EXPECT_EQ(bench.taken.front().document, "24pc");

  ASSERT_EQ(bench.opened.size(), 1U) << "both documents came together";
  const StreamDescription& stream = bench.opened.front();
  EXPECT_EQ(stream.name, "ref/hk-epd/mong-kok");
  EXPECT_EQ(stream.title, "Mong Kok");
  EXPECT_EQ(stream.placement, "roadside");
  EXPECT_EQ(stream.licence, "Terms and Conditions of Use of DATA.GOV.HK");
  EXPECT_NE(stream.attribution.find("Environmental Protection Department"), std::string::npos);
  ASSERT_TRUE(stream.position);
  std::vector<std::string_view> names;
  for (const Column& column : stream.columns) names.push_back(name_of(column.quantity));
  EXPECT_EQ(std::ranges::count(names, "no2_ppb"), 1);
  EXPECT_EQ(std::ranges::count(names, "aqhi"), 1);
}

TEST(feed_watch, keeps_a_text_only_where_it_says_more_than_the_number) {
  Bench bench(settings_of("hk-epd", {"24pc", "24aqhi"}, {"mong-kok"}));
  bench.fetcher.say([&](const FetchRequest& request) {
    return answer(request.url.find("24aqhi") == std::string::npos
                      ? concentrations(bench.published_hour(), 1)
                      : indices(bench.published_hour()));
  });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  std::map<std::string, std::string> texts;
  for (const auto& taken : bench.taken) {
    for (const Reading& reading : taken.sample.readings) {
      texts[std::string(name_of(reading.quantity))] = reading.text;
    }
  }
  EXPECT_EQ(texts["no2"], "");
  EXPECT_EQ(texts["co"], "-");
  EXPECT_EQ(texts["aqhi"], "10+");
}

TEST(feed_watch, pauses_between_the_requests_to_a_host_but_not_to_a_mirror) {
  const auto gap = [](bool is_near) {
    FeedSettings settings = settings_of("hk-hko");
    settings.settings.set("allow_private_addresses", is_near);
    Bench bench(settings);
    bench.fetcher.say([](const FetchRequest&) { return no_answer(); });
    bench.run_until(at("2026-11-22T02:40:10Z"));
    const auto asked = bench.fetcher.asked();
    EXPECT_EQ(asked.size(), 5U);
    EXPECT_EQ(asked[0].request.allow_private_addresses, is_near);
    return asked[1].time - asked[0].time;
  };
  EXPECT_GE(gap(false), 1500ms);
  EXPECT_EQ(gap(true), 0s);
}

TEST(feed_watch, posts_what_is_to_be_posted_with_the_secret_of_the_moment) {
  std::string directory = (std::filesystem::temp_directory_path() / "twinsky-feed-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  FeedSettings settings = settings_of("cn-sh-opendata");
  settings.settings.set("resource", std::string("AQI/1"));
  settings.settings.set("token_file", std::string("token"));
  settings.configuration_directory = directory;
  Bench bench(settings);
  bench.fetcher.say([](const FetchRequest&) { return no_answer(); });
  bench.run_until(at("2026-11-22T02:40:06Z"));
  EXPECT_TRUE(bench.fetcher.asked().empty()) << "nobody is asked without the secret";
  EXPECT_EQ(bench.watch.counters().state, "no_secret");
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_NE(bench.events[0].find("no_secret: the secret's file (named in token) was not found"),
            std::string::npos);

  std::ofstream(directory + "/token") << "tell-nobody\n";
  std::filesystem::permissions(directory + "/token", std::filesystem::perms::owner_read);
  bench.run_until(at("2026-11-22T02:41:00Z"));
  ASSERT_FALSE(bench.fetcher.asked().empty());
  const FetchRequest request = bench.fetcher.asked().front().request;
  EXPECT_EQ(request.body.front(), '{');
  EXPECT_EQ(std::ranges::count(request.headers, "token: tell-nobody"), 1);
  for (const std::string& event : bench.events) {
    EXPECT_EQ(event.find("tell-nobody"), std::string::npos);
  }
  std::filesystem::remove_all(directory);
}

// "202611221040", Hong Kong time
std::string minute_stamp(UtcTime time) {
  std::string text = iso8601(time + 8h).substr(0, 15) + "0";
  std::erase_if(text, [](char c) { return c == '-' || c == 'T' || c == ':'; });
  return text;
}

std::string thunderstorm(std::string_view action) {
  return R"({"WTS":{"name":"Thunderstorm Warning","code":"WTS","actionCode":")" +
         std::string(action) +
         R"(","issueTime":"2026-11-22T09:53:00+08:00","expireTime":"2026-11-22T13:00:00+08:00",)"
         R"("updateTime":"2026-11-22T09:53:00+08:00"}})";
}

TEST(feed_watch, tells_of_warnings_when_they_are_others_and_word_for_word) {
  Bench bench(settings_of("hk-hko", {"warnsum"}));
  std::string body = "{}";
  bench.fetcher.say([&](const FetchRequest&) { return answer(body); });
  bench.run_until(at("2026-11-22T03:05:00Z"));
  EXPECT_EQ(bench.warnings, std::vector<std::string>{"hk-hko []"});
  EXPECT_EQ(bench.watch.counters().state, "fresh");

  body = thunderstorm("ISSUE");
  bench.run_until(at("2026-11-22T03:35:00Z"));
  ASSERT_EQ(bench.warnings.size(), 2U);
  EXPECT_EQ(bench.warnings[1],
            R"(hk-hko [{"issuer":"Hong Kong Observatory","name":"Thunderstorm Warning",)"
            R"("code":"WTS","action":"ISSUE","issued":"2026-11-22T09:53:00+08:00",)"
            R"("updated":"2026-11-22T09:53:00+08:00","expires":"2026-11-22T13:00:00+08:00"}])");
  body = thunderstorm("CANCEL");
  bench.run_until(at("2026-11-22T04:05:00Z"));
  ASSERT_EQ(bench.warnings.size(), 3U);
  EXPECT_EQ(bench.warnings[2], "hk-hko []");

  bench.watch.close_streams(nullptr);
  ASSERT_EQ(bench.warnings.size(), 4U);
  EXPECT_EQ(bench.warnings[3], "hk-hko gone");
}

TEST(feed_watch, takes_warnings_back_of_which_nothing_was_heard_for_three_hours) {
  Bench bench(settings_of("hk-hko", {"warnsum", "latest_1min_temperature"}));
  bool has_warnings = true;
  bench.fetcher.say([&](const FetchRequest& request) {
    if (request.url.find("warnsum") != std::string::npos) {
      return has_warnings ? answer(thunderstorm("ISSUE")) : no_answer();
    }
    return answer("Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n" +
                  minute_stamp(bench.clock.utc() - 10min) + ",King's Park,20.1\n");
  });
  bench.run_until(at("2026-11-22T03:00:00Z"));
  ASSERT_EQ(bench.warnings.size(), 1U);
  has_warnings = false;
  bench.run_until(at("2026-11-22T05:40:00Z"));
  EXPECT_EQ(bench.warnings.size(), 1U);
  EXPECT_GT(bench.taken.size(), 15U) << "a failure of it does not stop the others";
  bench.run_until(at("2026-11-22T06:20:00Z"));
  ASSERT_EQ(bench.warnings.size(), 2U);
  EXPECT_EQ(bench.warnings[1], "hk-hko gone");
}

// "rhrread" is not asked about warnings, whatever it answers; nor does an unchanged copy bring back
// what another one said.
TEST(feed_watch, an_empty_document_clears_no_warning_of_another) {
  Bench bench(settings_of("hk-hko", {"rhrread", "warnsum"}));
  bench.fetcher.say([&](const FetchRequest& request) {
    if (request.url.find("warnsum") == std::string::npos) return answer("{}");
    FetchReply reply = answer(thunderstorm("ISSUE"));
    if (request.etag == reply.etag) reply.status = 304;
    return reply;
  });
  bench.run_until(at("2026-11-22T09:00:00Z"));
  ASSERT_EQ(bench.warnings.size(), 1U) << bench.warnings.back();
  EXPECT_NE(bench.warnings[0].find("WTS"), std::string::npos);
  EXPECT_GT(bench.watch.counters().not_modified, 10U);
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_TRUE(bench.events[0].starts_with("feed_lost hk-hko rhrread: empty: ")) << bench.events[0];
  EXPECT_EQ(bench.watch.counters().state, "empty");
}

TEST(feed_watch, what_is_cut_is_asked_for_again_and_its_last_row_not_believed) {
  Bench bench(settings_of("hk-hko", {"latest_1min_temperature"}));
  const auto table = [&](std::string_view last) {
    const std::string stamp = minute_stamp(bench.clock.utc() - 10min);
    return "Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n" + stamp +
           ",Sham Shui Po,33.1\n" + stamp + ",King's Park," + std::string(last);
  };
  bench.fetcher.say([&](const FetchRequest&) { return answer(table("3")); });
  bench.run_until(bench.clock.utc() + 10s);
  EXPECT_EQ(bench.watch.counters().state, "truncated");
  ASSERT_EQ(bench.taken.size(), 1U) << "what is whole is taken";
  EXPECT_EQ(bench.taken[0].stream, "ref/hk-hko/sham-shui-po");
  bench.fetcher.say([&](const FetchRequest&) { return answer(table("31.0\n")); });
  bench.run_until(bench.clock.utc() + 40s);
  EXPECT_EQ(bench.watch.counters().state, "fresh");
  ASSERT_EQ(bench.taken.size(), 3U);
  for (const auto& taken : bench.taken) EXPECT_GT(taken.sample.readings[0].value, 30);
  ASSERT_EQ(bench.events.size(), 2U);
  EXPECT_TRUE(bench.events[0].starts_with("feed_lost hk-hko latest_1min_temperature: truncated: "));
}

std::string renamed(std::string text, std::string_view from, std::string_view to) {
  for (auto place = text.find(from); place != std::string::npos;
       place = text.find(from, place + to.size())) {
    text.replace(place, from.size(), to);
  }
  return text;
}

TEST(feed_watch, a_column_that_is_renamed_is_told_and_does_not_become_empty) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bool is_renamed = false;
  bench.fetcher.say([&](const FetchRequest& request) {
    // Of the renamed document the copy stays the same for some hours.
    const UtcTime hour = is_renamed ? at("2026-11-22T05:00:00Z") : bench.published_hour();
    std::string body = concentrations(hour);
    if (is_renamed) body = renamed(std::move(body), "NO2>", "Nitrogen>");
    FetchReply reply = answer(std::move(body));
    if (request.etag == reply.etag) reply.status = 304;
    return reply;
  });
  bench.run_until(at("2026-11-22T05:10:00Z"));
  const auto taken = bench.taken.size();
  is_renamed = true;
  bench.run_until(at("2026-11-22T07:00:00Z"));
  EXPECT_EQ(bench.watch.counters().state, "grammar_changed") << "a 304 does not mend it";
  EXPECT_GT(bench.watch.counters().not_modified, 0U);
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_TRUE(bench.events[0].starts_with("feed_lost hk-epd 24pc: grammar_changed: no column of"))
      << bench.events[0];
  EXPECT_NE(bench.events[0].find("\"no2\""), std::string::npos);
  EXPECT_NE(bench.events[0].find("\"Nitrogen\""), std::string::npos);
  ASSERT_GT(bench.taken.size(), taken) << "the columns that are there go on";
  for (std::size_t at = taken; at < bench.taken.size(); ++at) {
    for (const Reading& reading : bench.taken[at].sample.readings) {
      EXPECT_NE(reading.quantity, Quantity::no2);
    }
  }
  is_renamed = false;
  bench.run_until(at("2026-11-22T09:00:00Z"));
  EXPECT_EQ(bench.watch.counters().state, "fresh");
  EXPECT_EQ(bench.events.size(), 2U);
}

TEST(feed_watch, a_column_that_goes_without_another_in_its_place_is_told_too) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.run_until(at("2026-11-22T03:10:00Z"));
  bench.fetcher.say([&](const FetchRequest&) {
    return answer(renamed(concentrations(bench.published_hour()), "<CO>-</CO>", ""));
  });
  bench.run_until(at("2026-11-22T06:00:00Z"));
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_TRUE(bench.events[0].starts_with(
      "feed_lost hk-epd 24pc: grammar_changed: no column of \"co\" any more"))
      << bench.events[0];
}

TEST(feed_watch, a_followed_station_that_is_renamed_is_told_and_its_hours_are_missed) {
  Bench bench(settings_of("hk-epd", {"24pc"}, {"mong-kok"}));
  bool is_renamed = false;
  bench.fetcher.say([&](const FetchRequest&) {
    const std::string body = concentrations(bench.published_hour());
    return answer(is_renamed ? renamed(body, "Mong Kok", "Mongkok") : body);
  });
  bench.run_until(at("2026-11-22T05:10:00Z"));
  EXPECT_TRUE(bench.events.empty());
  is_renamed = true;
  bench.run_until(at("2026-11-22T08:10:00Z"));
  EXPECT_EQ(bench.events, std::vector<std::string>{
                              "station_missing hk-epd/mong-kok is not in 24pc any more; new to "
                              "us and not followed: \"mongkok\""});
  EXPECT_EQ(bench.gaps, (std::vector<std::string>{
                            "ref/hk-epd/mong-kok station_missing 2026-11-22T05:00:00.000Z",
                            "ref/hk-epd/mong-kok station_missing 2026-11-22T06:00:00.000Z",
                            "ref/hk-epd/mong-kok station_missing 2026-11-22T07:00:00.000Z"}));
  is_renamed = false;
  bench.run_until(at("2026-11-22T10:10:00Z"));
  ASSERT_EQ(bench.events.size(), 2U);
  EXPECT_EQ(bench.events[1], "station_back hk-epd/mong-kok is there again");
  EXPECT_EQ(bench.gaps.size(), 3U);
}

// Two aerodromes, of which one says nothing from that hour on.
FetchReply aerodromes(UtcTime now, UtcTime silent_from) {
  std::string body;
  for (int age = 0; age < 4; ++age) {
    const UtcTime time = floor<std::chrono::minutes>(floor<hours>(now)) - age * 30min;
    const std::string iso = iso8601(time);
    const std::string words = " " + iso.substr(8, 2) + iso.substr(11, 2) + iso.substr(14, 2) +
                              "Z 32004KT 9999 29/24 Q1012=\n";
    body += "METAR VHHH" + words;
    if (time < silent_from) body += "METAR ZSPD" + words;
  }
  return answer(body);
}

TEST(feed_watch, a_station_that_a_document_without_a_table_shows_no_more_is_told_too) {
  Bench bench(settings_of("metar"));
  bench.fetcher.say([&](const FetchRequest&) {
    return aerodromes(bench.clock.utc(), at("2026-11-22T05:00:00Z"));
  });
  bench.run_until(at("2026-11-22T07:29:00Z"));
  EXPECT_TRUE(bench.events.empty()) << "who has nothing to say may be left out for a while";
  bench.run_until(at("2026-11-22T12:29:00Z"));
  EXPECT_EQ(bench.events,
            std::vector<std::string>{"station_missing metar/zspd is not in metar any more"});
  ASSERT_FALSE(bench.gaps.empty());
  EXPECT_TRUE(bench.gaps[0].starts_with("ref/metar/zspd station_missing")) << bench.gaps[0];
}

TEST(feed_watch, what_a_document_has_had_is_known_after_a_restart) {
  const FeedSettings settings = settings_of("hk-epd", {"24pc"});
  Bench before(settings);
  before.fetcher.say([&](const FetchRequest&) {
    std::string body = concentrations(before.published_hour());
    const std::string ozone = "<O3>80.5</O3>";
    for (auto at = body.find("<CO>"); at != body.npos; at = body.find("<CO>", at + 1)) {
      body.insert(at, ozone);
      at += ozone.size();
    }
    return answer(body);
  });
  before.run_until(at("2026-11-22T02:41:00Z"));
  EXPECT_TRUE(before.memory["expected/hk-epd"].ends_with(" no2,o3,co mong-kok,north\n"))
      << before.memory["expected/hk-epd"];

  // Meanwhile one station got another name, and one column.
  const auto run_on = [&](const FeedSettings& wanted, const Bench::Memory& memory) {
    Bench after(wanted, "mk-roof", at("2026-11-22T05:40:00Z"), memory);
    int failures = 1;
    after.fetcher.say([&](const FetchRequest&) {
      if (failures-- > 0) return no_answer();
      std::string body = concentrations(after.published_hour());
      for (auto at = body.find(">North<"); at != body.npos; at = body.find(">North<", at)) {
        body.replace(at, 7, ">Norden<");
      }
      return answer(body);
    });
    after.run_until(at("2026-11-22T05:45:00Z"));
    std::ranges::sort(after.events);
    return after.events;
  };
  const auto told = run_on(settings, before.memory);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[0].starts_with("feed_lost hk-epd 24pc: grammar_changed: no column of \"o3\""))
      << told[0];
  EXPECT_TRUE(told[1].starts_with("feed_lost hk-epd 24pc: unreachable")) << told[1];
  EXPECT_EQ(told[2], "station_missing hk-epd/north is not in 24pc any more");
  // Who follows others now, or another address, expects none of it.
  EXPECT_EQ(run_on(settings_of("hk-epd", {"24pc"}, {"mong-kok"}), before.memory).size(), 2U);
  FeedSettings elsewhere = settings;
  elsewhere.settings.set("base", std::string("https://mirror.example.org"));
  EXPECT_EQ(run_on(elsewhere, before.memory).size(), 2U) << "lost and back";
  EXPECT_EQ(run_on(settings, {{"expected/hk-epd", "24pc\n\n \n24pc 7 no2\nx y - -\n"}}).size(), 2U);
}

// The gateway starts anew while a station is missing, and again when it is back.
TEST(feed_watch, a_station_that_is_missing_is_told_once_over_restarts) {
  const FeedSettings settings = settings_of("hk-epd", {"24pc"}, {"mong-kok"});
  bool is_renamed = false;
  const auto run = [&](const char* from, const char* to, const Bench::Memory& memory) {
    auto bench = std::make_unique<Bench>(settings, "mk-roof", at(from), memory);
    int failures = memory.empty() ? 0 : 1;  // nobody can know yet who is there
    bench->fetcher.say([&, failures, made = bench.get()](const FetchRequest&) mutable {
      if (failures-- > 0) return no_answer();
      const std::string body = concentrations(made->published_hour());
      return answer(is_renamed ? renamed(body, "Mong Kok", "Mongkok") : body);
    });
    bench->run_until(at(to));
    std::erase_if(bench->events,
                  [](const std::string& event) { return event.find(" 24pc: ") != event.npos; });
    return bench;
  };
  const auto first = run("2026-11-22T02:40:00Z", "2026-11-22T03:10:00Z", {});
  is_renamed = true;
  const auto second = run("2026-11-22T03:40:00Z", "2026-11-22T05:10:00Z", first->memory);
  ASSERT_EQ(second->events.size(), 1U);
  EXPECT_TRUE(second->events[0].starts_with("station_missing hk-epd/mong-kok"));
  const auto third = run("2026-11-22T05:10:00Z", "2026-11-22T07:10:00Z", second->memory);
  EXPECT_EQ(third->events, std::vector<std::string>{});
  std::vector<std::string> gaps = second->gaps;
  gaps.insert(gaps.end(), third->gaps.begin(), third->gaps.end());
  EXPECT_EQ(gaps, (std::vector<std::string>{
                      "ref/hk-epd/mong-kok station_missing 2026-11-22T03:00:00.000Z",
                      "ref/hk-epd/mong-kok station_missing 2026-11-22T04:00:00.000Z",
                      "ref/hk-epd/mong-kok station_missing 2026-11-22T05:00:00.000Z",
                      "ref/hk-epd/mong-kok station_missing 2026-11-22T06:00:00.000Z"}))
      << "no hour twice";
  is_renamed = false;
  const auto fourth = run("2026-11-22T07:40:00Z", "2026-11-22T08:10:00Z", third->memory);
  EXPECT_EQ(fourth->events,
            std::vector<std::string>{"station_back hk-epd/mong-kok is there again"});
  const auto fifth = run("2026-11-22T08:40:00Z", "2026-11-22T09:10:00Z", fourth->memory);
  EXPECT_EQ(fifth->events, std::vector<std::string>{});
  // Who is not followed any more is not missed any more.
  Bench other(settings_of("hk-epd", {"24pc"}, {"north"}), "mk-roof", at("2026-11-22T07:40:00Z"),
              third->memory);
  other.run_until(at("2026-11-22T08:10:00Z"));
  EXPECT_EQ(other.events, std::vector<std::string>{});
  EXPECT_EQ(other.memory["missing/hk-epd"], "");
}

TEST(feed_watch, who_was_not_there_for_a_week_is_not_remembered) {
  Expected expected;
  const UtcTime now = at("2026-11-22T05:40:00Z");
  expected.stations = {{"north", now - std::chrono::days(8)}, {"mong-kok", now - 1h}};
  expected.columns = {{Quantity::no2, now}, {Quantity::o3, now - std::chrono::days(7)}};
  EXPECT_EQ(expected.text(now), "no2 mong-kok");
  EXPECT_EQ(Expected().text(now), "- -");
  const Expected read = Expected::of_text("no2,nonsense,o3 mong-kok,NO ID,", now);
  EXPECT_EQ(read.columns.size(), 2U);
  EXPECT_EQ(read.stations.size(), 1U);
  EXPECT_EQ(Expected::of_text("- -", now).text(now), "- -");
}

TEST(feed_watch, a_followed_station_that_was_never_there_is_told_once) {
  Bench bench(settings_of("hk-epd", {"24pc"}, {"mongkok"}));
  bench.run_until(at("2026-11-24T08:10:00Z"));
  ASSERT_EQ(bench.events.size(), 1U);
  EXPECT_TRUE(bench.events[0].starts_with(
      "station_missing hk-epd/mongkok is in none of its documents; look at its id"))
      << bench.events[0];
  EXPECT_GT(bench.gaps.size(), 20U);
  EXPECT_LT(bench.gaps.size(), 30U) << "each hour of a day, then each day";
}

TEST(feed_watch, a_stream_says_under_which_names_its_past_stands) {
  Bench bench(settings_of("hk-hko", {"latest_1min_temperature"}));
  bench.fetcher.say([&](const FetchRequest&) {
    return answer("Date time,Automatic Weather Station,Air Temperature(degree Celsius)\n" +
                  minute_stamp(bench.clock.utc() - 10min) + ",HK Observatory,20.1\n");
  });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  ASSERT_EQ(bench.opened.size(), 1U);
  EXPECT_EQ(bench.opened[0].formerly, std::vector<std::string>{"ref/hk-hko/hong-kong-observatory"});
  EXPECT_NE(
      meta_content(bench.opened[0]).find("\"formerly\":[\"ref/hk-hko/hong-kong-observatory\"]"),
      std::string::npos);
}

TEST(feed_watch, leaves_out_hours_of_the_future) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.fetcher.say(
      [&](const FetchRequest&) { return answer(concentrations(at("2026-11-24T02:00:00Z"), 49)); });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  ASSERT_FALSE(bench.taken.empty());
  EXPECT_EQ(bench.taken.back().sample.time, at("2026-11-22T03:00:00Z"));
}

TEST(feed_watch, leaves_out_hours_long_past_and_says_that_it_is_stale) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.fetcher.say(
      [&](const FetchRequest&) { return answer(concentrations(at("2026-11-12T02:00:00Z"), 3)); });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  EXPECT_TRUE(bench.taken.empty());
  EXPECT_EQ(bench.watch.counters().state, "stale");
}

// A sensor of OpenAQ that measured every two minutes of the day before `end`, two hundred rows a
// page.
std::string page_of_a_day(const std::string& url, UtcTime end) {
  const auto at = url.rfind("&page=");
  const int page = at == url.npos ? 1 : std::stoi(url.substr(at + 6));
  std::string rows;
  for (int row = (page - 1) * 200; row < std::min(page * 200, 720); ++row) {
    const UtcTime start = end - 24h + row * 2min;
    rows += std::string(rows.empty() ? "" : ",") + R"({"value":)" + std::to_string(row % 50) +
            R"(,"parameter":{"name":"pm25","units":"µg/m³"},"period":{"datetimeFrom":{"utc":")" +
            iso8601(start) + R"("},"datetimeTo":{"utc":")" + iso8601(start + 2min) + R"("}}})";
  }
  return R"({"meta":{"page":)" + std::to_string(page) + R"(,"limit":200,"found":720},"results":[)" +
         rows + "]}";
}

TEST(feed_watch, reads_all_pages_of_a_document_before_it_hands_them_on) {
  std::string directory = (std::filesystem::temp_directory_path() / "twinsky-feed-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  std::ofstream(directory + "/key") << "tell-nobody\n";
  std::filesystem::permissions(directory + "/key", std::filesystem::perms::owner_read);
  FeedSettings settings;
  settings.feed = "openaq";
  settings.settings = Settings::defaults(feed_named("openaq")->settings);
  settings.settings.set("sensors", std::string(R"({"3920": "del-norte"})"));
  settings.settings.set("key_file", std::string("key"));
  settings.configuration_directory = directory;
  Bench bench(settings);
  int failures = 1;  // of the third page
  bench.fetcher.say([&](const FetchRequest& request) {
    if (request.url.ends_with("&page=3") && failures-- > 0) return no_answer();
    return answer(page_of_a_day(request.url, at("2026-11-22T02:40:00Z")));
  });
  bench.run_until(at("2026-11-22T02:45:00Z"));
  EXPECT_EQ(bench.taken.back().sample.time, at("2026-11-22T02:40:00Z")) << "the newest is there";
  std::set<UtcTime> times;
  for (const auto& each : bench.taken) times.insert(each.sample.time);
  EXPECT_EQ(times.size(), 720U);
  const auto asked = bench.fetcher.asked();
  ASSERT_EQ(asked.size(), 3U + 4U) << "after a failure it begins with the first page";
  EXPECT_TRUE(asked[2].request.url.ends_with("&page=3"));
  EXPECT_FALSE(asked[3].request.url.ends_with("&page=3"));
  for (const auto& each : asked) {
    EXPECT_TRUE(each.request.etag.empty());
    EXPECT_EQ(std::ranges::count(each.request.headers, "X-API-Key: tell-nobody"), 1);
  }
  EXPECT_EQ(bench.watch.counters().state, "fresh");
  // The first page has the oldest rows, and says nothing of how new the document is.
  ASSERT_EQ(bench.events.size(), 2U);
  EXPECT_TRUE(bench.events[0].starts_with("feed_lost openaq 3920: unreachable")) << bench.events[0];
  EXPECT_TRUE(bench.events[1].starts_with("feed_back openaq 3920")) << bench.events[1];
  std::filesystem::remove_all(directory);
}

TEST(feed_watch, hands_on_what_cannot_be_as_printed_and_flagged) {
  Bench bench(settings_of("hk-epd", {"24pc"}, {"mong-kok"}));
  bench.fetcher.say([&](const FetchRequest&) {
    return answer(
        "<AQHI24HrPollutantConcentration><PollutantConcentration><StationName>Mong "
        "Kok</StationName>"
        "<DateTime>Sun, 22 Nov 2026 10:00:00 +0800</DateTime><NO2>-9999</NO2><O3>-120</O3>"
        "<SO2>4</SO2><CO>99999</CO><PM10>31</PM10><PM2.5>2500.5</PM2.5>"
        "</PollutantConcentration></AQHI24HrPollutantConcentration>");
  });
  bench.run_until(at("2026-11-22T02:41:00Z"));
  ASSERT_EQ(bench.taken.size(), 1U);
  const auto of = [&](Quantity quantity) {
    return *std::ranges::find(bench.taken[0].sample.readings, quantity, &Reading::quantity);
  };
  for (const Quantity quantity : {Quantity::no2, Quantity::co}) {
    EXPECT_FALSE(of(quantity).value);
    EXPECT_EQ(of(quantity).flag, Flag::missing);
    EXPECT_EQ(of(quantity).reason, "sentinel");
  }
  EXPECT_EQ(of(Quantity::no2).text, "-9999");
  EXPECT_FALSE(of(Quantity::no2_ppb).value);
  for (const Quantity quantity : {Quantity::o3, Quantity::o3_ppb, Quantity::pm2_5}) {
    EXPECT_TRUE(of(quantity).value);
    EXPECT_EQ(of(quantity).flag, Flag::fail);
    EXPECT_EQ(of(quantity).reason, "range");
  }
  EXPECT_EQ(of(Quantity::so2).flag, Flag::not_evaluated);
}

TEST(feed_watch, goes_on_when_the_clock_is_set_back_or_forward) {
  Bench bench(settings_of("hk-epd", {"24pc"}), "mk-roof", at("2026-11-25T02:40:00Z"));
  bench.run_until(at("2026-11-25T02:41:00Z"));
  ASSERT_EQ(bench.fetcher.asked().size(), 1U);
  bench.clock.step_utc(-72h);
  bench.run_until(at("2026-11-22T02:42:00Z"));
  EXPECT_EQ(bench.fetcher.asked().size(), 2U);
  bench.clock.step_utc(48h);
  bench.run_until(bench.clock.utc() + 1min);
  EXPECT_EQ(bench.fetcher.asked().size(), 3U);
}

TEST(feed_watch, an_hour_is_not_missed_when_a_clock_that_was_ahead_is_set_back) {
  Bench bench(settings_of("hk-epd", {"24pc"}));
  bench.run_until(at("2026-11-22T02:41:00Z"));
  const auto asked = bench.fetcher.asked().size();
  bench.clock.step_utc(-1h);
  bench.run_until(at("2026-11-22T02:41:00Z"));  // an hour has passed
  EXPECT_GT(bench.fetcher.asked().size(), asked);
}

}  // namespace
}  // namespace twinsky
