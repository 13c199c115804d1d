// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/salvage.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/writer.hpp"
#include "tests/unit/leaping_clock.hpp"
#include "tests/unit/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <map>
#include <new>
#include <random>

namespace twinsky {
namespace {

constexpr std::streamoff page_bytes = new_page_bytes;

class SalvageTest : public StoreTest {
 protected:
  // Bytes that are not what SQLite wrote, from a seed.
  void scribble(std::streamoff at, std::size_t bytes, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string noise(bytes, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file.write(noise.data(), static_cast<std::streamsize>(bytes));
  }
  std::filesystem::path damaged_file() {
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      const std::string name = file.path().filename().string();
      const std::string store = std::filesystem::path(settings_.path).filename().string();
      if (name.starts_with(store + ".damaged-") && !name.ends_with("-wal") &&
          !name.ends_with("-shm")) {
        return file.path();
      }
    }
    return {};
  }
  int root_of(const std::string& table) const {
    const SQLite::Database file(settings_.path);
    SQLite::Statement found(file, "SELECT rootpage FROM sqlite_schema WHERE name = ?");
    found.bind(1, table);
    return found.executeStep() ? found.getColumn(0).getInt() : 0;
  }
  static std::uint64_t lost(const std::vector<LedgerRow>& gaps) {
    std::uint64_t count = 0;
    for (const LedgerRow& gap : gaps) {
      EXPECT_EQ(gap.cause, "salvage");
      EXPECT_TRUE(gap.estimated);
      count += gap.count;
    }
    return count;
  }
};
using salvage_of_store = SalvageTest;

TEST_F(salvage_of_store, what_is_thrown_in_its_thread_is_counted_and_it_goes_on_where_it_was) {
  open();
  fill("sensor/a", 3500);
  store_->note_gap({"no_response", "sensor/a", clock_.utc(), clock_.utc(), 7, false, "", 0, 0, ""});
  ASSERT_TRUE(commit());
  close();
  const auto open_file = [](const std::string& file) {
    return std::make_shared<Tables>(file, Tables::Access::set_aside);
  };
  LeapingClock clock;
  Guard guard("salvage", clock, log_);
  int deliveries = 0;
  std::size_t gaps = 0;
  std::map<RowId, int> brought_back;
  const auto deliver = [&](const Salvaged& piece) {
    if (++deliveries == 2 || deliveries == 4) throw std::bad_alloc();
    if (deliveries == 6) throw 7;
    gaps += piece.ledger.size();
    for (const SalvagedRow& row : piece.rows) ++brought_back[row.row.row];
    return true;
  };
  salvage({.small_tables_of = settings_.path,
           .ranges = {{1, 3501, settings_.path, false}},
           .sure_until = 3501},
          open_file, deliver, guard, {}, log_);
  EXPECT_EQ(guard.status().exceptions, 3U);
  EXPECT_EQ(gaps, 1U);
  EXPECT_EQ(brought_back.size(), 3501U);  // with the one of the ledger
  for (const auto& [row, times] : brought_back) EXPECT_EQ(times, 1) << row;
}

TEST_F(salvage_of_store, rows_come_back_with_their_keys_and_what_cannot_be_read_is_counted) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 3000, 50);
  fill("sensor/b", 3000, 50);
  store_->note_retained("city", "sensor/a/meta");
  store_->remember("rain", "3.2");
  store_->acknowledge("city", 2000);
  const std::string first = store_->epoch();
  close();
  scribble(200 * page_bytes, 3000);  // in the middle of the rows
  open();
  EXPECT_EQ(store_->epoch(), first);  // not noticed: a start does not read all rows
  // Reading does; an empty page would say that there are no more rows.
  EXPECT_ANY_THROW(read_all(*store_->reader()));
  fill("sensor/a", 1);
  wait_for_salvage();
  const std::string second = store_->epoch();
  EXPECT_NE(second, first);
  fill("sensor/a", 2);
  ASSERT_FALSE(damaged_file().empty());

  std::map<std::string, std::uint64_t> kept;
  std::uint64_t last_row = 0;
  for (const Row& row : rows()) {
    EXPECT_GT(row.row, static_cast<RowId>(last_row));
    last_row = static_cast<std::uint64_t>(row.row);
    if (row.stream == "ledger") continue;
    if (row.epoch == first) {
      EXPECT_TRUE(row.body.starts_with(R"({"n":)" + std::to_string(row.seq) + ','))
          << row.stream << row.seq << row.body;
    }
    ++kept[row.stream + (row.epoch == first ? "" : " new")];
  }
  const std::uint64_t missing = lost(ledger());
  EXPECT_GT(missing, 0U);
  EXPECT_LT(missing, 100U);
  EXPECT_EQ(kept["sensor/a"] + kept["sensor/b"] + kept["sensor/a new"] + missing, 6003U);
  EXPECT_EQ(store_->cursor("city"), 2000);
  EXPECT_EQ(store_->retained_topics("city"), (std::vector<std::string>{"sensor/a/meta"}));
  EXPECT_EQ(store_->remembered("rain"), "3.2");
  EXPECT_EQ(store_->status().rows, rows().size());
}

TEST_F(salvage_of_store, damage_of_the_small_tables_does_not_stop_the_start) {
  open();
  fill("sensor/a", 3000, 50);
  close();
  // Pages 2 to 15 hold the roots of the tables; page 1 the schema.
  scribble(page_bytes, 14 * 1024UL);
  open();
  fill("sensor/a", 5);
  EXPECT_FALSE(damaged_file().empty());
  const auto kept = rows_of("sensor/a");
  ASSERT_GE(kept.size(), 5U);
  EXPECT_EQ(kept.back().seq, 5U);
  EXPECT_EQ(kept.back().epoch, store_->epoch());
}

// Whatever is only read at the start, or only beside the writer, is a page of its own.
TEST_F(salvage_of_store, no_page_of_a_small_table_stops_the_start_or_what_comes_after_it) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 20);
  store_->note_retained("city", "sensor/a/meta");
  store_->remember("rain", "3.2");
  store_->note_gap({.cause = "test", .stream = "*", .count = 1});
  store_->keep_hours({}, 20);
  const StreamId stream = store_->stream("sensor/a");
  close();
  const std::string original = settings_.path;
  const auto pages = static_cast<int>(std::filesystem::file_size(original) / 1024);
  ASSERT_GT(pages, 15);  // a root for each table
  for (int page = 1; page < pages; ++page) {
    SCOPED_TRACE(page + 1);
    settings_.path = (directory_ / (std::to_string(page) + ".db")).string();
    std::filesystem::copy_file(original, settings_.path);
    scribble(page_bytes * page, 1024, static_cast<unsigned>(page));
    open();
    const auto reader = store_->reader();
    const auto read = [&] {
      read_all(*reader);
      reader->streams();
      reader->hours("sensor/a", Quantity::pm2_5, {}, clock_.utc());
      reader->official("sensor/a", Quantity::pm2_5, {}, clock_.utc());
      static_cast<void>(store_->hours_of(stream, {}));
      static_cast<void>(store_->status());
    };
    try {
      read();
    } catch (const std::exception&) {
      ASSERT_TRUE(commit());  // the writer was told
      read();
    }
    store_->recall(stream, {}, [](const StoredRow&) {});
    fill("sensor/new", 5);
    wait_for_salvage();
    ASSERT_EQ(rows_of("sensor/new").size(), 5U);
    close();
  }
}

TEST_F(salvage_of_store, a_file_that_is_no_database_is_set_aside_and_its_loss_estimated) {
  open();
  fill("sensor/a", 3000, 50);
  const auto size = std::filesystem::file_size(settings_.path);
  close();
  scribble(0, std::filesystem::file_size(settings_.path));
  open();
  fill("sensor/a", 5);
  const auto gaps = ledger();
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_GT(lost(gaps), 1000U);
  EXPECT_GT(size, 0U);
  EXPECT_EQ(rows_of("sensor/a").size(), 5U);
}

TEST_F(salvage_of_store, unacknowledged_rows_are_sent_before_newer_ones) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 5000, 50);
  store_->acknowledge("city", 1000);
  const std::string first = store_->epoch();
  close();
  scribble(300 * page_bytes, 2000);
  open();
  store_->add_sink("city", true);
  RowId cursor = store_->cursor("city");
  EXPECT_EQ(cursor, 1000);
  const auto reader = store_->reader();
  std::vector<std::pair<bool, std::uint64_t>> sent;
  const StreamId id = store_->stream("sensor/a");
  // As a sink does it, while samples go on and the damage is found by reading.
  for (int turn = 0; turn < 2000 && (sent.empty() || sent.back().first); ++turn) {
    store_->append(entry(id, R"({"new":1})"));
    ASSERT_TRUE(commit());
    for (const StoredRow& row : reader->page(cursor, 200)) {
      if (reader->name_of(row.stream) == "sensor/a") {
        sent.emplace_back(reader->epoch_of(row.row) == first, row.seq);
      }
      cursor = row.row;
    }
    store_->acknowledge("city", cursor);
  }
  ASSERT_FALSE(sent.empty());
  EXPECT_FALSE(sent.back().first);
  std::uint64_t last = 1000;
  std::uint64_t old = 0;
  for (const auto& [is_old, seq] : sent) {
    if (!is_old) continue;
    EXPECT_GT(seq, last);  // in order, none twice
    last = seq;
    ++old;
  }
  EXPECT_GT(old, 3900U);
}

TEST_F(salvage_of_store, the_new_store_counts_from_one_in_a_new_epoch_with_the_same_handles) {
  open();
  const StreamId id = store_->stream("sensor/a");
  EXPECT_EQ(store_->meta_revision(id, "x"), 1);
  EXPECT_EQ(store_->meta_revision(id, "y"), 2);
  fill("sensor/a", 2000, 50);
  const UtcTime last = clock_.utc();
  close();
  scribble(page_bytes * 20, 40'000);
  clock_.advance(1h);
  open();
  read_into_damage();
  ASSERT_TRUE(commit());
  ASSERT_TRUE(commit());
  EXPECT_EQ(store_->stream("sensor/a"), id);
  EXPECT_EQ(store_->last_time(id), last);
  EXPECT_EQ(store_->meta_revision(id, "y"), 2);
  wait_for_salvage();
  fill("sensor/a", 1);
  EXPECT_EQ(rows_of("sensor/a").back().seq, 1U);
}

TEST_F(salvage_of_store, sinks_whose_cursors_are_lost_pass_over_nothing) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 3000, 50);
  store_->acknowledge("city", 1000);
  close();
  scribble(page_bytes * (root_of("cursors") - 1), 1024);
  open();
  store_->add_sink("city", false);
  fill("sensor/a", 1);
  wait_for_salvage();
  EXPECT_EQ(store_->cursor("city"), 0);
  EXPECT_EQ(read_all(*store_->reader(), store_->cursor("city")).size(), 3001U);
  store_->add_sink("new", false);  // may be an old one as well
  EXPECT_EQ(store_->cursor("new"), 0);
}

// What is deleted takes with it what is older, whether it is back or not.
TEST_F(salvage_of_store, deletion_meanwhile_leaves_no_hole) {
  open();
  fill("sensor/a", 3000);
  close();
  Tail tail;
  OpenedStore opened(settings_, tail, clock_, log_);
  const SalvageRange range{1, 1000, "older", false};
  opened.transaction([&] {
    opened.journal.erase(1, 1000);
    opened.tables.save_salvage(range);
    opened.tables.save_salvage({1501, 2500, "", false});
  });
  opened.transaction([&] { opened.journal.erase(1001, 2000); });
  const auto left = opened.tables.salvages();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].first_row, 2001);
  EXPECT_EQ(left[0].last_row, 2500);
  Salvaged piece{.range = range, .done_until = 500};
  piece.rows.push_back({{.row = 500, .stream = StreamId{1}, .seq = 500}, "{}"});
  opened.transaction([&] { opened.take_back(piece, clock_.utc()); });
  EXPECT_EQ(opened.tables.oldest_row(), 2001);
  EXPECT_EQ(opened.tables.salvages().size(), 1U);
}

TEST_F(salvage_of_store, deletion_meanwhile_is_accounted_for) {
  open();
  store_->add_sink("city", true);
  fill("sensor/a", 8000, 50);
  store_->acknowledge("city", 300);
  close();
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(settings_.path));
  const std::string older = (directory_ / "older.db").string();
  std::filesystem::copy_file(settings_.path, older);
  {
    Tables tables(settings_.path, Tables::Access::write);
    tables.begin();
    tables.erase(1, 6000);
    tables.save_salvage({1, 300, older, false});  // comes last, and would fit in
    tables.save_salvage({301, 6000, older, true});
    tables.save_mark({8000, 2000});
    tables.commit();
  }
  settings_.max_size_bytes = size * 7 / 10;
  open();
  const std::string epoch = store_->epoch();
  fill("sensor/b", 1);
  wait_for_salvage();
  settle();
  const auto all = rows();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(static_cast<std::size_t>(all.back().row - all.front().row + 1), all.size());
  EXPECT_GT(all.front().row, 301);
  EXPECT_EQ(store_->epoch(), epoch);  // no damage was seen
  std::uint64_t accounted_for = rows_of("sensor/a").size() + rows_of("sensor/b").size();
  for (const LedgerRow& gap : ledger()) accounted_for += gap.stream == "ledger" ? 0 : gap.count;
  EXPECT_EQ(accounted_for, 7701U);
}

// A card that dies damages one file after the other.
TEST_F(salvage_of_store, a_new_file_that_is_damaged_before_it_has_all_rows_passes_on_what_is_left) {
  for (const bool at_start : {true, false}) {
    SCOPED_TRACE(at_start);
    settings_.path = (directory_ / (at_start ? "start.db" : "run.db")).string();
    open();
    fill("sensor/a", 5000, 50);
    close();
    scribble(300 * page_bytes, 2000);
    open();
    read_into_damage();
    fill("sensor/b", 3000, 50);
    wait_for_salvage();
    const std::uint64_t lost_of_first = lost(ledger());
    close();
    // As if it had been stopped in the midst of it.
    const std::string first = damaged_file().string();
    {
      Tables tables(settings_.path, Tables::Access::write);
      tables.begin();
      tables.erase(1001, 2500);
      tables.save_salvage({1001, 2500, first, false});
      tables.commit();
    }
    if (at_start) {
      scribble(page_bytes * (root_of("remembered") - 1), 1024);
    } else {
      // Near the end, since pages of rows that were erased are nobody's.
      scribble(static_cast<std::streamoff>(std::filesystem::file_size(settings_.path) / 10 * 9),
               2000);
    }
    clock_.advance(1h);
    open();
    read_into_damage();
    fill("sensor/c", 1);
    wait_for_salvage();
    const std::uint64_t lost_of_second = lost(ledger()) - lost_of_first;
    EXPECT_EQ(lost_of_second == 0, at_start);
    EXPECT_EQ(rows_of("sensor/a").size() + rows_of("sensor/b").size() + lost(ledger()), 8000U);
    EXPECT_EQ(rows_of("sensor/c").size(), 1U);
    close();
  }
}

TEST_F(salvage_of_store, hours_come_back) {
  open();
  const UtcTime start = std::chrono::floor<std::chrono::hours>(clock_.utc());
  std::vector<HoursOfStream> hours(1);
  hours[0].record_stream = store_->stream("sensor/a/hour");
  hours[0].record_time = start + 1h;
  hours[0].record_body = "{}";
  for (const Quantity quantity : {Quantity::pm2_5, Quantity::pm10}) {
    hours[0].rows.push_back({.stream = store_->stream("sensor/a"),
                             .start = start,
                             .quantity = quantity,
                             .revision = 3,
                             .hour = {.expected = 60, .used = 59, .value = 9.25},
                             .first_row = 1,
                             .last_row = 60});
  }
  store_->keep_hours(hours, 60);
  fill("sensor/a", 6000, 50);
  close();
  scribble(300 * page_bytes, 3000);  // in the middle of the rows
  open();
  read_into_damage();
  fill("sensor/a", 1);
  wait_for_salvage();
  ASSERT_FALSE(damaged_file().empty());
  const auto kept = store_->reader()->hours("sensor/a", Quantity::pm10, start, start + 1h);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].revision, 3);
  EXPECT_EQ(kept[0].hour, hours[0].rows[1].hour);
  EXPECT_EQ(store_->hours_of(store_->stream("sensor/a"), start).size(), 2U);
}

}  // namespace
}  // namespace twinsky
