// SPDX-License-Identifier: Apache-2.0
// Stores of every earlier schema, killed at random instants while they are brought up to date: the
// next start has all that was in them.
#include "gateway/store/schema.hpp"
#include "gateway/store/sql.hpp"
#include "tests/faults/seed.hpp"
#include "tests/faults/table_bytes.hpp"
#include "tests/unit/store_fixture.hpp"

#include <sqlite3.h>

#include <array>
#include <random>
#include <signal.h>
#include <sys/wait.h>

namespace twinsky {
namespace {

constexpr int newest_version = 4;
constexpr int samples = 2000;
constexpr int hours = 20'000;
constexpr int official = 10'000;
constexpr int rounds = 12;  // for each version

std::vector<std::string_view> steps_until(int version) {
  const std::array all = {sql::schema(), sql::schema_2(), sql::schema_3(), sql::schema_4()};
  return {all.begin(), all.begin() + version};
}

std::string numbers_until(int last) {
  return "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " +
         std::to_string(last) + ") ";
}

void execute(const std::string& path, const std::string& text) {
  sqlite3* database = nullptr;
  char* problem = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, &problem), SQLITE_OK) << problem;
  sqlite3_close(database);
}

class MigrationTest : public StoreTest {
 protected:
  // As a program of that version has left it.
  void make_old_store(int version) {
    for (const char* companion : {"", "-wal", "-shm", ".witness"}) {
      std::filesystem::remove(settings_.path + companion);
    }
    migrate(settings_.path, steps_until(version));
    std::string text =
        "BEGIN; INSERT INTO streams VALUES (0, 'ledger', 0, NULL, 0, 0), (1, 'sensor/a', 0, NULL, "
        "3, "
        "77), (2, 'ref/hk-epd/mong-kok', 0, NULL, 0, 0);"
        "INSERT INTO epochs VALUES (1, 'aaaaaaaa', 'one', 0, 'new store');"
        "INSERT INTO cursors VALUES ('city', 1500);"
        "INSERT INTO mark VALUES (1, 0, 0);"
        "INSERT INTO ledger VALUES (1, 'age', 'sensor/a', 1, 2, 5, 0, '', 0, 0, '', 1);"
        "INSERT INTO ledger_sums VALUES ('age', 5);";
    text += numbers_until(samples) + "INSERT INTO samples SELECT n, 1, n, 1795000000000 + n, " +
            "'{\"n\":' || n || '}' FROM numbers;";
    text +=
        numbers_until(official) +
        "INSERT INTO reference SELECT 1780000000000 + n * 3600000, 2, '24pc', 1780003600000 + n * "
        "3600000, 1, n FROM numbers;";
    if (version >= 2) {
      text +=
          numbers_until(hours) +
          "INSERT INTO hours SELECT 1700000000000 + n * 3600000, 1, 'pm2_5', 1, 6, 6, 6, 0, 0, 0, "
          "0, n / 7.0, 1.5, 2.5, 0.5, NULL, NULL, 1, 2 FROM numbers;"
          "INSERT INTO hours_done VALUES (1, 1234);";
    }
    if (version >= 3) {
      text +=
          numbers_until(official) +
          "INSERT INTO official SELECT 2, 1780000000000 + n * 3600000, 'no2', 1780003600000 + n * "
          "3600000, '24pc', n / 3.0, 1, 293.15, 1, n FROM numbers;";
    }
    execute(settings_.path, text + "COMMIT");
  }

  // What a start does first, in a process of its own that is killed after `life`.
  void migrate_and_kill(std::chrono::microseconds life) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        migrate(settings_.path, steps_until(newest_version));
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    SystemClock clock(true);
    clock.pause_until(clock.now() + life, {});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  std::int64_t version() { return integer_of(settings_.path, "PRAGMA user_version"); }

  void expect_all(int from_version) {
    open();
    EXPECT_EQ(store_->status().rows, static_cast<std::uint64_t>(samples));
    EXPECT_EQ(store_->cursor("city"), 1500);
    EXPECT_EQ(store_->epoch(), "aaaaaaaa");
    EXPECT_EQ(store_->status().ledger_sums.at("age"), 5U);
    EXPECT_EQ(store_->hours_done(), from_version >= 2 ? 1234 : 0);
    fill("sensor/a", 1);
    const auto kept = rows_of("sensor/a");
    ASSERT_EQ(kept.size(), samples + 1U);
    for (std::size_t at = 0; at < kept.size(); ++at) ASSERT_EQ(kept[at].seq, at + 1);
    close();
    EXPECT_EQ(version(), newest_version);
    EXPECT_EQ(
        integer_of(settings_.path,
                   "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
    const std::array<std::int64_t, 4> wanted = {from_version >= 2 ? hours : 0,
                                                from_version >= 3 ? official : 0, official, 1};
    const std::array tables = {"hours", "official", "reference", "ledger"};
    Tables opened(settings_.path, Tables::Access::write);
    for (std::size_t at = 0; at < wanted.size(); ++at) {
      EXPECT_EQ(opened.rows_held(Held(at)), wanted[at]);
      EXPECT_EQ(integer_of(settings_.path, std::string("SELECT count(*) FROM ") + tables[at]),
                wanted[at]);
    }
  }
};

using migration = MigrationTest;

TEST_F(migration, a_store_of_each_version_that_was_killed_in_it_has_all_that_it_had) {
  settings_.keep = std::chrono::days(36'500);
  const unsigned seed = draw_seed();
  std::mt19937 random(seed);
  int cut_off = 0;
  for (int from_version = 1; from_version < newest_version; ++from_version) {
    make_old_store(from_version);
    SystemClock clock(true);
    const MonotonicTime begun = clock.now();
    migrate(settings_.path, steps_until(newest_version));
    const auto whole = std::chrono::floor<std::chrono::microseconds>(clock.now() - begun);
    for (int round = 0; round < rounds; ++round) {
      SCOPED_TRACE("version " + std::to_string(from_version) + ", seed " + std::to_string(seed));
      make_old_store(from_version);
      const auto most = static_cast<std::uint64_t>(whole.count()) + 1;
      for (int again = 0; again < 3 && version() < newest_version; ++again) {
        migrate_and_kill(std::chrono::microseconds(random() % most));
        cut_off += version() < newest_version ? 1 : 0;
      }
      expect_all(from_version);
    }
  }
  std::printf("%d of %d starts were killed before the newest version\n", cut_off, 3 * rounds * 3);
  EXPECT_GT(cut_off, 0);
}

TEST_F(migration, goes_on_from_wherever_it_was_interrupted) {
  settings_.keep = std::chrono::days(36'500);
  for (int from_version = 1; from_version < newest_version; ++from_version) {
    for (int until = from_version; until < newest_version; ++until) {
      make_old_store(from_version);
      migrate(settings_.path, steps_until(until));
      expect_all(from_version);
    }
  }
}

}  // namespace
}  // namespace twinsky
