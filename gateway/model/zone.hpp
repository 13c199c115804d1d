// SPDX-License-Identifier: Apache-2.0
// A time zone of the IANA database: which local day a moment is in, and which moment a local time
// names. The system's files of zones are read, so a government's new rule comes with the system's
// updates.
#pragma once

#include "gateway/model/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Both cities, all year: neither has had summer time since 1991.
inline constexpr std::chrono::minutes china_offset{480};

// A value; any thread may read it.
class Zone {
 public:
  // UTC+8, under whichever name. Needs no file.
  Zone() = default;
  static Zone of_city(std::string_view name);
  // "Europe/London", "UTC"; nullopt when the system knows none of that name.
  static std::optional<Zone> named(std::string_view name);

  [[nodiscard]] bool is_of_city() const noexcept { return rules_ == nullptr; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // What a report writes beside local times: "UTC+8" where the hours are the same all year.
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::chrono::seconds offset_at(UtcTime time) const;
  // Local midnight is the time of day 0.
  [[nodiscard]] std::chrono::sys_days day_of(UtcTime time) const;
  [[nodiscard]] milliseconds time_of_day(UtcTime time) const;
  // When a local day begins: its midnight, or the end of a gap that swallows midnight.
  [[nodiscard]] UtcTime start_of(std::chrono::sys_days day) const;
  // A local time that comes twice is the first one; one that never comes is when the gap ends.
  [[nodiscard]] UtcTime utc_of(std::chrono::local_time<milliseconds> local) const;

  bool operator==(const Zone& other) const noexcept { return name_ == other.name_; }

 private:
  std::string name_ = "Asia/Hong_Kong";
  const void* rules_ = nullptr;  // of the database, which lives as long as the process
};

// All that the system knows; empty when its database is not installed.
std::vector<std::string> zone_names();

// As parse_time; a time without an offset is local. "10:30" alone is of the day of `now`.
std::optional<UtcTime> parse_local_time(std::string_view text, const Zone& zone,
                                        std::optional<UtcTime> now = {});

}  // namespace twinsky
