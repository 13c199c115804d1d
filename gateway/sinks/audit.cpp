// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/audit.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds write_every{60'000};
constexpr milliseconds fold_every{std::chrono::hours(24)};
constexpr milliseconds longest_leap{std::chrono::hours(24)};

}  // namespace

Audit::Audit(std::string file, milliseconds keep, Clock& clock, Log& log, Zone zone)
    : file_(std::move(file)),
      keep_(keep),
      clock_(clock),
      log_(log),
      guard_("audit", clock, log),
      written_until_(clock.utc()),
      zone_(std::move(zone)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Audit::count(const AuditView& key, const AuditSums& sums) {
  const std::lock_guard lock(mutex_);
  add_to(counted_, key, sums);
}

void Audit::set_zone(Zone zone) {
  const std::lock_guard lock(mutex_);
  zone_ = std::move(zone);
}

void Audit::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const bool is_good = guard_.turn([&] {
      fold();
      if (clock_.pause_until(clock_.now() + write_every, stop)) write();
    });
    if (!is_good) guard_.pause(stop);
  }
  guard_.turn([this] { write(); });  // also what was refused a moment ago
  has_stopped_ = true;
}

// What cannot be written stays counted for the next time.
void Audit::write() {
  AuditTable counted;
  {
    const std::lock_guard lock(mutex_);
    counted.swap(counted_);
  }
  const UtcTime now = clock_.utc();
  std::string problem;
  if (!counted.empty()) {
    problem = append_audit(file_, written_until_, now, counted);
    tell(problem);
  }
  if (problem.empty()) {
    written_until_ = now;
    return;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [key, sums] : counted) add_to(counted_, AuditOrder::view(key), sums);
}

void Audit::fold() {
  if (!clock_.is_set() || clock_.now() < fold_due_) return;
  fold_due_ = clock_.now() + fold_every;
  // A clock that is ahead takes nothing away: lines are as old as the newest one says.
  UtcTime newest{};
  const std::string problem =
      read_audit(file_, [&](const AuditLine& line) { newest = std::max(newest, line.to); });
  const UtcTime present = std::min(clock_.utc(), newest + longest_leap);
  Zone zone;
  {
    const std::lock_guard lock(mutex_);
    zone = zone_;
  }
  tell(problem.empty() ? fold_audit(file_, present, present - keep_.load(), zone) : problem);
}

void Audit::tell(const std::string& problem) {
  const bool was_in_trouble = std::exchange(is_in_trouble_, !problem.empty());
  if (was_in_trouble == is_in_trouble_) return;
  if (problem.empty()) {
    log_.notice("audit", file_ + " is kept again");
  } else {
    log_.warning("audit",
                 "cannot keep " + file_ + " (" + problem + "); sinks go on, and it is tried again");
  }
}

}  // namespace twinsky
