// SPDX-License-Identifier: Apache-2.0
// From rows to messages and back to the cursor, with a broker that loses and refuses at random. The
// rows are synthetic and live in memory.
#include "gateway/sinks/outbox.hpp"

#include "gateway/sinks/inbox.hpp"
#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t any_size = 1U << 20U;
const MonotonicTime start{1h};

struct Rows : StoreReader {
  const std::vector<StoredRow>& page(RowId after, std::size_t most) override {
    found.clear();
    auto place = std::ranges::upper_bound(rows, after, {}, &StoredRow::row);
    while (place != rows.end() && found.size() < most) found.push_back(*place++);
    return found;
  }
  const std::string& name_of(StreamId stream) override {
    return name = "sensor/s" + std::to_string(static_cast<std::int64_t>(stream));
  }
  const std::string& epoch_of(RowId row) override {
    return epoch = row < second_epoch ? "e1" : "e2";
  }

  // An outbox asks for none of these.
  std::vector<std::string> streams() override { return {}; }
  RowRange rows_of_epoch(std::string_view) override { return {}; }
  std::map<std::string, std::uint64_t> newest_numbers() override { return {}; }
  std::vector<HourRow> hours(std::string_view, Quantity, UtcTime, UtcTime) override { return {}; }
  std::vector<OfficialRow> official(std::string_view, Quantity, UtcTime, UtcTime) override {
    return {};
  }
  RowRange rows_without_hours() override { return {}; }
  std::optional<UtcTime> first_hour(std::string_view, Quantity, UtcTime) override { return {}; }
  std::optional<UtcTime> first_official(std::string_view, Quantity, UtcTime) override { return {}; }
  std::vector<LedgerRow> ledger() override { return {}; }

  void add(int stream, std::string_view body = R"({"v":1})") {
    const RowId row = rows.empty() ? 1 : rows.back().row + 1;
    rows.push_back({row, StreamId(stream), ++seqs[stream], UtcTime(milliseconds(row)), body});
  }
  // `count` rows of each of `streams` streams, one after the other in turn.
  void fill(int streams, int count) {
    for (int n = 0; n < count; ++n) {
      for (int stream = 1; stream <= streams; ++stream) add(stream);
    }
  }
  [[nodiscard]] RowId newest() const { return rows.empty() ? 0 : rows.back().row; }

  std::vector<StoredRow> rows;
  std::vector<StoredRow> found;
  std::map<int, std::uint64_t> seqs;
  std::string name;
  std::string epoch;
  RowId second_epoch = std::numeric_limits<RowId>::max();
};

const auto native = format_named("native") -> make({}, "g");

struct Sent {
  std::string topic;
  std::string payload;
  std::string_view rule;
};

// Remembers what was sent, by a place.
class Placed : public Outbox {
 public:
  Placed(OutboxSettings settings, std::unique_ptr<StoreReader> rows, RowId cursor,
         const Egress& egress = Egress::everything(), Claim claim = {})
      : Outbox(std::move(settings), *native, std::move(rows), cursor, egress, std::move(claim)) {}

  std::optional<Sent> take(Place place, RowId newest, MonotonicTime now) {
    auto taken = Outbox::take(newest, now);
    if (!taken) return std::nullopt;
    sent_[place] = {taken->span, taken->message.payload.size()};
    return Sent{.topic = std::string(taken->subject),
                .payload = std::move(taken->message.payload),
                .rule = taken->rule};
  }
  void acknowledged(Place place, MonotonicTime now) {
    Outbox::acknowledged(sent_.at(place).first, now);
  }
  void refused(Place place, bool too_large, MonotonicTime now) {
    Outbox::refused(sent_.at(place).first, sent_.at(place).second, too_large, now);
  }

 private:
  std::map<Place, std::pair<Span, std::size_t>> sent_;
};

struct World {
  explicit World(OutboxSettings settings = {.sink = "city"}) {
    auto owned = std::make_unique<Rows>();
    rows = owned.get();
    outbox.emplace(std::move(settings), std::move(owned), 0);
    outbox->start(any_size, start);
  }
  // Sends until nothing comes any more; the messages by their place.
  std::vector<Sent> take_all(MonotonicTime now = start) {
    std::vector<Sent> messages;
    while (auto message = outbox->take(next_place++, rows->newest(), now)) {
      messages.push_back(std::move(*message));
    }
    return messages;
  }
  Rows* rows;
  std::optional<Placed> outbox;
  Place next_place = 0;
};

std::vector<std::uint64_t> seqs(const Sent& message) {
  std::vector<std::uint64_t> numbers;
  for (const json& record : json::parse(message.payload)) numbers.push_back(record["seq"]);
  return numbers;
}

TEST(outbox, live_rows_go_at_once_and_backlogs_in_full_messages) {
  World world;
  world.rows->fill(2, 1);
  const auto live = world.take_all();
  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].topic, "sensor/s1/obs");
  EXPECT_EQ(live[0].payload, R"([{"gateway":"g","sensor":"s1","epoch":"e1","seq":1,"ts":1,)"
                             R"("time":"1970-01-01T00:00:00.001Z","v":1}])");
  world.rows->fill(10, 200);  // one row of each stream in turn
  const auto backlog = world.take_all();
  std::size_t full = 0;
  for (const Sent& message : backlog) full += seqs(message).size() == 200 ? 1 : 0;
  EXPECT_EQ(full, 10U);
  EXPECT_EQ(backlog.size(), 10U);
}

TEST(outbox, nothing_newer_than_may_be_sent_is_sent) {
  World world;
  world.rows->fill(1, 1000);
  EXPECT_EQ(seqs(*world.outbox->take(0, 5, start)).size(), 5U);
  EXPECT_FALSE(world.outbox->take(1, 5, start).has_value());
  EXPECT_FALSE(world.outbox->has_work(5, start));
  world.outbox->acknowledged(0, start);
  EXPECT_EQ(world.outbox->cursor(), 5);
}

TEST(outbox, deleted_rows_do_not_stop_it) {
  World world;
  world.rows->fill(1, 10);
  auto& rows = world.rows->rows;
  rows.erase(rows.begin() + 4, rows.end());
  EXPECT_EQ(seqs(*world.outbox->take(0, 10, start)).size(), 4U);
  world.outbox->acknowledged(0, start);
  EXPECT_EQ(world.outbox->cursor(), 10);
  rows.clear();
  EXPECT_FALSE(world.outbox->take(1, 2000, start).has_value());
  EXPECT_EQ(world.outbox->cursor(), 2000);
  EXPECT_FALSE(world.outbox->has_work(2000, start));
}

TEST(outbox, a_new_epoch_stands_in_the_records_that_belong_to_it) {
  World world;
  world.rows->fill(1, 4);
  world.rows->second_epoch = 3;
  const json records = json::parse(world.take_all().at(0).payload);
  EXPECT_EQ(records[1]["epoch"], "e1");
  EXPECT_EQ(records[2]["epoch"], "e2");
}

TEST(outbox, ledger_and_event_keep_their_topic) {
  struct Named : Rows {
    const std::string& name_of(StreamId) override { return name = "ledger"; }
  };
  auto reader = std::make_unique<Named>();
  reader->add(1);
  Placed outbox({.sink = "s"}, std::move(reader), 0);
  EXPECT_EQ(outbox.take(0, 1, start)->topic, "ledger");
}

TEST(outbox, streams_that_may_not_go_count_as_passed) {
  SinkSettings sink;
  sink.allow = {"sensor/s2/obs"};
  sink.quantities = {"pm2_5"};
  const Egress egress(sink);
  auto owned = std::make_unique<Rows>();
  Rows& rows = *owned;
  Placed outbox({.sink = "city"}, std::move(owned), 0, egress);
  outbox.start(any_size, start);
  for (int n = 0; n < 3; ++n) {
    for (int stream = 1; stream <= 3; ++stream) rows.add(stream, R"({"pm2_5":1.0,"pm10":2.0})");
  }
  const auto message = outbox.take(0, rows.newest(), start);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->topic, "sensor/s2/obs");
  EXPECT_EQ(message->rule, "sensor/s2/obs");
  EXPECT_EQ(seqs(*message), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(message->payload.find("pm10"), std::string::npos);
  EXPECT_FALSE(outbox.take(1, rows.newest(), start));
  EXPECT_EQ(outbox.cursor(), 1);
  outbox.acknowledged(0, start);
  EXPECT_EQ(outbox.cursor(), rows.newest());
  EXPECT_TRUE(outbox.take_gaps().empty());
  rows.add(1);  // nothing to send, and nothing waits
  EXPECT_FALSE(outbox.take(2, rows.newest(), start));
  EXPECT_EQ(outbox.cursor(), rows.newest());
}

TEST(outbox, a_record_that_no_broker_takes_leaves_by_the_ledger_and_the_rest_goes_on) {
  World world;
  const std::string large = "{\"v\":\"" + std::string(2000, 'x') + "\"}";
  world.rows->add(1);
  world.rows->add(1, large);
  world.rows->add(1);
  world.outbox->start(1000, start);
  const auto messages = world.take_all();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(seqs(messages[1]), std::vector<std::uint64_t>{3});
  const auto gaps = world.outbox->take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].cause, "refused");
  EXPECT_EQ(gaps[0].stream, "sensor/s1");
  EXPECT_EQ(gaps[0].sink, "city");
  EXPECT_EQ(gaps[0].count, 1U);
  EXPECT_FALSE(gaps[0].estimated);
  EXPECT_EQ(gaps[0].first_seq, 2U);
  EXPECT_EQ(gaps[0].last_seq, 2U);
  world.outbox->acknowledged(0, start);
  world.outbox->acknowledged(1, start);
  EXPECT_EQ(world.outbox->cursor(), 3);
}

TEST(outbox, a_record_that_no_broker_takes_enters_the_ledger_once_whatever_is_lost_before_it) {
  World world;
  const std::string large = "{\"v\":\"" + std::string(2000, 'x') + "\"}";
  world.rows->add(1);
  world.rows->add(1, large);
  world.rows->add(1);
  world.outbox->start(1000, start);
  std::uint64_t entered = 0;
  std::set<std::uint64_t> sent;
  for (int connection = 0; connection < 5; ++connection) {
    for (const Sent& message : world.take_all()) {
      for (const auto seq : seqs(message)) sent.insert(seq);
    }
    for (const LedgerRow& gap : world.outbox->take_gaps()) entered += gap.count;
    world.outbox->start(1000, start);  // the record before it had not arrived
  }
  EXPECT_EQ(entered, 1U);
  EXPECT_EQ(sent, (std::set<std::uint64_t>{1, 3}));
}

TEST(outbox, rows_are_sent_only_when_they_are_claimed) {
  World world;
  world.rows->fill(1, 2000);
  RowId claimed = 0;
  bool may_claim = false;
  auto rows = std::make_unique<Rows>(*world.rows);
  Placed outbox({.sink = "city"}, std::move(rows), 0, Egress::everything(), [&](RowId until) {
    if (may_claim) claimed = until;
    return may_claim;
  });
  outbox.start(any_size, start);
  EXPECT_FALSE(outbox.take(0, 2000, start));
  EXPECT_FALSE(outbox.has_work(2000, start));  // until it is woken
  may_claim = true;
  std::uint64_t newest = 0;
  Place place = 0;
  while (const auto message = outbox.take(place, 2000, start)) {
    newest = seqs(*message).back();
    EXPECT_LE(newest, static_cast<std::uint64_t>(claimed));
    outbox.acknowledged(place++, start);
  }
  EXPECT_EQ(newest, 2000U);
  EXPECT_EQ(outbox.cursor(), 2000);
}

TEST(outbox, an_undeclared_limit_is_found_by_halving) {
  World world;
  world.rows->fill(1, 100);
  MonotonicTime now = start;
  std::set<std::uint64_t> arrived;
  for (Place place = 0; world.outbox->cursor() < 100 && place < 1000; ++place) {
    const auto message = world.outbox->take(place, 100, now);
    if (!message) {
      now = std::max(now, world.outbox->next_retry());
    } else if (message->payload.size() > 500) {
      world.outbox->refused(place, true, now);
    } else {
      for (const auto seq : seqs(*message)) arrived.insert(seq);
      world.outbox->acknowledged(place, now);
    }
  }
  EXPECT_EQ(arrived.size(), 100U);
  EXPECT_TRUE(world.outbox->take_gaps().empty());
}

TEST(outbox, a_refused_stream_is_held_for_a_while_and_leaves_by_the_ledger) {
  World world({.sink = "city", .records = 10, .hold_refused = 1h});
  world.rows->fill(2, 25);
  MonotonicTime now = start;
  std::vector<std::uint64_t> arrived;
  const auto run_until = [&](MonotonicTime end, bool refuse) {
    for (Place place = 0; now < end; ++place) {
      world.outbox->expire(now);
      const auto message = world.outbox->take(place, world.rows->newest(), now);
      if (!message) {
        if (world.outbox->has_work(world.rows->newest(), now)) continue;
        now = std::min(end, std::max(now + 1ms, world.outbox->next_retry()));
      } else if (refuse && message->topic == "sensor/s1/obs") {
        world.outbox->refused(place, false, now);
      } else {
        if (message->topic == "sensor/s1/obs") {
          for (const auto seq : seqs(*message)) arrived.push_back(seq);
        }
        world.outbox->acknowledged(place, now);
      }
    }
  };
  run_until(start + 59min, true);
  EXPECT_EQ(world.outbox->cursor(), 0);
  EXPECT_EQ(world.outbox->streams_held(), 1U);
  EXPECT_TRUE(world.outbox->take_gaps().empty());
  run_until(start + 61min, true);
  const auto gaps = world.outbox->take_gaps();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].count, 25U);
  EXPECT_EQ(gaps[0].first_seq, 1U);
  EXPECT_EQ(gaps[0].last_seq, 25U);
  EXPECT_EQ(world.outbox->cursor(), 50);
  world.rows->fill(2, 25);
  run_until(start + 65min, true);
  EXPECT_EQ(world.outbox->cursor(), 50);
  run_until(start + 70min, false);  // the broker has changed its mind
  EXPECT_EQ(world.outbox->cursor(), 100);
  std::vector<std::uint64_t> expected(25);
  for (std::size_t index = 0; index < 25; ++index) expected[index] = 26 + index;
  EXPECT_EQ(arrived, expected);
}

// Losses and new rows at random with, in turn, refusals; acknowledgements in any order of what had
// arrived in order; and losses of what had not arrived. Everything arrives, in order but for
// refusals, and the cursor is never ahead of what has arrived.
TEST(outbox, nothing_is_lost_whatever_the_broker_does) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
    const bool refuses = seed % 3 == 0;
    const bool arrives_at_once = seed % 3 == 1;
    World world({.sink = "city", .records = 1 + random() % 30});
    std::map<Place, Sent> under_way;
    std::map<std::string, std::vector<std::uint64_t>> arrived;
    std::map<std::string, std::set<std::uint64_t>> unique;
    const auto arrive = [&](const Sent& message) {
      for (const auto seq : seqs(message)) {
        if (unique[message.topic].insert(seq).second) arrived[message.topic].push_back(seq);
      }
    };
    MonotonicTime now = start;
    RowId checked = 0;
    for (int step = 0; step < 3000 || world.outbox->cursor() < world.rows->newest(); ++step) {
      ASSERT_LT(step, 200000);
      now += 10ms;
      if (step < 3000 && chance(3)) world.rows->add(1 + static_cast<int>(random() % 7));
      if (under_way.size() < 10) {
        const Place place = world.next_place++;
        if (auto message = world.outbox->take(place, world.rows->newest(), now)) {
          if (arrives_at_once) arrive(*message);
          under_way.emplace(place, std::move(*message));
        } else {
          now = std::max(now, std::min(world.outbox->next_retry(), now + 1s));
        }
      }
      if (!under_way.empty() && chance(2)) {
        auto fate = under_way.begin();
        if (refuses || arrives_at_once) std::advance(fate, random() % under_way.size());
        if (refuses && chance(4)) {
          world.outbox->refused(fate->first, false, now);
        } else {
          arrive(fate->second);
          world.outbox->acknowledged(fate->first, now);
        }
        under_way.erase(fate);
      }
      if (chance(200)) {
        under_way.clear();
        world.outbox->connection_lost(now);
      }
      for (; checked < world.outbox->cursor(); ++checked) {
        const StoredRow& row = world.rows->rows[static_cast<std::size_t>(checked)];
        const auto topic = "sensor/s" + std::to_string(static_cast<int>(row.stream)) + "/obs";
        ASSERT_TRUE(unique[topic].contains(row.seq)) << "cursor " << world.outbox->cursor();
      }
    }
    for (const auto& [stream, last] : world.rows->seqs) {
      EXPECT_EQ(unique["sensor/s" + std::to_string(stream) + "/obs"].size(), last);
    }
    EXPECT_TRUE(world.outbox->take_gaps().empty());
    if (refuses) continue;
    for (const auto& [topic, numbers] : arrived) EXPECT_TRUE(std::ranges::is_sorted(numbers));
  }
}

}  // namespace
}  // namespace twinsky
