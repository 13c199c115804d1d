// SPDX-License-Identifier: Apache-2.0
// A full disk (a small file system in memory, mounted for this process alone) and one that refuses
// to be written (a limit on the size of files): sampling goes on, what is lost is counted, and when
// the disk is back the store is too.
#include "tests/faults/small_disk.hpp"
#include "tests/unit/store_fixture.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

namespace twinsky {
namespace {

class DiskTest : public StoreTest {
 protected:
  // Counted: what was lost of the stream, for the sink or from the queue (which is just full before
  // the first commit fails).
  std::uint64_t lost(const std::string& stream, const std::string& cause) {
    std::uint64_t count = 0;
    for (const LedgerRow& gap : ledger()) {
      if (gap.stream != stream || (gap.cause != cause && gap.cause != "queue_full")) continue;
      EXPECT_FALSE(gap.estimated);
      count += gap.count;
    }
    return count;
  }
  void offer(int count, std::size_t padding) {
    const StreamId id = store_->stream("sensor/a");
    for (int n = 0; n < count; ++n) {
      store_->append(entry(id, R"({"n":)" + std::to_string(++offered_) + R"(,"pad":")" +
                                   std::string(padding, '.') + R"("})"));
    }
  }
  // Time goes on until the disk is taken again.
  void recover() {
    for (int second = 0; second < 100 && !commit(); ++second) clock_.advance(1s);
    settle();
    EXPECT_EQ(store_->status().disk_fault, "");
  }
  void try_to_commit() {
    for (int attempt = 0; attempt < 5 && !commit(); ++attempt) clock_.advance(5s);
  }
  void expect_whole(std::uint64_t kept, std::uint64_t gone) {
    const auto all = rows_of("sensor/a");
    EXPECT_EQ(all.size(), kept);
    EXPECT_EQ(kept + gone, offered_);
    ASSERT_FALSE(all.empty());
    for (std::size_t at = 1; at < all.size(); ++at) EXPECT_EQ(all[at].seq, all[at - 1].seq + 1);
    EXPECT_TRUE(all.back().body.starts_with(R"({"n":)" + std::to_string(offered_) + ','));
  }
  std::uint64_t offered_ = 0;
};
using disk = DiskTest;

class FullDiskTest : public DiskTest {
 protected:
  ~FullDiskTest() override { store_.reset(); }
  SmallDisk disk_{directory_, "12m"};
};
using full_disk = FullDiskTest;

TEST_F(full_disk, a_store_that_fills_the_disk_gives_up_its_oldest_rows_and_counts_them) {
  settings_.queue_bytes = 512 << 10;
  open();
  store_->add_sink("city", true);
  for (int round = 0; round < 300; ++round) {
    offer(200, 300);
    try_to_commit();
  }
  disk_.enlarge("64m");
  recover();
  const std::uint64_t gone = lost("sensor/a", "disk_full");
  EXPECT_GT(gone, 30'000U);
  EXPECT_GT(rows_of("sensor/a").size(), 3'000U);
  expect_whole(rows_of("sensor/a").size(), gone);
}

TEST_F(full_disk, of_its_oldest_rows_those_stay_that_are_on_their_way) {
  settings_.queue_bytes = 512 << 10;
  open();
  store_->add_sink("city", true);
  offer(800, 300);
  recover();
  ASSERT_TRUE(store_->claim("city", 500));
  for (int round = 0; round < 300; ++round) {
    offer(200, 300);
    try_to_commit();
  }
  disk_.enlarge("64m");
  recover();
  const auto all = rows_of("sensor/a");
  EXPECT_EQ(all.size() + lost("sensor/a", "disk_full"), offered_);
  const auto newer = std::ranges::find_if(all, [](const Row& row) { return row.row > 500; });
  ASSERT_NE(newer, all.begin());
  EXPECT_EQ(all.front().seq, 1U);
  EXPECT_EQ((newer - 1)->row, 500);
  EXPECT_EQ((newer - 1)->seq, newer - all.begin());
  ASSERT_NE(newer, all.end());
  EXPECT_GT(newer->seq, 20'000U);
}

TEST_F(full_disk, others_fill_the_disk_and_sampling_goes_on) {
  open();
  store_->add_sink("city", true);
  offer(3000, 300);
  recover();
  for (int round = 0; round < 20; ++round) {
    disk_.fill();
    offer(500, 300);
    try_to_commit();
  }
  disk_.free();
  offer(100, 300);
  recover();
  expect_whole(rows_of("sensor/a").size(), lost("sensor/a", "disk_full"));
}

TEST_F(full_disk, a_start_on_a_full_disk_finds_the_space_that_was_kept_for_it) {
  open();
  offer(3000, 300);
  recover();
  close();
  disk_.fill();
  open();
  offer(100, 300);
  recover();
  EXPECT_TRUE(rows_of("sensor/a").back().body.starts_with(R"({"n":3100,)"));
}

TEST_F(full_disk, no_unsent_row_goes_while_memory_has_room_and_nothing_is_lost_when_it_is_over) {
  open();
  store_->add_sink("city", true);
  offer(3000, 300);
  recover();
  // Whatever the store gives up, others take.
  for (int round = 0; round < 10; ++round) {
    disk_.fill();
    offer(400, 300);
    try_to_commit();
  }
  EXPECT_TRUE(store_->status().disk_fault.starts_with("disk_full")) << store_->status().disk_fault;
  EXPECT_TRUE(ledger().empty());
  disk_.free();
  recover();
  EXPECT_TRUE(ledger().empty());
  EXPECT_EQ(store_->status().queue_dropped, 0U);
  expect_whole(7000, 0);
}

TEST_F(full_disk, memory_all_but_full_the_oldest_go_and_never_what_is_on_its_way) {
  settings_.queue_bytes = 256 << 10;
  open();
  store_->add_sink("city", true);
  for (int round = 0; round < 10; ++round) {
    offer(200, 300);
    recover();
  }
  ASSERT_TRUE(store_->claim("city", 500));
  for (int round = 0; round < 60; ++round) {
    disk_.fill();
    offer(50, 300);
    try_to_commit();
  }
  disk_.free();
  recover();
  const std::uint64_t gone = lost("sensor/a", "disk_full");
  EXPECT_GT(gone, 0U);
  const auto all = rows_of("sensor/a");
  expect_whole(all.size(), gone);  // the newest of them is there
  for (std::size_t at = 0; at < 500; ++at) {
    EXPECT_TRUE(all[at].body.starts_with(R"({"n":)" + std::to_string(at + 1) + ','));
  }
}

TEST_F(full_disk, a_stop_keeps_what_is_in_memory) {
  open();
  store_->add_sink("city", true);
  offer(3000, 300);
  recover();
  for (int round = 0; round < 10; ++round) {
    disk_.fill();
    offer(100, 300);
    try_to_commit();
  }
  close();
  disk_.free();
  open();
  recover();
  expect_whole(rows_of("sensor/a").size(), lost("sensor/a", "disk_full"));
}

// The disk of the store is taken away and mounted again.
class UnmountedDiskTest : public DiskTest {
 protected:
  UnmountedDiskTest() {
    std::filesystem::create_directory(directory_ / "data");
    settings_.path = (directory_ / "data" / "store.db").string();
    plug_in();
  }
  ~UnmountedDiskTest() override {
    store_.reset();
    pull_out();
  }
  void plug_in() {
    EXPECT_EQ(::mount((directory_ / "disk").c_str(), (directory_ / "data").c_str(), nullptr,
                      MS_BIND, nullptr),
              0);
  }
  void pull_out() { ::umount2((directory_ / "data").c_str(), MNT_DETACH); }
  [[nodiscard]] bool is_directory_empty() const {
    return std::filesystem::is_empty(directory_ / "data");
  }

  SmallDisk disk_{directory_ / "disk", "12m"};
};
using unmounted_disk = UnmountedDiskTest;

TEST_F(unmounted_disk, samples_wait_and_are_kept_when_it_is_back) {
  open();
  store_->add_sink("city", true);
  const std::string epoch = store_->epoch();
  offer(1000, 100);
  recover();
  pull_out();
  offer(1000, 100);
  EXPECT_FALSE(commit());
  EXPECT_NE(store_->status().disk_fault.find("not mounted"), std::string::npos)
      << store_->status().disk_fault;
  EXPECT_TRUE(is_directory_empty());
  plug_in();
  recover();
  expect_whole(2000, 0);
  EXPECT_TRUE(ledger().empty());
  EXPECT_EQ(store_->epoch(), epoch);
}

// The gateway starts while the disk is failing, and then it drops out whole.
TEST_F(unmounted_disk, no_other_store_begins_beneath_one_that_failed_from_the_start) {
  open();
  store_->add_sink("city", true);
  offer(1000, 100);
  recover();
  const std::string epoch = store_->epoch();
  close();
  const std::string data = (directory_ / "data").string();
  ASSERT_EQ(::mount("none", data.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  open();
  EXPECT_FALSE(store_->is_open());
  offer(500, 100);
  pull_out();
  for (int second = 0; second < 40; ++second) {
    EXPECT_FALSE(commit());
    clock_.advance(1s);
  }
  EXPECT_NE(store_->status().disk_fault.find("not mounted"), std::string::npos)
      << store_->status().disk_fault;
  EXPECT_TRUE(is_directory_empty());
  plug_in();
  recover();
  expect_whole(1500, 0);
  EXPECT_TRUE(ledger().empty());
  EXPECT_EQ(store_->epoch(), epoch);
}

// As a USB disk does that was sda and is sdb now. (Files cannot come along as the same ones here.)
TEST_F(unmounted_disk, one_that_comes_back_as_another_device_is_taken_again) {
  open();
  store_->add_sink("city", true);
  offer(1000, 100);
  recover();
  pull_out();
  offer(1000, 100);
  EXPECT_FALSE(commit());  // and lets go of it
  ASSERT_EQ(::mount("none", (directory_ / "data").c_str(), "tmpfs", 0, "size=12m"), 0);
  std::filesystem::copy(directory_ / "disk", directory_ / "data");
  recover();
  wait_for_salvage();
  EXPECT_EQ(rows_of("sensor/a").size(), 2000U);
  EXPECT_TRUE(ledger().empty());
}

TEST_F(unmounted_disk, one_that_cannot_be_written_is_taken_for_that_and_not_for_damage) {
  open();
  store_->add_sink("city", true);
  offer(1000, 100);
  recover();
  const std::string data = (directory_ / "data").string();
  close();
  ASSERT_EQ(::mount("none", data.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  open();
  offer(500, 100);
  for (int second = 0; second < 40; ++second) {
    commit();
    clock_.advance(1s);
  }
  EXPECT_TRUE(store_->status().disk_fault.starts_with("disk_fault")) << store_->status().disk_fault;
  ASSERT_EQ(::mount("none", data.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
  recover();
  expect_whole(1500, 0);
  for (const auto& file : std::filesystem::directory_iterator(data)) {
    EXPECT_EQ(file.path().string().find("damaged"), std::string::npos) << file.path();
  }
}

TEST_F(disk, one_that_refuses_to_be_written_is_reported_and_what_is_lost_is_counted) {
  settings_.queue_bytes = 256 << 10;
  open();
  offer(1000, 100);
  settle();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 1;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  offer(5000, 100);
  EXPECT_FALSE(commit());
  clock_.settle(1);
  EXPECT_TRUE(store_->status().disk_fault.starts_with("disk_fault")) << store_->status().disk_fault;
  const MonotonicTime alive = store_->alive();
  clock_.advance(10min);
  EXPECT_GT(store_->alive(), alive);  // reported, and not a stall
  offer(5000, 100);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  clock_.advance(30s);
  recover();
  EXPECT_GT(lost("sensor/a", "disk_fault"), 5000U);
  const std::uint64_t gone = lost("sensor/a", "disk_fault");
  EXPECT_EQ(gone, store_->status().queue_dropped);
  expect_whole(rows_of("sensor/a").size(), gone);
}

}  // namespace
}  // namespace twinsky
