// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/last_word.hpp"

#include "store_fixture.hpp"

#include <sqlite3.h>

namespace twinsky {
namespace {

class LastWordTest : public StoreTest {
 protected:
  std::string beside() const { return (directory_ / "word.db").string(); }
};

TEST_F(LastWordTest, is_said_once) {
  LastWord word(beside());
  word.clear();
  EXPECT_TRUE(word.read().empty());
  const UtcTime start = clock_.utc();
  const std::vector<LedgerRow> gaps = {
      {"disk_full", "sensor/a", start, start + 9s, 10, false, "", 0, 0, ""},
      {"no_response", "*", start, start, 3, true, "", 0, 0, ""}};
  EXPECT_TRUE(word.leave(gaps));
  const auto taken = LastWord(beside()).read();
  ASSERT_EQ(taken.size(), 2U);
  for (std::size_t at = 0; at < taken.size(); ++at) {
    EXPECT_EQ(ledger_body(taken[at]), ledger_body(gaps[at]));
  }
  word.clear();
  EXPECT_TRUE(word.read().empty());
}

TEST_F(LastWordTest, is_not_left_where_no_store_was) {
  EXPECT_FALSE(LastWord(beside()).leave({}));
  EXPECT_FALSE(std::filesystem::exists(beside() + ".last-word"));
}

TEST_F(LastWordTest, needs_no_room_of_its_own) {
  LastWord word(beside());
  word.clear();
  const auto size = std::filesystem::file_size(beside() + ".last-word");
  EXPECT_TRUE(word.leave({{"disk_full", "sensor/a", {}, {}, 10, false, "", 0, 0, ""}}));
  EXPECT_EQ(std::filesystem::file_size(beside() + ".last-word"), size);
}

TEST_F(LastWordTest, what_is_torn_is_not_believed) {
  std::ofstream(beside() + ".last-word") << "disk_full sensor/a 1 2 3 0\ndisk_full sens";
  EXPECT_TRUE(LastWord(beside()).read().empty());
}

TEST_F(LastWordTest, what_the_disk_did_not_take_before_the_end_is_no_gateway_that_was_off) {
  open();
  fill("sensor/a", 5);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 10'000);  // the writer may be at work
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const StreamId id = store_->stream("sensor/a");
  const UtcTime first = clock_.utc();
  for (int n = 0; n < 7; ++n) {
    store_->append(entry(id));
    clock_.advance(10ms);
  }
  close();
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  open();
  EXPECT_EQ(store_->last_time(id), first + 60ms);
  ASSERT_TRUE(commit());
  const auto gaps = ledger();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].cause, "disk_fault");
  EXPECT_EQ(gaps[0].stream, "sensor/a");
  EXPECT_EQ(gaps[0].count, 7U);
  EXPECT_FALSE(gaps[0].estimated);
  EXPECT_EQ(gaps[0].start, first);
  EXPECT_EQ(rows_of("sensor/a").size(), 5U);
  open();
  EXPECT_EQ(ledger().size(), 1U);
}

}  // namespace
}  // namespace twinsky
