// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/endurance.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr auto piece = 10min;
constexpr auto looked_back = 24h;
constexpr std::uint64_t fewest_rows = 100;  // in less the file's first pages weigh most

}  // namespace

void Endurance::note(MonotonicTime now, RowId newest) {
  if (!seen_.empty() && newest < seen_.back().row) seen_.clear();  // another file
  newest_ = {now, newest};
  if (!seen_.empty() && now - seen_.back().time < piece) return;
  seen_.push_back(newest_);
  while (now - seen_.front().time > looked_back) seen_.pop_front();
}

std::optional<double> Endurance::days(const Room& room) const {
  if (seen_.empty() || room.rows < fewest_rows || room.size_bytes <= 0) return std::nullopt;
  const std::chrono::duration<double, std::ratio<86400>> length = newest_.time - seen_.front().time;
  const auto came = static_cast<double>(newest_.row - seen_.front().row);
  if (newest_.time - seen_.front().time < piece || came <= 0) return std::nullopt;
  // What stands beside the rows (hours, official values) grows with them, up to the same limit.
  const double fit = static_cast<double>(room.rows) * static_cast<double>(room.limit_bytes) /
                     static_cast<double>(room.size_bytes);
  const double left = std::max(0.0, fit - static_cast<double>(room.waiting));
  constexpr double tenths = 10;
  return std::floor(left / (came / length.count()) * tenths) / tenths;
}

}  // namespace twinsky
