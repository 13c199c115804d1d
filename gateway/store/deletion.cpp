// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/deletion.hpp"

#include <algorithm>

namespace twinsky {
namespace {

struct Rows {
  RowId first = 0;
  RowId last = 0;
};

// The first row from `first` on that lies in none of the ranges.
RowId past(const std::vector<Rows>& ranges, RowId first) {
  for (bool moved = true; moved;) {
    moved = false;
    for (const Rows& range : ranges) {
      if (first < range.first || first > range.last) continue;
      first = range.last + 1;
      moved = true;
    }
  }
  return first;
}

RowId end_of_epoch(const std::vector<SavedEpoch>& epochs, RowId row, RowId last) {
  for (const SavedEpoch& epoch : epochs) {
    if (epoch.first_row > row) last = std::min(last, epoch.first_row - 1);
  }
  return last;
}

}  // namespace

bool WantedRows::takes(const std::string& sink, StreamId stream) const {
  const auto rules = topics.find(sink);
  return rules == topics.end() || rule_for(rules->second, topic_of_stream(name_of(stream)));
}

std::optional<Piece> next_piece(const KeptRows& rows, const WantedRows& wanted, Sacrifice sacrifice,
                                RowId most) {
  if (sacrifice == Sacrifice::none) return std::nullopt;
  RowId limit = rows.last;
  if (sacrifice == Sacrifice::acknowledged) {
    for (const auto& [sink, cursor] : wanted.cursors) limit = std::min(limit, cursor);
  }
  const auto piece_from = [&](RowId first) -> std::optional<Piece> {
    if (first > limit) return std::nullopt;
    const RowId last = std::min(first + most - 1, limit);
    return Piece{first, end_of_epoch(wanted.epochs, first, last)};
  };

  std::vector<Rows> kept;  // what may be on its way, and what is not there anyway
  for (const auto& [sink, claimed] : wanted.claimed) {
    const auto cursor = wanted.cursors.find(sink);
    if (cursor != wanted.cursors.end() && claimed > cursor->second) {
      kept.push_back({cursor->second + 1, claimed});
    }
  }
  const bool may_arrive_first = past(kept, rows.oldest) != rows.oldest;
  bool is_being_salvaged = false;
  for (const SalvageRange& range : rows.missing) {
    is_being_salvaged = is_being_salvaged || !range.file.empty();
    kept.push_back({range.first_row, range.last_row});
  }
  // Rows that come back are inserted where they were: no holes are made meanwhile.
  if (may_arrive_first && is_being_salvaged) return std::nullopt;
  const RowId first = may_arrive_first ? past(kept, rows.oldest) : rows.oldest;
  if (auto piece = piece_from(first)) {
    piece->leaves_older = may_arrive_first;
    for (const Rows& range : kept) {
      if (range.first > first) piece->last = std::min(piece->last, range.first - 1);
    }
    return piece;
  }
  if (!may_arrive_first || sacrifice != Sacrifice::under_way) return std::nullopt;
  auto piece = piece_from(rows.oldest);
  if (piece) piece->may_have_arrived = true;
  return piece;
}

}  // namespace twinsky
