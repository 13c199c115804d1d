// SPDX-License-Identifier: Apache-2.0
#include "gateway/publish/session.hpp"

#include "gateway/publish/formats.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

using Kind = BrokerEvent::Kind;

// Two places stay free of records, so that `status` and `state` pass a drain.
constexpr std::size_t places_for_notices = 2;
// Paho holds each message twice until it is acknowledged.
constexpr std::size_t most_bytes_under_way = 512U << 10U;
// A new connection begins with little and doubles it with every acknowledgement: on a way that
// breaks after so many bytes, something arrives each time.
constexpr std::size_t first_bytes_under_way = 32U << 10U;
// How long the broker has to show what it retains of our past: to answer the subscription, and
// then to send it.
constexpr milliseconds subscribed_within{5'000};
constexpr milliseconds past_shown_within{500};
// How long the first records wait for other brokers, which may know better, and for a new epoch.
constexpr milliseconds others_asked_within{2'000};
constexpr milliseconds epoch_begun_within{30'000};
constexpr milliseconds ask_again_after{20};
// Fixed header, topic with its length, packet id and properties around a payload.
constexpr std::size_t packet_overhead = 256;
constexpr int packet_too_large = 0x95;
// A broker that takes less cannot have a record.
constexpr std::size_t smallest_maximum_packet = 2 * packet_overhead;
constexpr milliseconds look_at_disk_after{1'000};

struct Word {
  int code;
  Ending::Kind kind;
  std::string_view words;
};

// The codes of CONNACK and DISCONNECT that tell something: MQTT 3.1.1 (3.2.2.3) and 5.0 (2.4).
constexpr Word words_of_codes[] = {
    {1, Ending::Kind::wrong_version, "does not speak this version of MQTT"},
    {2, Ending::Kind::denied, "refuses the client id"},
    {3, Ending::Kind::unreachable, "is not available"},
    {4, Ending::Kind::denied, "refuses user name or password"},
    {5, Ending::Kind::denied, "does not let us in: check user name and password"},
    {0x81, Ending::Kind::wrong_version, "does not understand our connect packet"},
    {0x82, Ending::Kind::wrong_version, "does not understand our connect packet"},
    {0x84, Ending::Kind::wrong_version, "does not speak this version of MQTT"},
    {0x85, Ending::Kind::denied, "refuses the client id"},
    {0x86, Ending::Kind::denied, "refuses user name or password"},
    {0x87, Ending::Kind::denied, "does not let us in: check user name and password"},
    {0x88, Ending::Kind::unreachable, "is not available"},
    {0x89, Ending::Kind::unreachable, "is busy"},
    {0x8A, Ending::Kind::denied, "has banned this client"},
    {0x8B, Ending::Kind::lost, "is shutting down"},
    {0x8C, Ending::Kind::denied, "wants another way of authentication"},
    {0x8D, Ending::Kind::lost, "heard nothing from us for too long"},
    {0x8E, Ending::Kind::taken_over, "gave our place to another client"},
    {0x95, Ending::Kind::lost, "found a packet too large"},
    {0x9A, Ending::Kind::no_retain, "retains nothing"},
    {0x9B, Ending::Kind::denied, "acknowledges nothing (maximum QoS 0)"},
    {0x97, Ending::Kind::lost, "says that a quota is exceeded"},
    {0x98, Ending::Kind::lost, "was told to end the connection"},
    {0x9F, Ending::Kind::unreachable, "sees too many connections"},
};

Ending ending_of(int code, Ending::Kind otherwise, const std::string& where) {
  const auto found = std::ranges::find(words_of_codes, code, &Word::code);
  if (found != std::end(words_of_codes)) {
    return {found->kind, "broker " + where + " " + std::string(found->words)};
  }
  return {otherwise, "broker " + where + " gave code " + std::to_string(code)};
}

}  // namespace

Session::Session(SessionSettings settings, std::uint64_t generation, std::string sink,
                 SinkSurroundings& surroundings, std::shared_ptr<Inbox> inbox, Outbox& outbox,
                 Notices& notices)
    : settings_(std::move(settings)),
      generation_(generation),
      sink_(std::move(sink)),
      with_(surroundings),
      inbox_(std::move(inbox)),
      outbox_(outbox),
      notices_(notices),
      mark_(with_.store, with_.gateway, sink_),
      bytes_allowed_(first_bytes_under_way),
      client_(std::make_unique<BrokerClient>(settings_.broker, generation_, inbox_)) {}

Session::~Session() {
  try {
    outbox_.connection_lost(with_.clock.now());
    notices_.connection_lost();
    keep_account();
    if (client_) BrokerClient::abandon(std::move(client_));
  } catch (const std::exception& failure) {
    with_.log.error("sink " + sink_, std::string("at the end of a connection: ") + failure.what());
  }
}

std::optional<Ending> Session::connect() {
  const MonotonicTime deadline = with_.clock.now() + settings_.broker.connect_within;
  while (const auto event = next_event(deadline)) {
    if (event->kind == Kind::lost) {
      return ending_of(event->code, Ending::Kind::unreachable, settings_.where);
    }
    if (event->kind == Kind::not_connected) {
      if (event->code > 0) {
        return ending_of(event->code, Ending::Kind::unreachable, settings_.where);
      }
      // Paho tells a closed port only when it hears of it at once; all else may be a broker that
      // hung up.
      const bool is_closed_port = event->text == "TCP/TLS connect failure";
      const auto kind = is_closed_port ? Ending::Kind::unreachable : Ending::Kind::hung_up;
      if (settings_.broker.tls) {
        return Ending{kind, "no TLS connection with broker " + settings_.where +
                                ": it is down, wants another client certificate, or its own is not "
                                "trusted, has expired or is for another name"};
      }
      return Ending{
          kind, "broker " + settings_.where +
                    (is_closed_port ? " is not reachable" : " is not reachable or hung up on us")};
    }
    if (event->kind != Kind::connected) continue;
    limits_ = event->limits;
    if (limits_.maximum_qos < 1) {
      return Ending{Ending::Kind::denied,
                    "broker " + settings_.where + " acknowledges nothing (maximum QoS 0)"};
    }
    if (limits_.maximum_packet < smallest_maximum_packet) {
      client_->disconnect();
      return Ending{Ending::Kind::denied,
                    "broker " + settings_.where + " takes packets up to " +
                        std::to_string(limits_.maximum_packet) +
                        " bytes, too few for a record: " + "raise its maximum packet size"};
    }
    places_.resize(std::clamp<std::size_t>(std::min(settings_.window, limits_.receive_maximum), 1,
                                           settings_.broker.places));
    try {
      if (auto ending = check_own_past()) return ending;
    } catch (const BrokerError&) {  // the event comes too late to be read
      return Ending{Ending::Kind::lost, "connection to broker " + settings_.where + " was lost"};
    }
    return std::nullopt;
  }
  if (inbox_->stop_deadline()) return Ending{Ending::Kind::stopped, "stopped"};
  return Ending{Ending::Kind::unreachable, "broker " + settings_.where + " does not answer"};
}

Ending Session::serve(const std::function<void(const SessionCounters&)>& tell) {
  outbox_.start(largest_payload(), with_.clock.now());
  notices_.start(limits_.can_retain, settings_.broker.version == MqttVersion::v5);
  mark_.start(limits_.can_retain && !settings_.mark_rule.empty() && with_.store.is_open());
  publish_status("online");
  bool was_busy = true;
  while (true) {
    if (inbox_->stop_deadline()) return {Ending::Kind::stopped, "stopped"};
    notices_.refresh();
    // A disk that does not answer would keep `state` waiting as well.
    const bool can_read = with_.store.answers();
    if (can_read) outbox_.expire(with_.clock.now());
    send(can_read);
    keep_account();
    const MonotonicTime now = with_.clock.now();
    if (overdue_at() <= now) {
      return {Ending::Kind::lost, "broker " + settings_.where + " acknowledged nothing for " +
                                      duration_text(settings_.acknowledge_within)};
    }
    const bool has_work = can_read && outbox_.has_work(with_.store.sendable(), now);
    const MonotonicTime retry = can_read ? outbox_.next_retry() : now + look_at_disk_after;
    const MonotonicTime due = std::min({notices_.next_due(), retry, mark_.next_due()});
    const bool is_due = due <= now && used_ < places_.size();
    MonotonicTime wake_at = std::min(overdue_at(), due > now ? due : MonotonicTime::max());
    if ((has_work && has_room_for_records()) || is_due) wake_at = now;
    // While something is going on, what needs no hurry is looked at together.
    if (used_ > 0 || was_busy) wake_at = std::min(wake_at, now + Inbox::patience);
    for (BrokerEvent& event : inbox_->wait(with_.clock, wake_at, has_work || due <= now)) {
      events_.push_back(std::move(event));
    }
    was_busy = !events_.empty();
    std::optional<Ending> ending;
    while (!events_.empty() && !ending) {
      ending = handle(events_.front());
      events_.pop_front();
    }
    tell(counters_);
    if (ending) return *ending;
  }
}

void Session::leave(MonotonicTime deadline) {
  keep_account();
  // What was said last, such as that the sensors are offline, goes too: it is retained for ever.
  notices_.refresh();
  const auto send_notices = [this](std::size_t kept_free) {
    while (used_ + kept_free < places_.size() && send_notice()) continue;
  };
  constexpr std::size_t for_mark_and_status = 2;
  send_notices(for_mark_and_status);
  if (used_ + 1 < places_.size()) publish_mark(mark_.take_last());
  publish_status("offline");
  while (auto event = next_event(deadline)) {
    if (handle(*event)) return;
    send_notices(0);
    const bool is_pending = std::ranges::any_of(places_, [](const Carried& place) {
      return place.use == Use::status || place.use == Use::mark || place.use == Use::notice;
    });
    if (!is_pending) break;
  }
  keep_account();
  client_->disconnect();
  BrokerClient::abandon(std::move(client_));
  while (auto event = next_event(deadline)) {
    if (event->kind == Kind::closed) return;
  }
}

// The next event of this connection; nullopt at the deadline, and when a stop is asked for before
// the connection serves.
std::optional<BrokerEvent> Session::next_event(MonotonicTime deadline) {
  while (true) {
    while (!events_.empty()) {
      BrokerEvent event = std::move(events_.front());
      events_.pop_front();
      if (event.generation == generation_) return event;
    }
    const auto stop = inbox_->stop_deadline();
    if (with_.clock.now() >= deadline || (stop && deadline > *stop)) return std::nullopt;
    for (BrokerEvent& event : inbox_->wait(with_.clock, deadline)) {
      events_.push_back(std::move(event));
    }
  }
}

// A store that was set back (an old image of the card) would use numbers a second time. What the
// broker retains of it tells, and no record leaves before it was asked. That it retains nothing, or
// does not show it, is no doubt: else every start there would begin a new epoch.
std::optional<Ending> Session::check_own_past() {
  if (!with_.store.is_open()) return std::nullopt;  // nor is there a record
  std::optional<Mark> seen;
  if (settings_.asks_past) {
    is_asking_past_ = true;
    if (auto ending = ask_for_mark(seen)) return ending;
    is_asking_past_ = false;
  }
  if (seen) {
    const std::string epoch = with_.store.epoch();
    const std::string why = with_.store.why_set_back(*seen);
    if (!why.empty()) {
      with_.store.distrust(epoch, "broker " + settings_.where + " has seen " + why);
    }
  }
  with_.store.note_asked(sink_);
  const MonotonicTime begun = with_.clock.now();
  const MonotonicTime deadline = begun + epoch_begun_within;
  while (!with_.store.release(with_.clock.now() >= begun + others_asked_within)) {
    if (with_.clock.now() >= deadline) {
      return Ending{Ending::Kind::lost, "the store takes no new epoch now"};
    }
    const auto event = next_event(std::min(with_.clock.now() + ask_again_after, deadline));
    if (inbox_->stop_deadline()) return Ending{Ending::Kind::stopped, "stopped"};
    if (!event) continue;
    if (auto ending = handle(*event)) return ending;
  }
  return std::nullopt;
}

std::optional<Ending> Session::ask_for_mark(std::optional<Mark>& seen) {
  const std::string topic = settings_.base + "mark";
  client_->subscribe(topic);
  MonotonicTime deadline = with_.clock.now() + subscribed_within;
  while (const auto event = next_event(deadline)) {
    if (auto ending = handle(*event)) return ending;
    if (event->kind == Kind::not_subscribed) break;
    if (event->kind == Kind::subscribed) deadline = with_.clock.now() + past_shown_within;
    if (event->kind != Kind::message || event->text != topic) continue;
    seen = mark_of(event->payload);
    break;
  }
  client_->unsubscribe(topic);
  return std::nullopt;
}

std::optional<Ending> Session::handle(const BrokerEvent& event) {
  if (event.generation != generation_) return std::nullopt;
  switch (event.kind) {
    case Kind::lost:
      if (event.code == 0) {
        return Ending{Ending::Kind::lost, "connection to broker " + settings_.where + " was lost" +
                                              (event.text.empty() ? "" : ": " + event.text)};
      }
      return ending_of(event.code, Ending::Kind::lost, settings_.where);
    case Kind::done:
    case Kind::refused:
      return settle(event);
    default:
      return std::nullopt;
  }
}

std::optional<Ending> Session::settle(const BrokerEvent& event) {
  Carried& carried = places_.at(event.place);
  const Use use = std::exchange(carried.use, Use::free);
  if (use == Use::free) return std::nullopt;
  --used_;
  if (use == Use::records) --records_under_way_;
  if (event.kind == Kind::refused && event.code < 0x80) {
    return Ending{Ending::Kind::lost, "connection to broker " + settings_.where + " was lost"};
  }
  const MonotonicTime now = with_.clock.now();
  if (event.kind == Kind::done) {
    const std::size_t records =
        use == Use::records ? outbox_.acknowledged(event.place, now) : std::size_t{0};
    ++counters_.messages;
    counters_.records += records;
    if (with_.audit != nullptr) {
      with_.audit->count({sink_, carried.topic, carried.rule},
                         {.messages = 1, .records = records, .bytes = carried.bytes});
    }
    if (use == Use::records) {
      bytes_allowed_ = std::min(2 * bytes_allowed_, most_bytes_under_way);
    }
    if (use == Use::notice) notices_.acknowledged(event.place);
    return std::nullopt;
  }
  ++counters_.refused;
  const auto complain = [&](const std::string& topic) {
    if (topic.empty()) return;
    with_.log.warning("sink " + sink_, "broker " + settings_.where + " refuses " + settings_.base +
                                           topic + " with code " + std::to_string(event.code) +
                                           ": check its access rules; trying again later");
  };
  if (use == Use::records) {
    complain(outbox_.refused(event.place, event.code == packet_too_large, now));
  }
  if (use == Use::notice) complain(notices_.refused(event.place, now));
  if (use == Use::mark) {
    mark_.refused();
    complain("mark");
  }
  return std::nullopt;
}

void Session::send(bool can_read) {
  if (used_ < places_.size()) publish_mark(mark_.take(with_.clock.now()));
  while (used_ < places_.size() && send_notice()) continue;
  if (can_read) send_records();
}

bool Session::send_notice() {
  const Place place = free_place();
  auto notice = notices_.take(place, with_.clock.now());
  if (!notice) return false;
  BrokerMessage message{.topic = std::move(notice->topic),
                        .payload = std::move(notice->payload),
                        .qos = notice->qos,
                        .retained = notice->retained,
                        .expiry = notice->expiry};
  const std::size_t size = settings_.base.size() + packet_size(message, settings_.broker.version);
  if (size <= limits_.maximum_packet) {
    publish(place, Use::notice, notice->rule, std::move(message));
  } else if (notices_.left_out(place)) {
    with_.log.warning("sink " + sink_, "broker " + settings_.where + " takes packets up to " +
                                           std::to_string(limits_.maximum_packet) +
                                           " bytes: " + settings_.base + message.topic + " has " +
                                           std::to_string(size) + " and is not sent there");
  }
  return true;
}

void Session::send_records() {
  if (mark_.holds_records()) return;
  const RowId newest = with_.store.sendable();
  while (has_room_for_records()) {
    const Place place = free_place();
    auto message = outbox_.take(place, newest, with_.clock.now());
    if (!message) return;
    ++records_under_way_;
    publish(place, Use::records, message->rule,
            {.topic = std::move(message->topic), .payload = std::move(message->payload)});
  }
}

void Session::publish(Place place, Use use, std::string_view rule, BrokerMessage message) {
  Carried& carried = places_[place];
  carried.use = use;
  carried.sent_at = with_.clock.now();
  carried.topic = message.topic;
  carried.rule = rule;
  carried.bytes = message.payload.size();
  ++used_;
  message.topic.insert(0, settings_.base);
  client_->publish(place, std::move(message));
}

void Session::publish_status(std::string_view status) {
  if (used_ == places_.size()) return;  // the will says the same in the end
  publish(free_place(), Use::status, "status",
          {.topic = "status", .payload = std::string(status), .retained = limits_.can_retain});
}

void Session::publish_mark(std::optional<std::string> text) {
  if (!text || used_ == places_.size()) return;
  BrokerMessage message{.topic = "mark", .payload = std::move(*text), .retained = true};
  const std::size_t size = settings_.base.size() + packet_size(message, settings_.broker.version);
  if (size > limits_.maximum_packet) {
    mark_.refused();
    return;
  }
  publish(free_place(), Use::mark, settings_.mark_rule, std::move(message));
}

// Gaps go into the ledger before the cursor passes them.
void Session::keep_account() {
  for (LedgerRow& gap : outbox_.take_gaps()) {
    with_.log.warning("sink " + sink_, std::to_string(gap.count) + " records of " + gap.stream +
                                           " were refused and are given up for this sink");
    with_.store.note_gap(std::move(gap));
  }
  with_.store.acknowledge(sink_, outbox_.cursor());
}

Place Session::free_place() const {
  return static_cast<Place>(std::ranges::find(places_, Use::free, &Carried::use) - places_.begin());
}

bool Session::has_room_for_records() const {
  const std::size_t most =
      places_.size() > places_for_notices ? places_.size() - places_for_notices : 1;
  return used_ < places_.size() && records_under_way_ < most &&
         outbox_.bytes_under_way() < bytes_allowed_;
}

MonotonicTime Session::overdue_at() const {
  MonotonicTime oldest = MonotonicTime::max();
  for (const Carried& place : places_) {
    if (place.use != Use::free) oldest = std::min(oldest, place.sent_at);
  }
  return oldest == MonotonicTime::max() ? oldest : oldest + settings_.acknowledge_within;
}

std::size_t Session::largest_payload() const {
  return limits_.maximum_packet - packet_overhead;
}

}  // namespace twinsky
