// SPDX-License-Identifier: Apache-2.0
// One connection to the broker from CONNECT to its end: what may be under way at once, who goes
// first, when silence means that it is over. Belongs to the sink's thread.
#pragma once

#include "gateway/publish/broker.hpp"
#include "gateway/publish/inbox.hpp"
#include "gateway/publish/mark_keeper.hpp"
#include "gateway/publish/notices.hpp"
#include "gateway/publish/outbox.hpp"
#include "gateway/publish/sink.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {

// How an attempt or a connection ended, with words for people.
struct Ending {
  enum class Kind : std::uint8_t {
    stopped,        // we were asked to
    unreachable,    // no connection, or no answer
    hung_up,        // perhaps the broker closed the connection before it answered
    wrong_version,  // the broker does not speak this MQTT
    no_retain,      // the broker retains nothing, and our will asked for it
    denied,         // wrong password, certificate or right: does not pass by itself
    taken_over,     // another client came with our client id
    lost,           // it was connected
  };
  Kind kind{};
  std::string words;
};

struct SessionSettings {
  BrokerSettings broker;
  std::string where;  // for people: "broker.example.org:1883"
  std::string base;   // "twinsky/v1/mk-roof/"
  std::size_t window = 100;
  milliseconds acknowledge_within{30'000};
  bool asks_past = true;       // what the broker retains of ours
  std::string_view mark_rule;  // that lets `mark` go; empty: none does
};

// What the sink shows of itself.
struct SessionCounters {
  std::uint64_t records = 0;
  std::uint64_t messages = 0;
  std::uint64_t refused = 0;
};

class Session {
 public:
  // Begins to connect. Throws BrokerError.
  Session(SessionSettings settings, std::uint64_t generation, std::string sink,
          SinkSurroundings& surroundings, std::shared_ptr<Inbox> inbox, Outbox& outbox,
          Notices& notices);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Waits for the broker's answer; nullopt: connected.
  std::optional<Ending> connect();
  // Did the connection end while the broker had to answer what it retains of ours?
  [[nodiscard]] bool is_asking_past() const { return is_asking_past_; }
  // Sends until the connection or the program ends. `tell` is called when counters have changed.
  Ending serve(const std::function<void(const SessionCounters&)>& tell);
  // Takes leave: `offline`, then DISCONNECT, as far as time allows.
  void leave(MonotonicTime deadline);

 private:
  // What a place carries.
  enum class Use : std::uint8_t { free, status, mark, notice, records };
  struct Carried {
    Use use = Use::free;
    MonotonicTime sent_at{};
    // For the audit log.
    std::string topic;
    std::string_view rule;
    std::size_t bytes = 0;
  };

  std::optional<BrokerEvent> next_event(MonotonicTime deadline);
  std::optional<Ending> check_own_past();
  std::optional<Ending> ask_for_mark(std::optional<Mark>& seen);
  std::optional<Ending> handle(const BrokerEvent& event);
  std::optional<Ending> settle(const BrokerEvent& event);
  void send(bool can_read);
  void send_records();
  void publish(Place place, Use use, std::string_view rule, BrokerMessage message);
  void publish_status(std::string_view status);
  void publish_mark(std::optional<std::string> text);
  bool send_notice();
  void keep_account();
  [[nodiscard]] Place free_place() const;
  [[nodiscard]] bool has_room_for_records() const;
  [[nodiscard]] MonotonicTime overdue_at() const;
  [[nodiscard]] std::size_t largest_payload() const;

  const SessionSettings settings_;
  const std::uint64_t generation_;
  const std::string sink_;
  SinkSurroundings& with_;
  const std::shared_ptr<Inbox> inbox_;
  Outbox& outbox_;
  Notices& notices_;
  MarkKeeper mark_;

  std::deque<BrokerEvent> events_;
  BrokerLimits limits_;
  std::vector<Carried> places_;
  std::size_t used_ = 0;
  std::size_t records_under_way_ = 0;  // messages
  std::size_t bytes_allowed_;          // of records under way; grows while they arrive
  SessionCounters counters_;
  bool is_asking_past_ = false;
  std::unique_ptr<BrokerClient> client_;
};

}  // namespace twinsky
