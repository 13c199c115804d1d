// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/notify.hpp"

#include "gateway/text/one_line.hpp"

#include <systemd/sd-daemon.h>

#include <string>
#include <time.h>

namespace twinsky {

void notify_ready() {
  ::sd_notify(0, "READY=1");
}

void notify_reloading() {
  // Since systemd 253 a reload is only believed with the moment of its begin.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto now_us = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us)).c_str());
}

void notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}

// A line end would begin another assignment.
void notify_status(std::string_view status) {
  ::sd_notify(0, ("STATUS=" + one_line(status)).c_str());
}

void notify_alive() {
  ::sd_notify(0, "WATCHDOG=1");
}

std::optional<milliseconds> watchdog_period() {
  std::uint64_t interval_us = 0;
  if (::sd_watchdog_enabled(0, &interval_us) <= 0) return std::nullopt;
  return milliseconds(interval_us / 2'000);
}

}  // namespace twinsky
