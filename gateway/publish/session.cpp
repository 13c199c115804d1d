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
// How long the broker has to show what it retains of our past.
constexpr milliseconds past_shown_within{500};
// Fixed header, topic with its length, packet id and properties around a payload.
constexpr std::size_t packet_overhead = 256;
constexpr int packet_too_large = 0x95;
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
      bytes_allowed_(first_bytes_under_way),
      client_(std::make_unique<BrokerClient>(settings_.broker, generation_, inbox_)) {}

Session::~Session() {
  outbox_.connection_lost(with_.clock.now());
  notices_.connection_lost();
  keep_account();
  if (client_) BrokerClient::abandon(std::move(client_));
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
    places_.resize(std::clamp<std::size_t>(std::min(settings_.window, limits_.receive_maximum), 1,
                                           settings_.broker.places));
    return check_own_past();
  }
  if (inbox_->stop_deadline()) return Ending{Ending::Kind::stopped, "stopped"};
  return Ending{Ending::Kind::unreachable, "broker " + settings_.where + " does not answer"};
}

Ending Session::serve(const std::function<void(const SessionCounters&)>& tell) {
  outbox_.start(largest_payload(), with_.clock.now());
  notices_.start(limits_.can_retain, settings_.broker.version == MqttVersion::v5);
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
    const MonotonicTime due = std::min(notices_.next_due(), retry);
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
  publish_status("offline");
  while (auto event = next_event(deadline)) {
    if (handle(*event)) return;
    const bool is_pending =
        std::ranges::any_of(places_, [](const Carried& place) { return place.use == Use::status; });
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

// A store that was set back (an old image of the card) would use numbers a second time. What we
// retained on the broker tells: the same epoch with a row that we have not reached.
std::optional<Ending> Session::check_own_past() {
  const std::string info = settings_.base + "info";
  const std::string health = settings_.base + "health";
  client_->subscribe(health);
  client_->subscribe(info);
  const MonotonicTime deadline = with_.clock.now() + past_shown_within;
  RowId highest = 0;
  while (const auto event = next_event(deadline)) {
    if (auto ending = handle(*event)) return ending;
    if (event->kind == Kind::not_subscribed) break;
    if (event->kind != Kind::message) continue;
    const auto mark = mark_of(event->payload);
    if (mark && mark->epoch == with_.store.epoch()) highest = std::max(highest, mark->row);
    if (event->text == info) break;  // the later of the two
  }
  client_->unsubscribe(health);
  client_->unsubscribe(info);
  if (highest > with_.store.status().last_row) {
    with_.store.start_new_epoch("broker " + settings_.where +
                                " has seen later rows of this store than it holds");
  }
  return std::nullopt;
}

std::optional<Ending> Session::handle(const BrokerEvent& event) {
  if (event.generation != generation_) return std::nullopt;
  switch (event.kind) {
    case Kind::lost:
      if (event.code == 0) {
        return Ending{Ending::Kind::lost, "connection to broker " + settings_.where + " was lost"};
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
  return std::nullopt;
}

void Session::send(bool can_read) {
  while (used_ < places_.size()) {
    const Place place = free_place();
    auto notice = notices_.take(place, with_.clock.now());
    if (!notice) break;
    publish(place, Use::notice, notice->rule,
            {.topic = std::move(notice->topic),
             .payload = std::move(notice->payload),
             .qos = notice->qos,
             .retained = notice->retained,
             .expiry = notice->expiry});
  }
  if (can_read) send_records();
}

void Session::send_records() {
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
  return limits_.maximum_packet > 2 * packet_overhead ? limits_.maximum_packet - packet_overhead
                                                      : packet_overhead;
}

}  // namespace twinsky
