// SPDX-License-Identifier: Apache-2.0
// The world's two clocks and the ways in which the agencies print a time. Hong Kong is UTC+8 all
// year.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace world {

using Utc = std::chrono::sys_time<std::chrono::milliseconds>;
using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

Utc utc_now();
// "2026-10-05T06:00Z", with or without seconds and fraction.
std::optional<Utc> time_in(const std::string& text);
Instant instant_now();

// Seconds since midnight in Hong Kong.
double second_of_day(Utc time);
// The last full multiple of `step`, seen from Hong Kong's midnight.
Utc floor_to(Utc time, std::chrono::minutes step);

std::string rfc822_text(Utc time);  // "Mon, 05 Oct 2026 14:00:00 +0800"
std::string http_text(Utc time);    // "Mon, 05 Oct 2026 06:00:00 GMT"
std::string minute_text(Utc time);  // "202610051400", Hong Kong time
std::string local_text(Utc time);   // "2026-10-05T14:00:00", time of both cities
std::string report_text(Utc time);  // "050600Z": day and time in UTC
std::string iso_text(Utc time);     // "2026-10-05T06:00:00.000Z"

}  // namespace world
