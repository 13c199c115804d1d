// SPDX-License-Identifier: Apache-2.0
// What each released version has left behind is still good: its stores open with all that was in
// them, its configurations are accepted, its records have lost no field. A version is a folder of
// tests/cases/released/, and so is the present one, made here.
#include "gateway/config/config.hpp"
#include "gateway/model/json.hpp"
#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/verification.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdlib.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> released_versions() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(tests_directory() + "/cases/released")) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

// ---- stores -------------------------------------------------------------------------------------

// A table's columns, and its rows as text.
struct TableRows {
  std::vector<std::string> columns;
  std::multiset<std::string> rows;
};

// Those columns of it; all where none are named.
TableRows rows_of_table(SQLite::Database& database, const std::string& table,
                        const std::vector<std::string>& columns = {}) {
  std::string wanted = columns.empty() ? "*" : "";
  for (const std::string& column : columns)
    wanted += (wanted.empty() ? "\"" : ",\"") + column + "\"";
  SQLite::Statement found(database, "SELECT " + wanted + " FROM " + table);
  TableRows all;
  for (int at = 0; at < found.getColumnCount(); ++at) {
    all.columns.emplace_back(found.getColumnName(at));
  }
  while (found.executeStep()) {
    std::string row;
    for (int at = 0; at < found.getColumnCount(); ++at) {
      const SQLite::Column value = found.getColumn(at);
      row += all.columns[static_cast<std::size_t>(at)] + "=" +
             (value.isNull() ? "NULL" : value.getString()) + " ";
    }
    all.rows.insert(row);
  }
  return all;
}

std::vector<std::string> tables_of(SQLite::Database& database) {
  std::vector<std::string> names;
  SQLite::Statement found(database, "SELECT name FROM sqlite_schema WHERE type = 'table'");
  while (found.executeStep()) names.push_back(found.getColumn(0).getString());
  return names;
}

// What a start writes anew.
bool is_of_the_moment(const std::string& table) {
  return table == "mark" || table == "remembered" || table == "clock_blocks";
}

class released : public StoreTest {
 protected:
  // The clock is not set, so that rows that wait for it go on waiting.
  released() { clock_.set_trust(false); }

  void expect_sound(const std::string& path) {
    for (const Proof& proof : verify_store(path, [](auto, auto) {})) {
      EXPECT_TRUE(proof.holds) << proof.subject << ": " << proof.text;
    }
  }

  void expect_nothing_lost(const std::string& before, const std::string& after) {
    SQLite::Database old_one(before, SQLite::OPEN_READONLY);
    SQLite::Database now(after, SQLite::OPEN_READONLY);
    for (const std::string& table : tables_of(old_one)) {
      const TableRows had = rows_of_table(old_one, table);
      EXPECT_FALSE(had.rows.empty()) << "nothing is kept of " << table;
      if (is_of_the_moment(table)) continue;
      TableRows has = rows_of_table(now, table, had.columns);
      for (const std::string& row : had.rows) {
        const auto found = has.rows.find(row);
        EXPECT_NE(found, has.rows.end()) << table << " has lost " << row;
        if (found != has.rows.end()) has.rows.erase(found);
      }
    }
  }

  void open_a_copy_of(const std::string& kept) {
    settings_.path = (directory_ / "copy.db").string();
    fs::copy_file(kept, settings_.path, fs::copy_options::overwrite_existing);
    fs::permissions(settings_.path, fs::perms::owner_write, fs::perm_options::add);
    expect_sound(settings_.path);
    open();
    const StoreStatus status = store_->status();
    EXPECT_EQ(status.disk_fault, "");
    close();
    expect_sound(settings_.path);
    expect_nothing_lost(kept, settings_.path);
    // And a record more goes on where they ended.
    open();
    fill("sensor/new", 1);
    close();
    expect_sound(settings_.path);
    expect_nothing_lost(kept, settings_.path);
  }

  // Rows of all tables, as this version makes them.
  void make_store() {
    clock_.set_trust(true);
    open();
    store_->add_sink("city", true);
    store_->note_retained("city", "sensor/roof-pm/meta");
    store_->remember("zone", "Asia/Hong_Kong");
    fill("sensor/roof-pm", 20);
    fill("sensor/roof-air", 5);
    Hour hour;
    hour.expected = hour.used = 20;
    hour.counts.pass = 20;
    hour.value = 9.5;
    const UtcTime start = std::chrono::floor<std::chrono::hours>(clock_.utc());
    store_->keep_hours({{.rows = {{.stream = store_->stream("sensor/roof-pm"),
                                   .start = start,
                                   .quantity = Quantity::pm2_5,
                                   .hour = hour}},
                         .record_stream = store_->stream("sensor/roof-pm/hour"),
                         .record_time = start + 1h,
                         .record_body = R"({"revision":1})"}},
                       20);
    Entry official = entry(store_->stream("ref/hk-epd/mong-kok"), R"({"flag":1})");
    official.official_key = OfficialKey{"24pc", start, start + 1h, 1};
    official.official = {{.quantity = Quantity::pm2_5, .value = 12, .flag = Flag::pass}};
    store_->append(std::move(official));
    store_->note_gap({.cause = "no_response",
                      .stream = "sensor/roof-pm",
                      .start = clock_.utc(),
                      .end = clock_.utc() + 1min,
                      .count = 6});
    ASSERT_TRUE(commit());
    store_->acknowledge("city", 10);
    store_->start_new_epoch("the test wants one");
    ASSERT_TRUE(commit());
    clock_.set_trust(false);
    fill("sensor/roof-pm", 3);
    ASSERT_TRUE(commit());
    close();
    // What only damage leaves: two rows that are noted as missing.
    Tables tables(settings_.path, Tables::Access::write);
    const RowCount mark = tables.mark();
    tables.begin();
    tables.save_mark({mark.last_row, mark.rows - tables.erase_between(3, 4)});
    tables.commit();
  }
};

TEST_F(released, stores_of_each_version_open_with_all_that_was_in_them) {
  const auto versions = released_versions();
  ASSERT_FALSE(versions.empty());
  for (const fs::path& version : versions) {
    SCOPED_TRACE(version.string());
    open_a_copy_of((version / "store.db").string());
  }
}

// So that what is kept of this version when it is released holds rows of all its tables.
TEST_F(released, a_store_of_this_version_is_such_a_store) {
  make_store();
  const std::string made = (directory_ / "made.db").string();
  {
    SQLite::Database database(settings_.path, SQLite::OPEN_READWRITE);
    database.exec("PRAGMA journal_mode = DELETE");
  }
  fs::copy_file(settings_.path, made);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  if (const char* const folder = ::getenv("KEEP_RELEASE")) {
    fs::copy_file(made, fs::path(folder) / "store.db", fs::copy_options::overwrite_existing);
  }
  open_a_copy_of(made);
}

// ---- configurations -----------------------------------------------------------------------------

TEST(released_configurations, are_accepted) {
  for (const fs::path& version : released_versions()) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(version / "configurations")) {
      const auto config = load_config(entry.path().string());
      EXPECT_TRUE(config) << entry.path() << ": " << text_of(config.error().front());
      ++count;
    }
    EXPECT_GT(count, 0U) << version;
  }
}

// ---- records ------------------------------------------------------------------------------------

// What subscribers got, by topic: in the form of tests/cases/published/bytes.txt.
std::map<std::string, std::vector<Json>> documents_in(const fs::path& file) {
  std::map<std::string, std::vector<Json>> documents;
  std::ifstream stream(file);
  std::string topic;
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("  ")) topic = line;
    if (line.starts_with("store")) break;
    const auto payload = line.find("] ");
    if (!line.starts_with("  qos") || payload == std::string::npos) continue;
    const Json document = Json::parse_or_null(line.substr(payload + 2));
    if (!document.is_null()) documents[topic].push_back(document);
  }
  return documents;
}

const char* type_of(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "text";
  if (value.is_number()) return "a number";
  return value.is_boolean() ? "true or false" : "null";
}

// Every field of every document, by its place, with its types; what a sensor, a sink or a cause is
// called is no field.
using Fields = std::map<std::string, std::set<std::string>>;
void add_fields(const Json& value, const std::string& place, Fields& fields) {
  fields[place].insert(type_of(value));
  if (value.is_array()) {
    for (const Json& item : value) add_fields(item, place + "[]", fields);
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) add_fields(member, place + "." + key, fields);
}

Fields fields_of(const std::vector<Json>& documents) {
  Fields fields;
  for (const Json& document : documents) add_fields(document, "", fields);
  return fields;
}

std::vector<std::string> lost_between(const std::map<std::string, std::vector<Json>>& old_one,
                                      const std::map<std::string, std::vector<Json>>& now) {
  std::vector<std::string> lost;
  for (const auto& [topic, documents] : old_one) {
    const auto found = now.find(topic);
    if (found == now.end()) {
      lost.push_back(topic);
      continue;
    }
    const Fields has = fields_of(found->second);
    for (const auto& [field, types] : fields_of(documents)) {
      const auto same = has.find(field);
      for (const std::string& type : types) {
        if (same == has.end() || !same->second.contains(type)) {
          lost.push_back(topic + " " + field + " as " + type);
        }
      }
    }
  }
  return lost;
}

TEST(released_records, have_lost_no_field) {
  const auto now = documents_in(tests_directory() + "/cases/published/bytes.txt");
  ASSERT_GT(now.size(), 20U);
  for (const fs::path& version : released_versions()) {
    const auto had = documents_in(version / "published.txt");
    ASSERT_GT(had.size(), 20U) << version;
    for (const std::string& lost : lost_between(had, now)) ADD_FAILURE() << version << ": " << lost;
  }
}

TEST(released_records, a_field_that_is_gone_or_another_is_seen) {
  const auto had = documents_in(tests_directory() + "/cases/published/bytes.txt");
  auto now = had;
  const auto topic = std::ranges::find_if(
      now, [](const auto& each) { return each.first.ends_with("/sensor/roof-pm/hour"); });
  ASSERT_NE(topic, now.end());
  for (Json& document : topic->second) {
    document = Json::parse(std::regex_replace(document.dump(), std::regex("\"revision\":(\\d+)"),
                                              "\"revision\":\"$1\""));
  }
  EXPECT_EQ(lost_between(had, now),
            std::vector<std::string>{topic->first + " [].revision as a number"});
  now.erase(topic);
  EXPECT_EQ(lost_between(had, now).size(), 1U);
}

}  // namespace
}  // namespace twinsky
