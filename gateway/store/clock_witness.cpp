// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/clock_witness.hpp"

#include <charconv>

namespace twinsky {
namespace {

constexpr std::chrono::hours longest_leap{24};
constexpr std::chrono::hours believed_after{24};

}  // namespace

std::optional<UtcTime> read_clock_was(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return UtcTime(milliseconds(value));
}

ClockWitness::ClockWitness(Tables& tables, const Clock& clock)
    : clock_(clock), looked_(clock.now()) {
  const auto remembered = tables.remembered();
  const auto found = remembered.find(name);
  if (found != remembered.end()) believed_ = read_clock_was(found->second);
  // A store of an earlier version.
  if (const RowId newest = tables.newest_row(); !believed_ && newest != 0) {
    believed_ = tables.time_after(newest - 1);
  }
}

void ClockWitness::look() {
  const MonotonicTime now = clock_.now();
  const UtcTime utc = clock_.utc();
  if (believed_) *believed_ += std::chrono::floor<milliseconds>(now - looked_);
  looked_ = now;
  is_set_ = clock_.is_set();
  if (!is_set_) return;
  if (believed_ && utc > *believed_ + longest_leap) {
    if (!ahead_since_) ahead_since_ = now;
    if (now - *ahead_since_ < believed_after) return;
  }
  believed_ = utc;
  ahead_since_.reset();
}

void ClockWitness::save(Tables& tables) const {
  if (!believed_ || !is_set_) return;
  tables.save_remembered(name, std::to_string(believed_->time_since_epoch().count()));
}

}  // namespace twinsky
