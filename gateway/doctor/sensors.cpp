// SPDX-License-Identifier: Apache-2.0
// Sensors that are configured and silent, as the gateway that runs says; without one nobody knows.
#include "gateway/config/config.hpp"
#include "gateway/doctor/examination.hpp"
#include "gateway/text/roughly.hpp"

#include <algorithm>

namespace twinsky {
namespace {

// What may be missing in the answer of another version.
std::string text_of(const Json& object, std::string_view key) {
  const Json* const found = object.find(key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

Findings look_for_silent_sensors(const Patient& patient) {
  if (patient.overview == nullptr) return {};
  const Json* const problems = patient.overview->find("problems");
  if (problems == nullptr || !problems->is_array()) return {};
  const auto now = parse_time(text_of(*patient.overview, "time"));
  const auto& sensors = patient.config.sensors;
  Findings findings;
  for (const Json& problem : *problems) {
    const std::string id = text_of(problem, "about");
    if (text_of(problem, "code") != "sensor_lost" ||
        std::ranges::find(sensors, id, &SensorSettings::id) == sensors.end()) {
      continue;
    }
    std::string what = "is silent";
    const auto since = parse_time(text_of(problem, "since"));
    if (since && now) what += " since " + iso8601(*since) + " (" + roughly(*now - *since) + ")";
    const Json* const arguments = problem.find("arguments");
    std::string detail = arguments == nullptr ? "" : text_of(*arguments, "detail");
    if (arguments != nullptr && detail.empty()) detail = text_of(*arguments, "cause");
    if (!detail.empty()) what += ": " + detail;
    findings.push_back(
        {"sensor_silent", "sensor " + id, std::move(what), text_of(problem, "remedy")});
  }
  return findings;
}

}  // namespace

extern const Examination sensors_examination = {
    .name = "sensors", .place = 10, .look = look_for_silent_sensors};

}  // namespace twinsky
