// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/zone.hpp"

#include <date/tz.h>
#include <stdexcept>

namespace twinsky {
namespace {

// Stands for the rules of UTC, which needs no database.
constexpr char no_offset = 0;

const date::time_zone& rules_of(const void* rules) {
  return *static_cast<const date::time_zone*>(rules);
}

}  // namespace

Zone Zone::of_city(std::string_view name) {
  Zone zone;
  zone.name_ = name;
  return zone;
}

std::optional<Zone> Zone::named(std::string_view name) {
  if (name == "UTC") {
    Zone utc = of_city(name);
    utc.rules_ = &no_offset;
    return utc;
  }
  try {
    const auto* const rules = date::locate_zone(std::string(name));
    static_cast<void>(rules->get_info(date::sys_seconds{}));  // reads the file
    Zone zone;
    zone.name_ = name;
    zone.rules_ = rules;
    return zone;
  } catch (const std::exception&) {  // no such zone, no database
    return std::nullopt;
  }
}

std::string Zone::title() const {
  return rules_ == nullptr ? "UTC+8" : name_;
}

std::chrono::seconds Zone::offset_at(UtcTime time) const {
  if (rules_ == nullptr) return china_offset;
  if (rules_ == &no_offset) return {};
  return rules_of(rules_).get_info(std::chrono::floor<std::chrono::seconds>(time)).offset;
}

std::chrono::sys_days Zone::day_of(UtcTime time) const {
  return std::chrono::floor<std::chrono::days>(time + offset_at(time));
}

milliseconds Zone::time_of_day(UtcTime time) const {
  const UtcTime local = time + offset_at(time);
  return local - std::chrono::floor<std::chrono::days>(local);
}

UtcTime Zone::start_of(std::chrono::sys_days day) const {
  return utc_of(std::chrono::local_time<milliseconds>(day.time_since_epoch()));
}

UtcTime Zone::utc_of(std::chrono::local_time<milliseconds> local) const {
  const UtcTime as_utc(local.time_since_epoch());
  if (rules_ == nullptr) return as_utc - china_offset;
  if (rules_ == &no_offset) return as_utc;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(local.time_since_epoch());
  const auto info = rules_of(rules_).get_info(date::local_seconds(seconds));
  if (info.result == date::local_info::nonexistent) return UtcTime(info.second.begin);
  return as_utc - info.first.offset;
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  try {
    for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::exception&) {  // not installed
    return {};
  }
  return names;
}

std::optional<UtcTime> parse_local_time(std::string_view text, const Zone& zone,
                                        std::optional<UtcTime> now) {
  std::string dated;
  constexpr std::size_t colon_of_a_time = 2;
  if (now && text.find(':') == colon_of_a_time) {
    dated = iso8601(UtcTime(zone.day_of(*now))).substr(0, 11).append(text);
    text = dated;
  }
  if (const auto time = parse_time(text)) return time;  // it says its offset
  const auto local = parse_time(text, std::chrono::minutes(0));
  if (!local) return std::nullopt;
  return zone.utc_of(std::chrono::local_time<milliseconds>(local->time_since_epoch()));
}

}  // namespace twinsky
