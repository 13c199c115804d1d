// SPDX-License-Identifier: Apache-2.0
// Pages anywhere in the file become noise: the store opens, takes samples within 5 s, and what
// comes back is what was written.
#include "tests/faults/seed.hpp"
#include "tests/faults/table_bytes.hpp"
#include "tests/unit/store_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>

namespace twinsky {
namespace {

using torn_file = StoreTest;

constexpr std::uintmax_t page = 1024;

TEST_F(torn_file, samples_go_on_within_five_seconds_whatever_is_damaged) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 4000, 60);
  fill("sensor/b", 4000, 60);
  close();
  const std::string original = settings_.path;
  const auto size = std::filesystem::file_size(original);
  const unsigned seed = draw_seed();
  std::mt19937 random(seed);
  SystemClock real(true);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    settings_.path = (directory_ / (std::to_string(round) + ".db")).string();
    std::filesystem::copy_file(original, settings_.path);
    // Whole pages, as cards lose them: SQLite has no checksums, so that single bytes which change
    // inside a value are seen by nobody.
    const auto length = page * (1 + random() % (round % 3 == 0 ? 100 : 3));
    const auto at = random() % ((size - length) / page) * page;
    {
      std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(at));
      for (std::size_t n = 0; n < length; ++n) file.put(static_cast<char>(random()));
    }
    const MonotonicTime begin = real.now();
    open();
    fill("sensor/new", 10);
    read_into_damage();
    fill("sensor/new", 10);
    EXPECT_LT(real.now() - begin, 5s);
    while (!is_salvage_done() && real.now() - begin < 60s) ASSERT_TRUE(commit());
    std::map<std::string, std::uint64_t> seen;
    std::uint64_t accounted_for = 0;
    for (const Row& row : rows()) {
      EXPECT_FALSE(row.epoch.empty());
      if (row.stream == "sensor/new" || row.stream == "ledger") continue;
      std::uint64_t& last = seen[row.stream];
      EXPECT_GT(row.seq, last);
      last = row.seq;
      ++accounted_for;
    }
    for (const LedgerRow& gap : ledger()) accounted_for += gap.count;
    // When nothing can be read the loss is reckoned from the size of the file.
    EXPECT_GE(accounted_for, seen.empty() ? 7000U : 8000U);
    const auto fresh = rows_of("sensor/new");
    ASSERT_GE(fresh.size(), 10U);
    close();
  }
}

// The root of the table leads astray: what the file gives for its oldest row is a later one.
TEST_F(torn_file, rows_that_damage_hides_before_the_oldest_are_counted) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 4000, 60);
  close();
  const auto root = static_cast<std::streamoff>(
      page * static_cast<std::uintmax_t>(integer_of(
                 settings_.path, "SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'samples'")));
  const auto bytes = [](std::fstream& file, std::streamoff at, std::size_t count) {
    std::string read(count, '\0');
    file.seekg(at).read(read.data(), static_cast<std::streamsize>(count));
    return read;
  };
  {
    std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
    // SQLite's file format, 1.6: an inner page has its cells' places from byte 12 on, and a cell
    // begins with the number of the page below it.
    ASSERT_EQ(bytes(file, root, 1), "\5");
    const auto cell = [&](std::streamoff number) {
      const std::string place = bytes(file, root + 12 + 2 * number, 2);
      return root + 256L * static_cast<unsigned char>(place[0]) +
             static_cast<unsigned char>(place[1]);
    };
    const std::string second = bytes(file, cell(1), 4);
    file.seekp(cell(0)).write(second.data(), 4);
  }
  ASSERT_GT(integer_of(settings_.path, "SELECT min(row) FROM samples"), 100);
  open();
  fill("sensor/new", 10);
  read_into_damage();
  fill("sensor/new", 10);
  wait_for_salvage();
  std::uint64_t accounted_for = rows_of("sensor/a").size();
  EXPECT_GT(accounted_for, 1000U);
  EXPECT_LT(accounted_for, 4000U);
  for (const LedgerRow& gap : ledger()) accounted_for += gap.count;
  EXPECT_EQ(accounted_for, 4000U);
}

// A byte of the schema's own text: the file opens, and a table lacks a column that it had.
TEST_F(torn_file, samples_go_on_whatever_column_is_gone) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 100, 60);
  close();
  const std::string original = settings_.path;
  const std::vector<std::string> columns = {
      "entry",         "cause",     "stream",    "start_ts",   "end_ts",    "count",
      "estimated",     "sink",      "first_seq", "last_seq",   "epoch",     "announced",
      "row",           "seq",       "ts",        "body",       "name",      "last_ts",
      "meta_revision", "meta_hash", "machine",   "started_ts", "reason",    "document",
      "revision",      "hash",      "topic",     "value",      "first_row", "last_row",
      "boot",          "offset_ms", "since_ms",  "released",   "file",      "hold"};
  for (std::size_t n = 0; n < 2 * columns.size(); ++n) {
    const std::string& column = columns[n / 2];
    const std::string torn = n % 2 == 0 ? "  x" + column.substr(1) : "-- " + column;  // or is none
    SCOPED_TRACE(torn);
    settings_.path = (directory_ / (std::to_string(n) + ".db")).string();
    std::filesystem::copy_file(original, settings_.path);
    ASSERT_EQ(
        integer_of(settings_.path,
                   "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, '  " +
                       column + " ', '" + torn + " '); SELECT changes() > 0"),
        1);
    open();
    const StreamId stream = store_->stream("sensor/new");
    const auto append = [&] {
      for (int count = 0; count < 20; ++count) {
        store_->append(entry(stream, R"({"n":1})"));
        store_->note_gap({.cause = "test", .stream = "sensor/new", .count = 1});
        commit();
      }
      return commit();
    };
    append();
    try {
      rows();
    } catch (const std::exception&) {
      // Who reads comes to it as well, and the next commit hears of that.
    }
    EXPECT_TRUE(append());
    wait_for_salvage();  // new rows wait behind what comes back
    EXPECT_GE(rows_of("sensor/new").size(), 20U);
    EXPECT_EQ(store_->status().disk_fault, "");
    close();
  }
}

// SQLite believes what the file says of its tables: here that rows have no numbers, or need not
// have what they need.
TEST_F(torn_file, nothing_is_lost_when_a_table_gets_another_meaning) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 1000, 60);
  close();
  const std::string original = settings_.path;
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"row INTEGER PRIMARY KEY", "row INTEGEX PRIMARY KEY"},
      {"sink TEXT PRIMARY KEY", "sink TEXT PRINARY KEY"},
      {"PRIMARY KEY (start_ts, stream, quantity)", "PRIMARY KEY (start_ts, stream, start_ts)"},
      {"ON hours (stream,", "ON hours (v     ,"},
      {"seq INTEGER NOT NULL,           -- 1", "seq INTEGER NOT-NULL,           -- 1"}};
  for (std::size_t n = 0; n < changes.size(); ++n) {
    const auto& [right, wrong] = changes[n];
    SCOPED_TRACE(wrong);
    settings_.path = (directory_ / (std::to_string(n) + ".db")).string();
    std::filesystem::copy_file(original, settings_.path);
    ASSERT_GE(integer_of(settings_.path,
                         "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
                         "replace(sql, '" +
                             right + "', '" + wrong + "') WHERE sql LIKE '%" + right +
                             "%'; SELECT changes()"),
              1);
    open();
    fill("sensor/new", 1000);
    wait_for_salvage();
    EXPECT_EQ(rows_of("sensor/a").size(), 1000U);
    EXPECT_EQ(rows_of("sensor/new").size(), 1000U);
    EXPECT_EQ(ledger().size(), 0U);
    close();
  }
}

// What SQLite cannot see: bytes that change inside a page. Values may be wrong then; nothing may
// stop.
class ChangedBytes : public torn_file {
 protected:
  void go_on(unsigned seed);
};

TEST_F(ChangedBytes, samples_go_on_whatever_they_were) {
  go_on(draw_seed());
}

// Of those that once lost samples: an oldest row that there never was, after the others were
// deleted.
TEST_F(ChangedBytes, samples_go_on_where_they_once_did_not) {
  go_on(4037552905U);
}

void ChangedBytes::go_on(unsigned seed) {
  settings_.max_size_bytes = 409'600;  // almost reached
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 1500, 60);
  fill("sensor/b", 1500, 60);
  store_->note_retained("city", "sensor/a/meta");
  store_->remember("rain", "3.2");
  store_->note_gap({.cause = "test", .stream = "*", .count = 1});
  close();
  const std::string original = settings_.path;
  const auto size = std::filesystem::file_size(original);
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    settings_.path = (directory_ / (std::to_string(round) + ".db")).string();
    std::filesystem::copy_file(original, settings_.path);
    {
      std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
      for (int changed = 1 << random() % 10; changed > 0; --changed) {
        // Behind the header, whose bytes say whose file this is.
        file.seekp(static_cast<std::streamoff>(100 + random() % (size - 100)));
        file.put(static_cast<char>(random()));
      }
    }
    open();
    const StreamId stream = store_->stream("sensor/new");
    // A commit or a reader that comes to damage tries again, as the daemon's threads do.
    const auto commits = [&] {
      for (int turn = 0; turn < 10; ++turn) {
        if (commit()) return true;
      }
      return false;
    };
    // All that there is, once nothing more comes back; reading may itself come to damage.
    const auto read = [&] {
      for (int turn = 0; turn < 1000; ++turn) {
        try {
          const std::string epoch = store_->epoch();
          const bool is_whole = is_salvage_done();
          std::vector<Row> found = rows();
          EXPECT_TRUE(commits());
          if (is_whole && store_->epoch() == epoch) return found;
        } catch (const std::exception&) {
          EXPECT_TRUE(commits());
        }
      }
      return std::vector<Row>();
    };
    read();
    for (int n = 1; n <= 1600; ++n) {  // so many that old ones are deleted
      store_->append(entry(stream, R"({"n":)" + std::to_string(n) + R"(,"pad":"......"})"));
      if (n % 400 == 0) {
        ASSERT_TRUE(commits());
      }
    }
    const std::vector<Row> found = read();
    std::vector<Row> fresh = found;
    std::erase_if(fresh, [](const Row& row) { return row.stream != "sensor/new"; });
    if (fresh.empty()) {
      // Pages that are used and belong to nobody count as size: then there is room for few rows.
      EXPECT_TRUE(
          std::ranges::any_of(ledger(), [](const auto& gap) { return gap.cause == "size"; }));
    } else {
      EXPECT_EQ(fresh.back().body, R"({"n":1600,"pad":"......"})");
    }
    std::uint64_t accounted_for = found.size();
    for (const LedgerRow& gap : ledger()) accounted_for += gap.count;
    // Nobody counts what is deleted when no sink waits for it, or its name was lost.
    if (store_->status().sinks.contains("city")) {
      EXPECT_GE(accounted_for, 4600U);
    }
    close();
    std::filesystem::remove(settings_.path);
  }
}

}  // namespace
}  // namespace twinsky
