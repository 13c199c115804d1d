// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/salvage.hpp"

#include "gateway/store/official.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr RowId rows_walked_at_once = 1000;
constexpr std::int64_t usual_row_bytes = 110;  // to reckon what an unreadable file held
constexpr std::int64_t smallest_row_bytes = 8;
constexpr std::uint64_t many_rows = 100'000;  // that are looked for one by one in any case
constexpr RowId most_after_mark = 20'000;     // the journal saves its mark more often

// Takes what can be read; damage in one table harms no other. False: nothing.
template <class Value, class Read>
bool take(Value& value, Read&& read) {
  try {
    value = read();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// The largest row that can still be read. Reading fails where the path to a row is damaged, which
// need not be one place, so this searches downwards in growing steps, then up again in halves.
RowId last_readable_row(Tables& tables, RowId known) {
  const auto newest_until = [&](RowId row) -> RowId {
    try {
      return tables.newest_row_until(row);
    } catch (const std::exception&) {
      return -1;
    }
  };
  RowId found = newest_until(largest_row);
  if (found >= 0) return found;
  RowId bad = std::max<RowId>(known, 1) + rows_walked_at_once;
  for (RowId step = 1; bad > 0; step *= 2) {
    const RowId row = std::max<RowId>(bad - step, 0);
    found = newest_until(row);
    if (found >= 0) break;
    bad = row;
  }
  while (found >= 0 && bad - found > 1) {
    const RowId middle = found + (bad - found) / 2;
    const RowId better = newest_until(middle);
    if (better > found) {
      found = better;
    } else {
      bad = middle;
    }
  }
  return std::max<RowId>(found, 0);
}

// What the new file has not: all rows of the damaged one, and what that had not either.
std::vector<SalvageRange> ranges_of(const Inheritance& inheritance, const std::string& damaged) {
  const std::string file = inheritance.rows_are_readable ? damaged : "";
  std::vector<SalvageRange> ranges = inheritance.salvages;
  std::vector<SalvageRange> older = inheritance.salvages;
  std::ranges::sort(older, {}, &SalvageRange::first_row);
  RowId next = std::max<RowId>(inheritance.first_row, 1);
  const auto add_until = [&](RowId last) {
    if (next <= last) ranges.push_back({next, last, file, false});
  };
  for (const SalvageRange& range : older) {
    add_until(std::min(range.first_row - 1, inheritance.last_row));
    next = std::max(next, range.last_row + 1);
  }
  add_until(inheritance.last_row);
  return ranges;
}

std::uint64_t most_rows_in(const std::string& file) {
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(file, unknown);
  return unknown ? std::numeric_limits<std::uint64_t>::max() / 2 : bytes / smallest_row_bytes;
}

// The last row that there surely was. Numbers that came from damaged places may be far apart.
RowId last_sure_row(Tables& tables) {
  RowId marked = 0;
  RowId newest = 0;
  take(marked, [&] { return tables.mark().last_row; });
  take(newest, [&] { return last_readable_row(tables, marked); });
  return newest <= marked + most_after_mark ? std::max(newest, marked) : marked;
}

// Reads rows by ranges; splits a range that cannot be read until it is one row. A row may also be
// missing without an error, when a search is led astray by noise on its way.
class Walk {
 public:
  Walk(Tables& tables, RowId sure_until)
      : tables_(tables), last_sure_(std::max(last_sure_row(tables), sure_until)) {}

  [[nodiscard]] RowId last_sure() const { return last_sure_; }

  // The first row from `first` on, which itself may be unreadable; last + 1: none.
  RowId next(RowId first, RowId last, Salvaged& into) {
    RowId next = last + 1;
    try {
      tables_.read(first, last, 1, text_, rows_);
      if (!rows_.empty()) next = rows_.front().row;
    } catch (const std::exception&) {
      return first;
    }
    miss(first, next - 1, into);
    return next;
  }

  void read(RowId first, RowId last, Salvaged& into) {
    if (first > last) return;
    bool is_whole = false;
    try {
      tables_.read(first, last, static_cast<std::size_t>(rows_walked_at_once), text_, rows_);
      is_whole = true;
    } catch (const std::exception&) {
      is_whole = false;
    }
    RowId next = first;
    for (const StoredRow& row : rows_) {
      miss(next, row.row - 1, into);
      into.rows.push_back({row, std::string(row.body)});
      next = row.row + 1;
    }
    rows_.clear();
    if (is_whole) {
      miss(next, last, into);
      return;
    }
    if (next > last) return;
    if (first == last) {
      ++into.unreadable;
      return;
    }
    // Fails again at `next`; what lies behind may be good.
    const RowId middle = next + (last - next) / 2;
    read(next, middle, into);
    read(middle + 1, last, into);
  }

  void miss(RowId first, RowId last, Salvaged& into) const {
    last = std::min(last, last_sure_);
    if (first <= last) into.unreadable += static_cast<std::uint64_t>(last - first + 1);
  }

 private:
  Tables& tables_;
  const RowId last_sure_;
  std::string text_;
  std::vector<StoredRow> rows_;
};

}  // namespace

std::string set_aside(const std::string& path, const std::string& what, UtcTime now) {
  std::string stamp = iso8601(now).substr(0, 19);
  std::erase(stamp, '-');
  std::erase(stamp, ':');
  const std::string wanted = path + "." + what + "-" + stamp + "Z";
  std::string damaged = wanted;
  for (int again = 2; std::filesystem::exists(damaged); ++again) {
    damaged = wanted + "-" + std::to_string(again);
  }
  if (std::filesystem::exists(path)) std::filesystem::rename(path, damaged);
  for (const char* companion : {"-wal", "-shm"}) {
    std::error_code not_there;
    std::filesystem::rename(path + companion, damaged + companion, not_there);
  }
  std::error_code not_there;
  std::filesystem::remove(path + ".witness", not_there);  // it spoke of this file
  return damaged;
}

void try_directory_of(const std::string& path) {
  const std::string trial = path + ".trial";
  const int file = ::open(trial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int problem = file < 0 ? errno : 0;
  if (file >= 0) {
    const std::string page(new_page_bytes, ' ');
    errno = ENOSPC;  // of a short write
    const bool is_kept =
        ::write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
        ::fsync(file) == 0;
    if (!is_kept) problem = errno;
    ::close(file);
    ::unlink(trial.c_str());
  }
  if (problem != 0) throw std::system_error(problem, std::generic_category(), trial);
}

Inheritance read_inheritance(const std::string& damaged_file) {
  Inheritance inheritance;
  std::error_code unknown;
  const auto bytes = std::filesystem::file_size(damaged_file, unknown);
  if (!unknown) inheritance.lost_rows = bytes / usual_row_bytes;
  try {
    Tables tables(damaged_file, Tables::Access::set_aside);
    take(inheritance.streams, [&] { return tables.streams(); });
    take(inheritance.epochs, [&] { return tables.epochs(); });
    inheritance.cursors_are_lost = !take(inheritance.cursors, [&] { return tables.cursors(); });
    take(inheritance.retained, [&] { return tables.retained(); });
    take(inheritance.remembered, [&] { return tables.remembered(); });
    take(inheritance.salvages, [&] { return tables.salvages(); });
    RowCount mark;
    take(mark, [&] { return tables.mark(); });
    RowId known = mark.last_row;
    const RowId possible = mark.last_row == 0 ? largest_row : mark.last_row + most_after_mark;
    for (const auto& [sink, row] : inheritance.cursors) {
      if (row <= possible) known = std::max(known, row);
    }
    const RowId last = std::min(last_readable_row(tables, known), possible);
    inheritance.rows_are_readable = last > 0 && !inheritance.streams.empty();
    if (inheritance.rows_are_readable) inheritance.lost_rows = 0;
    // The mark tells it as well; too early is better than too late.
    RowId oldest = 0;
    take(oldest, [&] { return tables.oldest_row(); });
    inheritance.first_row = mark.last_row - static_cast<RowId>(mark.rows) + 1;
    for (const SalvageRange& range : inheritance.salvages) {
      inheritance.first_row -= range.last_row - range.first_row + 1;
    }
    if (mark.last_row == 0 || (oldest > 0 && oldest < inheritance.first_row)) {
      inheritance.first_row = oldest;
    }
    inheritance.last_row = std::max(known, last);
  } catch (const std::exception&) {
    return inheritance;  // not even its header can be read
  }
  return inheritance;
}

void hand_over(Tables& tables, const Inheritance& inheritance, const std::string& damaged_file,
               const SavedEpoch& next) {
  for (SavedStream stream : inheritance.streams) {
    stream.last_seq = 0;  // of the new epoch
    tables.save_stream(stream);
  }
  for (const SavedEpoch& epoch : inheritance.epochs) tables.save_epoch(epoch);
  tables.save_epoch(next);
  RowId acknowledged = inheritance.cursors.empty() ? inheritance.last_row : no_row_limit;
  if (inheritance.cursors_are_lost) acknowledged = 0;
  for (const auto& [sink, row] : inheritance.cursors) {
    tables.save_cursor(sink, row);
    acknowledged = std::min(acknowledged, row);
  }
  for (const auto& [sink, topics] : inheritance.retained) {
    for (const std::string& topic : topics) tables.save_retained(sink, topic);
  }
  for (const auto& [name, value] : inheritance.remembered) tables.save_remembered(name, value);
  tables.save_mark({inheritance.last_row, 0});
  for (const SalvageRange& range : ranges_of(inheritance, damaged_file)) {
    if (range.file.empty()) {  // nothing to wait for
      tables.save_salvage(range);
      continue;
    }
    const RowId last_acknowledged = std::min(acknowledged, range.last_row);
    const RowId first_held = std::max(acknowledged + 1, range.first_row);
    if (first_held <= range.last_row) {
      tables.save_salvage({first_held, range.last_row, range.file, true});
    }
    if (range.first_row <= last_acknowledged) {
      tables.save_salvage({range.first_row, last_acknowledged, range.file, false});
    }
  }
}

namespace {

void salvage_small_tables(Tables& tables, const Deliver& deliver) {
  Salvaged gaps;
  take(gaps.ledger, [&] {
    std::vector<LedgerRow> rows;
    for (auto& [entry, row] : tables.ledger(false)) rows.push_back(std::move(row));
    return rows;
  });
  if (!deliver(std::move(gaps))) return;
  // Page by page in the order of time; false when the work should end.
  const auto bring_back = [&](auto Salvaged::*kept, auto read, auto start_of) {
    for (UtcTime from = UtcTime::min();;) {
      Salvaged some;
      auto& page = some.*kept;
      take(page, [&] { return read(from); });
      if (page.empty()) return true;
      const bool more = page.size() == static_cast<std::size_t>(rows_walked_at_once);
      // The last moment is read again, as more of it may follow; unless it fills a page alone.
      const UtcTime last = start_of(page.back());
      from = last > from ? last : last + milliseconds(1);
      if (!deliver(std::move(some))) return false;
      if (!more) return true;
    }
  };
  const bool goes_on = bring_back(
      &Salvaged::hours, [&](UtcTime from) { return tables.hours_from(from, rows_walked_at_once); },
      [](const HourRow& row) { return row.start; });
  if (!goes_on) return;
  const bool goes_further = bring_back(
      &Salvaged::official,
      [&](UtcTime from) { return tables.official_from(from, rows_walked_at_once); },
      [](const OfficialRow& row) { return row.start; });
  if (!goes_further) return;
  bring_back(
      &Salvaged::revisions,
      [&](UtcTime from) { return tables.official_revisions(from, rows_walked_at_once); },
      [](const OfficialRevision& saved) { return saved.key.start; });
}

void salvage_rows(const std::vector<SalvageRange>& ranges, RowId sure_until, const OpenAside& open,
                  const Deliver& deliver, Log& log) {
  std::uint64_t brought_back = 0;
  std::uint64_t unreadable = 0;
  std::set<std::string> files;
  for (const SalvageRange& range : ranges) {
    files.insert(range.file);
    std::shared_ptr<Tables> tables;
    try {
      tables = open(range.file);
    } catch (const std::exception&) {
      // It was moved away since. Nothing waits for it any longer.
      const auto rows = static_cast<std::uint64_t>(range.last_row - range.first_row + 1);
      unreadable += rows;
      Salvaged nothing;
      nothing.range = range;
      nothing.done_until = range.last_row;
      nothing.unreadable = rows;
      if (!deliver(std::move(nothing))) return;
      continue;
    }
    Walk walk(*tables, sure_until);
    // A file that was cut had more rows than it has room for now.
    const auto sure = static_cast<std::uint64_t>(std::max<RowId>(walk.last_sure(), 0));
    const std::uint64_t most = unreadable + std::max({most_rows_in(range.file), many_rows, sure});
    for (RowId first = range.first_row; first <= range.last_row;) {
      Salvaged piece;
      piece.range = range;
      piece.range.first_row = first;
      RowId start = range.last_row + 1;
      if (unreadable < most) {
        start = walk.next(first, range.last_row, piece);
      } else {
        walk.miss(first, range.last_row, piece);
      }
      piece.done_until = std::min(start + rows_walked_at_once - 1, range.last_row);
      walk.read(start, piece.done_until, piece);
      brought_back += piece.rows.size();
      unreadable += piece.unreadable;
      first = piece.done_until + 1;
      if (!deliver(std::move(piece))) return;
    }
  }
  std::string names;
  for (const std::string& file : files) names += (names.empty() ? "" : " and ") + file;
  log.notice("store", counted(brought_back, "sample was", "samples were") + " brought back from " +
                          names + ", " + std::to_string(unreadable) +
                          " could not be read; what lies there of it may be deleted now");
}

// False when the work should end. What was kept before is not delivered once more.
bool salvage_small_tables_of(const std::string& file, std::size_t& kept, const OpenAside& open,
                             const Deliver& deliver, Log& log) {
  std::shared_ptr<Tables> tables;
  try {
    tables = open(file);
  } catch (const std::exception&) {
    log.warning("store", file + " cannot be opened: its ledger is lost");
    return true;
  }
  bool goes_on = true;
  std::size_t piece_number = 0;
  salvage_small_tables(*tables, [&](Salvaged piece) {
    if (++piece_number <= kept) return true;
    goes_on = deliver(std::move(piece));
    if (goes_on) kept = piece_number;
    return goes_on;
  });
  return goes_on;
}

}  // namespace

void salvage(SalvageWork work, const OpenAside& open, const Deliver& deliver, Guard& guard,
             const std::stop_token& stop, Log& log) {
  std::size_t kept = 0;  // pieces of the small tables
  const Deliver deliver_rows = [&](Salvaged piece) {
    const RowId done = piece.done_until;
    const bool goes_on = deliver(std::move(piece));
    if (!goes_on) return false;
    for (SalvageRange& range : work.ranges) {
      if (range.first_row <= done && done <= range.last_row) range.first_row = done + 1;
    }
    return true;
  };
  const auto go_on = [&] {
    if (!work.small_tables_of.empty()) {
      if (!salvage_small_tables_of(work.small_tables_of, kept, open, deliver, log)) return;
      work.small_tables_of.clear();
    }
    std::vector<SalvageRange> rest = work.ranges;
    std::erase_if(rest, [](const SalvageRange& range) { return range.first_row > range.last_row; });
    if (!rest.empty()) salvage_rows(rest, work.sure_until, open, deliver_rows, log);
  };
  while (!guard.turn(go_on)) {
    if (!guard.pause(stop)) return;
  }
}

}  // namespace twinsky
