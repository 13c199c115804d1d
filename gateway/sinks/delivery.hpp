// SPDX-License-Identifier: Apache-2.0
// A sink of any format and transport: its thread, in which a session says what to do and a
// transport does it.
#pragma once

#include "gateway/sinks/sink.hpp"
#include "gateway/sinks/transport.hpp"

#include <functional>
#include <memory>

namespace twinsky {

// As TransportInfo has it; a test may bring one of its own.
using MakeTransport =
    std::function<std::unique_ptr<Transport>(const SinkSettings&, TransportSurroundings)>;

std::unique_ptr<Sink> deliver(const SinkSettings& settings, SinkSurroundings surroundings,
                              const MakeTransport& make_transport);

}  // namespace twinsky
