// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/store.hpp"

#include "gateway/store/schema.hpp"
#include "gateway/store/tables.hpp"
#include "tests/unit/store_fixture.hpp"

#include <sqlite3.h>

#include <atomic>
#include <thread>

namespace twinsky {
namespace {

using store = StoreTest;

TEST_F(store, keeps_samples_in_order_and_counts_each_stream_from_one) {
  open();
  const StreamId a = store_->stream("sensor/a");
  const StreamId b = store_->stream("sensor/b");
  EXPECT_EQ(store_->stream("sensor/a"), a);
  for (const StreamId id : {a, b, a, a, b}) store_->append(entry(id, R"({"pm2_5":9.4})"));
  ASSERT_TRUE(commit());
  const auto all = rows();
  ASSERT_EQ(all.size(), 5U);
  std::string seen;
  for (const Row& row : all) {
    seen += std::to_string(row.row) + row.stream.back() + std::to_string(row.seq) + ' ';
    EXPECT_EQ(row.body, R"({"pm2_5":9.4})");
    EXPECT_EQ(row.time, clock_.utc());
    EXPECT_EQ(row.epoch, store_->epoch());
  }
  EXPECT_EQ(seen, "1a1 2b1 3a2 4a3 5b2 ");
  EXPECT_EQ(store_->sendable(), 5);
  EXPECT_EQ(store_->status().rows, 5U);
}

TEST_F(store, commits_at_the_latest_commit_every_after_the_first_waiting_sample) {
  open();
  std::atomic<int> commits = 0;
  store_->on_commit([&] { ++commits; });
  store_->append(entry(store_->stream("sensor/a")));
  clock_.settle(1);
  EXPECT_EQ(store_->sendable(), 0);
  clock_.advance(1s);
  while (commits == 0) std::this_thread::yield();
  EXPECT_EQ(store_->sendable(), 1);
}

TEST_F(store, commits_early_when_much_is_waiting) {
  settings_.commit_rows = 10;
  open();
  std::atomic<int> commits = 0;
  store_->on_commit([&] { ++commits; });
  const StreamId id = store_->stream("sensor/a");
  for (int n = 0; n < 30; ++n) store_->append(entry(id));
  while (store_->sendable() < 30) std::this_thread::yield();
  EXPECT_TRUE(commit());  // after which the writer has told of all of them
  EXPECT_GE(commits, 3);  // at most commit_rows in one
}

TEST_F(store, commits_as_soon_as_possible_when_commit_every_is_zero) {
  settings_.commit_every = 0ms;
  open();
  store_->append(entry(store_->stream("sensor/a")));
  while (store_->sendable() == 0) std::this_thread::yield();
  EXPECT_EQ(rows().size(), 1U);
}

TEST_F(store, goes_on_counting_after_a_restart_a_crash_and_deletion_of_all_rows) {
  open();
  const std::string epoch = store_->epoch();
  fill("sensor/a", 3);
  open();
  fill("sensor/a", 2);
  crash();
  open();
  EXPECT_EQ(store_->epoch(), epoch);
  clock_.advance(std::chrono::days(401));
  settle();  // by age all of them go
  EXPECT_EQ(store_->status().rows, 0U);
  crash();
  open();
  fill("sensor/a", 1);
  const auto all = rows();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].seq, 6U);
  EXPECT_EQ(all[0].row, 6);
  EXPECT_EQ(all[0].epoch, epoch);
}

TEST_F(store, recovers_counters_and_times_from_the_rows_after_a_crash) {
  open();
  const StreamId id = store_->stream("sensor/a");
  EXPECT_EQ(store_->last_time(id), std::nullopt);
  fill("sensor/a", 12'000);  // more than lie between two saves
  const UtcTime last = clock_.utc();
  crash();
  open();
  EXPECT_EQ(store_->last_time(store_->stream("sensor/a")), last);
  EXPECT_EQ(store_->status().rows, 12'000U);
  fill("sensor/a", 1);
  EXPECT_EQ(rows_of("sensor/a").back().seq, 12'001U);
}

TEST_F(store, drops_the_oldest_when_the_queue_is_full_and_counts_them_exactly) {
  settings_.queue_bytes = 64 << 10;
  settings_.commit_rows = 1'000'000;
  settings_.commit_every = 1h;
  open();
  const StreamId id = store_->stream("sensor/a");
  settle();
  // The writer must not come in between: another connection holds the lock that it needs.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 10'000);  // the writer may be at work
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  constexpr int offered = 2000;
  for (int n = 1; n <= offered; ++n) {
    store_->append(entry(id, R"({"n":)" + std::to_string(n) + "}"));
    clock_.step_utc(1ms);
  }
  sqlite3_close(other);
  ASSERT_TRUE(commit());
  const auto kept = rows_of("sensor/a");
  const auto gaps = ledger();
  std::uint64_t lost = 0;
  for (const LedgerRow& gap : gaps) {
    EXPECT_EQ(gap.cause, "queue_full");
    EXPECT_EQ(gap.stream, "sensor/a");
    EXPECT_FALSE(gap.estimated);
    EXPECT_LE(gap.start, gap.end);
    lost += gap.count;
  }
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(kept.size() + lost, static_cast<std::size_t>(offered));
  EXPECT_EQ(store_->status().queue_dropped, lost);
  EXPECT_EQ(store_->status().ledger_sums,
            (std::map<std::string, std::uint64_t>{{"queue_full", lost}}));
  EXPECT_EQ(kept.back().body, R"({"n":2000})");
  for (std::size_t at = 0; at < kept.size(); ++at) EXPECT_EQ(kept[at].seq, at + 1);
  EXPECT_EQ(rows_of("ledger").size(), gaps.size());
}

TEST_F(store, keeps_a_repeated_official_value_once_and_numbers_its_revisions) {
  open();
  const StreamId id = store_->stream("ref/hk-epd/mong-kok");
  const auto put = [&](std::uint64_t hash, std::string body, int hour = 0) {
    Entry made = entry(id, std::move(body));
    const UtcTime start = clock_.utc() - std::chrono::hours(4 - hour);
    made.official_key = OfficialKey{"24pc", start, start + 1h, hash};
    store_->append(std::move(made));
  };
  put(1, R"({"no2":40})");
  put(1, R"({"no2":40})");
  put(2, R"({"no2":41})");
  put(9, "{}", 1);
  ASSERT_TRUE(commit());
  open();
  put(2, R"({"no2":41})");
  put(1, R"({"no2":40})");
  ASSERT_TRUE(commit());
  std::vector<std::string> bodies;
  for (const Row& row : rows()) bodies.push_back(std::to_string(row.seq) + row.body);
  EXPECT_EQ(bodies,
            (std::vector<std::string>{R"(1{"revision":1,"no2":40})", R"(2{"revision":2,"no2":41})",
                                      R"(3{"revision":1})", R"(4{"revision":3,"no2":40})"}));
}

TEST_F(store, a_new_sink_starts_now_or_at_the_oldest_and_an_old_one_where_it_was) {
  open();
  fill("sensor/a", 10);
  store_->add_sink("now", false);
  store_->add_sink("oldest", true);
  EXPECT_EQ(store_->cursor("now"), 10);
  EXPECT_EQ(store_->cursor("oldest"), 0);
  store_->acknowledge("oldest", 7);
  store_->acknowledge("oldest", 3);   // never backwards
  store_->acknowledge("oldest", 99);  // nor beyond what is there
  EXPECT_EQ(store_->cursor("oldest"), 10);
  open();
  store_->add_sink("oldest", true);
  EXPECT_EQ(store_->cursor("oldest"), 10);
  store_->remove_sink("oldest");
  open();
  const StoreStatus status = store_->status();
  EXPECT_TRUE(status.sinks.contains("now"));
  EXPECT_FALSE(status.sinks.contains("oldest"));
}

TEST_F(store, a_cursor_goes_to_the_disk_after_some_seconds_without_any_samples) {
  open();
  fill("sensor/a", 10);
  store_->add_sink("city", true);
  settle();
  const auto saved = [&] { return read_store_status(settings_.path).sinks["city"].cursor; };
  store_->acknowledge("city", 3);  // the first one at once
  while (saved() != 3) std::this_thread::yield();
  store_->acknowledge("city", 8);
  clock_.settle(1);
  EXPECT_EQ(saved(), 3);
  clock_.advance(5s);
  while (read_store_status(settings_.path).sinks["city"].cursor != 8) std::this_thread::yield();
  const SinkBacklog backlog = store_->status().sinks["city"];
  EXPECT_EQ(backlog.rows, 2U);
  EXPECT_EQ(backlog.oldest, clock_.utc() - 5s);
}

TEST_F(store, remembers_what_must_survive) {
  open();
  const StreamId id = store_->stream("sensor/a");
  EXPECT_EQ(store_->meta_revision(id, "one"), 1);
  EXPECT_EQ(store_->meta_revision(id, "one"), 1);
  EXPECT_EQ(store_->meta_revision(id, "two"), 2);
  EXPECT_EQ(store_->remembered("rain/roof"), std::nullopt);
  store_->remember("rain/roof", "12.4");
  store_->remember("empty", "");
  store_->note_retained("city", "sensor/a/meta");
  store_->note_retained("city", "sensor/b/meta");
  store_->note_retained("other", "sensor/a/meta");
  EXPECT_EQ(store_->retained_topics("nobody").size(), 0U);
  crash();  // a topic is noted before the call returns
  open();
  EXPECT_EQ(store_->retained_topics("city"),
            (std::vector<std::string>{"sensor/a/meta", "sensor/b/meta"}));
  store_->forget_retained("city", "sensor/a/meta");
  store_->remember("rain/roof", "12.6");
  store_->remember("empty", "");
  open();
  EXPECT_EQ(store_->retained_topics("city"), (std::vector<std::string>{"sensor/b/meta"}));
  EXPECT_EQ(store_->retained_topics("other"), (std::vector<std::string>{"sensor/a/meta"}));
  EXPECT_EQ(store_->remembered("rain/roof"), "12.6");
  EXPECT_EQ(store_->remembered("empty"), "");
  EXPECT_EQ(store_->meta_revision(store_->stream("sensor/a"), "two"), 2);
}

TEST_F(store, a_reader_sees_names_and_epochs_that_came_after_it) {
  open();
  const auto reader = store_->reader();
  EXPECT_TRUE(reader->page(0, 10).empty());
  fill("sensor/a", 2);
  const std::string first = store_->epoch();
  auto all = read_all(*reader);
  ASSERT_EQ(all.size(), 2U);
  store_->start_new_epoch("a test");
  ASSERT_TRUE(commit());
  store_->start_new_epoch("another, before there were rows");
  fill("sensor/b", 2);
  EXPECT_NE(store_->epoch(), first);
  all = read_all(*reader, 2);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].stream, "sensor/b");
  EXPECT_EQ(all[0].epoch, store_->epoch());
  EXPECT_EQ(reader->epoch_of(2), first);
}

TEST_F(store, many_threads_may_append_and_nothing_is_lost_or_doubled) {
  settings_.commit_every = 0ms;
  settings_.queue_bytes = 64 << 20;
  open();
  constexpr int threads = 4;
  constexpr int each = 2000;
  {
    std::vector<std::jthread> producers;
    for (int thread = 0; thread < threads; ++thread) {
      producers.emplace_back([this, thread] {
        const StreamId id = store_->stream("sensor/" + std::to_string(thread));
        for (int n = 1; n <= each; ++n) {
          store_->append(entry(id, R"({"n":)" + std::to_string(n) + "}"));
          if (n % 100 == 0) store_->acknowledge("city", n);
        }
      });
    }
    const auto reader = store_->reader();
    store_->add_sink("city", true);
    for (int n = 0; n < 20; ++n) {
      read_all(*reader);
      (void)store_->status();
      (void)store_->alive();
    }
  }
  ASSERT_TRUE(commit());
  std::map<std::string, std::uint64_t> seq;
  for (const Row& row : rows()) {
    EXPECT_EQ(row.seq, ++seq[row.stream]);
    EXPECT_EQ(row.body, R"({"n":)" + std::to_string(row.seq) + "}");
  }
  EXPECT_EQ(seq.size(), static_cast<std::size_t>(threads));
  for (const auto& [stream, count] : seq) EXPECT_EQ(count, static_cast<std::uint64_t>(each));
}

TEST_F(store, is_alive_when_it_idles_and_says_that_a_disk_cannot_be_written) {
  open();
  fill("sensor/a", 1);
  clock_.settle(1);
  clock_.advance(1h);
  EXPECT_EQ(store_->alive(), clock_.now());
  EXPECT_EQ(store_->status().disk_fault, "");
}

TEST_F(store, refuses_what_is_not_its_own_with_a_sentence) {
  const auto message = [&] {
    try {
      open();
    } catch (const StoreError& problem) {
      return std::string(problem.what());
    }
    return std::string();
  };
  const auto sql = [&](const char* text) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(settings_.path.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  };
  open();
  close();
  sql("PRAGMA user_version = 99");
  EXPECT_NE(message().find("newer version"), std::string::npos);
  std::filesystem::remove(settings_.path);
  sql("CREATE TABLE accounts (name TEXT)");
  EXPECT_NE(message().find("another program's"), std::string::npos);
  settings_.path = directory_.string();
  EXPECT_NE(message().find("must be writable"), std::string::npos);
  settings_.path = (directory_ / "missing" / "store.db").string();
  EXPECT_THROW(open_store_reader(settings_.path), StoreError);
}

TEST_F(store, migrations_run_once_each_and_keep_what_is_there) {
  const std::string path = (directory_ / "old.db").string();
  const std::vector<std::string_view> steps = {
      "CREATE TABLE samples (row INTEGER PRIMARY KEY, body TEXT); INSERT INTO samples VALUES (1, "
      "'kept')",
      "ALTER TABLE samples ADD COLUMN extra TEXT; UPDATE samples SET extra = body || '!'"};
  const auto extra = [&] {
    sqlite3* database = nullptr;
    sqlite3_open(path.c_str(), &database);
    std::string text;
    sqlite3_exec(
        database, "SELECT extra FROM samples",
        [](void* to, int, char** values, char**) {
          *static_cast<std::string*>(to) += values[0];
          return 0;
        },
        &text, nullptr);
    sqlite3_close(database);
    return text;
  };
  migrate(path, std::span(steps).first(1));
  migrate(path, steps);
  EXPECT_EQ(extra(), "kept!");
  migrate(path, steps);
  EXPECT_EQ(extra(), "kept!");
  EXPECT_THROW(migrate(path, std::span(steps).first(1)), StoreError);
}

TEST_F(store, an_empty_file_of_version_zero_becomes_a_store) {
  std::ofstream(settings_.path).flush();
  open();
  fill("sensor/a", 1);
  EXPECT_EQ(rows().size(), 1U);
}

}  // namespace
}  // namespace twinsky
