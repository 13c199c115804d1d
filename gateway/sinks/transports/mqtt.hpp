// SPDX-License-Identifier: Apache-2.0
// MQTT with its own way to look up names, so that a test can let one hang.
#pragma once

#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/transport.hpp"
#include "gateway/sinks/transports/endpoint.hpp"

#include <memory>

namespace twinsky {

std::unique_ptr<Transport> make_mqtt(const SinkSettings& sink, TransportSurroundings surroundings,
                                     Resolver resolver);

}  // namespace twinsky
