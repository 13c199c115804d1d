// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/upkeep.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr std::chrono::seconds look_at_disk_every{10};
constexpr RowId few_rows = 100;                     // where no more may go than must
constexpr std::int64_t pages_of_small_tables = 32;  // that a commit may need besides its samples
constexpr std::chrono::minutes look_at_age_every{60};
constexpr std::chrono::minutes save_witness_every{60};

// Deletion starts this far below the limit and goes on until twice as far, so that it is seldom.
std::int64_t slack_of(std::int64_t pages) {
  return std::min(std::max<std::int64_t>(pages / 100, 64), pages / 4);
}

std::optional<std::int64_t> free_bytes(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

std::string reserve_file(const StoreSettings& settings) {
  return settings.path + ".reserve";
}

}  // namespace

Reserve::Reserve(std::string path) : path_(std::move(path)) {
  struct stat file {};
  if (::stat(path_.c_str(), &file) == 0) bytes_ = file.st_size;
}

void Reserve::keep() noexcept {
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  for (std::int64_t bytes = whole_bytes; bytes > bytes_; bytes /= 2) {
    if (::posix_fallocate(file, 0, bytes) == 0) bytes_ = bytes;
  }
  ::close(file);
}

void Reserve::give_up() noexcept {
  ::unlink(path_.c_str());
  bytes_ = 0;
}

Upkeep::Upkeep(Journal& journal, ClockHold& hold, LedgerBook& ledger, const StoreSettings& settings,
               Clock& clock, Log& log)
    : journal_(journal),
      hold_(hold),
      ledger_(ledger),
      settings_(settings),
      clock_(clock),
      log_(log),
      reserve_(reserve_file(settings)),
      retention_(journal, log),
      witness_(journal.tables(), clock) {
  const FileSize size = journal_.tables().size();
  page_bytes_ = size.page_bytes;
  max_pages_ = settings_.max_size_bytes / size.page_bytes;
  file_limit_pages_ = max_pages_;
  journal_.tables().limit_pages(max_pages_ + slack_of(max_pages_));
  size_bytes_ = size.pages * size.page_bytes;
  try {
    look_at_clock();
  } catch (const std::exception&) {
    // A disk that takes nothing now is told of when there is something to keep.
  }
}

void Upkeep::give_up_reserve(const StoreSettings& settings) {
  Reserve(reserve_file(settings)).give_up();
}

template <class Work>
void Upkeep::transaction(Work&& work) {
  try {
    journal_.transaction(work);
  } catch (...) {
    hold_.rolled_back();
    throw;
  }
  hold_.committed();
}

bool Upkeep::is_too_old(UtcTime start) const {
  return witness_.present() && start < *witness_.present() - settings_.keep;
}

bool Upkeep::step(const WantedRowsNow& wanted) {
  look_at_clock();
  if (retention_.step()) return true;
  if (!purge_) look();
  if (!purge_) return retention_.is_due();
  if (is_enough(*purge_) || !delete_piece(wanted, purge_->sacrifice, rows_at_once)) finish();
  return purge_.has_value();
}

void Upkeep::look_at_clock() {
  witness_.look();
  if (!witness_.present() || clock_.now() < save_witness_) return;
  transaction([&] { witness_.save(journal_.tables()); });
  save_witness_ = clock_.now() + save_witness_every;
}

void Upkeep::look() {
  const FileSize size = journal_.tables().size();
  size_bytes_ = size.pages * size.page_bytes;
  const MonotonicTime now = clock_.now();
  if (now >= look_at_disk_) look_at_disk(size);
  const std::int64_t slack = slack_of(file_limit_pages_);
  if (size.pages - size.free_pages > file_limit_pages_ - slack) {
    // What has more than its share gives way before samples do.
    if (retention_.shrink(file_limit_pages_ * size.page_bytes)) return;
    const bool is_at_cap = file_limit_pages_ == max_pages_;
    purge_.emplace().cause = is_at_cap ? "size" : "disk_full";
    purge_->until_used_pages = file_limit_pages_ - 2 * slack;
    // On a full disk nothing that is unsent goes before memory is used: see make_room().
    if (!is_at_cap) purge_->sacrifice = Sacrifice::acknowledged;
    return;
  }
  if (now < look_at_age_ || !witness_.present()) return;
  look_at_age_ = now + look_at_age_every;
  const UtcTime present = *witness_.present();
  const UtcTime before = present - settings_.keep;
  retention_.forget(present, settings_.keep);
  const RowId oldest = journal_.oldest();
  const RowId last = oldest + rows_at_once - 1;
  if (journal_.tables().too_old_until(oldest, last, before, present) == 0) return;
  purge_.emplace().cause = "age";
  purge_->sacrifice = Sacrifice::acknowledged;
  purge_->before = before;
}

void Upkeep::look_at_disk_again() {
  look_at_disk(journal_.tables().size());
}

void Upkeep::look_at_disk(const FileSize& size) {
  look_at_disk_ = clock_.now() + look_at_disk_every;
  const auto free = free_bytes(settings_.path);
  if (!free) return;
  disk_limit_bytes_ = size.pages * size.page_bytes +
                      std::max<std::int64_t>(*free - settings_.minimum_free_bytes, 0);
  if (*free >= settings_.minimum_free_bytes + Reserve::whole_bytes) reserve_.keep();
  if (*free < settings_.minimum_free_bytes || !reserve_.is_whole()) {
    stop_growth(size);
  } else if (file_limit_pages_ != max_pages_) {
    file_limit_pages_ = max_pages_;
    journal_.tables().limit_pages(max_pages_ + slack_of(max_pages_));
    retention_.stop_shrinking();
  }
}

// Deleting rows makes room inside the file, not on the disk.
void Upkeep::stop_growth(const FileSize& size) {
  if (size.pages >= file_limit_pages_) return;
  file_limit_pages_ = size.pages;
  journal_.tables().limit_pages(size.pages + slack_of(size.pages));
}

bool Upkeep::is_enough(const Purge& purge) {
  if (purge.before) return false;  // delete_piece() sees it
  const FileSize size = journal_.tables().size();
  return size.pages - size.free_pages <= purge.until_used_pages;
}

bool Upkeep::delete_piece(const WantedRowsNow& wanted_now, Sacrifice sacrifice, RowId most) {
  const WantedRows wanted = wanted_now();
  const KeptRows rows{journal_.oldest(), journal_.last(), journal_.tables().salvages()};
  auto piece = next_piece(rows, wanted, sacrifice, most);
  if (!piece) return false;
  if (purge_->before) {
    piece->last = journal_.tables().too_old_until(piece->first, piece->last, *purge_->before,
                                                  *purge_->before + settings_.keep);
    if (piece->last < piece->first) return false;
  }
  const auto lost_before = purge_->lost;
  try {
    transaction([&] {
      note_loss(wanted, *piece);
      if (piece->leaves_older) {
        journal_.erase_between(piece->first, piece->last);
      } else {
        journal_.erase(piece->first, piece->last);
      }
    });
  } catch (...) {
    purge_->lost = lost_before;
    throw;
  }
  purge_->rows += static_cast<std::uint64_t>(piece->last - piece->first + 1);
  return true;
}

void Upkeep::note_loss(const WantedRows& wanted, const Piece& piece) {
  const auto [first, last] = std::pair(piece.first, piece.last);
  // Unsent ones that are still in a damaged file go with them.
  for (const SalvageRange& range : journal_.tables().salvages()) {
    if (!range.hold || range.first_row > last) continue;
    const RowId dropped = std::min(range.last_row, last) - range.first_row + 1;
    const UtcTime now = clock_.utc();
    ledger_.note(
        {purge_->cause, "*", now, now, static_cast<std::uint64_t>(dropped), true, "", 0, 0, ""});
  }
  std::string epoch;
  for (const SavedEpoch& saved : wanted.epochs) {
    if (saved.first_row <= first) epoch = saved.epoch;
  }
  for (const auto& [sink, cursor] : wanted.cursors) {
    if (cursor >= last) continue;
    for (const StreamShare& share : journal_.tables().shares(std::max(first, cursor + 1), last)) {
      if (!wanted.takes(sink, share.stream)) continue;
      const LedgerRow row{purge_->cause,  wanted.name_of(share.stream),
                          share.start,    share.end,
                          share.count,    piece.may_have_arrived,
                          sink,           share.first_seq,
                          share.last_seq, epoch};
      for (const LedgerRow& part : ledger_.new_parts(row)) note_loss(share.stream, part);
    }
  }
}

void Upkeep::note_loss(StreamId stream, const LedgerRow& row) {
  auto& [entry, lost] = purge_->lost[{row.sink, stream}];
  // Numbers in between that were not lost must not look so.
  const bool goes_on = entry != 0 && lost.epoch == row.epoch && lost.estimated == row.estimated &&
                       row.first_seq == lost.last_seq + 1;
  if (goes_on) {
    lost.start = std::min(lost.start, row.start);
    lost.end = std::max(lost.end, row.end);
    lost.count += row.count;
    lost.last_seq = row.last_seq;
    ledger_.extend(entry, lost, row.count);
    return;
  }
  if (entry != 0) ledger_.announce(entry, lost);
  lost = row;
  entry = ledger_.open(lost);
}

void Upkeep::finish() {
  if (!purge_->lost.empty()) {
    transaction([&] {
      for (const auto& [key, noted] : purge_->lost) ledger_.announce(noted.first, noted.second);
    });
  }
  if (purge_->rows != 0) {
    const std::string text =
        std::to_string(purge_->rows) + " oldest samples deleted (" + purge_->cause + ")";
    if (purge_->lost.empty()) {
      log_.info("store", text);
    } else {
      log_.warning("store", text + "; some had not been sent to every sink: see the ledger");
    }
  }
  purge_.reset();
}

bool Upkeep::make_room(const WantedRowsNow& wanted, std::size_t rows, std::size_t bytes,
                       Sacrifice sacrifice) {
  Tables& tables = journal_.tables();
  const auto free = free_bytes(settings_.path);
  const bool is_at_cap = tables.size().pages >= max_pages_;
  const bool is_disk_full = !free || *free < settings_.minimum_free_bytes + Reserve::whole_bytes;
  if (!is_at_cap && !is_disk_full) {  // it has room again
    look_at_disk_again();
    return true;
  }
  if (!is_at_cap && reserve_.is_there()) {
    reserve_.give_up();
    tables.checkpoint();
    stop_growth(tables.size());
    return true;
  }
  const auto has_room = [&] {
    const FileSize size = tables.size();
    const auto needed = static_cast<std::int64_t>(bytes) / size.page_bytes + pages_of_small_tables;
    return size.free_pages >= needed;
  };
  if (!is_at_cap) {
    // Throws where the file cannot take over what is in the WAL: then no row that is deleted would
    // make room.
    tables.checkpoint();
    if (has_room()) return false;  // it was the WAL that had none
  }
  if (!purge_) purge_.emplace().cause = is_at_cap ? "size" : "disk_full";
  purge_->before.reset();
  const std::uint64_t before = purge_->rows;
  if (is_at_cap) {
    // As many as are to come, and some for the pages that are not quite empty then.
    while (purge_->rows - before <= rows &&
           delete_piece(wanted, Sacrifice::under_way, rows_at_once)) {
      continue;
    }
  } else {
    // The WAL cannot grow, so it is used again after each little piece.
    while (!has_room() && delete_piece(wanted, sacrifice, few_rows)) tables.checkpoint();
  }
  const bool any = purge_->rows > before;
  finish();
  if (!is_at_cap) tables.checkpoint();
  return any;
}

}  // namespace twinsky
