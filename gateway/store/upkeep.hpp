// SPDX-License-Identifier: Apache-2.0
// Keeps the store within its bounds: by age, by size, and by the disk's free space. Deletes the
// oldest samples, at most 1000 in a transaction; what a sink had not acknowledged yet enters the
// ledger in the same transaction. By age goes only what every sink has acknowledged. The other
// tables are retention's. Writer thread only.
#pragma once

#include "gateway/store/clock_witness.hpp"
#include "gateway/store/deletion.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/ledger_book.hpp"
#include "gateway/store/retention.hpp"
#include "gateway/system/log.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twinsky {

// From its call until the work of Upkeep that called it returns, no sink claims further rows.
using WantedRowsNow = std::function<WantedRows()>;

// Space on the disk that is given up when the disk is full: without any, SQLite can neither copy
// its WAL into the file nor delete.
class Reserve {
 public:
  static constexpr std::int64_t whole_bytes = 4 << 20;  // several times the usual WAL

  explicit Reserve(std::string path);
  void keep() noexcept;  // as much as the disk has left, at most the whole
  void give_up() noexcept;
  [[nodiscard]] bool is_whole() const { return bytes_ >= whole_bytes; }
  [[nodiscard]] bool is_there() const { return bytes_ > 0; }

 private:
  const std::string path_;
  std::int64_t bytes_ = 0;
};

// A deletion that is under way.
struct Purge {
  std::string cause;              // age, size, disk_full
  std::optional<UtcTime> before;  // by age
  // A bound that is not set asks for nothing: what make_room() could not end is not gone on with.
  std::int64_t until_used_pages = std::numeric_limits<std::int64_t>::max();
  Sacrifice sacrifice = Sacrifice::under_way;
  // What sinks lost so far, by sink and stream: entry in the ledger and its row.
  std::map<std::pair<std::string, StreamId>, std::pair<std::int64_t, LedgerRow>> lost;
  std::uint64_t rows = 0;
};

class Upkeep {
 public:
  Upkeep(Journal& journal, ClockHold& hold, LedgerBook& ledger, const StoreSettings& settings,
         Clock& clock, Log& log);

  // Looks whether a bound is reached and deletes one piece; true when there is more to delete.
  bool step(const WantedRowsNow& wanted);
  // A commit of so many rows and bytes found no room, on the disk or within max_size. On a full
  // disk the reserve goes first, then as many of the oldest rows as have to be kept now, as far as
  // `sacrifice` lets them go; within max_size the oldest go in any case. False when nothing could
  // be done, or more rows would not help.
  bool make_room(const WantedRowsNow& wanted, std::size_t rows, std::size_t bytes,
                 Sacrifice sacrifice);
  // Whether the disk has room again, before a commit that found none is tried once more.
  void look_at_disk_again();
  // Before a store can be opened on a full disk.
  static void give_up_reserve(const StoreSettings& settings);
  [[nodiscard]] std::int64_t size_bytes() const { return size_bytes_; }
  // How large it may become: max_size, or what the disk has room for.
  [[nodiscard]] std::int64_t limit_bytes() const {
    return std::min(file_limit_pages_ * page_bytes_, disk_limit_bytes_);
  }
  // What began then is deleted by its age.
  [[nodiscard]] bool is_too_old(UtcTime start) const;

 private:
  static constexpr RowId rows_at_once = 1000;

  void look();
  void look_at_clock();
  void look_at_disk(const FileSize& size);
  void stop_growth(const FileSize& size);
  bool is_enough(const Purge& purge);
  // False when there was nothing left to delete.
  bool delete_piece(const WantedRowsNow& wanted_now, Sacrifice sacrifice, RowId most);
  void note_loss(const WantedRows& wanted, const Piece& piece);
  void note_loss(StreamId stream, const LedgerRow& row);
  void finish();
  template <class Work>
  void transaction(Work&& work);

  Journal& journal_;
  ClockHold& hold_;
  LedgerBook& ledger_;
  const StoreSettings& settings_;
  Clock& clock_;
  Log& log_;
  Reserve reserve_;
  Retention retention_;
  ClockWitness witness_;
  std::optional<Purge> purge_;
  std::int64_t size_bytes_ = 0;
  std::int64_t page_bytes_ = 0;
  std::int64_t disk_limit_bytes_ = std::numeric_limits<std::int64_t>::max();  // its free room too
  std::int64_t max_pages_ = 0;                                                // max_size
  std::int64_t file_limit_pages_ = 0;  // less when the disk has no more
  MonotonicTime look_at_disk_{};
  MonotonicTime look_at_age_{};
  MonotonicTime save_witness_{};
};

}  // namespace twinsky
