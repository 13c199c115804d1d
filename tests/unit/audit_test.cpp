// SPDX-License-Identifier: Apache-2.0
// The audit log: what is counted reaches the file once, days become one line, a torn line and a
// disk that refuses cost nothing else.
#include "gateway/sinks/audit.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

UtcTime at(const char* text) {
  return parse_time(text).value();
}

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "twinsky-audit-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    file_ = (directory_ / "store.db.audit.jsonl").string();
  }
  ~AuditTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // "sink topic rule messages records bytes" of each line.
  std::vector<std::string> lines() {
    std::vector<std::string> texts;
    EXPECT_EQ(read_audit(file_,
                         [&](const AuditLine& line) {
                           std::ostringstream text;
                           text << line.key.sink << ' ' << line.key.topic << ' ' << line.key.rule
                                << ' ' << line.sums.messages << ' ' << line.sums.records << ' '
                                << line.sums.bytes;
                           texts.push_back(text.str());
                         }),
              "");
    return texts;
  }
  static AuditTable one(std::uint64_t messages, const std::string& topic = "sensor/a/obs") {
    AuditTable table;
    add_to(table, {"city", topic, "#"}, {messages, 2 * messages, 3 * messages});
    return table;
  }

  std::filesystem::path directory_;
  std::string file_;
};

using Texts = std::vector<std::string>;

TEST_F(AuditTest, sums_what_was_counted_into_a_line_a_minute) {
  ManualClock clock(at("2026-11-22T02:30:00Z"));
  Log log{LogLevel::error};
  {
    Audit audit(file_, 24h, clock, log);
    clock.settle(1);
    audit.count({"city", "sensor/a/obs", "#"}, {1, 10, 100});
    audit.count({"city", "sensor/a/obs", "#"}, {1, 5, 50});
    audit.count({"city", "status", "status"}, {1, 0, 6});
    EXPECT_EQ(lines(), Texts{});
    clock.advance(1min);
    while (lines().size() < 2) std::this_thread::yield();
    clock.settle(1);
    EXPECT_EQ(lines(), (Texts{"city sensor/a/obs # 2 15 150", "city status status 1 0 6"}));
    clock.advance(1min);
    clock.settle(1);
    audit.count({"home", "info", "info"}, {1, 0, 9});
  }
  EXPECT_EQ(lines(), (Texts{"city sensor/a/obs # 2 15 150", "city status status 1 0 6",
                            "home info info 1 0 9"}));
}

TEST_F(AuditTest, what_a_disk_refuses_is_written_later) {
  ManualClock clock(at("2026-11-22T02:30:00Z"));
  Log log{LogLevel::error};
  const auto absent = directory_ / "absent";
  file_ = (absent / "audit.jsonl").string();
  {
    Audit audit(file_, 24h, clock, log);
    clock.settle(1);
    audit.count({"city", "info", "#"}, {1, 0, 10});
    clock.advance(1min);
    clock.settle(1);
    EXPECT_EQ(lines(), Texts{});
    std::filesystem::create_directory(absent);
  }
  EXPECT_EQ(lines(), Texts{"city info # 1 0 10"});
}

TEST_F(AuditTest, past_days_become_one_line_and_old_ones_go) {
  const auto minute = [&](const char* from, std::uint64_t messages) {
    ASSERT_EQ(append_audit(file_, at(from), at(from) + 1min, one(messages)), "");
  };
  minute("2026-10-01T00:00:00Z", 1);
  minute("2026-11-20T15:59:00Z", 2);  // 23:59 in both cities
  minute("2026-11-20T16:00:00Z", 3);
  minute("2026-11-20T16:01:00Z", 4);
  minute("2026-11-21T16:00:00Z", 5);
  minute("2026-11-21T16:01:00Z", 6);
  ASSERT_EQ(
      append_audit(file_, at("2026-11-20T17:00:00Z"), at("2026-11-20T17:01:00Z"), one(7, "info")),
      "");
  const UtcTime today = at("2026-11-22T02:00:00Z");
  ASSERT_EQ(fold_audit(file_, today, today - std::chrono::days(30)), "");
  const Texts folded = {"city sensor/a/obs # 2 4 6", "city info # 7 14 21",
                        "city sensor/a/obs # 7 14 21", "city sensor/a/obs # 5 10 15",
                        "city sensor/a/obs # 6 12 18"};
  EXPECT_EQ(lines(), folded);
  const auto size = std::filesystem::file_size(file_);
  ASSERT_EQ(fold_audit(file_, today, today - std::chrono::days(30)), "");
  EXPECT_EQ(lines(), folded);
  EXPECT_EQ(std::filesystem::file_size(file_), size);
}

TEST_F(AuditTest, days_are_those_of_the_zone_that_is_in_force_when_they_are_made) {
  ManualClock clock(at("2026-11-21T02:00:00Z"));
  Log log(LogLevel::error);
  Audit audit(file_, std::chrono::days(30), clock, log);
  clock.settle(1);  // it has looked, at nothing yet
  const auto minute = [&](const char* from, std::uint64_t messages) {
    ASSERT_EQ(append_audit(file_, at(from), at(from) + 1min, one(messages)), "");
  };
  minute("2026-11-20T15:59:00Z", 2);  // 23:59 in both cities
  minute("2026-11-20T16:00:00Z", 3);
  minute("2026-11-21T12:00:00Z", 7);
  audit.set_zone(Zone::named("UTC").value());
  clock.advance(24h);
  for (int turn = 0; turn < 100'000 && lines().size() != 2; ++turn) std::this_thread::yield();
  EXPECT_EQ(lines(), (Texts{"city sensor/a/obs # 5 10 15", "city sensor/a/obs # 7 14 21"}));
}

TEST_F(AuditTest, a_clock_that_is_ahead_takes_nothing_away) {
  ASSERT_EQ(append_audit(file_, at("2026-11-22T00:00:00Z"), at("2026-11-22T00:01:00Z"), one(1)),
            "");
  ManualClock clock(at("2028-11-22T02:00:00Z"));
  Log log(LogLevel::error);
  const Audit audit(file_, std::chrono::days(30), clock, log);
  clock.settle(1);  // it has looked, and waits
  EXPECT_EQ(lines(), Texts{"city sensor/a/obs # 1 2 3"});
}

TEST_F(AuditTest, a_torn_line_costs_nothing_but_itself) {
  ASSERT_EQ(append_audit(file_, at("2026-11-22T00:00:00Z"), at("2026-11-22T00:01:00Z"), one(1)),
            "");
  std::ofstream(file_, std::ios::app) << R"({"from":"2026-11-22T00:01)";
  ASSERT_EQ(append_audit(file_, at("2026-11-22T00:02:00Z"), at("2026-11-22T00:03:00Z"), one(2)),
            "");
  EXPECT_EQ(lines(), (Texts{"city sensor/a/obs # 1 2 3", "city sensor/a/obs # 2 4 6"}));
}

TEST_F(AuditTest, no_file_is_no_trouble) {
  EXPECT_EQ(lines(), Texts{});
  EXPECT_EQ(fold_audit(file_, at("2026-11-22T00:00:00Z"), at("2026-11-21T00:00:00Z")), "");
  EXPECT_FALSE(std::filesystem::exists(file_));
}

}  // namespace
}  // namespace twinsky
