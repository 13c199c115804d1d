// SPDX-License-Identifier: Apache-2.0
// A sink over MQTT in our own format, as the configuration would have it that says no more.
#pragma once

#include "gateway/config/sink_settings.hpp"

#include <string>
#include <utility>

namespace twinsky::testing_world {

inline SinkSettings mqtt_sink(std::string id, std::string url, std::string start_at = "oldest") {
  const TransportInfo* const mqtt = transport_named("mqtt");
  return {.id = std::move(id),
          .transport = mqtt,
          .address = std::move(url),
          .format = format_named("native"),
          .settings = Settings::defaults(mqtt->settings),
          .start_at = std::move(start_at)};
}

}  // namespace twinsky::testing_world
