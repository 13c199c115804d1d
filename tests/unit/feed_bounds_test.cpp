// SPDX-License-Identifier: Apache-2.0
// Agencies that say more than any: what of it reaches our memory, store and topics.
#include "gateway/acquire/feed_bounds.hpp"

#include "canned_fetcher.hpp"
#include "gateway/acquire/feed_watch.hpp"
#include "gateway/acquire/official_outlet.hpp"
#include "gateway/text/bounded_text.hpp"
#include "store_fixture.hpp"

#include <map>
#include <set>

namespace twinsky {
namespace {

constexpr MonotonicTime start{};

Sample sample_of(std::string station, int minute = 0, std::string text = {}) {
  Official official;
  official.station = std::move(station);
  Reading reading = twinsky::reading(Quantity::temperature, 20);
  reading.text = std::move(text);
  return {.time = UtcTime(std::chrono::minutes(minute)),
          .readings = {std::move(reading)},
          .facts = {},
          .official = std::move(official)};
}

std::vector<Sample> samples_of(int count, const std::string& name) {
  std::vector<Sample> samples;
  samples.reserve(static_cast<std::size_t>(count));
  for (int n = 0; n < count; ++n) samples.push_back(sample_of(name + std::to_string(n)));
  return samples;
}

std::set<std::string> stations_in(const std::vector<Sample>& samples) {
  std::set<std::string> stations;
  for (const Sample& sample : samples) stations.insert(sample.official->station);
  return stations;
}

bool is_listed(std::string_view station) {
  return station.starts_with("listed-");
}

TEST(feed_bounds, carries_all_that_is_named_and_of_strangers_the_first_to_come) {
  FeedBounds bounds(is_listed, "", start);
  std::vector<Sample> early = samples_of(150, "early-");
  EXPECT_FALSE(bounds.keep_within(early, start).any());
  std::vector<Sample> samples = samples_of(1'000, "flood-");
  std::ranges::move(samples_of(150, "early-"), std::back_inserter(samples));
  std::ranges::move(samples_of(300, "listed-"), std::back_inserter(samples));
  const Excess excess = bounds.keep_within(samples, start + 10min);
  EXPECT_EQ(excess.of_strangers, 950U);
  EXPECT_EQ(samples.size(), 500U);
  const std::set<std::string> kept = stations_in(samples);
  for (int n = 0; n < 150; ++n) EXPECT_TRUE(kept.contains("early-" + std::to_string(n))) << n;
  for (int n = 0; n < 300; ++n) EXPECT_TRUE(kept.contains("listed-" + std::to_string(n))) << n;
  EXPECT_NE(text_of(excess).find("950 samples of stations"), std::string::npos) << text_of(excess);
}

TEST(feed_bounds, known_stations_keep_their_places_across_restarts) {
  FeedBounds before(is_listed, "", start);
  std::vector<Sample> early = samples_of(200, "early-");
  before.keep_within(early, start);
  FeedBounds after(is_listed, before.strangers() + " listed-1 NO/ID # extra-1", start);
  EXPECT_EQ(after.strangers(), before.strangers());
  std::vector<Sample> flood = samples_of(1'000, "flood-");
  EXPECT_EQ(after.keep_within(flood, start).of_strangers, 1'000U);
}

TEST(feed_bounds, a_place_is_free_when_its_station_was_not_seen_for_a_week) {
  FeedBounds bounds(is_listed, "", start);
  std::vector<Sample> flood = samples_of(200, "flood-");
  bounds.keep_within(flood, start);
  std::vector<Sample> some = samples_of(199, "flood-");
  bounds.keep_within(some, start + 100h);
  std::vector<Sample> fresh = {sample_of("new-station")};
  EXPECT_EQ(bounds.keep_within(fresh, start + 167h).of_strangers, 1U);
  fresh = {sample_of("new-station")};
  EXPECT_FALSE(bounds.keep_within(fresh, start + 168h).any());
  EXPECT_EQ(bounds.take_dismissed(), std::vector<std::string>{"flood-199"});
  fresh = {sample_of("another-station")};
  EXPECT_EQ(bounds.keep_within(fresh, start + 168h).of_strangers, 1U);
}

TEST(feed_bounds, of_too_many_intervals_the_newest_of_named_stations_stay) {
  FeedBounds bounds(is_listed, "", start);
  std::vector<Sample> samples = {sample_of("stranger", 100'000)};
  for (int minute = 0; minute < 5'000; ++minute) samples.push_back(sample_of("listed-1", minute));
  EXPECT_EQ(bounds.keep_within(samples, start).samples, 3'001U);
  ASSERT_EQ(samples.size(), 2'000U);
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.official->station, "listed-1");
    EXPECT_GE(sample.time, UtcTime(std::chrono::minutes(3'000)));
  }
}

TEST(feed_bounds, texts_and_warnings_are_bounded) {
  FeedBounds bounds(is_listed, "", start);
  std::vector<Sample> samples = {sample_of("listed-1", 0, std::string(1'000'000, 'x')),
                                 sample_of("listed-2", 0, "Variable")};
  EXPECT_EQ(bounds.keep_within(samples, start).texts, 1U);
  EXPECT_EQ(samples[0].readings[0].text, std::string(97, 'x') + "…");
  EXPECT_EQ(samples[1].readings[0].text, "Variable");
  std::vector<Warning> warnings(500, Warning{.issuer = "HKO", .name = std::string(5'000, 'n')});
  const Excess excess = FeedBounds::keep_within(warnings);
  EXPECT_EQ(warnings.size(), 40U);
  EXPECT_EQ(excess.warnings, 460U);
  EXPECT_EQ(excess.texts, 40U);
  EXPECT_LT(warnings_document(warnings).size(), 20'000U);
}

TEST(bounded_text, is_cut_between_two_characters) {
  for (std::size_t most = 3; most < 15; ++most) {
    std::string text = "天文台ab𝄞é";  // 3, 3, 3, 1, 1, 4, 2 bytes
    const std::string whole = text;
    EXPECT_EQ(shorten(text, most), most < 17);
    EXPECT_LE(text.size(), most);
    ASSERT_TRUE(text.ends_with("…")) << most;
    const std::string kept = text.substr(0, text.size() - 3);
    EXPECT_TRUE(whole.starts_with(kept));
    const std::set<std::size_t> ends = {0, 3, 6, 9, 10, 11, 15};
    EXPECT_TRUE(ends.contains(kept.size())) << most;
  }
  std::string text = "Calm";
  EXPECT_FALSE(shorten(text, 4));
  EXPECT_EQ(text, "Calm");
}

// What an agency says, all the way to the store and the retained topics.
class Flood : public StoreTest {
 protected:
  // `sentence`: what the direction's cell says.
  static std::string table(UtcTime time, int strangers, const std::string& sentence = "West") {
    std::string stamp = iso8601(time + 8h).substr(0, 15) + "0";
    std::erase_if(stamp, [](char c) { return c == '-' || c == 'T' || c == ':'; });
    std::string body =
        "Date time,Automatic Weather Station,10-Minute Mean Wind Direction(Compass points),"
        "10-Minute Mean Speed(km/hour),10-Minute Maximum Gust(km/hour)\n";
    for (int n = 0; n < strangers; ++n) {
      body.append(stamp).append(",Stn ").append(std::to_string(n)).append(",West,19,29\n");
    }
    return body.append(stamp).append(",King's Park,").append(sentence).append(",19,29\n");
  }

  void run(const std::function<std::string()>& says, milliseconds duration) {
    CannedFetcher fetcher(clock_, [&](const FetchRequest&) { return answer(says()); });
    Intake intake(*store_, latest_values_, bulletin_, clock_);
    OfficialIndices indices(catalogue_, intake, bulletin_, log_);
    FollowerOutlet outlet = outlet_to(intake, indices, bulletin_, *store_);
    const auto announce = outlet.announce;
    outlet.announce = [&](std::string_view event, std::string_view subject,
                          std::string_view message) {
      events_.push_back(std::string(event).append(" ").append(message));
      announce(event, subject, message);
    };
    FeedSettings settings = settings_of("hk-hko", {"latest_10min_wind"});
    settings.settings.set("allow_private_addresses", true);
    FeedWatch watch("mk-roof", settings, *feed_named("hk-hko"), {fetcher, outlet, clock_, log_});
    const UtcTime end = clock_.utc() + duration;
    while (watch.due() <= end) {
      if (watch.due() > clock_.utc()) clock_.advance(watch.due() - clock_.utc());
      watch.step({});
      ASSERT_TRUE(commit());
    }
    counters_ = watch.counters();
  }
  [[nodiscard]] std::set<std::string> stations() const {
    std::set<std::string> topics;
    std::uint64_t version = 0;
    for (const auto& change : bulletin_.changes_since(version)) {
      const std::string& topic = change.posting.topic;
      if (topic.ends_with("/meta")) topics.insert(topic.substr(0, topic.size() - 5));
    }
    return topics;
  }

  LatestValues latest_values_;
  Bulletin bulletin_;
  const IndexCatalogue catalogue_;
  std::vector<std::string> events_;
  FeedCounters counters_;
};

TEST_F(Flood, unknown_stations_are_bounded_told_once_and_seen_in_health) {
  open();
  run([&] { return table(clock_.utc() - 10min, 4'000); }, 35min);
  EXPECT_EQ(stations().size(), FeedBounds::most_strangers + 1);
  EXPECT_TRUE(stations().contains("ref/hk-hko/kings-park"));
  EXPECT_EQ(counters_.state, "crowded");
  EXPECT_EQ(counters_.stations, FeedBounds::most_strangers + 1);
  EXPECT_GE(counters_.left_out, 3 * 3'800U);
  EXPECT_EQ(counters_.left_out % 3'800, 0U);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_TRUE(events_[0].starts_with("feed_crowded latest_10min_wind: ")) << events_[0];
  EXPECT_EQ(store_->status().queue_dropped, 0U);
  const std::set<std::string> first = stations();

  // The agency is itself again; then others come, after a restart, and push out none.
  run([&] { return table(clock_.utc() - 10min, 50); }, 11min);
  EXPECT_EQ(counters_.state, "fresh");
  open();
  const auto others = [&] {
    std::string body = table(clock_.utc() - 10min, 4'000);
    for (auto found = body.find("Stn"); found != std::string::npos;
         found = body.find("Stn", found)) {
      body.replace(found, 3, "Oth");
    }
    return body;
  };
  run(others, 11min);
  EXPECT_EQ(stations(), first);
  EXPECT_EQ(counters_.stations, 1U);
}

TEST_F(Flood, samples_of_sensors_stay_while_official_ones_are_dropped) {
  settings_.queue_bytes = 64U << 10U;
  open();
  const StreamId sensor = store_->stream("sensor/dust");
  int sent = 0;
  const auto says = [&] {
    for (int n = 0; n < 20; ++n) {
      store_->append(entry(sensor, R"({"n":)" + std::to_string(++sent) + "}"));
    }
    return table(clock_.utc() - 10min, 4'000);
  };
  run(says, 65min);
  EXPECT_EQ(rows_of("sensor/dust").size(), static_cast<std::size_t>(sent));
  for (const LedgerRow& row : ledger()) EXPECT_TRUE(row.stream.starts_with("ref/")) << row.stream;
}

TEST_F(Flood, a_long_cell_makes_no_long_record_topic_or_event) {
  open();
  run([&] { return table(clock_.utc() - 10min, 0, "\"" + std::string(990, 'y') + "\""); }, 25min);
  std::uint64_t version = 0;
  for (const auto& change : bulletin_.changes_since(version)) {
    EXPECT_LT(change.posting.payload.size(), 3'000U) << change.posting.topic;
  }
  for (const Row& row : rows()) EXPECT_LT(row.body.size(), 1'000U) << row.stream;
  EXPECT_GE(counters_.texts_cut, 2U);
  ASSERT_EQ(events_.size(), 1U);

  run([&] { return "<html>" + std::string(100'000, 'z') + "</html>"; }, 5min);
  run([&] { return R"({")" + std::string(100'000, 'z') + R"(":1})"; }, 5min);
  for (const std::string& event : events_) EXPECT_LT(event.size(), 600U);
}

}  // namespace
}  // namespace twinsky
