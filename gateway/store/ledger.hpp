// SPDX-License-Identifier: Apache-2.0
// The audited list of gaps: what could not be kept, why, from when to when, and how many.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <string>

namespace twinsky {

struct LedgerRow {
  std::string cause;   // gateway_off, queue_full, age, size, disk_full, disk_fault, refused,
                       // salvage, not_shown, sink_removed, sink_closed, not_allowed, or the fault
                       // that silenced a sensor or feed
  std::string stream;  // "sensor/roof-pm"; "*" for all
  UtcTime start{};     // of the first sample that is missing
  UtcTime end{};
  std::uint64_t count = 0;
  bool estimated = true;        // counted, or reckoned from the sensor's period?
  std::string sink;             // gone for this sink only; empty: gone from the store
  std::uint64_t first_seq = 0;  // where the samples had numbers already; 0: they had none
  std::uint64_t last_seq = 0;
  std::string epoch;  // that these numbers are of; empty: they had none
};

// `{"cause":"no_response","stream":"sensor/roof-pm","start":"…Z","end":"…Z","count":12,…}`
std::string ledger_body(const LedgerRow& row);

}  // namespace twinsky
