// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/hj212_minutes.hpp"

#include "gateway/hours/hour.hpp"

#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// An interval is over when the stream has a sample of so much later, or when by the clock it has
// been over for so long and nothing more has come for a while: a store commits once a minute at the
// latest.
constexpr milliseconds later_by = 1min;
constexpr milliseconds over_for = 90s;
constexpr milliseconds quiet_for = 3s;
// Of a stream, for what comes late.
constexpr std::size_t intervals_kept = 2;

}  // namespace

UtcTime Hj212Minutes::start_of(UtcTime time) const {
  const milliseconds since = time.time_since_epoch();
  return UtcTime(since - (since % interval_ + interval_) % interval_);
}

void Hj212Minutes::start() {
  for (auto& [name, stream] : streams_) {
    for (auto& [start, interval] : stream.intervals) interval.held.reset();
  }
}

bool Hj212Minutes::add(Hj212Sample sample, Place place, MonotonicTime now) {
  Stream& stream = streams_[sample.stream];
  const UtcTime start = start_of(sample.time);
  const bool is_known = stream.intervals.contains(start);
  if (!is_known && stream.intervals.size() >= intervals_kept &&
      start < stream.intervals.begin()->first) {
    ++late_;
    return false;
  }
  Interval& interval = stream.intervals[start];
  if (interval.samples.try_emplace(sample.seq, Kept{sample.time, std::move(sample.readings)})
          .second) {
    interval.samples.erase(sample.amends);
    interval.is_told = false;
    stream.changed_at = now;
    stream.newest = std::max(stream.newest, sample.time);
  }
  // Told ones make room.
  for (auto each = stream.intervals.begin();
       each != stream.intervals.end() && stream.intervals.size() > intervals_kept;) {
    const bool goes = each->second.is_told && each->first != start;
    each = goes ? stream.intervals.erase(each) : std::next(each);
  }
  if (interval.is_told || interval.held) return false;
  interval.held = place;
  return true;
}

const Hj212Minutes::Kept* Hj212Minutes::find(const Hj212Sample& sample) const {
  const auto stream = streams_.find(sample.stream);
  if (stream == streams_.end()) return nullptr;
  const auto interval = stream->second.intervals.find(start_of(sample.time));
  if (interval == stream->second.intervals.end()) return nullptr;
  const auto kept = interval->second.samples.find(sample.seq);
  return kept == interval->second.samples.end() ? nullptr : &kept->second;
}

bool Hj212Minutes::has_arrived(const Hj212Sample& sample) const {
  const Kept* const kept = find(sample);
  return kept != nullptr && kept->has_arrived;
}

void Hj212Minutes::arrived(const Hj212Sample& sample) {
  if (find(sample) == nullptr) return;
  streams_.at(sample.stream)
      .intervals.at(start_of(sample.time))
      .samples.at(sample.seq)
      .has_arrived = true;
}

bool Hj212Minutes::is_over(const Stream& stream, UtcTime start, UtcTime utc,
                           MonotonicTime now) const {
  const UtcTime end = start + interval_;
  if (stream.newest >= end + later_by) return true;
  return utc >= end + over_for && now >= stream.changed_at + quiet_for;
}

std::optional<Hj212Minute> Hj212Minutes::take(UtcTime utc, MonotonicTime now) {
  for (const auto& [name, stream] : streams_) {
    for (const auto& [start, interval] : stream.intervals) {
      if (!interval.is_told && is_over(stream, start, utc, now)) {
        return made_of(name, start, interval);
      }
    }
  }
  return std::nullopt;
}

std::vector<Place> Hj212Minutes::done(const Hj212Minute& minute) {
  Interval& interval = streams_.at(minute.stream).intervals.at(minute.start);
  interval.is_told = true;
  std::vector<Place> places;
  if (const auto held = std::exchange(interval.held, std::nullopt)) places.push_back(*held);
  return places;
}

std::vector<Hj212Minute> Hj212Minutes::rest() const {
  std::vector<Hj212Minute> minutes;
  for (const auto& [name, stream] : streams_) {
    for (const auto& [start, interval] : stream.intervals) {
      if (!interval.is_told) minutes.push_back(made_of(name, start, interval));
    }
  }
  return minutes;
}

Hj212Minute Hj212Minutes::made_of(const std::string& name, UtcTime start,
                                  const Interval& interval) const {
  HourBuilder builder;
  for (const auto& [seq, kept] : interval.samples) builder.add(kept.time, kept.readings);
  Hj212Minute minute{.stream = name, .start = start, .groups = {}};
  for (const HourBuilder::Part& part : builder.finish(0)) {
    const FrameFactor* const factor = factor_of(factors_, part.quantity);
    if (factor == nullptr || !part.hour.value) continue;
    std::string group;
    language_->append_value(group, *factor, "Avg", *part.hour.value);
    if (part.hour.minimum) language_->append_value(group, *factor, "Min", *part.hour.minimum);
    if (part.hour.maximum) language_->append_value(group, *factor, "Max", *part.hour.maximum);
    if (!minute.groups.empty()) minute.groups += ';';
    minute.groups.append(group).append(",").append(factor->code).append("-Flag=N");
  }
  return minute;
}

}  // namespace twinsky
