// SPDX-License-Identifier: Apache-2.0
// The files of the buses: there, open to the gateway's user, and nobody else's. What a kind of bus
// needs is in its descriptor.
#include "gateway/doctor/examination.hpp"
#include "gateway/text/shell_word.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

std::string about_bus(const BusSettings& bus) {
  return "bus " + bus.id + " (" + bus.address + ")";
}

// The lines of a Raspberry Pi's config.txt; none: it is another machine.
std::vector<std::string> boot_lines(const Machine& machine) {
  for (const char* file : {"/firmware/config.txt", "/config.txt"}) {
    auto lines = lines_of_file(machine.boot + file);
    if (!lines.empty()) return lines;
  }
  return {};
}

bool is_switched_off(const std::string& file, const BusNeeds& needs, const Machine& machine) {
  // A Raspberry Pi's own port; an adapter needs no switch (its documentation, "Configure UARTs").
  constexpr std::array<std::string_view, 3> own{"/dev/serial0", "/dev/ttyS0", "/dev/ttyAMA0"};
  const bool is_plugged_in = needs.has_one_user && std::ranges::find(own, file) == own.end();
  if (needs.boot_line.empty() || is_plugged_in) return false;
  const auto lines = boot_lines(machine);
  return !lines.empty() && std::ranges::none_of(lines, [&needs](std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.starts_with(needs.boot_line);
  });
}

bool is_module_missing(const BusNeeds& needs, const Machine& machine) {
  return !needs.device_class.empty() &&
         !fs::exists(fs::path(machine.sys) / "class" / needs.device_class);
}

// Those that there are, by their names.
std::vector<std::string> devices_like(const BusNeeds& needs, const Machine& machine) {
  constexpr std::string_view root = "/dev";
  const std::string pattern = machine.dev + std::string(needs.files.substr(
                                                root.size(), needs.files.size() - root.size() - 1));
  std::vector<std::string> found;
  std::error_code unknown;
  for (const auto& entry : fs::directory_iterator(fs::path(pattern).parent_path(), unknown)) {
    const std::string path = entry.path().string();
    if (path.starts_with(pattern)) found.push_back(path);
  }
  std::ranges::sort(found);
  return found;
}

Finding missing(const BusSettings& bus, const BusNeeds& needs, const Machine& machine) {
  if (is_switched_off(bus.address, needs, machine)) {
    return {"device_switched_off", about_bus(bus),
            "is not there, and the line " + std::string(needs.boot_line) +
                " that switches it on is not in config.txt",
            std::string(needs.switch_on) + " && sudo reboot"};
  }
  const std::string module(needs.module);
  if (is_module_missing(needs, machine)) {
    return {"module_missing", about_bus(bus),
            "is not there: the kernel's module " + module + " is not loaded",
            "echo " + module + " | sudo tee /etc/modules-load.d/" + module +
                ".conf && sudo modprobe " + module};
  }
  std::string others;
  for (const std::string& one : devices_like(needs, machine)) others += " " + one;
  return {"device_missing", about_bus(bus),
          others.empty() ? "is not there, nor is any other such as " + std::string(needs.files) +
                               ": is it plugged in?"
                         : "is not there; there are:" + others,
          "ls -l " + std::string(needs.files)};
}

std::string mend_of(const Denial& denial, const BusNeeds& needs, const Machine& machine) {
  if (!denial.group.empty() && denial.group != "root") {
    return "sudo usermod -aG " + denial.group + " " + shell_word(machine.user.name) +
           " && sudo systemctl restart twinsky";
  }
  // The rules that give such files to their group come with the package.
  return "sudo usermod -aG " + std::string(needs.group) + " " + shell_word(machine.user.name) +
         " && sudo udevadm control --reload && sudo udevadm trigger && sudo systemctl restart "
         "twinsky";
}

// The name of what is opened in the end: "ttyS0" of "/dev/serial0".
std::string device_name(const BusSettings& bus) {
  std::error_code unknown;
  return fs::canonical(bus.address, unknown).filename().string();
}

// systemd starts a login on a line again as often as it ends.
std::string mend_of_holder(const RunningProcess& process, const BusSettings& bus) {
  const std::string program =
      fs::path(process.command.substr(0, process.command.find(' '))).filename().string();
  if (!program.ends_with("getty")) return "sudo kill " + std::to_string(process.id);
  return "sudo systemctl disable --now serial-getty@" + shell_word(device_name(bus)) + ".service";
}

void look_for_holders(const BusSettings& bus, const struct stat& file, const Machine& machine,
                      Findings& findings) {
  for (const RunningProcess& process : holders_of(machine, file)) {
    if (process.is_gateway) continue;
    findings.push_back({"device_held", about_bus(bus), "is in use by " + text_of(process),
                        mend_of_holder(process, bus)});
  }
}

void look_for_console(const BusSettings& bus, const Machine& machine, Findings& findings) {
  if (!is_console(machine, bus.address)) return;
  findings.push_back({"serial_console", about_bus(bus),
                      "is the kernel's console, whose messages go to the sensor",
                      "sudo raspi-config nonint do_serial_cons 1 && sudo reboot"});
}

void look_at_device(const BusSettings& bus, const BusNeeds& needs, const Machine& machine,
                    Findings& findings) {
  struct stat file {};
  if (::stat(bus.address.c_str(), &file) != 0) {
    findings.push_back(missing(bus, needs, machine));
    return;
  }
  if (!S_ISCHR(file.st_mode)) {
    findings.push_back({"no_device", about_bus(bus),
                        "is no device, expected one such as " + std::string(needs.files),
                        "ls -l " + std::string(needs.files)});
    return;
  }
  if (const auto denial = denied(machine.user, bus.address, R_OK | W_OK)) {
    findings.push_back({"device_permission", about_bus(bus),
                        "is closed to the gateway: " + denial->why,
                        mend_of(*denial, needs, machine)});
  }
  if (!needs.has_one_user) return;
  look_for_holders(bus, file, machine, findings);
  look_for_console(bus, machine, findings);
}

// A file of our own in a device's place.
void look_at_recording(const BusSettings& bus, const Machine& machine, Findings& findings) {
  if (::access(bus.address.c_str(), F_OK) != 0) {
    findings.push_back(
        {"device_missing", about_bus(bus), "is not there", "ls -l " + shell_word(bus.address)});
  } else if (const auto denial = denied(machine.user, bus.address, R_OK)) {
    findings.push_back({"device_permission", about_bus(bus),
                        "is closed to the gateway: " + denial->why,
                        "sudo chmod a+r " + shell_word(bus.address)});
  }
}

Findings look_at_devices(const Patient& patient) {
  Findings findings;
  for (const BusSettings& bus : patient.config.buses) {
    if (!bus.info->needs.files.empty()) {
      look_at_device(bus, bus.info->needs, patient.machine, findings);
    } else if (bus.info->is_our_file) {
      look_at_recording(bus, patient.machine, findings);
    }
  }
  return findings;
}

}  // namespace

extern const Examination devices_examination = {
    .name = "devices", .place = 1, .look = look_at_devices};

}  // namespace twinsky
