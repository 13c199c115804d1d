// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/pending_rows.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <array>
#include <new>

namespace twinsky {

// What SQLite calls (https://www.sqlite.org/vtab.html). An eponymous table: it is there without
// being created, and leaves no trace in the file.
struct PendingRows::Callbacks {
  struct Table : sqlite3_vtab {
    const PendingRows* rows = nullptr;
  };
  struct Cursor : sqlite3_vtab_cursor {
    std::size_t at = 0;
  };
  enum Field : int { row, stream, seq, ts, body };

  static int connect(sqlite3* database, void* rows, int, const char* const*, sqlite3_vtab** table,
                     char**) {
    constexpr const char* columns = "CREATE TABLE pending (row, stream, seq, ts, body)";
    const int code = sqlite3_declare_vtab(database, columns);
    if (code != SQLITE_OK) return code;
    auto* const made = new (std::nothrow) Table();
    if (made == nullptr) return SQLITE_NOMEM;
    made->rows = static_cast<const PendingRows*>(rows);
    *table = made;
    return sqlite3_vtab_config(database, SQLITE_VTAB_DIRECTONLY);  // no file's schema may use it
  }
  static int disconnect(sqlite3_vtab* table) {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
  }
  static int plan(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }  // all, in order
  static int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
    *cursor = new (std::nothrow) Cursor();
    return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int close(sqlite3_vtab_cursor* cursor) {
    delete static_cast<Cursor*>(cursor);
    return SQLITE_OK;
  }
  static int begin(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
    static_cast<Cursor*>(cursor)->at = 0;
    return SQLITE_OK;
  }
  static int next(sqlite3_vtab_cursor* cursor) {
    ++static_cast<Cursor*>(cursor)->at;
    return SQLITE_OK;
  }
  static const PendingRows& rows_of(const sqlite3_vtab_cursor* cursor) {
    return *static_cast<const Table*>(cursor->pVtab)->rows;
  }
  static int is_at_end(sqlite3_vtab_cursor* cursor) {
    return static_cast<Cursor*>(cursor)->at >= rows_of(cursor).count_ ? 1 : 0;
  }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int field) {
    const std::size_t at = static_cast<Cursor*>(cursor)->at;
    const auto& rows = rows_of(cursor).rows_;
    const Row& one = rows[at];
    switch (field) {
      case Field::row:
        if (at == 0 || rows[at - 1].row + 1 != one.row) sqlite3_result_int64(context, one.row);
        break;
      case Field::stream:
        sqlite3_result_int64(context, static_cast<std::int64_t>(one.stream));
        break;
      case Field::seq:
        sqlite3_result_int64(context, static_cast<std::int64_t>(one.seq));
        break;
      case Field::ts:
        sqlite3_result_int64(context, one.time.time_since_epoch().count());
        break;
      default:
        sqlite3_result_text64(context, one.body.data(), one.body.size(), SQLITE_STATIC,
                              SQLITE_UTF8);
    }
    return SQLITE_OK;
  }
  static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
    *id = static_cast<sqlite3_int64>(static_cast<Cursor*>(cursor)->at);
    return SQLITE_OK;
  }
};

void PendingRows::show_to(sqlite3* database) {
  static constexpr sqlite3_module module = {.iVersion = 0,
                                            .xCreate = nullptr,
                                            .xConnect = Callbacks::connect,
                                            .xBestIndex = Callbacks::plan,
                                            .xDisconnect = Callbacks::disconnect,
                                            .xOpen = Callbacks::open,
                                            .xClose = Callbacks::close,
                                            .xFilter = Callbacks::begin,
                                            .xNext = Callbacks::next,
                                            .xEof = Callbacks::is_at_end,
                                            .xColumn = Callbacks::column,
                                            .xRowid = Callbacks::row_id};
  if (sqlite3_create_module(database, "pending", &module, this) != SQLITE_OK) {
    throw SQLite::Exception(database);
  }
}

void PendingRows::add(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
                      const std::string& body) {
  if (count_ == rows_.size()) rows_.emplace_back();
  Row& next = rows_[count_++];
  next.row = row;
  next.stream = stream;
  next.seq = seq;
  next.time = time;
  next.body.assign(body);
}

}  // namespace twinsky
