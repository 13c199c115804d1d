// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/guard.hpp"

#include "gateway/model/invariant.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>

namespace twinsky {
namespace {

constexpr milliseconds first_pause{1'000};
constexpr milliseconds longest_pause{60'000};
// One good turn is no sign that it is over: a loop may do ten things of which one fails.
constexpr milliseconds well_after{120'000};

}  // namespace

Guard::Guard(std::string name, Clock& clock, Log& log)
    : name_(std::move(name)), clock_(clock), log_(log) {}

bool Guard::pause(const std::stop_token& stop) noexcept {
  try {
    return clock_.pause_until(clock_.now() + pause_, stop);
  } catch (const std::exception&) {
    return !stop.stop_requested();  // nothing can be waited for; the turn will tell
  }
}

GuardStatus Guard::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Guard::caught() noexcept {
  try {
    throw;
  } catch (const BrokenInvariant& problem) {
    log_.error(name_, std::string("this program is wrong: ") + problem.what() +
                          "; it ends, to be started again: please report this");
    std::abort();
  } catch (const std::exception& problem) {
    tell_failure(problem.what());
  } catch (...) {
    tell_failure("something that is no std::exception");
  }
}

void Guard::tell_failure(const char* what) noexcept {
  pause_ = std::clamp(2 * pause_, first_pause, longest_pause);
  failed_at_ = clock_.now();
  const bool is_news = !std::exchange(is_failing_, true);
  try {
    {
      const std::lock_guard lock(mutex_);
      ++status_.exceptions;
      status_.problem = what;
    }
    if (!is_news) return;
    log_.error(name_, std::string(what) +
                          "; nobody expected this: it goes on and tries again, at most once a "
                          "minute while it lasts");
  } catch (const std::exception&) {
    // Without memory even to say so; it is counted.
  }
}

void Guard::went_well() noexcept {
  if (!is_failing_ || clock_.now() - failed_at_ < well_after) return;
  is_failing_ = false;
  pause_ = milliseconds(0);
  try {
    {
      const std::lock_guard lock(mutex_);
      status_.problem.clear();
    }
    log_.notice(name_, "runs as it should again");
  } catch (const std::exception&) {
    // It has been told that it fails; that it does not any more can be told the next time.
  }
}

}  // namespace twinsky
