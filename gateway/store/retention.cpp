// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/retention.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr std::int64_t rows_deleted_at_once = 1000;

std::int64_t most_rows(const TableShare& share, std::int64_t bytes) {
  return bytes / 100 * share.percent / share.row_bytes;
}

}  // namespace

bool Retention::shrink(std::int64_t bytes) {
  bool is_any_deleted = false;
  for (const TableShare& share : table_shares) {
    const std::int64_t most = most_rows(share, bytes);
    const std::int64_t held = journal_.tables().rows_held(share.table);
    if (held <= most) continue;
    // Some more, so that it is seldom.
    Work& work = work_.emplace_back(Work{.share = share, .surplus = held - (most - most / 50)});
    delete_piece(work);
    is_any_deleted = is_any_deleted || work.deleted != 0;
  }
  return is_any_deleted;
}

void Retention::forget(UtcTime now, milliseconds keep) {
  for (const TableShare& share : table_shares) {
    const int times = share.table == Held::ledger ? 2 : 1;
    work_.push_back({.share = share, .before = now - times * keep});
  }
}

bool Retention::step() {
  if (work_.empty()) return false;
  Work& work = work_.front();
  if (!work.is_done) delete_piece(work);
  if (!work.is_done) return true;
  if (work.deleted != 0) {
    log_.info("store", std::to_string(work.deleted) + " oldest " + work.share.rows_name +
                           " deleted (" + (work.before ? "age)" : "size)"));
  }
  work_.pop_front();
  return is_due();
}

void Retention::stop_shrinking() {
  std::erase_if(work_, [](const Work& work) { return !work.before; });
}

void Retention::delete_piece(Work& work) {
  Tables& tables = journal_.tables();
  const UtcTime before = work.before.value_or(UtcTime::max());
  std::int64_t deleted = 0;
  bool is_done = false;
  journal_.transaction([&] {
    while (!is_done && deleted < rows_deleted_at_once) {
      std::int64_t about =
          std::min(tables.rows_held(work.share.table), rows_deleted_at_once - deleted);
      if (!work.before) about = std::min(about, work.surplus - work.deleted - deleted);
      const std::int64_t gone = about <= 0 ? 0 : tables.forget(work.share.table, before, about);
      is_done = gone == 0;
      deleted += gone;
    }
  });
  work.deleted += deleted;
  work.is_done = is_done;
}

}  // namespace twinsky
