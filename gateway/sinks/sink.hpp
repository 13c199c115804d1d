// SPDX-License-Identifier: Apache-2.0
// A place where records go. A sink has a thread of its own, a cursor in the store and no queue.
#pragma once

#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/audit.hpp"
#include "gateway/sinks/bulletin.hpp"
#include "gateway/store/store.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace twinsky {

struct SinkStatus {
  bool connected = false;
  std::string state;  // a word or two for people: "connected (MQTT 5)", "name does not resolve"
  bool is_denied = false;  // the far end does not let us in, which does not pass by itself
  std::uint64_t records_acknowledged = 0;
  std::uint64_t messages_acknowledged = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t refused = 0;
};

struct SinkSurroundings {
  std::string gateway;  // id
  Store& store;
  Bulletin& bulletin;
  Clock& clock;
  Log& log;
  Audit* audit = nullptr;  // keeps count of what went; nullptr: nobody does
};

// When asked to stop it publishes `offline`, sends its cursor and ends, for which it takes half a
// second. What hangs in a resolver or a library may not end at all: as long as has_stopped() says
// no, it uses its surroundings.
class Sink : public Stage {
 public:
  // New rows can be sent. Any thread; does not block.
  virtual void wake() = 0;
  // Asks it to end by `deadline` and waits until then. Answers whether it has.
  virtual bool stop(MonotonicTime deadline) = 0;
  [[nodiscard]] virtual SinkStatus status() const = 0;
};

// Starts its thread at once. A sink to which nothing may go has none: no name is looked up for it
// and no socket opened.
std::unique_ptr<Sink> make_sink(const SinkSettings& settings, SinkSurroundings surroundings);

}  // namespace twinsky
