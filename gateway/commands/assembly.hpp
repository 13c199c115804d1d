// SPDX-License-Identifier: Apache-2.0
// The running gateway: its stages, wired in the order of the flow, and the transaction that changes
// them to another configuration. Main loop only.
#pragma once

#include "gateway/acquire/follower.hpp"
#include "gateway/acquire/official_indices.hpp"
#include "gateway/acquire/own_indices.hpp"
#include "gateway/acquire/poller.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/config/difference.hpp"
#include "gateway/model/attested_clock.hpp"
#include "gateway/publish/sink.hpp"
#include "gateway/quality/hourly.hpp"
#include "gateway/store/store.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct Surroundings {
  Clock& clock;
  Clock& network_clock;  // of brokers: the system's, in a rehearsal too
  std::unique_ptr<Fetcher> fetcher;
  Log& log;
  AttestedClock* attested_clock = nullptr;  // learns what the store remembers
  std::string remark = {};  // what subscribers must know of this run; goes with its first event
};

class Assembly {
 public:
  // Opens the store and starts everything. Throws StoreError.
  Assembly(Config config, Surroundings surroundings);
  ~Assembly();

  [[nodiscard]] const Config& config() const { return config_; }

  // Goes over to another configuration, or refuses it as a whole and says why. What is the same in
  // both goes on undisturbed.
  std::vector<Problem> apply(Config next);
  // A configuration that could not even be read: the running one stays, and says so.
  void refuse(const std::vector<Problem>& problems);

  // About once a second: states that have grown old, health, the clock's transition.
  void tick();
  // Has the writer shown a sign of life lately?
  [[nodiscard]] bool is_alive() const;
  // As of the last `health`: "6 sensors, 0 records waiting".
  [[nodiscard]] const std::string& summary() const { return summary_; }

  // Stops in the order of the promise: polling, last commit, `offline`, cursors. Names the threads
  // that had not ended at `deadline`; then the process must be left without destructors.
  std::vector<std::string> stop(MonotonicTime deadline);

 private:
  void start_bus(const BusSettings& bus);
  void start_sinks(const std::vector<SinkSettings>& sinks);
  void settle_sinks();
  void take_over(const SinkSettings& sink);
  bool take_out(const std::string& sink, std::string_view cause);
  void apply_to_buses(const Difference& change);
  void apply_to_sinks(const Difference& change);
  void end_sink(const std::string& id);
  void know_hourly_streams();
  void declare_topics();
  [[nodiscard]] std::optional<HourlyStream> hourly_stream(std::string_view name) const;
  void post_info();
  void post_health();
  void wake_sinks();
  void take_up_store();

  Config config_;
  Clock& clock_;
  Clock& network_clock_;
  Log& log_;
  const UtcTime started_;
  const std::string boot_id_;
  Store store_;
  Board board_;
  Bulletin bulletin_;
  Audit audit_;
  Intake intake_;
  const IndexCatalogue catalogue_;
  OfficialIndices indices_;
  OwnIndices own_indices_;
  std::mutex sinks_mutex_;
  std::map<std::string, std::unique_ptr<Sink>> sinks_;  // guarded by sinks_mutex_
  std::vector<std::unique_ptr<Sink>> left_behind_;      // did not end when they were changed
  mutable std::mutex hourly_mutex_;
  std::map<std::string, HourlyStream, std::less<>> hourly_streams_;  // guarded by hourly_mutex_
  std::unique_ptr<Hourly> hourly_;
  std::unique_ptr<Comparer> comparer_;
  std::map<std::string, std::unique_ptr<Poller>> pollers_;  // by bus
  std::unique_ptr<Follower> follower_;
  bool has_store_;
  std::string posted_epoch_;
  MonotonicTime health_due_{};
  std::string summary_ = "starting";
  bool clock_was_set_;
};

}  // namespace twinsky
