// SPDX-License-Identifier: Apache-2.0
// What a store knows of its own past, and what it does when an older copy of it comes back.
#include "gateway/store/mark.hpp"
#include "tests/unit/store_fixture.hpp"

#include <map>
#include <set>

namespace twinsky {
namespace {

class past : public StoreTest {
 protected:
  // The files as they are, under another name.
  void copy_to(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const char* companion : {"", "-wal"}) {
      std::filesystem::remove(to.string() + companion);
      if (!std::filesystem::exists(from.string() + companion)) continue;
      std::filesystem::copy_file(from.string() + companion, to.string() + companion);
    }
  }
  void back_up() { copy_to(settings_.path, backup()); }
  void put_back() { copy_to(backup(), settings_.path); }
  // A whole card that comes back brings the witness along, and a cloned one has none.
  void forget_witness() { std::filesystem::remove(settings_.path + ".witness"); }
  std::filesystem::path backup() const { return directory_ / "backup.db"; }

  // Notes everything that is in the store as sent, and counts samples that are other ones than
  // those that were sent under their numbers.
  int send_all() {
    int clashes = 0;
    for (const Row& row : rows()) {
      const auto [known, is_new] =
          sent_.try_emplace(row.stream + ' ' + row.epoch + ' ' + std::to_string(row.seq), row.body);
      if (!is_new && known->second != row.body) ++clashes;
    }
    return clashes;
  }
  // Samples that are unlike all others.
  void measure(const std::string& stream, int count) {
    const StreamId id = store_->stream(stream);
    for (int n = 0; n < count; ++n) {
      store_->append(entry(id, R"({"n":)" + std::to_string(++samples_) + "}"));
    }
    ASSERT_TRUE(commit());
  }
  // As a sink does that reaches a broker which remembers `seen`.
  void connect(const Mark& seen) {
    const std::string why = store_->why_set_back(seen);
    if (!why.empty()) store_->distrust(store_->epoch(), why);
    ASSERT_TRUE(commit());
    ASSERT_TRUE(is_released(true));
  }
  // What is asked of the writer is on the disk at the second look.
  bool is_released(bool without_the_others) {
    return store_->release(without_the_others) || (commit() && store_->release(without_the_others));
  }

 private:
  std::map<std::string, std::string> sent_;
  int samples_ = 0;
};

StoreRun run(std::uint64_t number, std::string nonce, RowId first_row) {
  return {.number = number, .nonce = std::move(nonce), .first_row = first_row};
}

TEST(run_book, knows_its_runs_and_denies_others) {
  RunBook book;
  EXPECT_TRUE(book.empty());
  EXPECT_TRUE(book.denies("1-abc"));
  const std::string first = name_of(book.begin(1));
  const std::string second = name_of(book.begin(11));
  const RunBook read(book.text());
  EXPECT_EQ(read.text(), book.text());
  EXPECT_EQ(name_of(read.newest()), second);
  EXPECT_FALSE(read.denies(first));
  EXPECT_FALSE(read.denies(second));
  EXPECT_TRUE(read.denies("2-other"));
  EXPECT_TRUE(read.denies("3-later"));
  for (const char* foreign : {"", "-", "x-y", "2", "2-", "0-abc"}) {
    EXPECT_FALSE(read.denies(foreign)) << foreign;
  }
  EXPECT_EQ(read.first_row_after(first), 11);
  EXPECT_EQ(read.first_row_after(second), 11);
  EXPECT_EQ(read.first_row_after(""), 11);
  EXPECT_EQ(name_of(run(17, "5d3c91aa", 1)), "17-5d3c91aa");
}

TEST(run_book, keeps_the_newest_and_takes_what_is_older_for_its_own) {
  RunBook book;
  const std::string first = name_of(book.begin(1));
  for (int n = 0; n < 200; ++n) book.begin(n);
  EXPECT_LT(book.text().size(), 2000U);
  EXPECT_FALSE(book.denies(first));
  EXPECT_FALSE(book.denies("1-whatever"));
  EXPECT_EQ(book.newest().number, 201U);
}

TEST(run_book, leaves_out_what_it_cannot_read) {
  const RunBook book("1-aa@1 nonsense 2-bb 3-cc@x 4-dd@7 2-ee@9");
  EXPECT_EQ(book.text(), "1-aa@1 4-dd@7");
}

TEST(mark, only_what_was_seen_of_a_later_past_is_a_doubt) {
  const RunBook runs("1-aa@1 2-bb@11");
  const std::vector<std::string> epochs = {"old", "now"};
  const auto why = [&](const Mark& seen) { return why_set_back(seen, epochs, runs, 20); };
  EXPECT_EQ(why({.epoch = "now", .after = {}, .run = "2-bb", .row = 20}), "");
  EXPECT_EQ(why({.epoch = "now", .after = {}, .run = "1-aa", .row = 5}), "");
  EXPECT_EQ(why({.epoch = "now", .after = {}, .run = "", .row = 20}), "");
  EXPECT_NE(why({.epoch = "now", .after = {}, .run = "2-bb", .row = 21}), "");
  EXPECT_NE(why({.epoch = "now", .after = {}, .run = "", .row = 21}), "");
  EXPECT_NE(why({.epoch = "now", .after = {}, .run = "3-cc", .row = 5}), "");
  EXPECT_NE(why({.epoch = "now", .after = {}, .run = "2-xx", .row = 5}), "");
  // An older epoch of ours is closed, another gateway's cannot clash.
  EXPECT_EQ(why({.epoch = "old", .after = {}, .run = "7-zz", .row = 99}), "");
  EXPECT_EQ(why({.epoch = "foreign", .after = {"else"}, .run = "7-zz", .row = 99}), "");
  EXPECT_NE(why({.epoch = "later", .after = {"now", "old"}, .run = "7-zz", .row = 99}), "");
  EXPECT_EQ(why({.epoch = "clone", .after = {"old"}, .run = "7-zz", .row = 99}), "");
}

TEST(mark, the_hash_tells_samples_apart_and_is_silent_where_the_time_may_change) {
  const StoredRow row{1, StreamId{2}, 3, UtcTime(milliseconds(4)), R"({"pm2_5":1})"};
  const auto other = [&](auto change) {
    StoredRow changed = row;
    change(changed);
    return row_hash(changed);
  };
  EXPECT_NE(row_hash(row), 0U);
  EXPECT_EQ(row_hash(row), other([](StoredRow& one) { one.row = 9; }));
  EXPECT_NE(row_hash(row), other([](StoredRow& one) { one.seq = 9; }));
  EXPECT_NE(row_hash(row), other([](StoredRow& one) { one.time += milliseconds(1); }));
  EXPECT_NE(row_hash(row), other([](StoredRow& one) { one.stream = StreamId{9}; }));
  EXPECT_NE(row_hash(row), other([](StoredRow& one) { one.body = R"({"pm2_5":2})"; }));
  EXPECT_EQ(other([](StoredRow& one) { one.body = R"({"clock":"unset"})"; }), 0U);
}

// ---- the witness --------------------------------------------------------------------------------

TEST_F(past, clean_starts_crashes_and_upgrades_begin_no_epoch) {
  open();
  measure("sensor/a", 5);
  const std::string first = store_->epoch();
  for (int n = 0; n < 20; ++n) {
    open();
    measure("sensor/a", n % 3);
    EXPECT_EQ(store_->epoch(), first) << n;
  }
  // As after kill -9: the witness is behind, the files are those that were in use.
  back_up();
  const std::string witness = settings_.path + ".witness";
  std::filesystem::copy_file(witness, directory_ / "behind");
  measure("sensor/a", 5);
  close();
  std::filesystem::copy_file(directory_ / "behind", witness,
                             std::filesystem::copy_options::overwrite_existing);
  open();
  EXPECT_EQ(store_->epoch(), first);
  close();
  forget_witness();  // an older version kept none
  open();
  EXPECT_EQ(store_->epoch(), first);
  close();
  std::ofstream(witness) << "not what it was";
  open();
  EXPECT_EQ(store_->epoch(), first);
}

TEST_F(past, a_copy_that_comes_back_begins_a_new_epoch_before_anything_is_numbered) {
  for (const int since : {1, 10, 1000}) {
    open();
    measure("sensor/a", 20);
    close();
    back_up();
    open();
    measure("sensor/a", since);
    ASSERT_EQ(send_all(), 0) << since;
    const std::string epoch = store_->epoch();
    close();
    put_back();
    open();
    EXPECT_NE(store_->epoch(), epoch) << since;
    measure("sensor/a", since);
    EXPECT_EQ(send_all(), 0) << since;
    const std::string after = store_->epoch();
    open();
    EXPECT_EQ(store_->epoch(), after) << "one doubt, one epoch";
  }
}

TEST_F(past, so_does_a_copy_made_in_the_same_run_that_was_not_closed) {
  open();
  measure("sensor/a", 20);
  back_up();
  measure("sensor/a", 10);
  ASSERT_EQ(send_all(), 0);
  const std::string epoch = store_->epoch();
  // As kill -9 leaves it: the witness says what it said when the run began.
  std::filesystem::copy_file(settings_.path + ".witness", directory_ / "as-begun");
  close();
  std::filesystem::copy_file(directory_ / "as-begun", settings_.path + ".witness",
                             std::filesystem::copy_options::overwrite_existing);
  put_back();
  open();
  EXPECT_NE(store_->epoch(), epoch);
  measure("sensor/a", 10);
  EXPECT_EQ(send_all(), 0);
}

TEST_F(past, the_witness_is_kept_seldom_and_at_the_end) {
  const auto read = [&] {
    std::ifstream file(settings_.path + ".witness");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  open();
  measure("sensor/a", 1);
  settle();
  const std::string begun = read();
  EXPECT_EQ(begun.size(), 160U);
  measure("sensor/a", 1);
  settle();
  const std::string soon = read();
  clock_.advance(1min);
  measure("sensor/a", 1);
  settle();
  EXPECT_EQ(read(), soon);
  clock_.advance(5min);
  measure("sensor/a", 1);
  settle();
  const std::string later = read();
  EXPECT_NE(later, soon);
  measure("sensor/a", 1);
  close();
  EXPECT_NE(read(), later);
}

// ---- what brokers remember ----------------------------------------------------------------------

TEST_F(past, a_brokers_mark_tells_also_when_rows_were_added_before_it_was_reached) {
  for (const int since : {1, 10, 1000}) {
    open();
    store_->add_sink("city", true);
    measure("sensor/a", 20);
    measure("sensor/b", 3);
    connect({});
    close();
    back_up();
    open();
    connect(store_->mark("city"));
    const Mark mark = store_->mark("city");  // the last one that the broker was shown
    measure("sensor/a", since);
    ASSERT_EQ(send_all(), 0) << since;
    const std::string epoch = store_->epoch();
    const RowId restored_at = 1 + static_cast<RowId>(rows().size()) - since;
    close();

    put_back();
    forget_witness();
    open();  // two runs without a broker
    measure("sensor/a", since);
    open();
    measure("sensor/a", 2 * since);
    measure("sensor/c", 2);
    EXPECT_EQ(store_->epoch(), epoch);
    connect(mark);
    EXPECT_NE(store_->epoch(), epoch) << since;
    EXPECT_EQ(send_all(), 0) << since;
    // What was not sent yet belongs to the new epoch and begins there with 1.
    std::map<std::string, std::uint64_t> next;
    for (const Row& row : rows()) {
      if (row.row < restored_at) {
        EXPECT_NE(row.epoch, store_->epoch());
        continue;
      }
      EXPECT_EQ(row.epoch, store_->epoch());
      EXPECT_EQ(row.seq, ++next[row.stream]);
    }
    EXPECT_EQ(next["sensor/a"], static_cast<std::uint64_t>(3 * since));
    EXPECT_EQ(next["sensor/c"], 2U);
    measure("sensor/a", 1);
    EXPECT_EQ(rows_of("sensor/a").back().seq, next["sensor/a"] + 1);
    crash();  // what was saved fits to the rows
    open();
    measure("sensor/a", 1);
    EXPECT_EQ(rows_of("sensor/a").back().seq, next["sensor/a"] + 2);
    const std::string after = store_->epoch();
    connect(mark);
    EXPECT_EQ(store_->epoch(), after) << "one doubt, one epoch";
  }
}

TEST_F(past, the_mark_of_another_sample_in_a_row_that_we_have_tells) {
  open();
  store_->add_sink("city", true);
  measure("sensor/a", 20);
  back_up();
  measure("sensor/a", 10);
  store_->acknowledge("city", 25);
  Mark mark = store_->mark("city");
  EXPECT_EQ(mark.row, 25);
  EXPECT_NE(mark.hash, 0U);
  EXPECT_EQ(store_->why_set_back(mark), "");
  close();
  put_back();
  forget_witness();
  open();
  measure("sensor/a", 10);
  EXPECT_NE(store_->why_set_back(mark), "");
  mark.hash = 0;
  EXPECT_EQ(store_->why_set_back(mark), "");
}

TEST_F(past, what_has_left_keeps_its_numbers) {
  open();
  measure("sensor/a", 3);
  EXPECT_FALSE(store_->release(true));  // not before that is on the disk
  ASSERT_TRUE(is_released(true));
  const std::string epoch = store_->epoch();
  store_->distrust(epoch, "a test");
  store_->distrust(epoch, "said by a second broker");
  EXPECT_FALSE(store_->release(true));  // not before it is on the disk
  measure("sensor/a", 1);
  EXPECT_TRUE(store_->release(true));
  const auto all = rows();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2].epoch, epoch);
  EXPECT_EQ(all[2].seq, 3U);
  EXPECT_EQ(all[3].epoch, store_->epoch());
  EXPECT_EQ(all[3].seq, 1U);
  EXPECT_EQ(store_->mark("nobody").after, std::vector<std::string>{epoch});
}

TEST_F(past, the_first_rows_wait_until_every_broker_was_asked_or_time_is_up) {
  open();
  store_->add_sink("city", true);
  store_->add_sink("home", true);
  EXPECT_TRUE(is_released(false));  // they are new: nobody has seen anything
  open();
  EXPECT_FALSE(is_released(false));
  store_->note_asked("city");
  EXPECT_FALSE(is_released(false));
  store_->remove_sink("home");
  EXPECT_TRUE(is_released(false));
  open();
  EXPECT_FALSE(is_released(false));
  EXPECT_TRUE(is_released(true));
}

TEST_F(past, amendments_follow_the_numbers) {
  open();
  measure("sensor/a", 4);
  connect({});
  open();
  const StreamId id = store_->stream("sensor/a");
  measure("sensor/a", 1);
  const UtcTime amended = clock_.utc();
  clock_.advance(1s);
  measure("sensor/a", 1);
  Entry good = entry(id, R"({"n":"good"})");
  good.time = amended;
  good.amends = true;
  store_->append(good);
  ASSERT_TRUE(commit());
  EXPECT_EQ(rows().back().body, R"({"amends":5,"n":"good"})");
  store_->distrust(store_->epoch(), "a test");
  ASSERT_TRUE(commit());
  EXPECT_EQ(rows().back().seq, 3U);
  EXPECT_EQ(rows().back().body, R"({"amends":1,"n":"good"})");
}

TEST_F(past, what_amended_a_record_of_the_epoch_before_amends_nothing_any_more) {
  open();
  measure("sensor/a", 4);
  const UtcTime amended = clock_.utc();
  connect({});
  open();
  Entry late = entry(store_->stream("sensor/a"), R"({"n":"late"})");
  late.time = amended;
  late.amends = true;
  store_->append(late);
  ASSERT_TRUE(commit());
  EXPECT_EQ(rows().back().body, R"({"amends":4,"n":"late"})");
  store_->distrust(store_->epoch(), "a test");
  ASSERT_TRUE(commit());
  EXPECT_EQ(rows().back().seq, 1U);
  EXPECT_EQ(rows().back().body, R"({"n":"late"})");
}

}  // namespace
}  // namespace twinsky
