// SPDX-License-Identifier: Apache-2.0
// The SQL of the store, all of it but schema.sql.
#pragma once

#include "gateway/model/embedded.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace twinsky::sql {

inline constexpr std::int64_t application_id = 0x5477536b;  // "TwSk"

inline constexpr int busy_wait_ms = 5000;  // until another's lock is gone

inline std::string_view schema() {
  return embedded_file("gateway/store/schema.sql");
}
inline std::string_view schema_2() {
  return embedded_file("gateway/store/schema_2.sql");
}
inline std::string_view schema_3() {
  return embedded_file("gateway/store/schema_3.sql");
}
inline std::string_view schema_4() {
  return embedded_file("gateway/store/schema_4.sql");
}

inline constexpr const char* schema_texts =
    "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
// SQLite then opens a file whose schema it does not understand, too.
inline constexpr const char* schema_may_be_written =
    "PRAGMA wal_autocheckpoint = 0; PRAGMA writable_schema = ON";
inline constexpr const char* schema_mend = "UPDATE sqlite_schema SET sql = ? WHERE name = ?";

// FULL: a commit is on the disk when it returns. Pages of deleted rows need not be wiped. A WAL of
// about 1 MB is copied into the file at once, then used again from its beginning.
inline constexpr const char* settings_of_writer =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
    "PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 4000000";

enum class Name : std::uint8_t {
  begin,
  begin_reading,
  commit,
  version,
  sample_insert,
  sample_insert_missing,
  sample_page,
  sample_marked,
  sample_tail,
  sample_shares,
  sample_erase,
  sample_restamp,
  sample_renumber,
  sample_seq,
  sample_stream,
  row_oldest,
  row_newest,
  row_sendable,
  row_of_an_age,
  row_too_old,
  time_after,
  mark_get,
  mark_put,
  stream_all,
  stream_count,
  stream_put,
  stream_progress,
  epoch_all,
  epoch_put,
  epoch_erase,
  cursor_all,
  cursor_put,
  cursor_erase,
  retained_all,
  retained_put,
  retained_erase,
  remembered_all,
  remembered_put,
  reference_get,
  reference_insert,
  reference_put,
  reference_start,
  reference_forget,
  reference_some,
  ledger_insert,
  ledger_replace,
  ledger_all,
  ledger_overlaps,
  ledger_first,
  ledger_last,
  ledger_not_before,
  ledger_forget,
  ledger_sum_add,
  ledger_sum_all,
  clock_block_all,
  clock_block_put,
  clock_block_erase,
  salvage_all,
  salvage_put,
  salvage_erase,
  salvage_forget,
  salvage_trim,
  page_count,
  free_count,
  checkpoint,
  copy_into,
  hour_insert,
  hour_put,
  hour_some,
  hour_all,
  hour_page,
  hour_start,
  hour_forget,
  hours_done_get,
  hours_done_put,
  hour_first,
  official_insert,
  official_put,
  official_erase,
  official_some,
  official_first,
  official_page,
  official_oldest,
  official_forget,
  holding_all,
  holding_put,
  hour_count,
  official_count,
  reference_count,
};

struct Text {
  Name name;
  const char* text;
};

inline constexpr std::array texts = {
    Text{Name::begin, "BEGIN IMMEDIATE"},
    Text{Name::begin_reading, "BEGIN"},
    Text{Name::commit, "COMMIT"},
    Text{Name::version, "PRAGMA user_version"},

    // From pending_rows.hpp.
    Text{Name::sample_insert, "INSERT INTO samples SELECT row, stream, seq, ts, body FROM pending"},
    Text{Name::sample_insert_missing, "INSERT OR IGNORE INTO samples VALUES (?, ?, ?, ?, ?)"},
    Text{Name::sample_page,
         "SELECT row, stream, seq, ts, body FROM samples WHERE row BETWEEN ? AND ?"
         " ORDER BY row LIMIT ?"},
    // A quotation mark inside a JSON text is escaped, so this matches the key only.
    Text{Name::sample_marked,
         "SELECT row, stream, seq, ts, body FROM samples WHERE row BETWEEN ? AND ?"
         " AND instr(body, '\"clock\":\"unset\"') ORDER BY row LIMIT ?"},
    Text{Name::sample_tail, "SELECT row, stream, seq, ts FROM samples WHERE row > ? ORDER BY row"},
    Text{Name::sample_shares,
         "SELECT stream, count(*), min(seq), max(seq), min(ts), max(ts) FROM samples"
         " WHERE row BETWEEN ? AND ? GROUP BY stream"},
    Text{Name::sample_erase, "DELETE FROM samples WHERE row BETWEEN ? AND ?"},
    // A gap on the stream `ledger` keeps its mark: the times inside it cannot be told.
    Text{Name::sample_restamp,
         "UPDATE samples SET ts = ts + ?3, body = CASE WHEN stream = ?4 THEN body ELSE"
         " replace(replace(body, ',\"clock\":\"unset\"', ''), '\"clock\":\"unset\",', '') END"
         " WHERE row BETWEEN ?1 AND ?2 AND instr(body, '\"clock\":\"unset\"')"},

    // An amendment's body begins with what it amends (writer_open.cpp), and other keys follow.
    Text{Name::sample_renumber,
         "UPDATE samples SET seq = seq - before.number, body ="
         " CASE WHEN substr(body, 1, 10) <> '{\"amends\":' THEN body"
         " WHEN CAST(substr(body, 11) AS INTEGER) > before.number THEN"
         " '{\"amends\":' || (CAST(substr(body, 11) AS INTEGER) - before.number) ||"
         " substr(body, instr(body, ','))"
         " ELSE '{' || substr(body, instr(body, ',') + 1) END"
         " FROM (SELECT stream AS id, min(seq) - 1 AS number FROM samples WHERE row >= ?1"
         " GROUP BY stream) AS before WHERE row >= ?1 AND stream = before.id"},
    Text{Name::sample_seq,
         "SELECT seq FROM samples WHERE row BETWEEN ? AND ? AND stream = ? AND ts = ?"
         " ORDER BY row DESC LIMIT 1"},
    Text{Name::sample_stream,
         "SELECT row, stream, seq, ts, body FROM samples WHERE row >= ? AND stream = ? AND ts >= ?"
         " ORDER BY row"},

    Text{Name::row_oldest, "SELECT row FROM samples ORDER BY row LIMIT 1"},
    Text{Name::row_newest, "SELECT row FROM samples WHERE row <= ? ORDER BY row DESC LIMIT 1"},
    Text{Name::row_sendable,
         "SELECT min(ifnull((SELECT min(first_row) - 1 FROM clock_blocks WHERE NOT released),"
         "                  0x7fffffffffffffff),"
         "           ifnull((SELECT min(first_row) - 1 FROM salvages WHERE hold),"
         "                  0x7fffffffffffffff))"},
    Text{Name::row_of_an_age,
         "SELECT row FROM samples WHERE row BETWEEN ? AND ? AND ts BETWEEN ? AND ?"
         " ORDER BY row LIMIT 1"},
    Text{Name::row_too_old,
         "SELECT row FROM samples WHERE row BETWEEN ? AND ? AND ts BETWEEN ? AND ?"
         " ORDER BY row DESC LIMIT 1"},
    Text{Name::time_after, "SELECT ts FROM samples WHERE row > ? ORDER BY row LIMIT 1"},

    Text{Name::mark_get, "SELECT last_row, rows FROM mark"},
    Text{Name::mark_put, "INSERT OR REPLACE INTO mark VALUES (1, ?, ?)"},

    Text{Name::stream_all,
         "SELECT stream, name, last_seq, last_ts, meta_revision, meta_hash FROM streams"
         " ORDER BY stream"},
    Text{Name::stream_count, "SELECT count(*) FROM streams"},
    Text{Name::stream_put,
         "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET"
         " name = excluded.name, meta_revision = excluded.meta_revision,"
         " meta_hash = excluded.meta_hash"},
    Text{Name::stream_progress, "UPDATE streams SET last_seq = ?, last_ts = ? WHERE stream = ?"},

    Text{Name::epoch_all,
         "SELECT first_row, epoch, machine, started_ts, reason FROM epochs WHERE first_row >= ?"
         " ORDER BY first_row"},
    Text{Name::epoch_put, "INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?)"},
    Text{Name::epoch_erase, "DELETE FROM epochs WHERE first_row = ?"},

    Text{Name::cursor_all, "SELECT sink, row FROM cursors"},
    Text{Name::cursor_put, "INSERT OR REPLACE INTO cursors VALUES (?, ?)"},
    Text{Name::cursor_erase, "DELETE FROM cursors WHERE sink = ?"},

    Text{Name::retained_all, "SELECT sink, topic FROM retained"},
    Text{Name::retained_put, "INSERT OR IGNORE INTO retained VALUES (?, ?)"},
    Text{Name::retained_erase, "DELETE FROM retained WHERE sink = ? AND topic = ?"},

    Text{Name::remembered_all, "SELECT name, value FROM remembered"},
    Text{Name::remembered_put, "INSERT OR REPLACE INTO remembered VALUES (?, ?)"},

    Text{Name::reference_get,
         "SELECT revision, hash FROM reference"
         " WHERE start_ts = ? AND stream = ? AND document = ? AND end_ts = ?"},
    // Tells by the number of changes whether the row is a further one; so do the other two.
    Text{Name::reference_insert, "INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?, ?, ?)"},
    Text{Name::reference_put, "INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?, ?)"},
    Text{Name::reference_start,
         "SELECT start_ts FROM reference ORDER BY start_ts LIMIT 1 OFFSET ?"},
    Text{Name::reference_forget, "DELETE FROM reference WHERE start_ts < ?"},
    Text{Name::reference_some,
         "SELECT start_ts, stream, document, end_ts, revision, hash FROM reference"
         " WHERE start_ts >= ? ORDER BY start_ts, stream, document, end_ts LIMIT ?"},

    Text{Name::ledger_insert, "INSERT INTO ledger VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    Text{Name::ledger_replace,
         "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    Text{Name::ledger_all,
         "SELECT entry, cause, stream, start_ts, end_ts, count, estimated, sink, first_seq,"
         " last_seq, epoch FROM ledger WHERE announced BETWEEN ? AND ? ORDER BY entry"},
    Text{Name::ledger_overlaps,
         "SELECT first_seq, last_seq FROM ledger WHERE sink = ? AND stream = ? AND epoch = ?"
         " AND first_seq BETWEEN 1 AND ? AND last_seq >= ? ORDER BY first_seq"},
    // Of those that may go.
    Text{Name::ledger_first, "SELECT entry FROM ledger WHERE announced ORDER BY entry LIMIT 1"},
    Text{Name::ledger_last, "SELECT entry FROM ledger ORDER BY entry DESC LIMIT 1"},
    Text{Name::ledger_not_before,
         "SELECT entry FROM ledger WHERE end_ts >= ? ORDER BY entry LIMIT 1"},
    // One that is not announced yet still grows.
    Text{Name::ledger_forget,
         "DELETE FROM ledger WHERE entry IN"
         " (SELECT entry FROM ledger WHERE entry < ? AND announced ORDER BY entry LIMIT ?)"},
    Text{Name::ledger_sum_add,
         "INSERT INTO ledger_sums VALUES (?, ?)"
         " ON CONFLICT (cause) DO UPDATE SET count = count + excluded.count"},
    Text{Name::ledger_sum_all, "SELECT cause, count FROM ledger_sums"},

    Text{Name::clock_block_all,
         "SELECT first_row, last_row, boot, offset_ms, since_ms, released FROM clock_blocks"
         " ORDER BY first_row"},
    Text{Name::clock_block_put, "INSERT OR REPLACE INTO clock_blocks VALUES (?, ?, ?, ?, ?, ?)"},
    Text{Name::clock_block_erase, "DELETE FROM clock_blocks WHERE first_row = ?"},

    Text{Name::salvage_all,
         "SELECT first_row, last_row, file, hold FROM salvages ORDER BY hold DESC, first_row"},
    Text{Name::salvage_put, "INSERT OR REPLACE INTO salvages VALUES (?, ?, ?, ?)"},
    Text{Name::salvage_erase, "DELETE FROM salvages WHERE first_row = ?"},
    Text{Name::salvage_forget, "DELETE FROM salvages WHERE last_row <= ?"},
    Text{Name::salvage_trim, "UPDATE salvages SET first_row = ?1 + 1 WHERE first_row <= ?1"},

    Text{Name::page_count, "PRAGMA page_count"},
    Text{Name::free_count, "PRAGMA freelist_count"},
    Text{Name::checkpoint, "PRAGMA wal_checkpoint(PASSIVE)"},
    Text{Name::copy_into, "VACUUM INTO ?"},

    Text{Name::hour_insert,
         "INSERT OR IGNORE INTO hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
         " ?)"},
    Text{
        Name::hour_put,
        "INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?)"},
    Text{Name::hour_some,
         "SELECT * FROM hours WHERE stream = ? AND quantity = ? AND start_ts >= ? AND start_ts < ?"
         " ORDER BY start_ts"},
    Text{Name::hour_all, "SELECT * FROM hours WHERE start_ts = ? AND stream = ? ORDER BY quantity"},
    Text{Name::hour_page,
         "SELECT * FROM hours WHERE start_ts >= ? ORDER BY start_ts, stream, quantity LIMIT ?"},
    Text{Name::hour_start, "SELECT start_ts FROM hours ORDER BY start_ts LIMIT 1 OFFSET ?"},
    Text{Name::hour_forget, "DELETE FROM hours WHERE start_ts < ?"},
    Text{Name::hours_done_get, "SELECT row FROM hours_done"},
    Text{Name::hours_done_put, "INSERT OR REPLACE INTO hours_done VALUES (1, ?)"},
    Text{Name::hour_first,
         "SELECT start_ts FROM hours WHERE stream = ? AND quantity = ? AND start_ts >= ?"
         " ORDER BY start_ts LIMIT 1"},

    Text{Name::official_insert,
         "INSERT OR IGNORE INTO official VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    Text{Name::official_put,
         "INSERT OR REPLACE INTO official VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    Text{Name::official_erase,
         "DELETE FROM official WHERE stream = ? AND start_ts = ? AND end_ts = ? AND document = ?"},
    Text{Name::official_some,
         "SELECT * FROM official WHERE stream = ? AND start_ts >= ? AND start_ts < ?"
         " AND quantity = ? ORDER BY start_ts, end_ts, document"},
    Text{Name::official_first,
         "SELECT start_ts FROM official WHERE stream = ? AND start_ts >= ? AND quantity = ?"
         " ORDER BY start_ts LIMIT 1"},
    Text{Name::official_page,
         "SELECT * FROM official WHERE start_ts >= ?"
         " ORDER BY start_ts, stream, quantity, end_ts, document LIMIT ?"},
    // By streams, since the key begins with them.
    Text{Name::official_oldest,
         "SELECT min((SELECT start_ts FROM official WHERE official.stream = streams.stream"
         " ORDER BY start_ts LIMIT 1)) FROM streams"},
    Text{Name::official_forget,
         "DELETE FROM official WHERE stream IN (SELECT stream FROM streams) AND start_ts < ?"},

    Text{Name::holding_all, "SELECT name, rows FROM holdings"},
    Text{Name::holding_put, "INSERT OR REPLACE INTO holdings VALUES (?, ?)"},
    Text{Name::hour_count, "SELECT count(*) FROM hours"},
    Text{Name::official_count, "SELECT count(*) FROM official"},
    Text{Name::reference_count, "SELECT count(*) FROM reference"},
};

inline constexpr std::size_t count = texts.size();

constexpr bool in_the_order_of_their_names() {
  for (std::size_t at = 0; at < count; ++at) {
    if (texts[at].name != static_cast<Name>(at)) return false;
  }
  return true;
}
static_assert(in_the_order_of_their_names());

constexpr const char* text_of(Name name) {
  return texts[static_cast<std::size_t>(name)].text;
}

}  // namespace twinsky::sql
