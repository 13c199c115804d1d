// SPDX-License-Identifier: Apache-2.0
// The store's file is deleted, replaced or cut while it is open: it is noticed before the next
// commit, a new file begins, and what the old one held comes back as long as it can be read.
#include "tests/unit/store_fixture.hpp"

#include <sqlite3.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class LostFileTest : public StoreTest {
 protected:
  void SetUp() override {
    fs::create_directory(directory_ / "data");
    settings_.path = (directory_ / "data" / "store.db").string();
    open();
    store_->add_sink("city", true);
    fill("sensor/a", 300);
    store_->acknowledge("city", 100);
    settle();
  }
  // All samples of both files are there and can be sent, none twice, and the ledger is empty.
  void expect_nothing_lost() {
    fill("sensor/a", 50);
    wait_for_salvage();
    const auto all = rows_of("sensor/a");
    ASSERT_EQ(all.size(), 350U);
    std::set<std::string> keys;
    for (const Row& row : all) keys.insert(row.epoch + ' ' + std::to_string(row.seq));
    EXPECT_EQ(keys.size(), 350U);
    EXPECT_EQ(all.front().row, 1);
    EXPECT_EQ(store_->sendable(), rows().back().row);
    EXPECT_EQ(store_->cursor("city"), 100);
    EXPECT_TRUE(ledger().empty());
    EXPECT_EQ(store_->status().disk_fault, "");
    // What is on the disk is what is kept.
    close();
    open();
    EXPECT_EQ(rows_of("sensor/a").size(), 350U);
    EXPECT_EQ(store_->cursor("city"), 100);
  }
  // What is not brought back is in the ledger, one for one.
  void expect_rest_in_ledger(std::uintmax_t quarters_left) {
    for (int part = 0; part < 10; ++part)
      fill("sensor/a", 2000, 100);  // well beyond what the WAL holds
    settle();
    fs::resize_file(settings_.path, fs::file_size(settings_.path) / 4 * quarters_left);
    fill("sensor/a", 50);
    wait_for_salvage();
    std::uint64_t lost = 0;
    for (const LedgerRow& gap : ledger()) lost += gap.count;
    EXPECT_EQ(rows_of("sensor/a").size() + lost, 20'350U);
    EXPECT_EQ(store_->status().disk_fault, "");
  }
  std::vector<std::string> kept_beside() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(directory_ / "data")) {
      const std::string name = file.path().filename().string();
      if (name.find(".found-") != std::string::npos && !name.ends_with("-wal") &&
          !name.ends_with("-shm")) {
        names.push_back(name);
      }
    }
    return names;
  }
};
using lost_file = LostFileTest;

TEST_F(lost_file, deleted) {
  fs::remove(settings_.path);
  expect_nothing_lost();
}

TEST_F(lost_file, deleted_with_all_that_belongs_to_it) {
  for (const char* companion : {"", "-wal", "-shm", ".lock"}) {
    fs::remove(settings_.path + companion);
  }
  expect_nothing_lost();
}

TEST_F(lost_file, deleted_with_its_directory) {
  fs::remove_all(directory_ / "data");
  expect_nothing_lost();
}

TEST_F(lost_file, replaced_by_an_older_copy) {
  const fs::path copy = directory_ / "copy.db";
  fs::copy_file(settings_.path, copy);
  fs::copy_file(settings_.path + "-wal", copy.string() + "-wal");
  fill("sensor/a", 10);
  for (const char* companion : {"", "-wal"}) {
    fs::rename(copy.string() + companion, settings_.path + companion);
  }
  fill("sensor/a", 40);
  wait_for_salvage();
  EXPECT_EQ(rows_of("sensor/a").size(), 350U);
  EXPECT_TRUE(ledger().empty());
  EXPECT_EQ(kept_beside().size(), 1U);
}

TEST_F(lost_file, replaced_by_something_else) {
  fs::remove(settings_.path);
  std::ofstream(settings_.path) << "no store at all";
  expect_nothing_lost();
  EXPECT_EQ(kept_beside().size(), 1U);
}

TEST_F(lost_file, replaced_by_a_whole_copy) {
  const fs::path copy = directory_ / "copy.db";
  close();  // a checkpoint, so that the copy is whole without its WAL
  open();
  fs::copy_file(settings_.path, copy);
  fs::rename(copy, settings_.path);
  expect_nothing_lost();
  EXPECT_EQ(kept_beside().size(), 1U);
}

TEST_F(lost_file, cut_to_nothing_the_rest_is_in_the_ledger) {
  expect_rest_in_ledger(0);
}

TEST_F(lost_file, cut_to_a_quarter_the_rest_is_in_the_ledger) {
  expect_rest_in_ledger(1);
}

TEST_F(lost_file, cut_to_three_quarters_the_rest_is_in_the_ledger) {
  expect_rest_in_ledger(3);
}

TEST_F(lost_file, its_wal_deleted) {
  fs::remove(settings_.path + "-wal");
  expect_nothing_lost();
}

TEST_F(lost_file, its_wal_replaced_and_its_index_deleted) {
  fs::remove(settings_.path + "-shm");
  fs::remove(settings_.path + "-wal");
  std::ofstream(settings_.path + "-wal") << "no WAL at all";
  expect_nothing_lost();
}

TEST_F(lost_file, its_wal_cut_the_rest_is_in_the_ledger) {
  for (const std::uintmax_t quarters_left : {0U, 1U, 3U}) {
    close();
    fs::remove_all(directory_ / "data");
    SetUp();
    const auto bytes = fs::file_size(settings_.path + "-wal");
    fs::resize_file(settings_.path + "-wal", bytes / 4 * quarters_left);
    fill("sensor/a", 50);
    wait_for_salvage();
    std::uint64_t lost = 0;
    for (const LedgerRow& gap : ledger()) lost += gap.count;
    EXPECT_EQ(rows_of("sensor/a").size() + lost, 350U) << quarters_left;
    EXPECT_EQ(store_->status().disk_fault, "") << quarters_left;
    fill("sensor/a", 50);
    close();
    open();
    EXPECT_EQ(rows_of("sensor/a").size() + lost, 400U) << quarters_left;
  }
}

TEST_F(lost_file, a_checkpoint_of_another_program_is_no_loss) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  ASSERT_EQ(fs::file_size(settings_.path + "-wal"), 0U);
  const std::string epoch = store_->epoch();
  fill("sensor/a", 50);
  EXPECT_EQ(rows_of("sensor/a").size(), 350U);
  EXPECT_EQ(store_->epoch(), epoch);
}

TEST_F(lost_file, made_shorter_by_vacuum_it_is_the_same) {
  fill("sensor/a", 5000, 100);
  store_->acknowledge("city", 5300);
  settings_.keep = std::chrono::hours(1);
  close();
  clock_.advance(2h);
  open();
  settle();
  const auto before = fs::file_size(settings_.path);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  ASSERT_LT(fs::file_size(settings_.path), before);
  const std::string epoch = store_->epoch();
  fill("sensor/a", 5);
  EXPECT_EQ(rows_of("sensor/a").size(), 5U);
  EXPECT_EQ(store_->epoch(), epoch);
}

// The disk is away when the gateway starts.
TEST_F(lost_file, without_a_store_samples_wait_and_are_kept_when_it_is_there) {
  close();
  fs::rename(directory_ / "data", directory_ / "away");
  open();
  EXPECT_FALSE(store_->is_open());
  EXPECT_TRUE(store_->status().disk_fault.starts_with("disk_fault")) << store_->status().disk_fault;
  // Asked for in another order than the file has them.
  const StreamId b = store_->stream("sensor/b");
  const StreamId a = store_->stream("sensor/a");
  EXPECT_EQ(store_->meta_revision(b, "b"), 0);
  store_->add_sink("city", true);
  for (int n = 0; n < 10; ++n) {
    store_->append(entry(a, R"({"of":"a"})"));
    store_->append(entry(b, R"({"of":"b"})"));
  }
  const auto reader = store_->reader();
  EXPECT_TRUE(reader->page(0, 100).empty());
  EXPECT_FALSE(store_->flush(clock_.now()));
  fs::rename(directory_ / "away", directory_ / "data");
  for (int second = 0; second < 100 && !commit(); ++second) clock_.advance(1s);
  EXPECT_TRUE(store_->is_open());
  EXPECT_EQ(store_->status().disk_fault, "");
  EXPECT_FALSE(store_->claim("city", 1));  // a sink of before does not know where to begin
  store_->add_sink("city", true);
  EXPECT_TRUE(store_->claim("city", 101));
  EXPECT_EQ(store_->cursor("city"), 100);
  EXPECT_EQ(store_->meta_revision(b, "b"), 1);
  store_->append(entry(a, R"({"of":"a"})"));
  settle();
  for (const Row& row : rows()) {
    if (row.body.find("\"of\"") != std::string::npos) {
      EXPECT_EQ(row.stream, "sensor/" + row.body.substr(7, 1));
    }
  }
  EXPECT_EQ(rows_of("sensor/a").size(), 311U);
  EXPECT_EQ(rows_of("sensor/b").size(), 10U);
  EXPECT_EQ(rows_of("sensor/a").back().seq, 311U);
  EXPECT_EQ(reader->page(300, 100).size(), 21U);
}

}  // namespace
}  // namespace twinsky
