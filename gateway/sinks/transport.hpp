// SPDX-License-Identifier: Apache-2.0
// A way out: it connects, sends, and tells through the inbox what has arrived. It knows the far
// end's protocol and nothing of what is sent. One file of transports/ is one transport,
// and ends with its descriptor (TransportInfo). The sink's thread alone uses it.
#pragma once

#include "gateway/sinks/format.hpp"
#include "gateway/sinks/inbox.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/reach.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace twinsky {

// The connection is of no use any more, with a sentence for people.
class TransportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a transport needs from its surroundings.
struct TransportSurroundings {
  std::string gateway;  // id
  std::shared_ptr<Inbox> inbox;
  Clock& clock;
  Log& log;
  // It only tries, beside the one that the gateway has: under another name.
  bool is_trial = false;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Who it is, for people, as far as it is known: "broker broker.example.org:1883".
  [[nodiscard]] virtual std::string far_end() const = 0;
  // Why a connection may break again and again, for people.
  [[nodiscard]] virtual std::string quarrel() const = 0;

  // For whoever looks for what stands in the way: the server that it connects to, where it is one,
  [[nodiscard]] virtual std::optional<Server> server() const { return std::nullopt; }
  // and whether one who asks for a destination hears what he sends there.
  [[nodiscard]] virtual bool has_echo() const { return false; }

  // What the far end shall say of us when the next connection breaks, where it can; without a
  // destination nothing. `always`: also when we disconnect.
  virtual void leave_word(const Message&, bool /*always*/) {}
  // Begins to connect; `connected` or `failed` follows in the inbox. Answers how it ended when it
  // did so at once. It may wait for a while, but not when a stop is asked for.
  virtual std::optional<Ending> connect(std::uint64_t connection) = 0;
  // Puts an event of the present connection into our words: `ending`, `limits`, `text`.
  virtual void explain(TransportEvent& event) = 0;

  // All of these throw TransportError. `arrived` or `refused` follows for the place, but for
  // `nowhere`. What is followed up goes to no destination where we listen.
  virtual void send(Place place, Message message) = 0;
  // What the far end remembers under a destination follows as `shown`, after `asked`.
  virtual void ask(const std::string& destination) = 0;
  virtual void stop_asking(const std::string& destination) = 0;
  // What anybody says under the destination from now on follows as `shown`, after `asked`, with
  // where the answer is wanted, but not what is only remembered there; of what comes faster than it
  // is explained the first few and the newest. `acknowledged`: we tell that we have it.
  virtual void listen(const std::string&, bool /*acknowledged*/) {}
  virtual void disconnect() = 0;
  // Lets the connection go, whatever it hangs in; `closed` follows.
  virtual void abandon() = 0;
};

}  // namespace twinsky
