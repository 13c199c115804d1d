// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/tail.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr std::size_t most_bytes = 128U << 10U;

std::size_t bytes_of(const TailPiece& piece) {
  return piece.text.capacity() + piece.rows.size() * sizeof(StoredRow);
}

}  // namespace

void Tail::stage(RowId row, StreamId stream, std::uint64_t seq, UtcTime time,
                 std::string_view body) {
  if (!staged_) {
    staged_ = std::make_shared<TailPiece>();
    staged_->text.reserve(usual_bytes_);
  }
  // While the text grows it may move: until publish() only the size of a view is right.
  staged_->rows.push_back({row, stream, seq, time, body});
  staged_->text.append(body);
}

void Tail::drop_staged() {
  staged_.reset();
}

void Tail::publish(const std::string& epoch) {
  if (!staged_) return;
  staged_->epoch = epoch;
  usual_bytes_ = std::min(staged_->text.size() * 9 / 8, most_bytes);
  std::size_t begin = 0;
  for (StoredRow& row : staged_->rows) {
    row.body = std::string_view(staged_->text).substr(begin, row.body.size());
    begin += row.body.size();
  }
  const std::lock_guard lock(mutex_);
  const bool follows =
      !pieces_.empty() && pieces_.back()->rows.back().row + 1 == staged_->rows.front().row;
  if (!follows) forget();
  bytes_ += bytes_of(*staged_);
  pieces_.push_back(std::exchange(staged_, nullptr));
  while (bytes_ > most_bytes) {
    bytes_ -= bytes_of(*pieces_.front());
    pieces_.pop_front();
  }
}

void Tail::clear() {
  const std::lock_guard lock(mutex_);
  forget();
}

void Tail::forget() {
  pieces_.clear();
  bytes_ = 0;
}

Tail::Pieces Tail::after(RowId after, std::size_t most) const {
  Pieces found;
  const std::lock_guard lock(mutex_);
  if (pieces_.empty() || pieces_.front()->rows.front().row > after + 1) return found;
  for (const auto& piece : pieces_) {
    const RowId last = piece->rows.back().row;
    if (last <= after) continue;
    found.push_back(piece);
    if (last - after >= static_cast<RowId>(most)) break;  // the rows have no gaps
  }
  return found;
}

}  // namespace twinsky
