// SPDX-License-Identifier: Apache-2.0
// The time stamps that agencies print, beside ISO 8601 (parse_time). Where a stamp has no zone it
// gets the one of the feed's definition, never the zone of this device.
#pragma once

#include "gateway/model/clock.hpp"

#include <optional>
#include <string_view>

namespace twinsky {

// RFC 822: "Wed, 08 Apr 2026 18:30:00 +0800"; the day's name and the seconds may be missing.
std::optional<UtcTime> rfc822_time(std::string_view text, std::chrono::minutes default_offset);

// "YYYYMMDDHHmm", twelve digits.
std::optional<UtcTime> compact_time(std::string_view text, std::chrono::minutes offset);

// A stamp in parts, as CSV files of HKO's CSDI edition have it; nullopt when there is no such time.
// As in all of these stamps 24:00 is the midnight that ends the day (ISO 8601:2000, 5.3.2).
std::optional<UtcTime> time_of(int year, int month, int day, int hour, int minute, int second,
                               std::chrono::minutes offset);

// What mainland platforms print: "2026-10-05T14:00:00", "2026/10/5 14:00", "2026年10月5日14时",
// "2026100514", and .NET's "/Date(1791180000000)/", which is UTC whatever offset it shows. A date
// alone is no time.
std::optional<UtcTime> mainland_time(std::string_view text, std::chrono::minutes offset);

// "UTC+8", "UTC+08:00", "+0800", "GMT", "HKT".
std::optional<std::chrono::minutes> zone_offset(std::string_view text);

}  // namespace twinsky
