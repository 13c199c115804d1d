// SPDX-License-Identifier: Apache-2.0
// The audit log: what was sent where, when, under which rule. Sinks count into memory; a thread of
// its own writes the sums to a file beside the store, once a minute and at the end, so that a slow
// or full disk holds up nobody.
#pragma once

#include "gateway/sinks/audit_file.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace twinsky {

class Audit final : public Stage {
 public:
  // `keep`: lines older than this go.
  // A day ends at the midnight of `zone`.
  Audit(std::string file, milliseconds keep, Clock& clock, Log& log, Zone zone = {});

  // Messages have arrived (QoS 1) or were sent (QoS 0). Any thread; never waits for the disk.
  void count(const AuditView& key, const AuditSums& sums);
  void set_keep(milliseconds keep) { keep_ = keep; }
  // Of the days that are made from now on.
  void set_zone(Zone zone);

  // The thread writes what has been counted and ends.
  void request_stop() override { thread_.request_stop(); }
  [[nodiscard]] bool has_stopped() const override { return has_stopped_; }
  [[nodiscard]] std::string name() const override { return "audit"; }
  [[nodiscard]] std::string waits_for() const override { return "the disk"; }
  [[nodiscard]] GuardStatus guard_status() const override { return guard_.status(); }

 private:
  void run(const std::stop_token& stop);
  void write();
  void fold();
  void tell(const std::string& problem);

  const std::string file_;
  std::atomic<milliseconds> keep_;
  Clock& clock_;
  Log& log_;
  Guard guard_;

  // The thread's own.
  UtcTime written_until_;
  MonotonicTime fold_due_ = MonotonicTime::min();
  bool is_in_trouble_ = false;

  std::mutex mutex_;
  Zone zone_;           // guarded by mutex_
  AuditTable counted_;  // guarded by mutex_
  std::atomic<bool> has_stopped_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace twinsky
