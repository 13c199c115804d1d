// SPDX-License-Identifier: Apache-2.0
// Which of the configuration's warning modes hold: an official warning that one of them names comes
// into force, and sensors are read more often, samples put on disk sooner and kept longer, until it
// is over. What holds is remembered, so that a restart in the middle of a storm goes on in it until
// the source is heard again. Any thread.
#pragma once

#include "gateway/acquire/intake.hpp"
#include "gateway/config/config.hpp"
#include "gateway/sinks/snapshot.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {

class WarningWatch {
 public:
  // All outlive it.
  WarningWatch(const Config& config, Store& store, Intake& intake, Clock& clock, Log& log);

  // Goes on in what is remembered; later also where a new configuration has other modes.
  void follow(const Config& config);
  // The warnings of a feed are others than before; null: they are not known any more.
  void take(std::string_view feed, const std::vector<Warning>* in_force);
  // Gives up what is only remembered of a source that stays silent.
  void look();

  // Those that hold, by their ids.
  [[nodiscard]] std::vector<WarningModeSnapshot> holding() const;

 private:
  using Modes = std::map<std::string, WarningModeSnapshot>;  // by id

  // These want mutex_ held.
  [[nodiscard]] std::optional<WarningModeSnapshot> held(const WarningMode& mode) const;
  void remember();
  void settle();
  void set_pace();

  Store& store_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;
  mutable std::mutex mutex_;
  std::vector<WarningMode> modes_;  // guarded by mutex_, as all below
  StoreSettings usual_;
  // Of feeds that were heard: names of warnings by their codes.
  std::map<std::string, std::map<std::string, std::string>, std::less<>> in_force_;
  Modes holding_;
  Modes remembered_;  // from before a restart
  MonotonicTime believed_until_;
};

}  // namespace twinsky
