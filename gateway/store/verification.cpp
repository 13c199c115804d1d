// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/verification.hpp"

#include "gateway/store/epoch.hpp"
#include "gateway/store/store.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace twinsky {
namespace {

constexpr std::size_t rows_in_a_page = 500;

// Is what has a name and numbers in the ledger, or was it noted as missing?
class Explained {
 public:
  Explained(const std::vector<std::pair<std::int64_t, LedgerRow>>& ledger,
            std::vector<SalvageRange> missing)
      : missing_(std::move(missing)) {
    for (const auto& [entry, row] : ledger) {
      if (row.first_seq != 0)
        told_[{row.stream, row.epoch}].push_back({row.first_seq, row.last_seq});
    }
    std::ranges::sort(missing_, {}, &SalvageRange::first_row);
    for (auto& [of, ranges] : told_) std::ranges::sort(ranges, {}, &SeqRange::first);
  }

  // Of the numbers from `first` to `last`, those that no entry has.
  [[nodiscard]] std::uint64_t untold(const std::string& stream, const std::string& epoch,
                                     std::uint64_t first, std::uint64_t last) const {
    const auto found = told_.find({stream, epoch});
    std::uint64_t left = last - first + 1;
    if (found == told_.end()) return left;
    std::uint64_t next = first;
    for (const SeqRange& range : found->second) {
      const std::uint64_t from = std::max(range.first, next);
      const std::uint64_t to = std::min(range.last, last);
      if (from > to) continue;
      left -= to - from + 1;
      next = to + 1;
    }
    return left;
  }
  // Of the rows from `first` to `last`, those that are noted.
  [[nodiscard]] std::uint64_t noted(RowId first, RowId last) const {
    std::uint64_t rows = 0;
    for (const SalvageRange& range : missing_) {
      const RowId from = std::max(range.first_row, first);
      const RowId to = std::min(range.last_row, last);
      if (from <= to) rows += static_cast<std::uint64_t>(to - from + 1);
    }
    return rows;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<SeqRange>> told_;
  std::vector<SalvageRange> missing_;
};

// The numbers of every stream, row by row.
class Numbers {
 public:
  Numbers(const std::vector<SavedStream>& streams, std::vector<SavedEpoch> epochs,
          const Explained& explained, RowId oldest)
      : streams_(streams), epochs_(std::move(epochs)), explained_(explained), oldest_(oldest) {
    heard_.resize(streams.size());
  }

  void take(const StoredRow& row) {
    if (epochs_.empty() || row.row < epochs_.front().first_row) {
      ++without_epoch_;
      return;
    }
    while (at_ + 1 < epochs_.size() && epochs_[at_ + 1].first_row <= row.row) begin_epoch();
    Heard& heard = heard_[static_cast<std::size_t>(row.stream)];
    if (heard.seq == 0) {
      // Those before the oldest row are gone, and may have been sent.
      const bool is_whole =
          epochs_[at_].first_row >= oldest_ && epochs_[at_].reason != imported_epoch;
      if (is_whole && row.seq > 1) miss(row, 1, row.seq - 1, epochs_[at_].first_row);
    } else if (row.seq <= heard.seq) {
      ++repeated_;
    } else if (row.seq > heard.seq + 1 && epochs_[at_].reason != imported_epoch) {
      miss(row, heard.seq + 1, row.seq - 1, heard.row + 1);
    }
    heard = {.seq = std::max(heard.seq, row.seq), .row = row.row};
  }

  // What was given out after the newest row of a stream.
  void end(RowId saved_until) {
    while (at_ + 1 < epochs_.size()) begin_epoch();
    for (const SavedStream& stream : streams_) {
      const Heard& heard = heard_[static_cast<std::size_t>(stream.stream)];
      if (heard.seq == 0 || heard.row > saved_until || stream.last_seq <= heard.seq) continue;
      const StoredRow after{.row = saved_until + 1, .stream = stream.stream};
      miss(after, heard.seq + 1, stream.last_seq, heard.row + 1);
    }
  }

  [[nodiscard]] Proof proof() const {
    std::string wrong;
    if (repeated_ != 0)
      wrong = counted(repeated_, "number was", "numbers were") + " given out twice";
    if (without_epoch_ != 0) {
      wrong += (wrong.empty() ? "" : "; ") + counted(without_epoch_, "row has", "rows have") +
               " no epoch";
    }
    if (untold_ != 0) {
      wrong += (wrong.empty() ? "" : "; ") + counted(untold_, "number is", "numbers are") +
               " neither a row nor in the ledger, first of " + first_untold_;
    }
    std::set<std::string> names;
    for (const SavedEpoch& epoch : epochs_) names.insert(epoch.epoch);
    return {"numbers", wrong.empty(),
            wrong.empty() ? counted(streams_.size(), "stream") + " in " +
                                counted(names.size(), "epoch") + ": each number is a row" +
                                (missed_ == 0 ? ""
                                              : ", or one of " + std::to_string(missed_) +
                                                    " that the ledger tells of")
                          : wrong};
  }

 private:
  struct Heard {
    std::uint64_t seq = 0;
    RowId row = 0;
  };

  void begin_epoch() {
    if (epochs_[at_].epoch != epochs_[at_ + 1].epoch) heard_.assign(streams_.size(), {});
    ++at_;
  }
  void miss(const StoredRow& row, std::uint64_t first, std::uint64_t last, RowId first_row) {
    const SavedStream& stream = streams_[static_cast<std::size_t>(row.stream)];
    const std::uint64_t numbers = last - first + 1;
    missed_ += numbers;
    std::uint64_t untold = explained_.untold(stream.name, epochs_[at_].epoch, first, last);
    untold -= std::min(untold, explained_.noted(first_row, row.row - 1));
    if (untold == 0) return;
    if (untold_ == 0) {
      first_untold_ = stream.name + " in epoch " + epochs_[at_].epoch + ", between " +
                      std::to_string(first) + " and " + std::to_string(last);
    }
    untold_ += untold;
  }

  const std::vector<SavedStream>& streams_;
  const std::vector<SavedEpoch> epochs_;
  const Explained& explained_;
  const RowId oldest_;
  std::size_t at_ = 0;  // of the epochs
  std::vector<Heard> heard_;
  std::uint64_t missed_ = 0;
  std::uint64_t untold_ = 0;
  std::string first_untold_;
  std::uint64_t repeated_ = 0;
  std::uint64_t without_epoch_ = 0;
};

// Rows and numbers: every row is read.
std::vector<Proof> proofs_of_rows(Tables& tables,
                                  const std::function<void(std::uint64_t, std::uint64_t)>& each) {
  const RowId oldest = tables.oldest_row();
  const RowId newest = tables.newest_row();
  const RowCount mark = tables.mark();
  const std::vector<SavedStream> streams = tables.streams();
  const Explained explained(tables.ledger(false), tables.salvages());
  Numbers numbers(streams, tables.epochs(), explained, oldest);
  std::string text;
  std::vector<StoredRow> rows;
  RowId last = oldest - 1;
  std::uint64_t found = 0;
  std::uint64_t until_mark = 0;
  std::uint64_t lost = 0;
  std::string first_lost;
  std::string damage;
  const auto take = [&] {
    for (const StoredRow& row : rows) {
      const auto absent = static_cast<std::uint64_t>(row.row - last - 1);
      const std::uint64_t unknown = absent - explained.noted(last + 1, row.row - 1);
      if (unknown != 0 && lost == 0) first_lost = std::to_string(last + 1);
      lost += unknown;
      last = row.row;
      ++found;
      if (row.row <= mark.last_row) ++until_mark;
      numbers.take(row);
    }
  };
  try {
    while (oldest != 0 && last < newest) {
      tables.read(last + 1, newest, rows_in_a_page, text, rows);
      if (rows.empty()) break;
      take();
      each(static_cast<std::uint64_t>(last - oldest + 1),
           static_cast<std::uint64_t>(newest - oldest + 1));
    }
    numbers.end(mark.last_row);
  } catch (const std::exception& problem) {
    if (fault_of(problem) != DiskFault::damaged) throw;
    take();
    damage = std::string(problem.what()) + " after row " + std::to_string(last);
  }
  const auto span = oldest == 0 ? 0 : static_cast<std::uint64_t>(newest - oldest + 1);
  Proof kept{"rows", true,
             counted(found, "sample") + (oldest == 0 ? ""
                                                     : ", rows " + std::to_string(oldest) + " to " +
                                                           std::to_string(newest))};
  // Deletion is counted; while rows are brought back the sum is on its way.
  const bool are_some_gone = tables.salvages().empty() && until_mark < mark.rows;
  if (span > found) kept.text += ", " + std::to_string(span - found) + " noted as missing";
  if (lost != 0) {
    kept = {"rows", false,
            counted(lost, "row is", "rows are") + " missing and not noted, the first of them " +
                first_lost};
  }
  if (mark.last_row > std::max<RowId>(newest, 0) && newest != 0) {
    kept = {"rows", false,
            "the newest row is " + std::to_string(newest) + ", and " +
                std::to_string(mark.last_row) + " was written"};
  }
  if (kept.holds && are_some_gone) {
    kept = {"rows", false,
            counted(mark.rows, "row is", "rows are") + " counted up to row " +
                std::to_string(mark.last_row) + ", and " + std::to_string(until_mark) + " there"};
  }
  if (!damage.empty()) kept = {"rows", false, damage};
  return {kept, numbers.proof()};
}

// What is counted as it changes.
Proof proof_of_counts(Tables& tables) {
  constexpr std::int64_t first_with_counts = 4;
  if (tables.version() < first_with_counts) {
    return {"counts", true, "version " + std::to_string(tables.version()) + " keeps none"};
  }
  const std::map<std::string, std::int64_t> held = tables.holdings();
  std::string text;
  std::string wrong;
  for (const auto& [name, rows] : tables.counts()) {
    const auto told = held.find(name);
    text += (text.empty() ? "" : ", ") + std::to_string(rows) + " of " + name;
    if (told != held.end() && told->second != rows) {
      wrong += (wrong.empty() ? "" : "; ") + name + " has " + std::to_string(rows) +
               " rows, and counts " + std::to_string(told->second);
    }
  }
  return {"counts", wrong.empty(), wrong.empty() ? text : wrong};
}

Proof proof_of_ledger(Tables& tables) {
  std::map<std::string, std::uint64_t> told;
  const auto ledger = tables.ledger(false);
  for (const auto& [entry, row] : ledger) told[row.cause] += row.count;
  const std::map<std::string, std::uint64_t> sums = tables.ledger_sums();
  std::string text = ledger.empty() ? "no gaps" : counted(ledger.size(), "gap");
  for (const auto& [cause, count] : told) {
    const auto sum = sums.find(cause);
    if (sum == sums.end() || sum->second < count) {
      return {"ledger", false,
              "its entries of " + cause + " are " + std::to_string(count) + ", their sum " +
                  std::to_string(sum == sums.end() ? 0 : sum->second)};
    }
    text += ", " + cause + " " + std::to_string(sum->second);
  }
  return {"ledger", true, text};
}

Proof proof_of_sinks(Tables& tables) {
  const RowId last = std::max(tables.newest_row(), tables.mark().last_row);
  const auto cursors = tables.cursors();
  std::string text = counted(cursors.size(), "sink");
  for (const auto& [sink, row] : cursors) {
    if (row < 0 || row > last) {
      return {"sinks", false,
              "sink " + sink + " has come to row " + std::to_string(row) + " of " +
                  std::to_string(last)};
    }
    text += ", " + sink + " has " + std::to_string(last - row) + " to go";
  }
  return {"sinks", true, text};
}

Proof proof_of_file(Tables& tables) {
  try {
    if (tables.is_sound()) return {"file", true, "its pages hang together, its tables are right"};
    return {"file", false, "its pages do not fit together"};
  } catch (const std::exception& problem) {
    if (fault_of(problem) != DiskFault::damaged) throw;
    return {"file", false, problem.what()};
  }
}

}  // namespace

std::vector<Proof> verify_store(const std::string& path,
                                const std::function<void(std::uint64_t, std::uint64_t)>& each_row) {
  Tables tables(path, Tables::Access::read);
  std::vector<Proof> proofs;
  try {
    tables.hold_moment();
    proofs.push_back(proof_of_file(tables));
    for (Proof& proof : proofs_of_rows(tables, each_row)) proofs.push_back(std::move(proof));
    for (const auto& look : {proof_of_counts, proof_of_ledger, proof_of_sinks}) {
      proofs.push_back(look(tables));
    }
  } catch (const std::exception& problem) {
    const DiskFault fault = fault_of(problem);
    if (fault != DiskFault::damaged && fault != DiskFault::suspect)
      throw StoreError(problem.what());
    proofs.push_back({"tables", false, problem.what()});
  }
  return proofs;
}

}  // namespace twinsky
