// SPDX-License-Identifier: Apache-2.0
// What systemd is told: ready, reloading, stopping, one line of status, the watchdog's heartbeat.
// Does nothing outside systemd. Main loop only.
#pragma once

#include "gateway/model/clock.hpp"

#include <optional>
#include <string_view>

namespace twinsky {

void notify_ready();
void notify_reloading();
void notify_stopping();
void notify_status(std::string_view status);
void notify_alive();
// How often systemd wants to hear notify_alive(), halved; nullopt: no watchdog.
std::optional<milliseconds> watchdog_period();

}  // namespace twinsky
