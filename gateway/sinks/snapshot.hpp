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

// An open stream: of a sensor, of one of its channels, of an official station, of an index.
struct StreamSnapshot {
  struct Value {
    Latest latest;
    std::optional<UtcTime> start = {};  // of an official value's interval
  };
  std::vector<Column> columns;
  milliseconds period{0};
  std::vector<Value> values;             // newest of each quantity, with flag, fault and time
  std::optional<milliseconds> age = {};  // since the newest of them came; nullopt: none yet
  std::string members = {};              // of the newest official record, as JSON members
  // Of a sensor:
  std::string state = {};    // as its topic `status` says; empty: it has not spoken yet
  std::string trouble = {};  // why it is not `online`, in words
  std::string silence = {};  // the cause of samples that are missing now; empty: none are
};

struct ComparisonSnapshot {
  std::string verdict;
  std::string summary;  // one line
};

// A warning mode of the configuration that holds, and the warning for which it does.
struct WarningModeSnapshot {
  std::string id;
  std::string feed;
  std::string code;
  std::string name;  // of the warning, as its issuer writes it; may be empty
  UtcTime since{};   // when the mode came to hold
  bool operator==(const WarningModeSnapshot&) const = default;
};

struct Snapshot {
  UtcTime time{};
  UtcTime started{};
  bool is_clock_set = false;
  StoreStatus store;                            // rows, outboxes, ledger sums, what the disk does
  std::optional<milliseconds> commit_age = {};  // since rows were committed last, in this run
  std::map<std::string, SinkStatus> sinks;
  std::map<std::string, SensorCounters> sensors;
  std::map<std::string, StreamSnapshot> streams;  // by name: "sensor/roof-pm"
  std::map<std::string, FeedCounters> feeds;
  std::map<std::string, ComparisonSnapshot> comparisons;  // by topic; of those that were made
  std::vector<WarningModeSnapshot> modes = {};            // that hold
  std::map<std::string, GuardStatus> stages;  // by name: what was thrown in their threads
};

}  // namespace twinsky
