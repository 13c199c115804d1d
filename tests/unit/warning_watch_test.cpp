// SPDX-License-Identifier: Apache-2.0
// Which warning modes hold, and what the store does meanwhile.
#include "gateway/acquire/warning_watch.hpp"

#include "tests/unit/store_fixture.hpp"

#include <thread>

namespace twinsky {
namespace {

class WarningWatchTest : public StoreTest {
 protected:
  WarningWatchTest() {
    settings_.commit_every = 60s;
    open();
    config_.store = settings_;
    config_.warning_modes = {{.id = "storm",
                              .feed = "hk-hko",
                              .codes = {"TC8*", "WRAINB"},
                              .every = 2s,
                              .commit_every = 50ms,
                              .keep = std::chrono::days(800)},
                             {.id = "rain",
                              .feed = "hk-hko",
                              .codes = {"WRAIN*"},
                              .every = 1s,
                              .commit_every = 30s,
                              .keep = {}}};
    intake_.emplace(*store_, latest_, bulletin_, clock_, "boot");
    watch_.emplace(config_, *store_, *intake_, clock_, log_);
  }
  ~WarningWatchTest() override {
    watch_.reset();
    intake_.reset();
  }
  void in_force(const std::vector<std::string>& codes) {
    std::vector<Warning> warnings;
    for (const std::string& code : codes) {
      warnings.push_back({.issuer = "",
                          .name = "name of " + code,
                          .code = code,
                          .type = "",
                          .action = "",
                          .issued = "",
                          .updated = "",
                          .expires = ""});
    }
    watch_->take("hk-hko", &warnings);
  }
  std::vector<std::string> events() {
    EXPECT_TRUE(commit());
    std::vector<std::string> told;
    for (const Row& row : rows_of("event")) {
      const std::string& body = row.body;
      told.push_back((body.find("warning_mode_on") != body.npos ? "on " : "off ") +
                     std::string(body.find("\"storm\"") != body.npos ? "storm" : "rain"));
    }
    return told;
  }

  Config config_;
  LatestValues latest_;
  Bulletin bulletin_;
  std::optional<Intake> intake_;
  std::optional<WarningWatch> watch_;
};
using warning_watch = WarningWatchTest;

TEST_F(warning_watch, modes_hold_while_one_of_their_warnings_is_in_force) {
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  in_force({"WFIRE"});
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  in_force({"WFIRE", "TC8NE"});
  EXPECT_EQ(intake_->longest_period(), 2s);
  in_force({"WRAINB", "TC8SE"});  // both hold: the most careful one counts
  EXPECT_EQ(intake_->longest_period(), 1s);
  in_force({"WRAINA"});
  EXPECT_EQ(intake_->longest_period(), 1s);
  watch_->take("hk-hko", nullptr);
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  EXPECT_EQ(events(), (std::vector<std::string>{"on storm", "on rain", "off storm", "off rain"}));
}

TEST_F(warning_watch, what_holds_is_told_with_its_warning_and_since_when) {
  EXPECT_TRUE(watch_->holding().empty());
  const UtcTime raised = clock_.utc();
  in_force({"TC8NE"});
  const auto holds = [&](const std::string& code, UtcTime since) {
    const auto modes = watch_->holding();
    ASSERT_EQ(modes.size(), 1U);
    EXPECT_EQ(modes[0], (WarningModeSnapshot{.id = "storm",
                                             .feed = "hk-hko",
                                             .code = code,
                                             .name = "name of " + code,
                                             .since = since}));
  };
  holds("TC8NE", raised);
  pass(1h);
  in_force({"TC8SE"});  // another warning, the same mode
  holds("TC8SE", raised);
  ASSERT_TRUE(commit());
  watch_.emplace(config_, *store_, *intake_, clock_, log_);
  holds("TC8SE", raised);
  in_force({"TC8SE"});
  holds("TC8SE", raised);
  in_force({});
  EXPECT_TRUE(watch_->holding().empty());
}

// Versions before kept the ids alone.
TEST_F(warning_watch, what_an_earlier_version_remembered_holds_too) {
  store_->remember("warning_modes", "storm rain");
  ASSERT_TRUE(commit());
  watch_.emplace(config_, *store_, *intake_, clock_, log_);
  EXPECT_EQ(watch_->holding().size(), 2U);
  EXPECT_EQ(intake_->longest_period(), 1s);
}

TEST_F(warning_watch, samples_are_on_disk_sooner_meanwhile) {
  const StreamId stream = store_->stream("sensor/a");
  settle();
  store_->append(entry(stream));
  clock_.advance(100ms);
  clock_.settle(1);
  EXPECT_GE(store_->status().queued, 1U);
  in_force({"TC8NE"});
  clock_.advance(100ms);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (store_->status().queued > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing is put on disk";
    std::this_thread::yield();
  }
  in_force({});
  settle();
  store_->append(entry(stream));
  clock_.advance(100ms);
  clock_.settle(1);
  EXPECT_GE(store_->status().queued, 1U);
}

TEST_F(warning_watch, nothing_goes_by_its_age_meanwhile) {
  fill("sensor/a", 3);
  in_force({"TC8NE"});
  pass(std::chrono::days(401));
  fill("sensor/a", 1);
  settle();
  EXPECT_EQ(rows_of("sensor/a").size(), 4U);
  in_force({});
  pass(1h);
  fill("sensor/a", 1);
  settle();
  EXPECT_EQ(rows_of("sensor/a").size(), 2U);
}

TEST_F(warning_watch, a_restart_goes_on_until_the_source_is_heard_or_silent_for_long) {
  in_force({"TC8NE"});
  ASSERT_TRUE(commit());
  const auto begin_anew = [&] { watch_.emplace(config_, *store_, *intake_, clock_, log_); };
  begin_anew();
  EXPECT_EQ(intake_->longest_period(), 2s);
  in_force({"TC8NE"});  // as before: no event
  in_force({});
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  in_force({"TC8NE"});
  begin_anew();
  pass(2h);
  watch_->look();
  EXPECT_EQ(intake_->longest_period(), 2s);
  pass(1h);
  watch_->look();
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  EXPECT_EQ(events(), (std::vector<std::string>{"on storm", "off storm", "on storm", "off storm"}));
}

TEST_F(warning_watch, a_mode_that_is_not_configured_any_more_is_over) {
  in_force({"TC8NE"});
  config_.warning_modes.erase(config_.warning_modes.begin());
  watch_->follow(config_);
  EXPECT_EQ(intake_->longest_period(), milliseconds::max());
  EXPECT_EQ(events(), (std::vector<std::string>{"on storm", "off storm"}));
}

}  // namespace
}  // namespace twinsky
