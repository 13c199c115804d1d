// SPDX-License-Identifier: Apache-2.0
// The supply of a Raspberry Pi, which says itself when it is too low. SD cards lose data then, and
// USB sensors their bearings.
#include "gateway/doctor/examination.hpp"

#include <charconv>
#include <filesystem>

namespace twinsky {
namespace {

constexpr unsigned low_now = 1U << 0U;
constexpr unsigned low_since_boot = 1U << 16U;
constexpr std::string_view of_supply =
    ": take a supply of 5.1 V and 3 A with a short cable, and look again";

// The firmware's flags: "50005"; nothing: it is another machine.
std::optional<unsigned> throttled(const Machine& machine) {
  std::string text = text_of_file(machine.sys + "/devices/platform/soc/soc:firmware/get_throttled");
  if (text.starts_with("0x")) text.erase(0, 2);
  unsigned flags = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), flags, 16);
  if (problem != std::errc() || end == text.data()) return std::nullopt;
  return flags;
}

// The kernel's own watch over the same.
bool is_alarmed(const Machine& machine) {
  std::error_code unknown;
  for (const auto& chip :
       std::filesystem::directory_iterator(machine.sys + "/class/hwmon", unknown)) {
    const std::string directory = chip.path().string();
    if (text_of_file(directory + "/name") == "rpi_volt" &&
        text_of_file(directory + "/in0_lcrit_alarm") == "1") {
      return true;
    }
  }
  return false;
}

Findings look_at_power(const Patient& patient) {
  const unsigned flags = throttled(patient.machine).value_or(0);
  const std::string mend = "vcgencmd get_throttled";
  if ((flags & low_now) != 0 || is_alarmed(patient.machine)) {
    return {
        {"undervoltage", "supply", "the voltage is too low now" + std::string(of_supply), mend}};
  }
  if ((flags & low_since_boot) == 0) return {};
  return {{"undervoltage", "supply",
           "the voltage has been too low since the machine was started" + std::string(of_supply),
           mend}};
}

}  // namespace

extern const Examination power_examination = {.name = "supply", .place = 4, .look = look_at_power};

}  // namespace twinsky
