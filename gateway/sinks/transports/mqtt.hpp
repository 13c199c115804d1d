// SPDX-License-Identifier: Apache-2.0
// MQTT with its own way to look up names, so that a test can let one hang.
#pragma once

#include "gateway/sinks/delivery.hpp"
#include "gateway/sinks/transports/endpoint.hpp"

#include <memory>

namespace twinsky {

std::unique_ptr<Sink> make_mqtt_sink(const SinkSettings& settings, SinkSurroundings surroundings,
                                     Resolver resolver);

}  // namespace twinsky
