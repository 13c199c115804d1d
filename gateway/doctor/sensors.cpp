// SPDX-License-Identifier: Apache-2.0
// Sensors that are configured and silent, as the gateway that runs says; without one nobody knows.
#include "gateway/config/config.hpp"
#include "gateway/doctor/examination.hpp"
#include "gateway/text/roughly.hpp"

#include <algorithm>

namespace twinsky {
namespace {

Findings look_for_silent_sensors(const Patient& patient) {
  if (patient.overview == nullptr) return {};
  const Json* const problems = patient.overview->find("problems");
  if (problems == nullptr || !problems->is_array()) return {};
  const auto now = parse_time(patient.overview->text_of("time"));
  const auto& sensors = patient.config.sensors;
  Findings findings;
  for (const Json& problem : *problems) {
    const std::string id = problem.text_of("about");
    if (problem.text_of("code") != "sensor_lost" ||
        std::ranges::find(sensors, id, &SensorSettings::id) == sensors.end()) {
      continue;
    }
    std::string what = "is silent";
    const auto since = parse_time(problem.text_of("since"));
    if (since && now) what += " since " + iso8601(*since) + " (" + roughly(*now - *since) + ")";
    const Json* const arguments = problem.find("arguments");
    std::string detail = arguments == nullptr ? "" : arguments->text_of("detail");
    if (arguments != nullptr && detail.empty()) detail = arguments->text_of("cause");
    if (!detail.empty()) what += ": " + detail;
    findings.push_back(
        {"sensor_silent", "sensor " + id, std::move(what), problem.text_of("remedy")});
  }
  return findings;
}

}  // namespace

extern const Examination sensors_examination = {
    .name = "sensors", .place = 10, .look = look_for_silent_sensors};

}  // namespace twinsky
