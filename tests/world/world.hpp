// SPDX-License-Identifier: Apache-2.0
// The whole emulated world of one scenario, and the words that change it while it runs.
#pragma once

#include "agency_server.hpp"
#include "i2c_bus.hpp"
#include "loop.hpp"
#include "modbus_server.hpp"
#include "port.hpp"
#include "scenario.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace world {

class World {
 public:
  // Everything that it makes in the file system is in `directory`.
  World(Loop& loop, Scenario scenario, const std::string& directory, int http_port);

  // One JSON line: paths, addresses and the environment that a program needs to see the devices.
  [[nodiscard]] std::string description() const;
  // One command: "ok", a JSON line or "error: …".
  std::string execute(const std::string& line);

 private:
  // What a command will do; throws ScenarioError when it makes no sense here.
  using Action = std::function<std::string()>;
  Action action_of(const std::string& line);
  std::string offered();
  std::string written();
  Action plug(const std::string& subject, bool in);
  Action misbehave(const std::string& device, Misbehaviour misbehaviour);
  Action set_rate(const std::string& device, const std::string& frames_per_second);
  Action set_feed(const std::string& agency, const std::string& fault);
  Port* port_of(const std::string& subject);
  void schedule_faults();

  Loop& loop_;
  Scenario scenario_;
  std::string directory_;
  std::map<std::string, std::unique_ptr<Port>> ports_;
  std::map<std::string, std::unique_ptr<I2cBus>> buses_;
  std::unique_ptr<I2cAdapters> adapters_;
  std::map<std::string, std::unique_ptr<ModbusServer>> servers_;
  AgencyServer agencies_;
  struct Fault {
    std::chrono::milliseconds after;
    std::string command;
    Action action;
  };
  std::vector<Fault> faults_;  // in their order
  std::size_t faults_done_ = 0;
};

}  // namespace world
