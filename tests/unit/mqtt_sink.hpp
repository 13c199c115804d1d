// SPDX-License-Identifier: Apache-2.0
// A sink over MQTT in our own format, as the configuration would have it that says no more.
#pragma once

#include "gateway/config/sink_settings.hpp"

#include <string>
#include <utility>
#include <vector>

namespace twinsky::testing_world {

inline SinkSettings mqtt_sink(std::string id, std::string url, std::string start_at = "oldest") {
  const TransportInfo* const mqtt = transport_named("mqtt");
  const FormatInfo* const native = format_named("native");
  std::vector<Setting> declared(mqtt->settings.begin(), mqtt->settings.end());
  declared.insert(declared.end(), native->settings.begin(), native->settings.end());
  return {.id = std::move(id),
          .transport = mqtt,
          .address = std::move(url),
          .format = native,
          .settings = Settings::defaults(declared),
          .start_at = std::move(start_at)};
}

}  // namespace twinsky::testing_world
