// SPDX-License-Identifier: Apache-2.0
// Every setting of the gateway itself, declared once: the reader, the JSON Schema, the reference
// documentation and the suggestions come from here. Drivers, feeds, transports and formats declare
// what they add.
#pragma once

#include "gateway/model/setting.hpp"

#include <span>
#include <string_view>

namespace twinsky {

std::span<const Setting> gateway_settings() noexcept;
std::span<const Setting> position_settings() noexcept;  // of the gateway and of a sensor
std::span<const Setting> bus_settings() noexcept;       // addresses of all kinds, and what they add
std::span<const Setting>
sensor_settings() noexcept;  // kinds of buses have theirs in it; a driver adds its own
std::span<const Setting> quality_settings() noexcept;  // of a sensor: its checks as a whole
std::span<const Setting> check_settings() noexcept;    // and those of one quantity
std::span<const Setting> feed_settings() noexcept;     // a feed adds its own
std::span<const Setting> compare_settings() noexcept;
std::span<const Setting> correction_settings() noexcept;
std::span<const Setting> store_settings() noexcept;
std::span<const Setting> warning_mode_settings() noexcept;
std::span<const Setting> sink_settings() noexcept;  // its transport and its format add their own
std::span<const Setting> serve_settings() noexcept;

// What of a bus names the device: a bus has exactly one of them.
std::span<const std::string_view> bus_endpoints() noexcept;
// What only some kinds of buses make of a sensor's settings: how it is told from others, and the
// rest.
std::span<const Setting> device_settings() noexcept;

// The parts of the file.
struct Section {
  enum class Shape { object, by_id, list };
  std::string_view name;
  Shape shape = Shape::object;
  std::span<const Setting> settings;
  std::string_view documentation;
};
std::span<const Section> sections() noexcept;

}  // namespace twinsky
