// SPDX-License-Identifier: Apache-2.0
// Sinks that are taken out, closed, renamed and put back: every number that a subscriber behind one
// misses stands in the ledger, and is told to it.
#include "gateway/store/dropped_cursors.hpp"

#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

namespace twinsky {
namespace {

using nlohmann::json;

class DroppedCursorsTest : public StoreTest {
 protected:
  using Numbers = std::map<std::string, std::set<std::uint64_t>>;  // by epoch and stream

  // What a subscriber behind the sink knows: the numbers of its records, and those that the ledger
  // has told it of.
  struct Subscriber {
    Numbers heard;
    Numbers told;
  };
  // The sink sends all that it may, up to a row.
  void send(const std::string& sink, RowId until = no_row_limit) {
    RowId row = store_->cursor(sink);
    for (const Row& one : read_all(*store_->reader(), row)) {
      if (one.row > until) break;
      row = one.row;
      subscriber_.heard[one.epoch + ' ' + one.stream].insert(one.seq);
      if (one.stream != "ledger") continue;
      const json gap = json::parse(one.body);
      if (!gap.contains("first_seq")) continue;
      auto& told =
          subscriber_
              .told[gap["of_epoch"].get<std::string>() + ' ' + gap["stream"].get<std::string>()];
      for (std::uint64_t seq = gap["first_seq"]; seq <= gap["last_seq"]; ++seq) told.insert(seq);
    }
    store_->acknowledge(sink, row);
  }
  // Numbers that it neither heard nor was told of.
  std::size_t unexplained() const {
    std::size_t missing = 0;
    for (const auto& [stream, numbers] : subscriber_.heard) {
      const auto told = subscriber_.told.find(stream);
      for (std::uint64_t seq = 1; seq <= *numbers.rbegin(); ++seq) {
        if (numbers.contains(seq)) continue;
        if (told == subscriber_.told.end() || !told->second.contains(seq)) ++missing;
      }
    }
    return missing;
  }
  std::size_t heard_although_told() const {
    std::size_t both = 0;
    for (const auto& [stream, numbers] : subscriber_.told) {
      const auto heard = subscriber_.heard.find(stream);
      if (heard == subscriber_.heard.end()) continue;
      for (const std::uint64_t seq : numbers) both += heard->second.count(seq);
    }
    return both;
  }
  std::uint64_t lost(const std::string& stream, const std::string& cause) {
    std::uint64_t count = 0;
    for (const LedgerRow& gap : ledger()) {
      if (gap.stream == stream && gap.cause == cause) count += gap.count;
    }
    return count;
  }
  // Until all is counted.
  void count() {
    for (int n = 0; n < 20; ++n) settle();
  }

  Subscriber subscriber_;
};
using dropped_cursors = DroppedCursorsTest;

TEST_F(dropped_cursors, a_sink_that_is_taken_out_and_put_back_misses_nothing_unexplained) {
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 10);
  fill("sensor/b", 5);
  send("city");
  fill("sensor/a", 2500);
  fill("sensor/b", 5);
  EXPECT_EQ(store_->remove_sink("city"), 2505U);
  EXPECT_EQ(store_->remove_sink("city"), std::nullopt);
  count();
  EXPECT_EQ(lost("sensor/a", "sink_removed"), 2500U);
  EXPECT_EQ(lost("sensor/b", "sink_removed"), 5U);
  for (const LedgerRow& gap : ledger()) {
    EXPECT_EQ(gap.sink, "city");
    EXPECT_FALSE(gap.estimated);
    EXPECT_EQ(gap.epoch, store_->epoch());
  }
  EXPECT_EQ(store_->status().ledger_sums.at("sink_removed"), 2505U);
  fill("sensor/a", 7);  // while it is away
  store_->add_sink("city", false);
  fill("sensor/a", 3);
  fill("sensor/b", 3);
  count();
  send("city");
  EXPECT_EQ(unexplained(), 0U);
  EXPECT_EQ(heard_although_told(), 0U);
  EXPECT_EQ(lost("sensor/a", "sink_removed"), 2507U);
}

TEST_F(dropped_cursors, what_was_on_its_way_may_have_arrived) {
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 10);
  send("city");
  fill("sensor/a", 100);
  settle();
  ASSERT_TRUE(store_->claim("city", 30));  // none of it is acknowledged
  store_->remove_sink("city");
  count();
  std::map<bool, std::pair<std::uint64_t, std::uint64_t>> numbers;
  for (const LedgerRow& gap : ledger()) numbers[gap.estimated] = {gap.first_seq, gap.last_seq};
  EXPECT_EQ(numbers[true], std::pair(std::uint64_t{11}, std::uint64_t{30}));
  EXPECT_EQ(numbers[false], std::pair(std::uint64_t{31}, std::uint64_t{110}));
}

TEST_F(dropped_cursors, so_it_is_over_restarts_epochs_and_when_it_comes_back_at_once) {
  for (const bool restarts : {false, true}) {
    for (const bool comes_at_once : {false, true}) {
      subscriber_ = {};
      close();
      std::filesystem::remove(settings_.path);
      open();
      store_->add_sink("city", false);
      fill("sensor/a", 10);
      send("city");
      fill("sensor/a", 1500);
      store_->start_new_epoch("a test");
      fill("sensor/a", 1500);
      store_->remove_sink("city", "sink_closed");
      if (restarts) open();
      if (!comes_at_once) count();
      fill("sensor/a", 20);
      store_->add_sink("city", false);
      fill("sensor/a", 5);
      if (restarts) open();
      count();
      send("city");
      EXPECT_EQ(unexplained(), 0U) << restarts << comes_at_once;
      EXPECT_EQ(heard_although_told(), 0U) << restarts << comes_at_once;
      EXPECT_GE(lost("sensor/a", "sink_closed"), 3000U);
    }
  }
}

TEST_F(dropped_cursors, the_work_is_done_in_pieces_and_survives_a_crash) {
  open();
  store_->add_sink("city", false);
  for (int n = 0; n < 12; ++n) fill("sensor/a", 1000);
  store_->remove_sink("city");
  ASSERT_TRUE(commit());  // one piece, or a few
  crash();
  open();
  count();
  EXPECT_EQ(lost("sensor/a", "sink_removed"), 12'000U);
  std::set<std::uint64_t> numbers;
  for (const LedgerRow& gap : ledger()) {
    for (std::uint64_t seq = gap.first_seq; seq <= gap.last_seq; ++seq) {
      EXPECT_TRUE(numbers.insert(seq).second) << seq << " stands there twice";
    }
  }
  EXPECT_EQ(numbers.size(), 12'000U);
}

// Of other streams a subscriber there misses nothing.
TEST_F(dropped_cursors, what_may_not_go_there_is_no_loss) {
  const TopicRules topics{.allow = {"sensor/a/obs", "ref/#", "ledger"},
                          .withheld_feeds = {"cn-cnemc"}};
  for (const bool restarts : {false, true}) {
    subscriber_ = {};
    close();
    std::filesystem::remove(settings_.path);
    open();
    store_->add_sink("city", false, topics);
    fill("sensor/a", 10);
    send("city");
    fill("sensor/a", 20);
    fill("sensor/b", 30);
    fill("sensor/a/hour", 4);
    fill("ref/hk-epd/mong-kok", 5);
    fill("ref/cn-cnemc/1141a", 6);
    if (restarts) open();  // its settings are not in the configuration any more
    EXPECT_EQ(store_->remove_sink("city"), 65U);
    count();
    fill("sensor/a", 7);  // while it is away
    fill("sensor/c", 8);
    store_->add_sink("city", false, topics);
    fill("sensor/a", 3);
    count();
    EXPECT_EQ(lost("sensor/a", "sink_removed"), 27U) << restarts;
    EXPECT_EQ(lost("ref/hk-epd/mong-kok", "sink_removed"), 5U) << restarts;
    for (const auto* other : {"sensor/b", "sensor/c", "sensor/a/hour", "ref/cn-cnemc/1141a"}) {
      EXPECT_EQ(lost(other, "sink_removed"), 0U) << other << restarts;
    }
  }
}

TEST_F(dropped_cursors, what_might_not_go_there_for_a_while_is_told_when_it_may_again) {
  const TopicRules all{.allow = {"#"}};
  const TopicRules narrow{.allow = {"sensor/a/obs", "ledger"}};
  const TopicRules wider{.allow = {"sensor/a/obs", "sensor/b/obs", "ledger"}};
  for (const bool restarts : {false, true}) {
    close();
    std::filesystem::remove(settings_.path);
    open();
    store_->add_sink("city", false, all);
    for (const auto* stream : {"sensor/a", "sensor/b", "sensor/c"}) fill(stream, 10);
    send("city");
    store_->add_sink("city", false, narrow);
    for (const auto* stream : {"sensor/a", "sensor/b", "sensor/c"}) fill(stream, 1200);
    fill("sensor/d", 30);  // never heard there, so nobody misses its first numbers
    count();
    EXPECT_TRUE(ledger().empty()) << "they may never go there again";
    store_->acknowledge("city", no_row_limit);
    if (restarts) open();
    store_->add_sink("city", false, wider);
    fill("sensor/b", 5);
    count();
    EXPECT_EQ(lost("sensor/b", "not_allowed"), 1200U) << restarts;
    EXPECT_EQ(lost("sensor/c", "not_allowed"), 0U) << restarts;
    fill("sensor/c", 7);
    store_->acknowledge("city", no_row_limit);
    if (restarts) open();
    store_->add_sink("city", false, all);
    for (const auto* stream : {"sensor/a", "sensor/b", "sensor/c", "sensor/d"}) fill(stream, 3);
    count();
    EXPECT_EQ(lost("sensor/b", "not_allowed"), 1200U) << restarts;
    EXPECT_EQ(lost("sensor/c", "not_allowed"), 1207U) << restarts;
    EXPECT_EQ(ledger().size(), 2U) << restarts;
    for (const LedgerRow& gap : ledger()) {
      EXPECT_EQ(gap.sink, "city");
      EXPECT_EQ(gap.first_seq, 11U);
      EXPECT_FALSE(gap.estimated);
    }
  }
}

TEST_F(dropped_cursors, what_might_not_go_there_is_counted_once_when_the_sink_was_away_besides) {
  const TopicRules narrow{.allow = {"sensor/a/obs", "ledger"}};
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 10);
  fill("sensor/b", 10);
  send("city");
  store_->add_sink("city", false, narrow);
  fill("sensor/b", 20);
  store_->acknowledge("city", no_row_limit);
  store_->remove_sink("city");
  fill("sensor/a", 5);
  fill("sensor/b", 30);
  count();
  store_->add_sink("city", false);
  fill("sensor/a", 5);
  fill("sensor/b", 5);
  count();
  send("city");
  EXPECT_EQ(unexplained(), 0U);
  EXPECT_EQ(heard_although_told(), 0U);
  std::set<std::uint64_t> numbers;
  for (const LedgerRow& gap : ledger()) {
    if (gap.stream != "sensor/b") continue;
    for (std::uint64_t seq = gap.first_seq; seq <= gap.last_seq; ++seq) {
      EXPECT_TRUE(numbers.insert(seq).second) << seq << " stands there twice";
    }
  }
  EXPECT_EQ(numbers.size(), 50U);
}

TEST_F(dropped_cursors, of_what_was_deleted_while_it_might_not_go_there_a_row_without_number) {
  settings_.keep = std::chrono::days(10);
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 10);
  fill("sensor/b", 10);
  send("city");
  store_->add_sink("city", false, {.allow = {"sensor/a/obs", "ledger"}});
  fill("sensor/b", 20);
  store_->acknowledge("city", no_row_limit);
  pass(std::chrono::days(11));
  fill("sensor/a", 3);
  count();
  store_->add_sink("city", false);
  count();
  ASSERT_EQ(ledger().size(), 1U);
  EXPECT_EQ(ledger()[0].stream, "sensor/b");
  EXPECT_EQ(ledger()[0].count, 0U);
  EXPECT_TRUE(ledger()[0].estimated);
  EXPECT_EQ(ledger()[0].cause, "not_allowed");
}

TEST_F(dropped_cursors, a_renamed_sink_takes_what_it_took) {
  open();
  store_->add_sink("city", false, {.allow = {"sensor/a/obs"}});
  ASSERT_TRUE(store_->rename_sink("city", "town"));
  fill("sensor/a", 20);
  fill("sensor/b", 30);
  open();
  store_->remove_sink("town");
  count();
  EXPECT_EQ(store_->status().ledger_sums.at("sink_removed"), 20U);
}

TEST_F(dropped_cursors, a_sink_that_begins_again_with_the_oldest_has_lost_nothing) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 10);
  send("city");
  fill("sensor/a", 20);
  EXPECT_EQ(store_->remove_sink("city"), 20U);
  count();
  EXPECT_TRUE(ledger().empty());
  fill("sensor/a", 5);
  store_->add_sink("city", true);
  fill("sensor/a", 5);
  count();
  send("city");
  EXPECT_EQ(unexplained(), 0U);
  EXPECT_TRUE(ledger().empty());
  // Unless it is told to begin with what comes when it is put back.
  fill("sensor/a", 20);
  store_->remove_sink("city");
  store_->add_sink("city", false);
  fill("sensor/a", 5);
  count();
  send("city");
  EXPECT_EQ(unexplained(), 0U);
  EXPECT_EQ(lost("sensor/a", "sink_removed"), 20U);
}

TEST_F(dropped_cursors, what_was_deleted_before_it_was_counted_is_an_estimate) {
  settings_.keep = std::chrono::days(10);
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 30);
  store_->remove_sink("city");
  pass(std::chrono::days(11));
  count();
  fill("sensor/a", 5);
  store_->add_sink("city", true);
  count();
  ASSERT_EQ(ledger().size(), 1U);
  EXPECT_EQ(ledger()[0].stream, "*");
  EXPECT_EQ(ledger()[0].count, 30U);
  EXPECT_TRUE(ledger()[0].estimated);
  EXPECT_EQ(ledger()[0].sink, "city");
}

TEST_F(dropped_cursors, another_sink_goes_on_and_a_new_one_has_lost_nothing) {
  open();
  store_->add_sink("city", false);
  store_->add_sink("home", false);
  fill("sensor/a", 20);
  send("home", 15);
  store_->remove_sink("city");
  store_->add_sink("fresh", false);
  fill("sensor/a", 5);
  count();
  EXPECT_EQ(store_->cursor("home"), 15);
  send("home");
  EXPECT_EQ(unexplained(), 0U);
  for (const LedgerRow& gap : ledger()) EXPECT_EQ(gap.sink, "city");
}

TEST_F(dropped_cursors, a_renamed_sink_keeps_cursor_and_topics) {
  open();
  store_->add_sink("city", false);
  store_->note_retained("city", "info");
  fill("sensor/a", 20);
  send("city", 12);
  EXPECT_FALSE(store_->rename_sink("nobody", "town"));
  EXPECT_TRUE(store_->rename_sink("city", "town"));
  EXPECT_FALSE(store_->rename_sink("city", "town"));  // it may stay in the file
  EXPECT_EQ(store_->remove_sink("city"), std::nullopt);
  ASSERT_TRUE(commit());
  for (int n = 0; n < 2; ++n) {
    store_->add_sink("town", false);
    EXPECT_EQ(store_->cursor("town"), 12);
    EXPECT_EQ(store_->retained_topics("town"), std::vector<std::string>{"info"});
    EXPECT_TRUE(store_->retained_topics("city").empty());
    EXPECT_EQ(store_->status().sinks.size(), 1U);
    open();
  }
  send("town");
  EXPECT_EQ(unexplained(), 0U);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(dropped_cursors, one_that_was_dropped_under_its_old_name_is_told_under_the_new) {
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 10);
  send("city");
  fill("sensor/a", 20);
  store_->remove_sink("city");
  count();
  EXPECT_FALSE(store_->rename_sink("city", "town"));
  store_->add_sink("town", false);
  fill("sensor/a", 5);
  count();
  send("town");
  EXPECT_EQ(unexplained(), 0U);
}

TEST(topic_rules, are_what_was_kept_or_nothing) {
  const TopicRules rules{.allow = {"sensor/+/obs", "ref/#"}, .withheld_feeds = {"cn-cnemc"}};
  const std::string text = text_of(rules);
  ASSERT_TRUE(topic_rules_of(text).has_value());
  EXPECT_EQ(topic_rules_of(text)->allow, rules.allow);
  EXPECT_EQ(topic_rules_of(text)->withheld_feeds, rules.withheld_feeds);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(topic_rules_of(changed).has_value()) << "byte " << at;
    EXPECT_FALSE(topic_rules_of(text.substr(0, at)).has_value()) << "cut to " << at;
  }
}

}  // namespace
}  // namespace twinsky
