// SPDX-License-Identifier: Apache-2.0
// The memory of a sensor's checks: what the store has of its last hours. It is read on a thread of
// its own, for which a bus waits a moment only: where the disk does not answer, the checks begin
// without a memory and the bus goes on.
#pragma once

#include "gateway/checks/stream_checks.hpp"
#include "gateway/store/store.hpp"
#include "gateway/system/stage.hpp"

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace twinsky {

struct Recalled {
  StreamChecks checks;
  bool is_before_set = false;  // the newest sample was stamped by a clock that was set
};

class Recall final : public Stage {
 public:
  // Calls `each` with the samples of a stream since a time, oldest first; may wait for the disk.
  using Read = std::function<void(StreamId stream, UtcTime since,
                                  const std::function<void(const StoredRow&)>& each)>;
  Recall(Read read, Clock& clock);
  ~Recall() override;

  // `fresh` checks with their memory, or as they are when that does not come in time. Any thread.
  [[nodiscard]] Recalled of(StreamId stream, const StreamChecks& fresh);

  [[nodiscard]] std::string name() const override { return "memory of checks"; }
  void request_stop() override {}  // it is short, or waits for what nobody can stop
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string waits_for() const override { return "the disk"; }
  [[nodiscard]] GuardStatus guard_status() const override { return {}; }

 private:
  struct Job {
    std::unique_ptr<Recalled> recalled;  // when it is done, unless the disk is in trouble
    bool is_present = false;             // its thread takes part in a rehearsal
    bool is_late = false;                // nobody waits for it any more
    bool is_done = false;
    std::jthread thread;
  };
  void run(Job& job, StreamId stream, StreamChecks fresh);
  [[nodiscard]] std::unique_ptr<Recalled> remembered(StreamId stream, StreamChecks fresh) const;

  const Read read_;
  Clock& clock_;
  std::mutex one_at_a_time_;  // held while the disk is read
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Job> jobs_;  // guarded by mutex_
};

}  // namespace twinsky
