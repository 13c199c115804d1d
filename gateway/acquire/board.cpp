// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/board.hpp"

namespace twinsky {
namespace {

constexpr milliseconds nearby_age = std::chrono::minutes(10);

bool is_good(const Reading& reading) {
  return reading.value && reading.flag != Flag::fail && reading.flag != Flag::suspect;
}

}  // namespace

void Board::put(std::string_view stream, const Sample& sample, std::string_view channel) {
  const std::lock_guard lock(mutex_);
  auto found = streams_.find(stream);
  if (found == streams_.end()) found = streams_.emplace(stream, Stream{}).first;
  for (const Reading& reading : sample.readings) {
    if (reading.channel != channel) continue;
    Latest& latest = found->second[reading.quantity];
    if (latest.time > sample.time) continue;
    latest = {.reading = reading, .time = sample.time};
  }
}

void Board::remove(std::string_view stream) {
  const std::lock_guard lock(mutex_);
  if (const auto found = streams_.find(stream); found != streams_.end()) streams_.erase(found);
}

std::vector<Latest> Board::latest(std::string_view stream) const {
  std::vector<Latest> all;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return all;
  all.reserve(found->second.size());
  for (const auto& [quantity, latest] : found->second) all.push_back(latest);
  return all;
}

std::optional<double> Board::nearby(
    Quantity quantity, UtcTime now,
    const std::function<bool(std::string_view stream)>& counts) const {
  const Latest* newest = nullptr;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, stream] : streams_) {
    if (!name.starts_with("sensor/")) continue;  // official values are from elsewhere
    const auto found = stream.find(quantity);
    if (found == stream.end() || !is_good(found->second.reading)) continue;
    if (newest != nullptr && found->second.time <= newest->time) continue;
    if (!counts || counts(name)) newest = &found->second;
  }
  if (newest == nullptr || newest->time + nearby_age < now) return std::nullopt;
  return newest->reading.value;
}

}  // namespace twinsky
