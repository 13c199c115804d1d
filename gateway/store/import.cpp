// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/import.hpp"

#include "gateway/model/stable_hash.hpp"
#include "gateway/store/epoch.hpp"
#include "gateway/store/store.hpp"
#include "gateway/store/store_lock.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace twinsky {
namespace {

constexpr std::size_t rows_in_a_look = 500;

std::unique_ptr<StoreLock> locked(const std::string& path) {
  if (std::error_code unknown; !std::filesystem::exists(path, unknown)) {
    throw StoreError("there is no store " + path + ": the gateway makes it when it first runs");
  }
  try {
    return std::make_unique<StoreLock>(path);
  } catch (const std::system_error& problem) {
    throw StoreError(path + " cannot be locked (" + problem.what() + "): try as root");
  }
}

std::uint64_t record_hash(UtcTime time, std::string_view body) {
  return stable_hash(std::to_string(time.time_since_epoch().count()) + std::string(body));
}

}  // namespace

StoreImport::StoreImport(const std::string& path)
    : lock_(locked(path)), tables_(path, Tables::Access::write) {
  streams_ = tables_.streams();
  const RowCount mark = tables_.mark();
  before_ = last_ = std::max(mark.last_row, tables_.newest_row());
  kept_ = mark.rows;
  // What came after the mark was saved.
  tables_.tail(mark.last_row, [&](StreamId id, std::uint64_t, UtcTime time) {
    SavedStream& stream = streams_[static_cast<std::size_t>(id)];
    stream.last_time = std::max(stream.last_time.value_or(time), time);
    ++kept_;
  });
  for (const ClockBlock& block : tables_.clock_blocks()) {
    if (!block.released) {
      throw StoreError("samples in " + path +
                       " wait for the clock to be set: let the gateway run until it is");
    }
  }
  for (const SalvageRange& range : tables_.salvages()) {
    if (!range.file.empty()) {
      throw StoreError("rows are still being brought back from " + range.file +
                       ": let the gateway run until they are");
    }
  }
  for (const auto& [sink, row] : tables_.cursors()) {
    if (row >= before_) continue;
    throw StoreError(
        counted(static_cast<std::uint64_t>(before_ - row), "record waits", "records wait") +
        " in " + path + " for sink " + sink +
        ", and would count as sent: let the gateway send what there is, or take the "
        "sink out of the configuration");
  }
}

StoreImport::~StoreImport() = default;

void StoreImport::expect(const ImportRow& row) {
  Known& known = known_[{row.stream, row.epoch}];
  if (known.first == 0) known.first = row.seq;
  known.first = std::min(known.first, row.seq);
  known.last = std::max(known.last, row.seq);
}

void StoreImport::read_known() {
  const std::vector<SavedEpoch> epochs = tables_.epochs();
  std::string text;
  std::vector<StoredRow> rows;
  std::size_t at = 0;
  for (RowId after = tables_.oldest_row() - 1; after < before_;) {
    tables_.read(after + 1, before_, rows_in_a_look, text, rows);
    if (rows.empty()) break;
    after = rows.back().row;
    for (const StoredRow& row : rows) {
      while (at + 1 < epochs.size() && epochs[at + 1].first_row <= row.row) ++at;
      const std::string& stream = streams_[static_cast<std::size_t>(row.stream)].name;
      const auto found = epochs.empty() ? known_.end() : known_.find({stream, epochs[at].epoch});
      if (found == known_.end()) continue;
      Known& known = found->second;
      if (row.seq < known.first || row.seq > known.last) continue;
      known.rows[row.seq] = record_hash(row.time, row.body);
    }
  }
}

StoreImport::Look StoreImport::look(const ImportRow& row) {
  Known& known = known_[{row.stream, row.epoch}];
  const auto found = known.rows.find(row.seq);
  if (found != known.rows.end()) {
    return found->second == record_hash(row.time, row.body) ? Look::known : Look::another;
  }
  if (row.seq <= known.looked) return Look::out_of_order;
  known.looked = row.seq;
  ++further_;
  if (row.seq > further_) most_ahead_ = std::max(most_ahead_, row.seq - further_);
  return Look::further;
}

void StoreImport::begin() {
  tables_.begin();
  // A number is never larger than its row's: nothing of this file was given out so far.
  const auto first = std::max(before_ + 1, static_cast<RowId>(most_ahead_) + 1);
  if (kept_ != 0 && first > before_ + 1) tables_.save_salvage({before_ + 1, first - 1, "", false});
  last_ = first - 1;
  for (auto& [numbered, known] : known_) known.looked = 0;
}

StreamId StoreImport::stream_named(const std::string& name) {
  const auto found = std::ranges::find(streams_, name, &SavedStream::name);
  if (found != streams_.end()) return found->stream;
  SavedStream& made = streams_.emplace_back();
  made.stream = StreamId{static_cast<std::int64_t>(streams_.size()) - 1};
  made.name = name;
  tables_.save_stream(made);
  return made.stream;
}

void StoreImport::put(const ImportRow& row) {
  Known& known = known_[{row.stream, row.epoch}];
  if (known.rows.contains(row.seq) || row.seq <= known.looked) return;
  known.looked = row.seq;
  if (row.epoch != epoch_) {
    tables_.save_epoch({last_ + 1, row.epoch, "", row.time, std::string(imported_epoch)});
    epoch_ = row.epoch;
  }
  const StreamId stream = stream_named(row.stream);
  tables_.insert(++last_, stream, row.seq, row.time, row.body);
  ++kept_;
  SavedStream& saved = streams_[static_cast<std::size_t>(stream)];
  saved.last_time = std::max(saved.last_time.value_or(row.time), row.time);
}

void StoreImport::commit(UtcTime now) {
  const std::vector<SavedEpoch> epochs = tables_.epochs();
  std::string machine;
  for (const SavedEpoch& epoch : epochs) {
    if (epoch.reason != imported_epoch) machine = epoch.machine_id;
  }
  tables_.save_epoch({last_ + 1, random_epoch(), machine, now, "records were imported"});
  for (const SavedStream& stream : streams_) {
    tables_.save_progress(stream.stream, 0, stream.last_time);
  }
  tables_.save_mark({last_, kept_});
  for (const auto& [sink, row] : tables_.cursors()) tables_.save_cursor(sink, last_);
  tables_.commit();
}

}  // namespace twinsky
