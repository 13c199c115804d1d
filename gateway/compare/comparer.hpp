// SPDX-License-Identifier: Apache-2.0
// Keeps the validation records up to date. Each is made anew from the stored hours when an hour is
// over, and when an hour or an official value of its two sides came late or was revised; nothing is
// carried from one evaluation to the next but its number.
#pragma once

#include "gateway/compare/comparison.hpp"
#include "gateway/sinks/snapshot.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Where records go.
struct ComparisonOutlet {
  std::function<void(std::string topic, std::string payload)> post;
  std::function<void(std::string_view topic)> withdraw;
  std::function<void(std::string_view event, std::string_view subject, std::string_view message)>
      announce;
};

// The work without the thread. One thread.
class ComparisonMaker {
 public:
  ComparisonMaker(Store& store, Clock& clock, std::string notes_file, ComparisonOutlet outlet);

  // The comparisons from now on; records of others are withdrawn, of an earlier run too.
  void configure(std::vector<Comparison> comparisons, const std::string& config_hash);
  // Makes the records that may have changed since, of what is committed.
  void step(const std::stop_token& stop = {});
  [[nodiscard]] std::map<std::string, ComparisonSnapshot> summaries() const;

 private:
  struct Stamp {  // as long as it is the same a record stays as it is
    std::uint64_t sensor = 0;
    std::uint64_t reference = 0;
    std::uint64_t surroundings = 0;  // humidity, temperature, the stations around
    UtcTime hour{};
    bool operator==(const Stamp&) const = default;
  };
  struct Kept {
    Comparison comparison;
    std::optional<Stamp> stamp;
    HourStart window_end{};
    int revision = 0;
    std::string content;             // what was published, less what changes with every evaluation
    std::optional<Verdict> verdict;  // of the evaluation before
    std::string summary;             // one line on it
    bool is_far = false;             // from the stations around
    bool is_warm = false;            // in its own heat
    std::vector<std::string> neighbours;  // streams
  };

  void take_up(Kept& kept) const;
  void look_at_notes();
  void look_around();
  void look_at_units();
  [[nodiscard]] Stamp stamp_of(const Kept& kept) const;
  [[nodiscard]] std::optional<Commissioning> commissioning(const Comparison& comparison);
  void make(Kept& kept);
  void announce_changes(Kept& kept, const ComparisonRecord& record,
                        const std::optional<NeighbourCheck>& neighbours) const;

  Store& store_;
  Clock& clock_;
  const std::string notes_file_;
  const ComparisonOutlet outlet_;
  const RecordWriter writer_;
  const std::unique_ptr<StoreReader> reader_;
  std::string config_hash_;
  std::vector<Kept> kept_;
  std::vector<Note> notes_;
  std::filesystem::file_time_type notes_time_{};
  std::uintmax_t notes_size_ = 0;
  std::optional<UtcTime> looked_around_;  // the hour
  bool are_units_known_ = false;
};

class Comparer final : public Stage {
 public:
  Comparer(Store& store, const Config& config, ComparisonOutlet outlet, Clock& clock, Log& log);
  ~Comparer() override;

  void change(const Config& config);
  [[nodiscard]] std::string name() const override { return "comparisons"; }
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string waits_for() const override { return "the store"; }
  [[nodiscard]] GuardStatus guard_status() const override;
  // By topic; of those that were made.
  [[nodiscard]] std::map<std::string, ComparisonSnapshot> summaries() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

// What the store remembers of the comparisons: for the commands, beside a daemon.
struct RememberedComparison {
  std::string topic;
  int revision = 0;
  std::string summary;  // one line
  std::string record;   // as published
};
std::vector<RememberedComparison> read_comparisons(const std::string& store_path);

}  // namespace twinsky
