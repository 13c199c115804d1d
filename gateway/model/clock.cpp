// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/clock.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <sys/timex.h>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono;

bool has_battery_clock() {
#if defined(__x86_64__) || defined(__i386__)
  return true;  // the kernel reads the CMOS clock, or the hypervisor's, at boot
#else
  return ::access("/dev/rtc0", F_OK) == 0;
#endif
}

// Made by twinsky-clock.service once NTP (or PTP) has set the clock in this boot: our own unit may
// not ask the kernel.
constexpr const char* clock_is_set_file = "/run/twinsky-clock/set";

// The kernel says that NTP (or PTP) disciplines the clock.
bool is_synchronised() {
  timex state{};
  if (::adjtimex(&state) >= 0) return (state.status & STA_UNSYNC) == 0;
  return ::access(clock_is_set_file, F_OK) == 0;
}

// Writes `value` over the zeros at `place`.
template <std::size_t size>
void put_digits(std::array<char, size>& text, std::size_t place, std::size_t width, auto value) {
  auto rest = static_cast<unsigned>(value);
  for (std::size_t at = place + width; at > place; rest /= 10) {
    text[--at] = static_cast<char>('0' + rest % 10);
  }
}

// Takes exactly `width` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, value);
  if (error != std::errc{} || end != text.data() + width || text.front() == '-') {
    return std::nullopt;
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool Clock::pause_until(MonotonicTime deadline, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable changed;
  const std::stop_callback wake(stop, [&] {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (now() >= deadline) return true;
    wait(lock, changed, deadline);
  }
  return false;
}

UtcTime SystemClock::utc() const {
  return floor<milliseconds>(system_clock::now());
}

MonotonicTime SystemClock::now() const {
  return steady_clock::now();
}

bool SystemClock::is_set() const {
  return trusted_ || has_battery_clock() || is_synchronised();
}

void SystemClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                       MonotonicTime deadline) {
  if (deadline == MonotonicTime::max()) {
    changed.wait(lock);
  } else {
    changed.wait_until(lock, deadline);
  }
}

UtcTime ManualClock::utc() const {
  const std::lock_guard lock(mutex_);
  return utc_;
}

MonotonicTime ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

bool ManualClock::is_set() const {
  const std::lock_guard lock(mutex_);
  return is_set_;
}

void ManualClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                       MonotonicTime deadline) {
  decltype(waiting_)::iterator place;
  {
    const std::lock_guard own(mutex_);
    if (now_ >= deadline) return;
    place = waiting_.insert(&changed);
    waiting_changed_.notify_all();
  }
  // advance() may have come and gone between here and the wait; the short bound catches that.
  changed.wait_for(lock, milliseconds(20));
  const std::lock_guard own(mutex_);
  waiting_.erase(place);
}

void ManualClock::advance(milliseconds step) {
  const std::lock_guard lock(mutex_);
  utc_ += step;
  now_ += step;
  for (std::condition_variable* changed : waiting_) changed->notify_all();
}

void ManualClock::step_utc(milliseconds step) {
  const std::lock_guard lock(mutex_);
  utc_ += step;
}

void ManualClock::set_trust(bool is_set) {
  const std::lock_guard lock(mutex_);
  is_set_ = is_set;
}

void ManualClock::settle(std::size_t count) {
  std::unique_lock lock(mutex_);
  waiting_changed_.wait(lock, [&] { return waiting_.size() >= count; });
}

void append_iso8601(std::string& text, UtcTime time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  auto digits = std::to_array("0000-00-00T00:00:00.000Z");
  put_digits(digits, 0, 4, static_cast<int>(date.year()));
  put_digits(digits, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(digits, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(digits, 11, 2, clock.hours().count());
  put_digits(digits, 14, 2, clock.minutes().count());
  put_digits(digits, 17, 2, clock.seconds().count());
  put_digits(digits, 20, 3, clock.subseconds().count());
  text.append(digits.data(), digits.size() - 1);
}

std::string iso8601(UtcTime time) {
  std::string text;
  append_iso8601(text, time);
  return text;
}

std::optional<UtcTime> parse_time(std::string_view text, std::optional<minutes> default_offset) {
  const auto year_part = take_digits(text, 4);
  if (!year_part || !take(text, '-')) return std::nullopt;
  const auto month_part = take_digits(text, 2);
  if (!month_part || !take(text, '-')) return std::nullopt;
  const auto day_part = take_digits(text, 2);
  if (!day_part) return std::nullopt;
  const year_month_day date(year(*year_part), month(static_cast<unsigned>(*month_part)),
                            day(static_cast<unsigned>(*day_part)));
  if (!date.ok()) return std::nullopt;
  milliseconds of_day{0};
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    const auto hour_part = take_digits(text, 2);
    if (!hour_part || !take(text, ':')) return std::nullopt;
    const auto minute_part = take_digits(text, 2);
    if (!minute_part || *hour_part > 24 || *minute_part > 59) return std::nullopt;
    of_day = hours(*hour_part) + minutes(*minute_part);
    if (take(text, ':')) {
      const auto second_part = take_digits(text, 2);
      if (!second_part || *second_part > 60) return std::nullopt;
      of_day += seconds(*second_part);
      if (take(text, '.') || take(text, ',')) {
        int scale = 100;
        bool any = false;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
          of_day += milliseconds((text.front() - '0') * scale);
          scale /= 10;
          text.remove_prefix(1);
          any = true;
        }
        if (!any) return std::nullopt;
      }
    }
    if (of_day > hours(24)) return std::nullopt;
  }
  minutes offset{0};
  if (text.empty()) {
    if (!default_offset) return std::nullopt;
    offset = *default_offset;
  } else if (take(text, 'Z') || take(text, 'z')) {
    offset = minutes(0);
  } else {
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, '+') && !take(text, '-')) return std::nullopt;
    const auto offset_hours = take_digits(text, 2);
    if (!offset_hours || *offset_hours > 15) return std::nullopt;
    take(text, ':');
    const auto offset_minutes = text.empty() ? std::optional(0) : take_digits(text, 2);
    if (!offset_minutes || *offset_minutes > 59) return std::nullopt;
    offset = minutes(sign * (*offset_hours * 60 + *offset_minutes));
  }
  if (!text.empty()) return std::nullopt;
  return sys_days(date) + of_day - offset;
}

namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t length_ms;
};

// Longest first: "500ms" is no number of minutes and "10min" none of metres.
constexpr std::array<DurationUnit, 6> duration_units = {
    {{"min", 60'000}, {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !(number >= 0) || text.front() == '-') return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  const auto found = std::ranges::find(duration_units, unit, &DurationUnit::name);
  if (found == duration_units.end()) return std::nullopt;
  const double length_ms = number * static_cast<double>(found->length_ms);
  if (length_ms > 1e14) return std::nullopt;  // three thousand years are enough
  return milliseconds(std::llround(length_ms));
}

std::string duration_text(milliseconds duration) {
  constexpr std::array<DurationUnit, 4> from_longest = {
      {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}}};
  for (const DurationUnit& unit : from_longest) {
    if (duration.count() != 0 && duration.count() % unit.length_ms == 0) {
      return std::to_string(duration.count() / unit.length_ms).append(unit.name);
    }
  }
  return duration.count() == 0 ? "0s" : std::to_string(duration.count()) + "ms";
}

}  // namespace twinsky
