// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/tables.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/pending_rows.hpp"
#include "gateway/store/schema.hpp"
#include "gateway/store/sql.hpp"
#include "gateway/text/json_text.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <utility>

namespace twinsky {
namespace {

std::int64_t number(std::int64_t value) {
  return value;
}
std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::int64_t number(int value) {
  return value;
}
std::int64_t number(bool value) {
  return value ? 1 : 0;
}
std::int64_t number(StreamId stream) {
  return static_cast<std::int64_t>(stream);
}
std::int64_t number(milliseconds value) {
  return value.count();
}
std::int64_t number(UtcTime time) {
  return time.time_since_epoch().count();
}

UtcTime time_at(const SQLite::Statement& row, int column) {
  return UtcTime(milliseconds(const_cast<SQLite::Statement&>(row).getColumn(column).getInt64()));
}

std::uint64_t natural(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

// SQLite names a read-only WAL file of another user's daemon "unable to open".
std::string why_not_open(const std::string& path, const SQLite::Exception& problem) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown) && !unknown) {
    return "there is no store " + path + ": the daemon makes it when it first runs";
  }
  if (fault_of(problem) == DiskFault::damaged) return damage_text(path, problem);
  if (fault_of(problem) == DiskFault::suspect) {
    return path + " is no store of this program (" + problem.what() +
           "): the right file is the \"path\" of \"store\" in the configuration";
  }
  return path + " cannot be opened (" + problem.what() + "): it, " + path + "-wal and " + path +
         "-shm must be readable for you; try as root or as the user of the daemon";
}

// Otherwise SQLite counts all memory that it takes, under a lock for which its threads wait, and
// nobody asks for the count. It can only be said before anything else of SQLite.
void leave_memory_uncounted() {
  static const int said = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(said);
}

}  // namespace

DiskFault fault_of(const std::exception& problem) noexcept {
  const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&problem);
  if (sqlite == nullptr) return DiskFault::other;
  switch (sqlite->getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return DiskFault::full;
    case SQLITE_ERROR:
      // Every statement fits our schema: "no such table", or another number of columns, may mean
      // that the file's is another one, or that it could not be read.
      return DiskFault::suspect;
    case SQLITE_CONSTRAINT:
      return DiskFault::overtaken;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DiskFault::damaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DiskFault::locked;
    default:
      return DiskFault::other;
  }
}

void report_damage(const char* what) {
  throw SQLite::Exception(what, SQLITE_CORRUPT);
}

std::string damage_text(const std::string& path, const std::exception& problem) {
  return path + " is no readable store (" + problem.what() +
         "): the daemon sets it aside and salvages it when it comes to the damage";
}

struct Tables::Connection {
  PendingRows pending;
  SQLite::Database database;
  std::array<std::unique_ptr<SQLite::Statement>, sql::count> statements;
  std::int64_t page_bytes = 0;

  Connection(const std::string& path, int flags) : database(path, flags, sql::busy_wait_ms) {}

  // A statement in use: bound, and reset at the end whatever happens, so that no read transaction
  // stays open.
  class Use {
   public:
    explicit Use(SQLite::Statement& statement) : statement_(statement) {}
    ~Use() { statement_.tryReset(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    bool next() { return statement_.executeStep(); }
    [[nodiscard]] std::int64_t integer(int column) const {
      return statement_.getColumn(column).getInt64();
    }
    [[nodiscard]] std::string text(int column) const {
      return statement_.getColumn(column).getString();
    }
    [[nodiscard]] bool is_null(int column) const { return statement_.getColumn(column).isNull(); }
    [[nodiscard]] std::string_view view(int column) const {
      const SQLite::Column value = statement_.getColumn(column);
      const char* text = value.getText();
      return {text, static_cast<std::size_t>(value.getBytes())};
    }
    [[nodiscard]] UtcTime time(int column) const { return time_at(statement_, column); }
    [[nodiscard]] std::optional<double> real(int column) const {
      if (is_null(column)) return std::nullopt;
      return statement_.getColumn(column).getDouble();
    }

   private:
    SQLite::Statement& statement_;
  };

  void insert(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
              const std::string& body) {
    constexpr std::size_t most_pending = 100;  // for the memory
    pending.add(row, stream, seq, time, body);
    if (pending.size() == most_pending) insert_pending();
  }
  // Every row that is read comes by here: nobody behind has to expect another's stream.
  void check(RowId row, StreamId stream, std::uint64_t seq) {
    const std::int64_t id = number(stream);
    if (id >= streams_known) streams_known = one(sql::Name::stream_count);
    if (row < 1 || row > largest_row || id < 0 || id >= streams_known || seq < 1 ||
        seq > natural(row)) {
      report_damage("a sample has impossible numbers");
    }
  }
  std::int64_t streams_known = 0;

  // What grows beside the samples is counted as it changes, and kept with the same commit.
  struct Holding {
    const char* name;
    std::int64_t rows = 0;
    std::int64_t saved = 0;
  };
  std::array<Holding, 3> holdings = {{{"hours"}, {"official"}, {"reference"}}};  // as in Held
  Holding& holding(Held table) { return holdings[static_cast<std::size_t>(table)]; }

  void load_holdings() {
    auto found = use(sql::Name::holding_all);
    while (found.next()) {
      const std::string name = found.text(0);
      for (Holding& each : holdings) {
        if (name == each.name) each.rows = each.saved = std::max<std::int64_t>(found.integer(1), 0);
      }
    }
  }
  void save_holdings() {
    for (const Holding& each : holdings) {
      if (each.rows != each.saved) run(sql::Name::holding_put, std::string(each.name), each.rows);
    }
  }
  // Hardly ever is there such a row already.
  template <class... Values>
  void put_counted(Held table, sql::Name insert, sql::Name replace, const Values&... values) {
    run(insert, values...);
    if (database.getChanges() == 0) {
      run(replace, values...);
    } else {
      ++holding(table).rows;
    }
  }
  template <class... Values>
  std::int64_t erase_counted(Held table, sql::Name name, const Values&... values) {
    run(name, values...);
    const std::int64_t erased = database.getChanges();
    holding(table).rows = std::max<std::int64_t>(holding(table).rows - erased, 0);
    return erased;
  }
  // Until when to delete, so that it is about as many; nothing when the table is empty.
  std::optional<UtcTime> end_of_piece(sql::Name start, UtcTime before, std::int64_t about) {
    const auto oldest = one_time(start, 0);
    if (!oldest) return std::nullopt;
    const auto next = one_time(start, about);
    return next ? std::min(before, std::max(*next, *oldest + milliseconds(1))) : before;
  }

  void insert_pending() {
    Use(prepared(sql::Name::sample_insert)).next();
    if (database.getLastInsertRowid() != pending.last()) {
      report_damage("the newest sample is not in the last row");
    }
    pending.clear();
  }

  // Whatever is asked, it sees all samples.
  template <class... Values>
  Use use(sql::Name name, const Values&... values) {
    if (pending.size() != 0) insert_pending();
    auto& statement = prepared(name);
    int place = 0;
    (bind(statement, ++place, values), ...);
    return Use(statement);
  }
  SQLite::Statement& prepared(sql::Name name) {
    auto& statement = statements[static_cast<std::size_t>(name)];
    if (!statement) {
      statement = std::make_unique<SQLite::Statement>(database, sql::text_of(name));
    }
    return *statement;
  }
  template <class... Values>
  void run(sql::Name name, const Values&... values) {
    Use statement = use(name, values...);
    while (statement.next()) continue;
  }
  template <class... Values>
  std::int64_t one(sql::Name name, const Values&... values) {
    Use statement = use(name, values...);
    return statement.next() ? statement.integer(0) : 0;
  }
  template <class... Values>
  std::optional<UtcTime> one_time(sql::Name name, const Values&... values) {
    Use statement = use(name, values...);
    if (!statement.next() || statement.is_null(0)) return std::nullopt;
    return statement.time(0);
  }

 private:
  // Text is not copied: it outlives the statement's use.
  static void bind(SQLite::Statement& statement, int place, const std::string& text) {
    statement.bindNoCopy(place, text);
  }
  static void bind(SQLite::Statement& statement, int place, const std::optional<UtcTime>& time) {
    if (time) {
      statement.bind(place, number(*time));
    } else {
      statement.bind(place);
    }
  }
  static void bind(SQLite::Statement& statement, int place, const std::optional<double>& value) {
    if (value) {
      statement.bind(place, *value);
    } else {
      statement.bind(place);
    }
  }
  template <class Number>
  static void bind(SQLite::Statement& statement, int place, const Number& value) {
    statement.bind(place, number(value));
  }
};

Tables::Tables(const std::string& path, Access access) try {
  leave_memory_uncounted();
  switch (access) {
    case Access::write:
      open_for_writing(path);
      break;
    case Access::set_aside:
      connection_ =
          std::make_unique<Connection>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
      leave_companions();
      connection_->database.exec("PRAGMA cache_size = -1024; PRAGMA wal_autocheckpoint = 0");
      break;
    case Access::read: {
      const int flags = SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX | SQLite::OPEN_URI;
      try {
        connection_ = std::make_unique<Connection>(path, flags);
        connection_->database.exec("PRAGMA cache_size = -256");
        connection_->one(sql::Name::mark_get);
      } catch (const SQLite::Exception&) {
        // Without a WAL nobody has it open; then its files beside it need not be made.
        std::error_code unknown;
        const bool is_closed = std::filesystem::exists(path, unknown) &&
                               !std::filesystem::exists(path + "-wal", unknown) && !unknown;
        if (!is_closed) throw;
        connection_ = std::make_unique<Connection>("file:" + path + "?immutable=1", flags);
        connection_->one(sql::Name::mark_get);
      }
      break;
    }
  }
  connection_->page_bytes = connection_->database.execAndGet("PRAGMA page_size").getInt64();
} catch (const SQLite::Exception& problem) {
  if (access == Access::read) throw StoreError(why_not_open(path, problem));
  throw;
}

Tables::~Tables() = default;

void Tables::open_for_writing(const std::string& path) {
  connection_ = std::make_unique<Connection>(
      path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
  bring_up_to_date(connection_->database, path, schema_steps());
  check_schema(connection_->database);
  connection_->pending.show_to(connection_->database.getHandle());
  connection_->database.exec(sql::settings_of_writer);
  connection_->load_holdings();
}

bool has_lost_tables(const std::string& path) noexcept {
  try {
    Tables(path, Tables::Access::set_aside).prepare_all();
    return false;
  } catch (const std::exception& problem) {
    return fault_of(problem) == DiskFault::damaged || fault_of(problem) == DiskFault::suspect;
  }
}

void Tables::leave_companions() {
  sqlite3_db_config(connection_->database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                    nullptr);
}

void Tables::begin() {
  connection_->run(sql::Name::begin);
}
void Tables::commit() {
  connection_->save_holdings();
  connection_->run(sql::Name::commit);
  for (auto& each : connection_->holdings) each.saved = each.rows;
}

void Tables::rollback() noexcept {
  connection_->pending.clear();
  for (auto& each : connection_->holdings) each.rows = each.saved;
  // Some failures have rolled back already.
  if (sqlite3_get_autocommit(connection_->database.getHandle()) != 0) return;
  connection_->database.tryExec("ROLLBACK");
}

void Tables::insert(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
                    const std::string& body) {
  connection_->insert(row, stream, seq, time, body);
}

bool Tables::insert_missing(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
                            const std::string& body) {
  connection_->run(sql::Name::sample_insert_missing, row, stream, seq, time, body);
  return connection_->database.getChanges() != 0;
}

RowId Tables::oldest_row() {
  return connection_->one(sql::Name::row_oldest);
}
RowId Tables::newest_row() {
  return connection_->one(sql::Name::row_newest, no_row_limit);
}
RowId Tables::newest_row_until(RowId row) {
  return connection_->one(sql::Name::row_newest, row);
}

std::optional<UtcTime> Tables::time_after(RowId row) {
  auto found = connection_->use(sql::Name::time_after, row);
  if (!found.next()) return std::nullopt;
  return found.time(0);
}

namespace {

// Bodies go into one buffer; while it grows it may move, so the views are set at the end. The rows
// are from `next` on and in order, as they were asked for: a damaged file may have others.
template <class Connection, class Use>
void take_rows(Connection& connection, RowId next, Use found, std::string& text,
               std::vector<StoredRow>& rows) {
  text.clear();
  rows.clear();
  const auto point = [&] {
    std::size_t begin = 0;
    for (StoredRow& row : rows) {
      row.body = std::string_view(text).substr(begin, row.body.size());
      begin += row.body.size();
    }
  };
  try {
    while (found.next()) {
      const StoredRow row{found.integer(0), StreamId{found.integer(1)}, natural(found.integer(2)),
                          found.time(3), found.view(4)};
      connection.check(row.row, row.stream, row.seq);
      if (row.row < next) report_damage("samples are out of order");
      if (!is_json_object(row.body)) report_damage("the body of a sample is no JSON object");
      next = row.row + 1;
      rows.push_back(row);
      text.append(row.body);
    }
  } catch (...) {
    point();  // what came before an unreadable row is good
    throw;
  }
  point();
}

}  // namespace

void Tables::read(RowId first, RowId last, std::size_t most, std::string& text,
                  std::vector<StoredRow>& rows) {
  take_rows(*connection_, first, connection_->use(sql::Name::sample_page, first, last, most), text,
            rows);
}

void Tables::read_marked(RowId first, RowId last, std::size_t most, std::string& text,
                         std::vector<StoredRow>& rows) {
  take_rows(*connection_, first, connection_->use(sql::Name::sample_marked, first, last, most),
            text, rows);
}

std::uint64_t Tables::seq_of(StreamId stream, UtcTime time, RowId first, RowId newest) {
  constexpr RowId looked_through = 5000;
  return natural(connection_->one(sql::Name::sample_seq, std::max(first, newest - looked_through),
                                  newest, stream, time));
}

void Tables::read_stream(StreamId stream, RowId first, UtcTime since, std::string& text,
                         std::vector<StoredRow>& rows) {
  take_rows(*connection_, first, connection_->use(sql::Name::sample_stream, first, stream, since),
            text, rows);
}

RowId Tables::sendable() {
  return connection_->one(sql::Name::row_sendable);
}

void Tables::renumber(RowId first) {
  connection_->run(sql::Name::sample_renumber, first);
}

void Tables::tail(RowId after, const std::function<void(StreamId, std::uint64_t, UtcTime)>& each) {
  auto found = connection_->use(sql::Name::sample_tail, after);
  while (found.next()) {
    const StreamId stream{found.integer(1)};
    const std::uint64_t seq = natural(found.integer(2));
    connection_->check(found.integer(0), stream, seq);
    each(stream, seq, found.time(3));
  }
}

RowId Tables::too_old_until(RowId first, RowId last, UtcTime before, UtcTime now) {
  // No gateway of this kind is older; a clock that nothing has set begins in 1970 or 2000.
  constexpr UtcTime earliest{std::chrono::sys_days(std::chrono::year(2015) / 1 / 1)};
  const UtcTime latest = now + std::chrono::days(1);
  const RowId young = connection_->one(sql::Name::row_of_an_age, first, last, before, latest);
  if (young != 0) last = young - 1;
  return connection_->one(sql::Name::row_too_old, first, last, earliest, before - milliseconds(1));
}

std::vector<StreamShare> Tables::shares(RowId first, RowId last) {
  std::vector<StreamShare> shares;
  auto found = connection_->use(sql::Name::sample_shares, first, last);
  while (found.next()) {
    connection_->check(std::min(last, largest_row), StreamId{found.integer(0)},
                       natural(found.integer(3)));
    shares.push_back({StreamId{found.integer(0)}, natural(found.integer(1)),
                      natural(found.integer(2)), natural(found.integer(3)), found.time(4),
                      found.time(5)});
  }
  return shares;
}

std::uint64_t Tables::erase(RowId first, RowId last) {
  connection_->run(sql::Name::salvage_forget, last);
  connection_->run(sql::Name::salvage_trim, last);
  connection_->run(sql::Name::sample_erase, first, last);
  return natural(connection_->database.getChanges());
}

std::int64_t Tables::rows_held(Held table) {
  if (table != Held::ledger) return connection_->holding(table).rows;
  const std::int64_t first = connection_->one(sql::Name::ledger_first);
  return first == 0 ? 0 : connection_->one(sql::Name::ledger_last) - first + 1;
}

std::int64_t Tables::forget(Held table, UtcTime before, std::int64_t about) {
  Connection& it = *connection_;
  if (table == Held::ledger) {
    const std::int64_t kept = it.one(sql::Name::ledger_not_before, before);
    it.run(sql::Name::ledger_forget, kept == 0 ? no_row_limit : kept, about);
    return it.database.getChanges();
  }
  if (table == Held::official) {
    const auto oldest = it.one_time(sql::Name::official_oldest);
    if (!oldest) return it.holding(table).rows = 0;
    const UtcTime end = std::min(before, *oldest + std::chrono::hours(1));
    return it.erase_counted(table, sql::Name::official_forget, end);
  }
  const bool is_hours = table == Held::hours;
  const auto end =
      it.end_of_piece(is_hours ? sql::Name::hour_start : sql::Name::reference_start, before, about);
  if (!end) return it.holding(table).rows = 0;
  return it.erase_counted(table, is_hours ? sql::Name::hour_forget : sql::Name::reference_forget,
                          *end);
}

std::uint64_t Tables::erase_between(RowId first, RowId last) {
  connection_->run(sql::Name::sample_erase, first, last);
  const std::uint64_t erased = natural(connection_->database.getChanges());
  SalvageRange missing{first, last, "", false};
  for (const SalvageRange& other : salvages()) {
    if (!other.file.empty() || other.last_row != first - 1) continue;
    missing.first_row = other.first_row;
  }
  save_salvage(missing);
  return erased;
}

RowCount Tables::mark() {
  auto found = connection_->use(sql::Name::mark_get);
  if (!found.next()) return {};
  const RowCount mark{found.integer(0), natural(found.integer(1))};
  if (mark.last_row < 0 || mark.last_row > largest_row) report_damage("the mark is impossible");
  return mark;
}

void Tables::save_mark(const RowCount& mark) {
  connection_->run(sql::Name::mark_put, mark.last_row, mark.rows);
}

std::vector<SavedStream> Tables::streams() {
  std::vector<SavedStream> streams;
  auto found = connection_->use(sql::Name::stream_all);
  while (found.next()) {
    if (found.integer(0) != static_cast<std::int64_t>(streams.size())) {
      report_damage("the streams are not numbered one after the other");
    }
    SavedStream& stream = streams.emplace_back();
    stream.stream = StreamId{found.integer(0)};
    stream.name = found.text(1);
    stream.last_seq = natural(found.integer(2));
    if (!found.is_null(3)) stream.last_time = found.time(3);
    stream.meta_revision = static_cast<int>(found.integer(4));
    stream.meta_hash = natural(found.integer(5));
  }
  return streams;
}

void Tables::save_stream(const SavedStream& stream) {
  connection_->run(sql::Name::stream_put, stream.stream, stream.name, stream.last_seq,
                   stream.last_time, stream.meta_revision, stream.meta_hash);
}
void Tables::save_progress(StreamId stream, std::uint64_t last_seq,
                           std::optional<UtcTime> last_time) {
  connection_->run(sql::Name::stream_progress, last_seq, last_time, stream);
}

std::vector<SavedEpoch> Tables::epochs(RowId from) {
  std::vector<SavedEpoch> epochs;
  auto found = connection_->use(sql::Name::epoch_all, from);
  while (found.next()) {
    epochs.push_back(
        {found.integer(0), found.text(1), found.text(2), found.time(3), found.text(4)});
  }
  return epochs;
}

void Tables::erase_epoch(RowId first_row) {
  connection_->run(sql::Name::epoch_erase, first_row);
}
void Tables::save_epoch(const SavedEpoch& epoch) {
  connection_->run(sql::Name::epoch_put, epoch.first_row, epoch.epoch, epoch.machine_id,
                   epoch.started, epoch.reason);
}

std::map<std::string, RowId> Tables::cursors() {
  std::map<std::string, RowId> cursors;
  auto found = connection_->use(sql::Name::cursor_all);
  while (found.next()) cursors.emplace(found.text(0), found.integer(1));
  return cursors;
}

void Tables::save_cursor(const std::string& sink, RowId row) {
  connection_->run(sql::Name::cursor_put, sink, row);
}
void Tables::erase_cursor(const std::string& sink) {
  connection_->run(sql::Name::cursor_erase, sink);
}

std::map<std::string, std::set<std::string>> Tables::retained() {
  std::map<std::string, std::set<std::string>> retained;
  auto found = connection_->use(sql::Name::retained_all);
  while (found.next()) retained[found.text(0)].insert(found.text(1));
  return retained;
}

void Tables::save_retained(const std::string& sink, const std::string& topic) {
  connection_->run(sql::Name::retained_put, sink, topic);
}
void Tables::erase_retained(const std::string& sink, const std::string& topic) {
  connection_->run(sql::Name::retained_erase, sink, topic);
}

std::map<std::string, std::string> Tables::remembered() {
  std::map<std::string, std::string> remembered;
  auto found = connection_->use(sql::Name::remembered_all);
  while (found.next()) remembered.emplace(found.text(0), found.text(1));
  return remembered;
}

void Tables::save_remembered(const std::string& name, const std::string& value) {
  connection_->run(sql::Name::remembered_put, name, value);
}

std::optional<OfficialRevision> Tables::official_revision(StreamId stream, const OfficialKey& key) {
  auto found = connection_->use(sql::Name::reference_get, key.start, stream, key.document, key.end);
  if (!found.next()) return std::nullopt;
  return OfficialRevision{stream,
                          {key.document, key.start, key.end, natural(found.integer(1))},
                          natural(found.integer(0))};
}

void Tables::save_official_revision(const OfficialRevision& saved) {
  const OfficialKey& key = saved.key;
  connection_->put_counted(Held::revisions, sql::Name::reference_insert, sql::Name::reference_put,
                           key.start, saved.stream, key.document, key.end, saved.revision,
                           key.content_hash);
}

std::vector<OfficialRevision> Tables::official_revisions(UtcTime from, std::size_t most) {
  std::vector<OfficialRevision> revisions;
  auto found = connection_->use(sql::Name::reference_some, from, most);
  while (found.next()) {
    revisions.push_back({StreamId{found.integer(1)},
                         {found.text(2), found.time(0), found.time(3), natural(found.integer(5))},
                         natural(found.integer(4))});
  }
  return revisions;
}

void Tables::save_hour(const HourRow& row) {
  const Hour& hour = row.hour;
  const std::string quantity(name_of(row.quantity));
  connection_->put_counted(
      Held::hours, sql::Name::hour_insert, sql::Name::hour_put, row.start, row.stream, quantity,
      row.revision, hour.expected, hour.used, hour.counts.pass, hour.counts.not_evaluated,
      hour.counts.suspect, hour.counts.fail, hour.counts.missing, hour.value, hour.minimum,
      hour.maximum, hour.deviation, hour.u, hour.v, row.first_row, row.last_row);
}

namespace {

template <class Use>
std::vector<HourRow> take_hours(Use found) {
  std::vector<HourRow> rows;
  while (found.next()) {
    const auto quantity = quantity_named(found.view(2));
    if (!quantity) continue;  // of a newer version of the catalogue
    rows.push_back({.stream = StreamId{found.integer(1)},
                    .start = found.time(0),
                    .quantity = *quantity,
                    .revision = found.integer(3),
                    .hour = {.expected = found.integer(4),
                             .counts = {.pass = found.integer(6),
                                        .not_evaluated = found.integer(7),
                                        .suspect = found.integer(8),
                                        .fail = found.integer(9),
                                        .missing = found.integer(10)},
                             .used = found.integer(5),
                             .value = found.real(11),
                             .minimum = found.real(12),
                             .maximum = found.real(13),
                             .deviation = found.real(14),
                             .u = found.real(15),
                             .v = found.real(16)},
                    .first_row = found.integer(17),
                    .last_row = found.integer(18)});
  }
  return rows;
}

}  // namespace

std::vector<HourRow> Tables::hours(StreamId stream, Quantity quantity, UtcTime from, UtcTime to) {
  const std::string name(name_of(quantity));
  return take_hours(connection_->use(sql::Name::hour_some, stream, name, from, to));
}

std::vector<HourRow> Tables::hours_of(StreamId stream, UtcTime start) {
  return take_hours(connection_->use(sql::Name::hour_all, start, stream));
}

std::vector<HourRow> Tables::hours_from(UtcTime start, std::size_t most) {
  return take_hours(connection_->use(sql::Name::hour_page, start, most));
}

RowId Tables::hours_done() {
  return connection_->one(sql::Name::hours_done_get);
}
void Tables::save_hours_done(RowId row) {
  connection_->run(sql::Name::hours_done_put, row);
}

namespace {

template <class Use>
std::optional<UtcTime> take_time(Use found) {
  if (!found.next()) return std::nullopt;
  return found.time(0);
}

template <class Use>
std::vector<OfficialRow> take_official(Use found) {
  std::vector<OfficialRow> rows;
  while (found.next()) {
    const auto quantity = quantity_named(found.view(2));
    if (!quantity) continue;  // of a newer version of the catalogue
    rows.push_back({.stream = StreamId{found.integer(0)},
                    .document = found.text(4),
                    .start = found.time(1),
                    .end = found.time(3),
                    .value = {.quantity = *quantity,
                              .value = found.real(5),
                              .flag = static_cast<Flag>(found.integer(6)),
                              .gas_reference_k = found.real(7)},
                    .revision = natural(found.integer(8)),
                    .content_hash = natural(found.integer(9))});
  }
  return rows;
}

}  // namespace

std::optional<UtcTime> Tables::first_hour(StreamId stream, Quantity quantity, UtcTime from) {
  const std::string name(name_of(quantity));
  return take_time(connection_->use(sql::Name::hour_first, stream, name, from));
}

void Tables::save_official(const OfficialRow& row) {
  const std::string quantity(name_of(row.value.quantity));
  connection_->put_counted(Held::official, sql::Name::official_insert, sql::Name::official_put,
                           row.stream, row.start, quantity, row.end, row.document, row.value.value,
                           static_cast<int>(row.value.flag), row.value.gas_reference_k,
                           row.revision, row.content_hash);
}
void Tables::erase_official(StreamId stream, const OfficialKey& key) {
  connection_->erase_counted(Held::official, sql::Name::official_erase, stream, key.start, key.end,
                             key.document);
}

std::vector<OfficialRow> Tables::official(StreamId stream, Quantity quantity, UtcTime from,
                                          UtcTime to) {
  const std::string name(name_of(quantity));
  return take_official(connection_->use(sql::Name::official_some, stream, from, to, name));
}
std::optional<UtcTime> Tables::first_official(StreamId stream, Quantity quantity, UtcTime from) {
  const std::string name(name_of(quantity));
  return take_time(connection_->use(sql::Name::official_first, stream, from, name));
}
std::vector<OfficialRow> Tables::official_from(UtcTime start, std::size_t most) {
  return take_official(connection_->use(sql::Name::official_page, start, most));
}

std::vector<SeqRange> Tables::not_in_ledger(const LedgerRow& row) {
  std::vector<SeqRange> ranges;
  std::uint64_t next = row.first_seq;
  auto found = connection_->use(sql::Name::ledger_overlaps, row.sink, row.stream, row.epoch,
                                row.last_seq, row.first_seq);
  while (found.next()) {
    const std::uint64_t first = natural(found.integer(0));
    if (first > next) ranges.push_back({next, first - 1});
    next = std::max(next, natural(found.integer(1)) + 1);
  }
  if (next <= row.last_seq) ranges.push_back({next, row.last_seq});
  return ranges;
}

std::int64_t Tables::insert_ledger(const LedgerRow& row, bool announced) {
  connection_->run(sql::Name::ledger_insert, row.cause, row.stream, row.start, row.end, row.count,
                   row.estimated, row.sink, row.first_seq, row.last_seq, row.epoch, announced);
  return connection_->database.getLastInsertRowid();
}

void Tables::replace_ledger(std::int64_t entry, const LedgerRow& row, bool announced) {
  connection_->run(sql::Name::ledger_replace, entry, row.cause, row.stream, row.start, row.end,
                   row.count, row.estimated, row.sink, row.first_seq, row.last_seq, row.epoch,
                   announced);
}

void Tables::add_to_ledger_sum(const std::string& cause, std::uint64_t count) {
  connection_->run(sql::Name::ledger_sum_add, cause, count);
  ++ledger_changes_;
}

std::map<std::string, std::uint64_t> Tables::ledger_sums() {
  std::map<std::string, std::uint64_t> sums;
  auto found = connection_->use(sql::Name::ledger_sum_all);
  while (found.next()) sums.emplace(found.text(0), natural(found.integer(1)));
  return sums;
}

std::vector<std::pair<std::int64_t, LedgerRow>> Tables::ledger(bool unannounced_only) {
  std::vector<std::pair<std::int64_t, LedgerRow>> rows;
  auto found = connection_->use(sql::Name::ledger_all, 0, !unannounced_only);
  while (found.next()) {
    rows.emplace_back(
        found.integer(0),
        LedgerRow{found.text(1), found.text(2), found.time(3), found.time(4),
                  natural(found.integer(5)), found.integer(6) != 0, found.text(7),
                  natural(found.integer(8)), natural(found.integer(9)), found.text(10)});
  }
  return rows;
}

std::vector<ClockBlock> Tables::clock_blocks() {
  std::vector<ClockBlock> blocks;
  auto found = connection_->use(sql::Name::clock_block_all);
  while (found.next()) {
    blocks.push_back({found.integer(0), found.integer(1), found.text(2),
                      milliseconds(found.integer(3)), milliseconds(found.integer(4)),
                      found.integer(5) != 0});
  }
  return blocks;
}

void Tables::save_clock_block(const ClockBlock& block) {
  connection_->run(sql::Name::clock_block_put, block.first_row, block.last_row, block.boot_id,
                   block.offset, block.since, block.released);
}
void Tables::erase_clock_block(RowId first_row) {
  connection_->run(sql::Name::clock_block_erase, first_row);
}

void Tables::restamp(RowId first, RowId last, milliseconds step, StreamId except) {
  connection_->run(sql::Name::sample_restamp, first, last, step, except);
}

std::vector<SalvageRange> Tables::salvages() {
  std::vector<SalvageRange> ranges;
  auto found = connection_->use(sql::Name::salvage_all);
  while (found.next()) {
    const RowId first = found.integer(0);
    const RowId last = found.integer(1);
    if (first < 1 || last < first || last > largest_row) {
      report_damage("rows to be brought back have impossible numbers");
    }
    ranges.push_back({first, last, found.text(2), found.integer(3) != 0});
  }
  return ranges;
}

void Tables::save_salvage(const SalvageRange& range) {
  connection_->run(sql::Name::salvage_put, range.first_row, range.last_row, range.file, range.hold);
}
void Tables::erase_salvage(RowId first_row) {
  connection_->run(sql::Name::salvage_erase, first_row);
}

void Tables::prepare_all() {
  for (const sql::Text& each : sql::texts) {
    // This one asks for a table of the writer's connection alone.
    if (each.name != sql::Name::sample_insert) connection_->prepared(each.name);
  }
}

bool Tables::is_whole_file() {
  try {
    const FileSize needed = size();
    std::error_code unknown;
    const auto bytes = std::filesystem::file_size(connection_->database.getFilename(), unknown);
    return unknown || static_cast<std::int64_t>(bytes) >= needed.pages * needed.page_bytes;
  } catch (const std::exception& problem) {
    if (fault_of(problem) == DiskFault::damaged) return false;
    throw;
  }
}

bool Tables::is_sound() {
  check_schema(connection_->database);
  return connection_->database.execAndGet("PRAGMA quick_check(1)").getString() == "ok";
}

void Tables::hold_moment() {
  connection_->run(sql::Name::begin_reading);
}

std::int64_t Tables::version() {
  return connection_->one(sql::Name::version);
}

std::map<std::string, std::int64_t> Tables::holdings() {
  std::map<std::string, std::int64_t> held;
  auto found = connection_->use(sql::Name::holding_all);
  while (found.next()) held[found.text(0)] = found.integer(1);
  return held;
}

std::map<std::string, std::int64_t> Tables::counts() {
  return {{"hours", connection_->one(sql::Name::hour_count)},
          {"official", connection_->one(sql::Name::official_count)},
          {"reference", connection_->one(sql::Name::reference_count)}};
}

void Tables::copy_into(const std::string& file) {
  connection_->run(sql::Name::copy_into, file);
}

FileSize Tables::size() {
  return {connection_->one(sql::Name::page_count), connection_->one(sql::Name::free_count),
          connection_->page_bytes};
}

void Tables::checkpoint() {
  connection_->run(sql::Name::checkpoint);
}

bool Tables::is_whole_wal() {
  try {
    checkpoint();
    return true;
  } catch (const SQLite::Exception& problem) {
    const bool is_short = problem.getExtendedErrorCode() == SQLITE_IOERR_SHORT_READ;
    if (is_short || fault_of(problem) == DiskFault::damaged) return false;
    throw;
  }
}

void Tables::limit_pages(std::int64_t pages) {
  connection_->database.exec("PRAGMA max_page_count = " + std::to_string(pages));
}

}  // namespace twinsky
