// SPDX-License-Identifier: Apache-2.0
// One thread per bus: it opens the bus, starts its sensors, polls each when it is due, enforces
// warm-up and duty cycle, backs off from what is silent, and hands samples to the intake. The
// thread is the bus's arbitration: only one device is talked to at a time.
#pragma once

#include "gateway/acquire/intake.hpp"
#include "gateway/config/config.hpp"
#include "gateway/system/stage.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace twinsky {

// How the poller gets its bus; tests put their own in its place.
using BusMaker = std::function<std::unique_ptr<Bus>(const BusSettings&, BusSurroundings)>;

class Poller final : public Stage {
 public:
  // Starts the thread at once. The streams of the sensors are opened in the intake by it.
  Poller(const BusSettings& bus, std::vector<SensorSettings> sensors, Intake& intake,
         const LatestValues& latest_values, Clock& clock, Log& log,
         const BusMaker& bus_maker = make_bus);
  // Stops polling, puts devices that can sleep to sleep, closes the bus.
  ~Poller() override;

  // Changes sensors while the others go on undisturbed: those of `removed` end, those of `changed`
  // start anew (or for the first time). Takes effect between two polls.
  void change(std::vector<SensorSettings> changed, std::vector<std::string> removed);

  [[nodiscard]] std::string name() const override;
  // Asks the thread to end; the destructor waits for it.
  void request_stop() override;
  // Has it ended? (So that a stop does not wait for a device that hangs.)
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string waits_for() const override { return "its device"; }
  [[nodiscard]] GuardStatus guard_status() const override;

  [[nodiscard]] std::map<std::string, SensorCounters> counters() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

// The streams that a sensor publishes: its own and one for each further channel.
std::vector<StreamDescription> streams_of(const SensorSettings& sensor);

}  // namespace twinsky
