// SPDX-License-Identifier: Apache-2.0
// What the gateway knows of itself at one moment, out of memory: nobody who makes or reads one
// waits for a disk, a device or a network. `health` is a view of it.
#pragma once

#include "gateway/sinks/documents.hpp"
#include "gateway/system/guard.hpp"

#include <map>
#include <string>
#include <vector>

namespace twinsky {

struct SensorSnapshot {
  std::vector<Latest> latest;       // newest reading of each quantity, with flag, fault and time
  std::optional<milliseconds> age;  // of the newest of them; nullopt: none yet
  SensorCounters counters;
};

struct Snapshot {
  UtcTime time{};
  UtcTime started{};
  bool is_clock_set = false;
  StoreStatus store;  // rows, outboxes, ledger sums, what the disk does
  std::map<std::string, SinkStatus> sinks;
  std::map<std::string, SensorSnapshot> sensors;
  std::map<std::string, FeedCounters> feeds;
  std::map<std::string, std::string> comparisons;  // one line on each, by topic
  std::map<std::string, GuardStatus> stages;       // by name: what was thrown in their threads
};

}  // namespace twinsky
