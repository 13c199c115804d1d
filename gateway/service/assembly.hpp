// SPDX-License-Identifier: Apache-2.0
// The running gateway: its stages, wired in the order of the flow, and the transaction that changes
// them to another configuration. Main loop only.
#pragma once

#include "gateway/acquire/follower.hpp"
#include "gateway/acquire/official_indices.hpp"
#include "gateway/acquire/own_indices.hpp"
#include "gateway/acquire/poller.hpp"
#include "gateway/acquire/warning_watch.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/config/difference.hpp"
#include "gateway/hours/hourly.hpp"
#include "gateway/model/attested_clock.hpp"
#include "gateway/page/server.hpp"
#include "gateway/page/sources.hpp"
#include "gateway/service/control.hpp"
#include "gateway/service/overview.hpp"
#include "gateway/sinks/sink.hpp"
#include "gateway/sinks/snapshot.hpp"
#include "gateway/store/store.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
  BusMaker bus_maker = make_bus;
  const char* runtime_directory = nullptr;  // that the service manager gave us
};

class Assembly {
 public:
  // Opens the store. Throws StoreError.
  Assembly(Config config, Surroundings surroundings);
  ~Assembly();
  // Starts everything, once. What it throws leaves a part running: stop() ends that as well.
  void start();

  [[nodiscard]] const Config& config() const { return config_; }

  // Goes over to another configuration, or refuses it as a whole and says why. What is the same in
  // both goes on undisturbed. Nothing is waited for: what has to end first is put aside, and tick()
  // starts its successor when it has.
  std::vector<Problem> apply(Config next);
  // Is something about to leave its place to a successor? Then tick() soon.
  [[nodiscard]] bool is_changing() const;
  // A configuration that could not even be read: the running one stays, and says so.
  void refuse(const std::vector<Problem>& problems);

  // About once a second: states that have grown old, health, the clock's transition.
  void tick();
  // Has the writer shown a sign of life lately?
  [[nodiscard]] bool is_alive() const;
  // As of the last `health`: "6 sensors, 0 records waiting".
  [[nodiscard]] const std::string& summary() const { return summary_; }
  // Of the main loop's turns; `health` shows it with the others.
  [[nodiscard]] Guard& guard() { return guard_; }
  // How everything is, out of memory.
  [[nodiscard]] Snapshot snapshot() const;
  // The same for people, with what is wrong and what to do about it.
  [[nodiscard]] Overview overview() const;
  // As of the last tick; that may be read by any thread.
  [[nodiscard]] const PublishedOverview& published_overview() const { return published_overview_; }

  // Stops in the order of the promise: polling, last commit, `offline`, cursors. Names the stages
  // that had not ended at `deadline`; then the process must be left without destructors.
  std::vector<std::string> stop(MonotonicTime deadline);

 private:
  struct RunningBus {
    std::unique_ptr<Poller> poller;
    std::string place;
  };
  // A stage that was asked to stop while the others go on.
  struct Leaving {
    std::unique_ptr<Stage> stage;
    std::string place;           // that no other may have meanwhile: a port, a sink's id
    MonotonicTime since{};       // of network_clock_, as the next
    MonotonicTime held_until{};  // at the latest
    std::function<void()> let_go;
    bool is_held = true;
  };
  void put_aside(std::unique_ptr<Stage> stage, std::string place, MonotonicTime held_until,
                 std::function<void()> let_go);
  [[nodiscard]] bool is_held(std::string_view place) const;
  void let_go_of_what_has_ended();
  void start_what_may();
  void start_bus(const BusSettings& bus);
  void start_sink(const SinkSettings& settings);
  void start_page();
  void restart_page();
  void publish();
  [[nodiscard]] PageSources page_sources();
  void catch_up_with_sinks();
  bool take_over(const SinkSettings& sink);
  bool take_out(const std::string& sink, std::string_view cause);
  void remember_closed_sinks();
  void apply_to_buses(const Difference& change, const std::set<std::string>& streams_before);
  void apply_to_sinks(const Difference& change);
  void close_streams_of_no_sensor(const std::set<std::string>& streams);
  void end_sink(const std::string& id);
  void know_hourly_streams();
  void declare_topics();
  [[nodiscard]] std::optional<HourlyStream> hourly_stream(std::string_view name) const;
  void post_info();
  void post_health();
  void tell_when_all_is_well(const Overview& now);
  void wake_sinks();
  [[nodiscard]] std::vector<Stage*> makers_of_samples() const;
  [[nodiscard]] std::vector<const Stage*> stages() const;
  void take_up_store();

  Config config_;
  Clock& clock_;
  Clock& network_clock_;
  Log& log_;
  Guard guard_;
  const UtcTime started_;
  const std::string boot_id_;
  const std::string remark_;
  const BusMaker bus_maker_;
  const std::string control_path_;
  std::unique_ptr<Fetcher> fetcher_;  // until the follower has it
  Store store_;
  std::atomic<MonotonicTime> committed_at_{MonotonicTime{}};  // rows, last
  LatestValues latest_values_;
  Bulletin bulletin_;
  Audit audit_;
  Intake intake_;
  const IndexCatalogue catalogue_;
  OfficialIndices indices_;
  OwnIndices own_indices_;
  std::optional<WarningWatch> warnings_;         // once it is known what was before the restart
  std::optional<OverviewMaker> overview_maker_;  // of the present configuration
  PublishedOverview published_overview_;
  std::unique_ptr<ControlSocket> control_;
  mutable std::mutex sinks_mutex_;
  std::map<std::string, std::unique_ptr<Sink>> sinks_;  // guarded by sinks_mutex_
  mutable std::mutex hourly_mutex_;
  Zone zone_;  // of local days; guarded by hourly_mutex_
  std::map<std::string, HourlyStream, std::less<>> hourly_streams_;  // guarded by hourly_mutex_
  std::unique_ptr<Hourly> hourly_;
  std::unique_ptr<Comparer> comparer_;
  std::map<std::string, RunningBus> buses_;  // by id
  std::unique_ptr<Follower> follower_;
  mutable std::mutex shown_mutex_;
  std::shared_ptr<const Config> shown_config_;      // guarded by shown_mutex_
  std::shared_ptr<const Snapshot> shown_snapshot_;  // guarded by shown_mutex_
  std::unique_ptr<PageServer> page_;                // nullptr: none
  std::vector<Leaving> leaving_;
  bool has_store_;
  std::string posted_epoch_;
  MonotonicTime health_due_{};
  std::string summary_ = "starting";
  bool is_all_well_ = false;  // and said so
  bool clock_was_set_;
};

}  // namespace twinsky
