// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/exported_rows.hpp"

#include "gateway/commands/progress.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr std::size_t rows_at_once = 500;

// The rows after `after`, or those behind them that can be read again. Steps grow as long as it
// takes, then halve, so that no good row is passed over.
const std::vector<StoredRow>& next_page(StoreReader& reader, RowId after,
                                        UnreadableRows& unreadable) {
  const auto read = [&](RowId from) -> const std::vector<StoredRow>* {
    try {
      return &reader.page(from, rows_at_once);
    } catch (const StoreError& damage) {
      unreadable.why = damage.what();
      return nullptr;
    }
  };
  if (const auto* page = read(after)) return *page;
  RowId bad = after;
  RowId good = after + 1;
  for (RowId step = 2; read(good) == nullptr; step *= 2) {
    if (step > all_rows / 4) throw StoreError(unreadable.why);
    bad = good;
    good = after + step;
  }
  while (good - bad > 1) {
    const RowId middle = bad + (good - bad) / 2;
    (read(middle) != nullptr ? good : bad) = middle;
  }
  unreadable.ranges[after + 1] = good;
  return reader.page(good, rows_at_once);
}

// For the progress alone: a file that is damaged need not tell it.
std::uint64_t rows_up_to(const std::string& path, RowId until) {
  try {
    return static_cast<std::uint64_t>(std::min(until, read_store_status(path).last_row));
  } catch (const StoreError&) {
    return 0;
  }
}

}  // namespace

RowId each_exported_row(const std::string& path, const RowSelection& selection, RowId until,
                        UnreadableRows& unreadable,
                        const std::function<void(const ExportedRow&)>& each) {
  const auto reader = open_store_reader(path);
  Progress progress("twinsky export", rows_up_to(path, until));
  RowId after = 0;
  for (;;) {
    const std::vector<StoredRow>& page = next_page(*reader, after, unreadable);
    if (page.empty()) return after;
    for (const StoredRow& row : page) {
      if (row.row > until) return after;
      const std::string& stream = reader->name_of(row.stream);
      if (selection.has(stream, row.time)) each({stream, reader->epoch_of(row.row), row});
    }
    after = page.back().row;
    progress.reach(static_cast<std::uint64_t>(after));
  }
}

}  // namespace twinsky
