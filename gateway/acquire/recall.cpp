// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/recall.hpp"

#include "gateway/model/fast_clock.hpp"
#include "gateway/text/stored_readings.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

// Several times what the slowest card needs for the newest rows.
constexpr milliseconds patience{3'000};

}  // namespace

Recall::Recall(Read read, Clock& clock) : read_(std::move(read)), clock_(clock) {}

Recall::~Recall() {
  jobs_.clear();  // joins: after a stop that named it the process leaves without destructors
}

Recalled Recall::of(StreamId stream, const StreamChecks& fresh) {
  std::unique_lock lock(mutex_);
  // Only what nobody waits for: others take their own away.
  jobs_.remove_if([](const Job& job) { return job.is_done && job.is_late; });
  // Who comes while one is late would wait for the same disk.
  if (std::ranges::any_of(jobs_, &Job::is_late)) return {.checks = fresh};
  Job& job = jobs_.emplace_back();
  job.thread = std::jthread([this, &job, stream, fresh] { run(job, stream, fresh); });
  changed_.wait(lock, [&] { return job.is_present; });
  const MonotonicTime deadline = clock_.now() + patience;
  while (!job.is_done && clock_.now() < deadline) clock_.wait(lock, changed_, deadline);
  job.is_late = !job.is_done;
  if (job.is_late) return {.checks = fresh};
  Recalled recalled = job.recalled ? std::move(*job.recalled) : Recalled{.checks = fresh};
  jobs_.remove_if([&](const Job& each) { return &each == &job; });
  return recalled;
}

void Recall::run(Job& job, StreamId stream, StreamChecks fresh) {
  const Presence presence(clock_);
  {
    const std::lock_guard lock(mutex_);
    job.is_present = true;
    changed_.notify_all();
  }
  std::unique_ptr<Recalled> recalled;
  try {
    const std::lock_guard turn(one_at_a_time_);
    recalled = remembered(stream, std::move(fresh));
  } catch (const std::exception&) {
    // A disk in trouble: they begin without a memory, and the writer says what is wrong.
  }
  const std::lock_guard lock(mutex_);
  if (!job.is_late) job.recalled = std::move(recalled);
  job.is_done = true;
  changed_.notify_all();
}

std::unique_ptr<Recalled> Recall::remembered(StreamId stream, StreamChecks fresh) const {
  auto recalled = std::make_unique<Recalled>(Recalled{.checks = std::move(fresh)});
  StoredReadings stored;
  read_(stream, clock_.utc() - recalled->checks.memory(), [&](const StoredRow& row) {
    if (!read_body(row.body, stored) || stored.amends || stored.clock_unset) return;
    recalled->checks.recall({.time = row.time, .readings = stored.readings});
    recalled->is_before_set = true;
  });
  return recalled;
}

bool Recall::has_stopped() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(jobs_, &Job::is_done);
}

}  // namespace twinsky
