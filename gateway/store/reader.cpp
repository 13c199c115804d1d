// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/reader.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/tables.hpp"

#include <algorithm>

namespace twinsky {
namespace {

const std::string no_name;

std::vector<LedgerRow> rows_of_ledger(Tables& tables) {
  std::vector<LedgerRow> rows;
  for (auto& [entry, row] : tables.ledger(false)) rows.push_back(std::move(row));
  return rows;
}

class FileReader final : public StoreReader {
 public:
  explicit FileReader(std::shared_ptr<SharedFile> file) : file_(std::move(file)) {
    file_->add(connection_);
  }

  void open() {
    const std::lock_guard lock(connection_->mutex);
    static_cast<void>(tables());
  }

  const std::vector<StoredRow>& page(RowId after, std::size_t most) override {
    rows_.clear();
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return rows_;
    held_ = file_->tail.after(after, most);
    for (const auto& piece : held_) {
      note_epoch(*piece);
      for (const StoredRow& row : piece->rows) {
        if (row.row > after && rows_.size() < most) rows_.push_back(row);
      }
    }
    if (!rows_.empty()) return rows_;
    try {
      file_->reading([&] { read_page(after, most); });
    } catch (const std::exception&) {
      // What was read before the damage is good. An empty page would say that there are no rows.
      keep_until_first_gap(after);
      if (rows_.empty()) throw;
    }
    return rows_;
  }

  const std::string& name_of(StreamId stream) override {
    const std::lock_guard lock(connection_->mutex);
    const auto found = names_.find(stream);
    if (found != names_.end() || !is_open()) return found == names_.end() ? no_name : found->second;
    learn_names();
    const auto now_known = names_.find(stream);
    return now_known == names_.end() ? no_name : now_known->second;
  }

  const std::string& epoch_of(RowId row) override {
    // The last epoch known may be replaced as long as it has no rows, and followed by others.
    const std::lock_guard lock(connection_->mutex);
    if ((epochs_.empty() || row > checked_until_) && is_open()) {
      const RowId from = epochs_.empty() ? 0 : epochs_.rbegin()->first;
      for (SavedEpoch& saved : file_->reading([&] { return tables().epochs(from); })) {
        epochs_[saved.first_row] = saved.epoch;
      }
      checked_until_ = std::max(row, rows_.empty() ? row : rows_.back().row);
    }
    const auto after = epochs_.upper_bound(row);
    return after == epochs_.begin() ? no_name : std::prev(after)->second;
  }

  std::vector<std::string> streams() override {
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return {};
    learn_names();
    std::vector<std::string> names;
    for (const auto& [stream, name] : names_) names.push_back(name);
    return names;
  }

  RowRange rows_of_epoch(std::string_view epoch) override {
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return {};
    RowRange rows;
    for (const SavedEpoch& saved : file_->reading([&] { return tables().epochs(); })) {
      if (rows.first != 0) {
        rows.last = saved.first_row - 1;
        break;
      }
      if (saved.epoch == epoch) rows = {saved.first_row, no_row_limit};
    }
    return rows;
  }

  std::map<std::string, std::uint64_t> newest_numbers() override {
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return {};
    std::map<StreamId, std::uint64_t> numbers;
    file_->reading([&] {
      const RowCount mark = tables().mark();
      for (SavedStream& saved : tables().streams()) {
        numbers[saved.stream] = saved.last_seq;
        names_[saved.stream] = std::move(saved.name);
      }
      tables().tail(mark.last_row, [&](StreamId stream, std::uint64_t seq, UtcTime) {
        std::uint64_t& newest = numbers[stream];
        newest = std::max(newest, seq);
      });
    });
    std::map<std::string, std::uint64_t> newest;
    for (const auto& [stream, number] : numbers) {
      if (number != 0) newest.emplace(names_[stream], number);
    }
    return newest;
  }

  std::vector<HourRow> hours(std::string_view stream, Quantity quantity, UtcTime from,
                             UtcTime to) override {
    const std::lock_guard lock(connection_->mutex);
    const auto id = find(stream);
    if (!id) return {};
    return file_->reading([&] { return tables().hours(*id, quantity, from, to); });
  }
  std::vector<OfficialRow> official(std::string_view stream, Quantity quantity, UtcTime from,
                                    UtcTime to) override {
    const std::lock_guard lock(connection_->mutex);
    const auto id = find(stream);
    if (!id) return {};
    return file_->reading([&] { return tables().official(*id, quantity, from, to); });
  }
  RowRange rows_without_hours() override {
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return {};
    return file_->reading([&] {
      return RowRange{tables().hours_done() + 1,
                      std::min(tables().sendable(), tables().newest_row())};
    });
  }
  std::optional<UtcTime> first_hour(std::string_view stream, Quantity quantity,
                                    UtcTime from) override {
    const std::lock_guard lock(connection_->mutex);
    const auto id = find(stream);
    if (!id) return {};
    return file_->reading([&] { return tables().first_hour(*id, quantity, from); });
  }
  std::optional<UtcTime> first_official(std::string_view stream, Quantity quantity,
                                        UtcTime from) override {
    const std::lock_guard lock(connection_->mutex);
    const auto id = find(stream);
    if (!id) return {};
    return file_->reading([&] { return tables().first_official(*id, quantity, from); });
  }
  std::vector<LedgerRow> ledger() override {
    const std::lock_guard lock(connection_->mutex);
    if (!is_open()) return {};
    return file_->reading([&] { return rows_of_ledger(tables()); });
  }

 private:
  void keep_until_first_gap(RowId after) {
    RowId next = after + 1;
    const auto gap =
        std::ranges::find_if(rows_, [&](const auto& row) { return row.row != next++; });
    rows_.erase(gap, rows_.end());
  }
  void read_page(RowId after, std::size_t most) {
    const RowId last = std::min(tables().sendable(), tables().newest_row());
    if (last <= after) return;
    tables().read(after + 1, last, most, text_, rows_);
    if (is_whole(after, last, most, [](RowId, RowId) { return false; })) return;
    // Of what the table tells at two moments, rows that are brought back or deleted between them
    // must not look as if they were missing.
    const std::vector<SalvageRange> missing = tables().salvages();
    tables().read(after + 1, last, most, text_, rows_);
    const RowId oldest = tables().oldest_row();
    const RowId newest = tables().newest_row();
    const bool is_good = (newest == 0 || oldest <= newest) &&
                         is_whole(after, last, most, [&](RowId first, RowId until) {
                           if (oldest == 0 || oldest > until) return true;
                           return is_within(missing, std::max(first, oldest), until);
                         });
    if (!is_good) report_damage("samples are missing");
  }
  // Rows are numbered without a gap. A search that is led astray by noise finds none, or later
  // ones.
  template <class MayMiss>
  bool is_whole(RowId after, RowId last, std::size_t most, MayMiss may_miss) const {
    RowId next = after + 1;
    for (const StoredRow& row : rows_) {
      if (row.row != next && !may_miss(next, row.row - 1)) return false;
      next = row.row + 1;
    }
    return rows_.size() == most || next > last || may_miss(next, last);
  }
  static bool is_within(std::vector<SalvageRange> ranges, RowId first, RowId last) {
    std::ranges::sort(ranges, {}, &SalvageRange::first_row);
    for (const SalvageRange& range : ranges) {
      if (range.first_row <= first && first <= range.last_row) first = range.last_row + 1;
    }
    return first > last;
  }

  std::optional<StreamId> find(std::string_view stream) {
    if (!is_open()) return std::nullopt;
    const auto known = [&] {
      return std::ranges::find(names_, stream, [](const auto& each) { return each.second; });
    };
    auto found = known();
    if (found == names_.end()) {
      learn_names();
      found = known();
    }
    if (found == names_.end()) return std::nullopt;
    return found->first;
  }
  void learn_names() {
    for (SavedStream& saved : file_->reading([&] { return tables().streams(); })) {
      names_[saved.stream] = std::move(saved.name);
    }
  }
  // What follows the rows whose epochs are known need not be asked for.
  void note_epoch(const TailPiece& piece) {
    const RowId first = piece.rows.front().row;
    if (first > checked_until_ + 1) return;
    if (epochs_.empty() || epochs_.rbegin()->second != piece.epoch) epochs_[first] = piece.epoch;
    checked_until_ = std::max(checked_until_, piece.rows.back().row);
  }
  // False while there is no store. What was known of a file that was replaced does not hold for the
  // next. All of these want the connection's mutex.
  bool is_open() {
    if (file_->is_away) throw std::runtime_error("the disk of " + file_->path + " is away");
    const unsigned generation = file_->generation;
    if (generation == generation_) return generation_ != 0;
    generation_ = generation;
    connection_->tables.reset();
    names_.clear();
    epochs_.clear();
    checked_until_ = 0;
    return generation != 0;
  }
  // Opened when something is wanted that memory has not: whoever makes a reader never waits.
  Tables& tables() {
    auto& tables = connection_->tables;
    if (!tables) tables = std::make_unique<Tables>(file_->path, Tables::Access::read);
    return *tables;
  }

  const std::shared_ptr<SharedFile> file_;
  unsigned generation_ = 0;
  const std::shared_ptr<OpenReader> connection_ = std::make_shared<OpenReader>();
  std::string text_;             // the bodies of the page, or
  Tail::Pieces held_;            // what holds them
  std::vector<StoredRow> rows_;  // the page
  std::map<StreamId, std::string> names_;
  std::map<RowId, std::string> epochs_;  // by first row
  RowId checked_until_ = 0;              // no newer epoch begins up to here
};

}  // namespace

std::unique_ptr<StoreReader> make_reader(std::shared_ptr<SharedFile> file) {
  return std::make_unique<FileReader>(std::move(file));
}

std::unique_ptr<StoreReader> open_store_reader(const std::string& path) {
  auto file = std::make_shared<SharedFile>();
  file->path = path;
  auto reader = std::make_unique<FileReader>(std::move(file));
  reader->open();  // what cannot be opened is told here
  return reader;
}

SinkBacklog backlog_of(RowId cursor, RowId oldest, RowId last, std::optional<UtcTime> time) {
  const RowId before = std::max(cursor, oldest - 1);
  if (before >= last) return {cursor, 0, std::nullopt};
  return {cursor, static_cast<std::uint64_t>(last - before), time};
}

namespace {

template <class Work>
auto read_file(const std::string& path, Work&& work) {
  SharedFile file;
  file.path = path;
  return file.reading([&] {
    Tables tables(path, Tables::Access::read);
    return work(tables);
  });
}

StoreStatus status_in(Tables& tables) {
  StoreStatus status;
  const RowId oldest = tables.oldest_row();
  const RowCount mark = tables.mark();
  status.last_row = std::max(mark.last_row, tables.newest_row());
  status.rows = mark.rows + static_cast<std::uint64_t>(status.last_row - mark.last_row);
  status.size_bytes = tables.size().pages * tables.size().page_bytes;
  status.ledger_sums = tables.ledger_sums();
  for (const auto& [sink, cursor] : tables.cursors()) {
    status.sinks[sink] = backlog_of(cursor, oldest, status.last_row, tables.time_after(cursor));
  }
  const auto epochs = tables.epochs();
  if (!epochs.empty()) status.epoch = epochs.back().epoch;
  status.clock_waiting = tables.sendable() < status.last_row;
  return status;
}

std::vector<StreamSummary> streams_in(Tables& tables) {
  constexpr RowId rows_at_once = 1000;
  constexpr int pages = 50;
  std::map<StreamId, StreamSummary> streams;
  for (SavedStream& stream : tables.streams()) streams[stream.stream].name = std::move(stream.name);
  std::size_t missing = streams.size();
  std::string text;
  std::vector<StoredRow> rows;
  RowId last = tables.newest_row();
  for (int page = 0; page < pages && missing != 0 && last > 0; ++page, last -= rows_at_once) {
    tables.read(std::max<RowId>(last - rows_at_once + 1, 1), last, rows_at_once, text, rows);
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      StreamSummary& stream = streams[row->stream];
      if (stream.seq != 0) continue;
      stream = {std::move(stream.name), row->seq, row->time, std::string(row->body)};
      --missing;
    }
  }
  std::vector<StreamSummary> summaries;
  for (auto& [id, stream] : streams) summaries.push_back(std::move(stream));
  return summaries;
}

}  // namespace

StoreStatus read_store_status(const std::string& path) {
  return read_file(path, status_in);
}

std::vector<LedgerRow> read_ledger(const std::string& path) {
  return read_file(path, rows_of_ledger);
}

std::vector<StreamSummary> read_streams(const std::string& path) {
  return read_file(path, streams_in);
}

std::optional<std::string> read_remembered(const std::string& path, const std::string& name) {
  const auto all = read_file(path, [](Tables& tables) { return tables.remembered(); });
  const auto found = all.find(name);
  if (found == all.end()) return std::nullopt;
  return found->second;
}

}  // namespace twinsky
