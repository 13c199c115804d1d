// SPDX-License-Identifier: Apache-2.0
// Programs that take serial adapters for something else: ModemManager for modems, brltty for
// Braille displays. Both come with desktops, and both talk to a sensor or keep its port.
#include "gateway/doctor/examination.hpp"

#include <algorithm>
#include <sys/sysmacros.h>

namespace twinsky {
namespace {

// What udev knows of a USB adapter, by which ModemManager decides.
bool is_open_to_modem_manager(const BusSettings& bus, const Machine& machine) {
  struct stat file {};
  if (::stat(bus.address.c_str(), &file) != 0) return false;
  const auto known =
      lines_of_file(machine.run + "/udev/data/c" + std::to_string(major(file.st_rdev)) + ":" +
                    std::to_string(minor(file.st_rdev)));
  const auto says = [&known](std::string_view line) {
    return std::ranges::find(known, line) != known.end();
  };
  return says("E:ID_BUS=usb") && !says("E:ID_MM_DEVICE_IGNORE=1");
}

Findings look_for_intruders(const Patient& patient) {
  const Machine& machine = patient.machine;
  std::vector<const BusSettings*> ports;
  for (const BusSettings& bus : patient.config.buses) {
    if (bus.info->needs.has_one_user) ports.push_back(&bus);
  }
  if (ports.empty()) return {};
  Findings findings;
  for (const RunningProcess& process : processes_named(machine, "brltty")) {
    findings.push_back(
        {"brltty", text_of(process),
         "takes USB serial adapters for Braille displays, and a sensor's port is gone then",
         "sudo systemctl mask --now brltty-udev.service brltty.service && sudo kill " +
             std::to_string(process.id)});
  }
  for (const RunningProcess& process : processes_named(machine, "ModemManager")) {
    for (const BusSettings* bus : ports) {
      if (!is_open_to_modem_manager(*bus, machine)) continue;
      findings.push_back({"modem_manager", "bus " + bus->id + " (" + bus->address + ")",
                          "is asked by " + text_of(process) +
                              " whether it is a modem, which a sensor takes for commands",
                          "sudo systemctl disable --now ModemManager"});
    }
  }
  return findings;
}

}  // namespace

extern const Examination intruders_examination = {
    .name = "other programs", .place = 2, .look = look_for_intruders};

}  // namespace twinsky
