// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/latest_values.hpp"

namespace twinsky {
namespace {

constexpr milliseconds nearby_age = std::chrono::minutes(10);

bool is_good(const Reading& reading) {
  return reading.value && reading.flag != Flag::fail && reading.flag != Flag::suspect;
}

}  // namespace

void LatestValues::put(std::string_view stream, const Sample& sample, MonotonicTime came,
                       std::string_view channel) {
  const std::lock_guard lock(mutex_);
  auto found = streams_.find(stream);
  if (found == streams_.end()) found = streams_.emplace(stream, Stream{}).first;
  for (const Reading& reading : sample.readings) {
    if (reading.channel != channel) continue;
    Kept& kept = found->second[reading.quantity];
    const bool is_older = sample.official ? kept.latest.time > sample.time : kept.came > came;
    if (is_older) continue;
    kept = {.latest = {.reading = reading, .time = sample.time}, .came = came};
    if (sample.official) kept.start = sample.official->start;
  }
}

void LatestValues::remove(std::string_view stream) {
  const std::lock_guard lock(mutex_);
  if (const auto found = streams_.find(stream); found != streams_.end()) streams_.erase(found);
}

std::vector<LatestValues::Kept> LatestValues::latest(std::string_view stream) const {
  std::vector<Kept> all;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return all;
  all.reserve(found->second.size());
  for (const auto& [quantity, kept] : found->second) all.push_back(kept);
  return all;
}

std::optional<double> LatestValues::nearby(
    Quantity quantity, MonotonicTime now,
    const std::function<bool(std::string_view stream)>& counts) const {
  const Kept* newest = nullptr;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, stream] : streams_) {
    if (!name.starts_with("sensor/")) continue;  // official values are from elsewhere
    const auto found = stream.find(quantity);
    if (found == stream.end() || !is_good(found->second.latest.reading)) continue;
    if (newest != nullptr && found->second.came <= newest->came) continue;
    if (!counts || counts(name)) newest = &found->second;
  }
  if (newest == nullptr || newest->came + nearby_age < now) return std::nullopt;
  return newest->latest.reading.value;
}

}  // namespace twinsky
