// SPDX-License-Identifier: Apache-2.0
// One process holds a store; what another one has written all the same is read and gone on from.
#include "tests/unit/store_fixture.hpp"

#include <sqlite3.h>

namespace twinsky {
namespace {

class StoreLockTest : public StoreTest {
 protected:
  std::string why_not() {
    try {
      Store(settings_, clock_, log_);
    } catch (const StoreError& problem) {
      return problem.what();
    }
    return {};
  }
};
using store_lock = StoreLockTest;

TEST_F(store_lock, the_second_is_told_who_has_it) {
  open();
  fill("sensor/a", 3);
  const std::string words = why_not();
  EXPECT_NE(words.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << words;
  // By another way to the same file, too.
  const std::string path = settings_.path;
  std::filesystem::create_directory_symlink(directory_, directory_ / "link");
  settings_.path = (directory_ / "link" / "store.db").string();
  EXPECT_NE(why_not().find("in use by"), std::string::npos);
  settings_.path = path;
  fill("sensor/a", 3);
  EXPECT_EQ(rows().size(), 6U);
  close();
  EXPECT_EQ(why_not(), "");
}

TEST_F(store_lock, is_taken_again_when_its_file_was_deleted) {
  open();
  fill("sensor/a", 1);
  std::filesystem::remove(settings_.path + ".lock");
  fill("sensor/a", 1);  // looks
  EXPECT_NE(why_not().find("in use by"), std::string::npos);
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(store_lock, is_held_on_to_while_another_program_locks_the_file) {
  open();
  fill("sensor/a", 1);
  settle();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 10'000);  // the writer may be at work
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  store_->append(entry(store_->stream("sensor/a")));
  EXPECT_FALSE(commit());
  EXPECT_NE(store_->status().disk_fault.find("locked"), std::string::npos);
  EXPECT_NE(why_not().find("in use by"), std::string::npos);
  sqlite3_close(other);
  clock_.advance(10s);
  ASSERT_TRUE(commit());
  EXPECT_EQ(rows_of("sensor/a").size(), 2U);
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(store_lock, a_row_that_another_process_has_taken_is_no_end) {
  open();
  fill("sensor/a", 2);
  settle();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database,
                         "INSERT INTO samples SELECT max(row) + 1, stream, max(seq) + 1, ts, '{}'"
                         " FROM samples",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const StreamId id = store_->stream("sensor/a");
  for (int n = 0; n < 3; ++n) store_->append(entry(id));
  commit();  // fails, and is tried again
  settle();
  const auto all = rows_of("sensor/a");
  ASSERT_EQ(all.size(), 6U);
  for (std::size_t at = 0; at < all.size(); ++at) EXPECT_EQ(all[at].seq, at + 1);
  EXPECT_EQ(store_->status().disk_fault, "");
}

}  // namespace
}  // namespace twinsky
