// SPDX-License-Identifier: Apache-2.0
// What an examination of a whole store finds, read beside whoever keeps it.
#include "gateway/store/soundness.hpp"

#include "gateway/store/schema.hpp"
#include "tests/unit/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace twinsky {
namespace {

using soundness = StoreTest;

TEST_F(soundness, finds_nothing_in_a_store_of_any_version) {
  const std::vector<std::string_view> steps = schema_steps();
  for (std::size_t version = 1; version <= steps.size(); ++version) {
    const std::string path = (directory_ / (std::to_string(version) + ".db")).string();
    migrate(path, std::span(steps).first(version));
    EXPECT_EQ(damage_in_store(path), "") << "version " << version;
  }
}

TEST_F(soundness, finds_nothing_in_a_store_that_is_open) {
  open();
  fill("sensor/a", 10);
  EXPECT_EQ(damage_in_store(settings_.path), "");
}

// SQLite believes the file: its pages fit together, and a table does what it should not.
TEST_F(soundness, finds_a_table_whose_text_is_another) {
  open();
  fill("sensor/a", 10);
  close();
  {
    SQLite::Database database(settings_.path, SQLite::OPEN_READWRITE);
    database.exec(
        "PRAGMA writable_schema = 1;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY (start_ts, stream, quantity)',"
        " 'PRIMARY KEY (start_ts, stream, start_ts)') WHERE name = 'hours'");
    ASSERT_EQ(database.getChanges(), 1);
    ASSERT_EQ(database.execAndGet("PRAGMA quick_check").getString(), "ok");
  }
  EXPECT_EQ(damage_in_store(settings_.path), "the schema of hours changed");
}

TEST_F(soundness, says_nothing_of_what_a_newer_program_made) {
  open();
  close();
  {
    SQLite::Database database(settings_.path, SQLite::OPEN_READWRITE);
    database.exec("ALTER TABLE hours RENAME COLUMN u TO east; PRAGMA user_version = 1000");
  }
  EXPECT_EQ(damage_in_store(settings_.path), "");
}

}  // namespace
}  // namespace twinsky
