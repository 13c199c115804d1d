// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/schema.hpp"

#include "gateway/store/sql.hpp"
#include "gateway/store/tables.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>

namespace twinsky {
namespace {

using Texts = std::map<std::string, std::string>;  // by name of table or index

Texts texts_in(SQLite::Database& database) {
  Texts texts;
  SQLite::Statement found(database, sql::schema_texts);
  while (found.executeStep()) {
    texts[found.getColumn(0).getString()] = found.getColumn(1).getString();
  }
  return texts;
}

// Without comments, and with one blank where there are several.
std::string words_of(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    if (text.starts_with("--")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
      continue;
    }
    const bool is_blank = std::string_view(" \t\n\f\r").find(text.front()) != text.npos;
    if (!is_blank) {
      words += text.front();
    } else if (!words.ends_with(' ')) {
      words += ' ';
    }
    text.remove_prefix(1);
  }
  return words;
}

using Steps = std::span<const std::string_view>;

// From the statements of the steps, as SQLite keeps them.
Texts right_texts(Steps steps) {
  Texts texts;
  for (const std::string_view step : steps) {
    const std::string words = words_of(step);
    std::string_view rest = words;
    while (!rest.empty()) {
      if (rest.starts_with(' ')) rest.remove_prefix(1);
      const std::string_view statement = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(statement.size() + 1, rest.size()));
      for (const std::string_view made : {"CREATE TABLE ", "CREATE INDEX "}) {
        if (!statement.starts_with(made)) continue;
        const std::string_view from_name = statement.substr(made.size());
        texts[std::string(from_name.substr(0, from_name.find(' ')))] = statement;
      }
    }
  }
  return texts;
}

// The right texts of those that differ, or are not there.
Texts differing(SQLite::Database& database, Steps steps) {
  Texts wrong = right_texts(steps);
  for (const auto& [name, text] : texts_in(database)) {
    const auto right = wrong.find(name);
    if (right != wrong.end() && right->second == words_of(text)) wrong.erase(right);
  }
  return wrong;
}

}  // namespace

std::vector<std::string_view> schema_steps() {
  return {sql::schema(), sql::schema_2(), sql::schema_3(), sql::schema_4()};
}

void bring_up_to_date(SQLite::Database& database, const std::string& path,
                      std::span<const std::string_view> steps) {
  const auto pragma = [&](const char* text) { return database.execAndGet(text).getInt64(); };
  const auto version = pragma("PRAGMA user_version");
  const auto program = pragma("PRAGMA application_id");
  const auto tables = pragma("SELECT count(*) FROM sqlite_schema");
  if (program != sql::application_id && (program != 0 || tables != 0)) {
    throw StoreError(path + " is another program's database: choose another path for the store");
  }
  if (version > static_cast<std::int64_t>(steps.size())) {
    throw StoreError(path + " was made by a newer version of this program (its schema is " +
                     std::to_string(version) + ", this one knows " + std::to_string(steps.size()) +
                     "): install that version again, or move the file away");
  }
  if (tables == 0) database.exec("PRAGMA page_size = " + std::to_string(new_page_bytes));
  if (version < static_cast<std::int64_t>(steps.size())) {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  }
  for (auto at = static_cast<std::size_t>(version); at < steps.size(); ++at) {
    SQLite::Transaction transaction(database);
    database.exec(std::string(steps[at]));
    database.exec("PRAGMA application_id = " + std::to_string(sql::application_id));
    database.exec("PRAGMA user_version = " + std::to_string(at + 1));
    transaction.commit();
  }
}

void migrate(const std::string& path, std::span<const std::string_view> steps) {
  SQLite::Database database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, sql::busy_wait_ms);
  bring_up_to_date(database, path, steps);
}

void check_schema(SQLite::Database& database) {
  const std::vector<std::string_view> steps = schema_steps();
  const auto version = database.execAndGet("PRAGMA user_version").getInt64();
  if (version < 0 || version > static_cast<std::int64_t>(steps.size())) return;
  const Texts wrong = differing(database, Steps(steps).first(static_cast<std::size_t>(version)));
  if (!wrong.empty()) report_damage(("the schema of " + wrong.begin()->first + " changed").c_str());
}

void mend_schema(const std::string& path) noexcept {
  try {
    SQLite::Database database(path, SQLite::OPEN_READWRITE, sql::busy_wait_ms);
    // The file itself stays as it was found; what is mended stands in the WAL beside it.
    sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    database.exec(sql::schema_may_be_written);
    for (const auto& [name, text] : differing(database, schema_steps())) {
      SQLite::Statement mend(database, sql::schema_mend);
      mend.bind(1, text);
      mend.bind(2, name);
      mend.exec();
    }
  } catch (const std::exception&) {
    // Whoever reads the file comes to the damage as well.
  }
}

}  // namespace twinsky
