// SPDX-License-Identifier: Apache-2.0
// `twinsky store backup` and `store verify`, beside the process that writes the store.
#include "gateway/store/backup.hpp"

#include "gateway/store/verification.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"
#include "tests/unit/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class BackupTest : public StoreTest {
 protected:
  void SetUp() override {
    open();
    store_->remember("gateway", "mk-roof");
    store_->add_sink("city", true);
    fill("sensor/roof-pm", 300, 50);
    store_->note_gap({.cause = "no_response",
                      .stream = "sensor/roof-pm",
                      .start = clock_.utc() - 1min,
                      .end = clock_.utc(),
                      .count = 6});
    ASSERT_TRUE(commit());
  }
  Answer twinsky(const std::string& command) {
    return shell(twinsky_binary() + " store " + command + " --store " + settings_.path);
  }
  [[nodiscard]] std::string beside(const std::string& name) const {
    return (directory_ / name).string();
  }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
  static void expect_good(const std::string& path) {
    for (const Proof& proof : verify_store(path, [](auto, auto) {})) {
      EXPECT_TRUE(proof.holds) << path << ": " << proof.subject << ": " << proof.text;
    }
  }
  // Nothing was made, and what there was is as it was.
  void expect_refused(const std::string& target, const std::string& why) {
    const std::set<std::string> before = files();
    const Answer answer = twinsky("backup " + target);
    EXPECT_EQ(answer.code, 1) << answer.text;
    EXPECT_NE(answer.text.find(why), std::string::npos) << answer.text;
    EXPECT_EQ(files(), before);
    EXPECT_TRUE(commit());
  }

  const std::string copy_ = beside("copy.db");
};
using backup = BackupTest;

TEST_F(backup, holds_all_that_was_committed_while_the_gateway_goes_on) {
  const auto had = rows();
  const Answer answer = twinsky("backup " + copy_);
  EXPECT_EQ(answer.code, 0) << answer.text;
  fill("sensor/roof-pm", 10);  // nobody was kept waiting
  expect_good(copy_);
  const auto reader = open_store_reader(copy_);
  const auto copied = read_all(*reader);
  ASSERT_EQ(copied.size(), had.size());
  for (std::size_t at = 0; at < had.size(); ++at) {
    EXPECT_EQ(copied[at].row, had[at].row);
    EXPECT_EQ(copied[at].epoch, had[at].epoch);
    EXPECT_EQ(copied[at].seq, had[at].seq);
    EXPECT_EQ(copied[at].body, had[at].body);
  }
  EXPECT_EQ(read_ledger(copy_).size(), 1U);
  const Answer exported = shell(twinsky_binary() + " export --json --store " + copy_);
  EXPECT_EQ(exported.code, 0) << exported.text;
  EXPECT_EQ(std::ranges::count(exported.text, '\n'), std::ssize(had));
  EXPECT_EQ(shell(twinsky_binary() + " status --store " + copy_).text.find("error"),
            std::string::npos);
}

TEST_F(backup, is_a_store_that_goes_on) {
  ASSERT_EQ(twinsky("backup " + copy_).code, 0);
  const auto had = rows();
  settings_.path = copy_;
  open();
  fill("sensor/roof-pm", 10);
  EXPECT_EQ(rows().size(), had.size() + 10);
  close();
  expect_good(copy_);
}

TEST_F(backup, is_open_to_those_to_whom_the_store_is) {
  ::chmod(settings_.path.c_str(), 0640);
  ASSERT_EQ(twinsky("backup " + copy_).code, 0);
  struct stat made {};
  ASSERT_EQ(::stat(copy_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0640U);
}

TEST_F(backup, overwrites_nothing) {
  std::ofstream(copy_) << "mine";
  expect_refused(copy_, "there is a file already");
  std::string kept;
  std::ifstream(copy_) >> kept;
  EXPECT_EQ(kept, "mine");
  expect_refused(settings_.path, "there is a file already");
  fs::create_symlink("nowhere", beside("link"));
  expect_refused(beside("link"), "there is a file already");
  expect_refused(beside("no/such/folder"), "cannot be made (No such file or directory)");
}

// SQLite takes a file of such a name for a part of another.
TEST_F(backup, is_no_part_of_a_store) {
  std::ofstream(copy_ + "-wal") << "of another";
  expect_refused(copy_, copy_ + "-wal is there");
  close();
  EXPECT_EQ(twinsky("backup " + settings_.path + "-wal").code, 1);
  expect_good(settings_.path);
}

TEST_F(backup, what_one_that_was_killed_has_left_is_begun_anew) {
  std::ofstream(copy_ + ".partial") << std::string(100'000, 'x');
  const Answer answer = twinsky("backup " + copy_);
  EXPECT_EQ(answer.code, 0) << answer.text;
  expect_good(copy_);
  EXPECT_FALSE(fs::exists(copy_ + ".partial"));
}

TEST_F(backup, two_at_once_do_not_disturb_each_other) {
  const int other = ::open((copy_ + ".partial").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  expect_refused(copy_, "another process is making it");
  ::close(other);
  EXPECT_EQ(twinsky("backup " + copy_).code, 0);
}

TEST_F(backup, of_what_is_no_store_is_told) {
  EXPECT_THROW(back_up_store(beside("none.db"), copy_), StoreError);
  std::ofstream(beside("text")) << "no store";
  EXPECT_THROW(back_up_store(beside("text"), copy_), StoreError);
  EXPECT_FALSE(fs::exists(copy_));
}

// ---- verify -------------------------------------------------------------------------------------

class VerifyTest : public BackupTest {
 protected:
  // Changes what is in the file, and says what is then wrong with it.
  std::string wrong_after(const std::string& text) {
    const std::string path = beside("changed-" + std::to_string(++changed_) + ".db");
    back_up_store(settings_.path, path);
    expect_good(path);
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec(text);
    const Answer answer = shell(twinsky_binary() + " store verify " + path);
    EXPECT_EQ(answer.code, 1) << answer.text;
    std::string wrong;
    for (const Proof& proof : verify_store(path, [](auto, auto) {})) {
      if (!proof.holds) wrong += proof.subject + ": " + proof.text + "\n";
    }
    return wrong;
  }

 private:
  int changed_ = 0;
};
using verify = VerifyTest;

TEST_F(verify, a_live_store_holds) {
  const Answer answer = twinsky("verify");
  EXPECT_EQ(answer.code, 0) << answer.text;
  EXPECT_NE(answer.text.find("- rows: 301 samples, rows 1 to 301\n"), std::string::npos)
      << answer.text;
  EXPECT_NE(answer.text.find("- numbers: 2 streams in 1 epoch: each number is a row\n"),
            std::string::npos)
      << answer.text;
  EXPECT_NE(answer.text.find("- ledger: 1 gap, no_response 6\n"), std::string::npos) << answer.text;
  EXPECT_NE(answer.text.find(": all of it holds\n"), std::string::npos) << answer.text;
  EXPECT_EQ(twinsky("verify --json").text.substr(0, 10), "{\"store\":\"");
}

TEST_F(verify, sees_what_does_not_come_out_even) {
  EXPECT_EQ(wrong_after("DELETE FROM samples WHERE row BETWEEN 100 AND 104"),
            "rows: 5 rows are missing and not noted, the first of them 100\n"
            "numbers: 5 numbers are neither a row nor in the ledger, first of sensor/roof-pm in "
            "epoch " +
                store_->epoch() + ", between 100 and 104\n");
  EXPECT_EQ(wrong_after("UPDATE samples SET seq = 7 WHERE row = 9"),
            "numbers: 1 number was given out twice; 1 number is neither a row nor in the ledger, "
            "first of sensor/roof-pm in epoch " +
                store_->epoch() + ", between 9 and 9\n");
  EXPECT_EQ(wrong_after("UPDATE samples SET body = '{' WHERE row = 9"),
            "rows: the body of a sample is no JSON object after row 8\n");
}

TEST_F(verify, sees_sums_that_are_another) {
  EXPECT_EQ(wrong_after("UPDATE holdings SET rows = 3 WHERE name = 'hours'"),
            "counts: hours has 0 rows, and counts 3\n");
  EXPECT_EQ(wrong_after("UPDATE ledger_sums SET count = 5"),
            "ledger: its entries of no_response are 6, their sum 5\n");
  EXPECT_EQ(wrong_after("UPDATE cursors SET row = 5000"),
            "sinks: sink city has come to row 5000 of 301\n");
  EXPECT_EQ(wrong_after("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, "
                        "'count INTEGER', 'count NUMERIC') WHERE name = 'ledger_sums'"),
            "file: the schema of ledger_sums changed\n");
}

TEST_F(verify, of_what_is_no_store_is_told) {
  const Answer answer = shell(twinsky_binary() + " store verify " + beside("none.db"));
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("there is no store"), std::string::npos) << answer.text;
}

}  // namespace
}  // namespace twinsky
