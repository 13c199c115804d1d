// SPDX-License-Identifier: Apache-2.0
// Transitions in the log. Under systemd an entry of the journal has fields by which it can be found
// without reading its text: TWINSKY_EVENT, a MESSAGE_ID of its kind, and what it is about
// (TWINSKY_SENSOR, TWINSKY_FEED, …). Elsewhere it is a line like any other. Any thread.
#pragma once

#include "gateway/system/log.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// A kind of event, as the topic `event` and the journal have it.
struct EventKind {
  std::string_view name;        // "sensor_lost"
  std::string_view field;       // of what it is about: "TWINSKY_SENSOR"
  std::string_view message_id;  // the same for ever (journalctl MESSAGE_ID=…)
  // With what its line begins: "config"; "sink " stands before what it is about. Empty: with that.
  std::string_view speaker = {};
};
std::span<const EventKind> event_kinds() noexcept;

// The fields of a journal's entry, "NAME=value" each.
std::vector<std::string> journal_fields(LogLevel level, std::string_view event,
                                        std::string_view subject, std::string_view message);

void log_event(Log& log, LogLevel level, std::string_view event, std::string_view subject,
               std::string_view message);

}  // namespace twinsky
