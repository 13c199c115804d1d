// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/session.hpp"

#include "gateway/text/counted.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace twinsky {
namespace {

using Event = TransportEvent::Kind;

// Two places stay free of records, so that `status` and `state` pass a drain.
constexpr std::size_t places_for_notices = 2;
// The transport may hold each message twice until it is acknowledged.
constexpr std::size_t most_bytes_under_way = 512U << 10U;
// A new connection begins with little and doubles it with every acknowledgement: on a way that
// breaks after so many bytes, something arrives each time.
constexpr std::size_t first_bytes_under_way = 32U << 10U;
// So many messages of records are written before they are handed over: they are still in the
// processor's cache then, and the far end is at work on them while the next ones are written.
constexpr int messages_at_once = 4;
// How long the far end has to show what it remembers of our past: to answer the question, and then
// to show it.
constexpr milliseconds asked_within{5'000};
constexpr milliseconds past_shown_within{500};
// How long the first records wait for other sinks, whose far ends may know better, and for a new
// epoch.
constexpr milliseconds others_asked_within{2'000};
constexpr milliseconds epoch_begun_within{30'000};
constexpr milliseconds ask_again_after{20};
constexpr milliseconds look_at_disk_after{1'000};
constexpr milliseconds first_pause{500};
constexpr milliseconds first_patient_pause{10'000};
constexpr milliseconds longest_pause{60'000};
constexpr milliseconds farewell_within{500};
// How long a connection waits for the disk to know that there was one.
constexpr milliseconds counted_within{500};
// Connections that end so soon, one after the other, look like a quarrel over a name. (Not every
// far end says so; others just close.)
constexpr milliseconds short_connection{10'000};
constexpr int short_connections_in_a_quarrel = 3;
// What arrived on a connection that makes it worth the next one, however soon it broke.
constexpr std::size_t bytes_worth_a_connection = 64U << 10U;
// So often in a row, and it was what the far end remembers in our name that ended the connection.
constexpr int losses_by_the_past = 3;
// So often in a row, and it was what is announced: there are brokers that hang up on whoever says
// or asks what he may not, as mosquitto 2.0.11 does with "max_queued_messages 0". For so long
// nothing is announced on a new connection.
constexpr int losses_by_announcements = 2;
constexpr milliseconds announced_after{3'600'000};

// Of "sensor/roof-pm/obs": the document that stands as long as there is such a stream.
std::string document_beside(std::string_view subject) {
  return std::string(subject.substr(0, subject.rfind('/'))).append("/meta");
}

}  // namespace

Session::Session(SessionSettings settings, SinkSurroundings& surroundings, const Format& format,
                 const Egress& egress)
    : settings_(std::move(settings)),
      with_(surroundings),
      format_(format),
      egress_(egress),
      life_(format.life()),
      mark_destination_(format.destination("mark")),
      mark_rule_(mark_destination_.empty() ? std::string_view()
                                           : egress.rule_for("mark").value_or(std::string_view())),
      announcements_(format.announcements()),
      roll_call_(announcements_ == nullptr ? std::string() : announcements_->roll_call()),
      outbox_(settings_.outbox, format, with_.store.reader(), with_.store.cursor(settings_.sink),
              egress, [this](RowId until) { return with_.store.claim(settings_.sink, until); }),
      bulletin_copy_(with_.bulletin, with_.store, format, settings_.sink, egress,
                     settings_.outbox.seed),
      mark_(with_.store, settings_.sink),
      past_(past_of(with_.store, format, egress, settings_.outbox.records)),
      pause_(first_pause, longest_pause, settings_.outbox.seed),
      patient_pause_(first_patient_pause, longest_pause, settings_.outbox.seed) {}

std::optional<Session::Past> Session::past_of(Store& store, const Format& format,
                                              const Egress& egress,
                                              std::size_t records_in_a_message) {
  const ReplayFormat* const words = format.replay();
  if (words == nullptr) return std::nullopt;
  auto reader = store.reader();
  StoreReader& past = *reader;
  const std::string_view rule = egress.rule_for("newest").value_or(std::string_view());
  const std::vector<std::string> destinations = words->destinations();
  return Past{.reader = std::move(reader),
              .replay = Replay(past, format, egress, records_in_a_message),
              .newest = NewestKeeper(store, past, egress, *words),
              .newest_rule = rule,
              .destinations = {destinations.begin(), destinations.end()}};
}

void Session::proceed(MonotonicTime now) {
  switch (state_) {
    case State::resting:
      if (now >= deadline_) connect();
      break;
    case State::connecting:
      if (now >= deadline_) {
        end({Ending::Kind::unreachable, far_end_ + " does not answer"}, now);
      }
      break;
    case State::asking:
      if (now < deadline_) break;
      if (life_ != nullptr) {
        end({Ending::Kind::unreachable, far_end_ + " does not say whether we may listen"}, now);
      } else {
        have_past(now);
      }
      break;
    case State::releasing:
      release(now);
      break;
    case State::serving:
      serve(now);
      return;  // which knows when it wants to be called again
    case State::leaving:
      if (now >= deadline_) close(now);
      break;
    case State::closing:
      if (now >= deadline_) finish(now);
      break;
    case State::stopped:
      break;
  }
  if (state_ == State::serving) return;
  wakes_at_ = state_ == State::releasing ? std::min(now + ask_again_after, deadline_) : deadline_;
  awaits_arrivals_ = true;
}

void Session::take(TransportEvent event, const std::string& far_end, MonotonicTime now) {
  if (event.connection != connection_) return;
  far_end_ = far_end;
  was_busy_ = true;
  switch (event.kind) {
    case Event::connected:
      if (state_ == State::connecting) connected(event, now);
      return;
    case Event::failed:
    case Event::lost:
      end(std::move(event.ending), now);
      return;
    case Event::arrived:
    case Event::refused: {
      if (!is_connected()) return;
      auto message = under_way_.take(event.place);
      if (!message) return;
      if (event.kind == Event::arrived) {
        arrived(std::move(*message), now);
      } else {
        refused(std::move(*message), event, now);
      }
      if (state_ == State::leaving) leave(now);
      return;
    }
    case Event::asked:
    case Event::not_asked:
    case Event::shown:
      if (state_ == State::asking) {
        life_ != nullptr ? be_heard(event, now) : take_answer(event, now);
      } else if (state_ == State::serving) {
        take_call(std::move(event), now);
      }
      return;
    case Event::closed:
      if (state_ == State::closing) finish(now);
      return;
    case Event::resolved:
      return;
  }
}

void Session::stop(MonotonicTime now, MonotonicTime deadline) {
  if (is_stopping_) return;
  is_stopping_ = true;
  if (state_ != State::serving) {
    finish(now);
    return;
  }
  state_ = State::leaving;
  deadline_ = std::min(now + farewell_within, deadline);
  keep_account();
  // What was said last, such as that the sensors are offline, goes too: it is retained for ever.
  bulletin_copy_.refresh();
  constexpr std::size_t for_mark_newest_and_status = 3;
  send_notices(for_mark_newest_and_status, now);
  if (under_way_.free() > 1) send_mark(mark_.take_last(), now);
  if (past_ && under_way_.free() > 1 && with_.store.answers()) {
    send_newest(past_->newest.take_last(outbox_.cursor(), now), now);
  }
  if (life_ != nullptr && under_way_.free() > 0) {
    send({.what = OwnStatus{}, .sent_at = now, .subject = "status", .rule = "status"},
         life_->farewell(with_.clock.utc()));
  }
  send_status("offline", now);
  leave(now);
}

// ---- connecting ---------------------------------------------------------------------------------

void Session::connect() {
  ++connection_;
  state_ = State::connecting;
  deadline_ = MonotonicTime::max();  // until it has begun
  bytes_allowed_ = first_bytes_under_way;
  seen_.reset();
  bytes_arrived_ = 0;
  last_word_ = life_ != nullptr ? life_->begin(count_connection(with_.clock.now()))
                                : Message{.destination = format_.destination("status"),
                                          .payload = "offline",
                                          .retained = true};
  act(Action::Kind::connect);
}

// How many there were before this one. It is on the disk before the far end hears of it, so that no
// number comes a second time; but what came to no connection was none.
std::uint64_t Session::count_connection(MonotonicTime now) {
  if (uncounted_) return *uncounted_;
  const std::string name = "connections of " + settings_.sink;
  const std::string known = with_.store.remembered(name).value_or("0");
  std::uint64_t earlier = 0;
  std::from_chars(known.data(), known.data() + known.size(), earlier);
  with_.store.remember(name, std::to_string(earlier + 1));
  if (with_.store.is_open() && with_.store.answers()) with_.store.flush(now + counted_within);
  uncounted_ = earlier;
  return earlier;
}

void Session::begun(const std::string& far_end, MonotonicTime now) {
  far_end_ = far_end;
  if (state_ == State::connecting) wakes_at_ = deadline_ = now + settings_.connect_within;
}

void Session::connected(const TransportEvent& event, MonotonicTime now) {
  limits_ = event.limits;
  connected_words_ = event.text;
  under_way_.reset(limits_.places);
  uncounted_.reset();
  if (life_ != nullptr) {
    state_ = State::asking;
    deadline_ = now + asked_within;
    act(Action::Kind::listen, life_->destination_of_calls(), true);
    return;
  }
  if (!with_.store.is_open()) {  // nor is there a record
    begin_to_serve(now);
    return;
  }
  const bool asks = !mark_destination_.empty() && losses_while_asking_ < losses_by_the_past &&
                    short_connections_ < losses_by_the_past;
  if (!asks) {
    have_past(now);
    return;
  }
  state_ = State::asking;
  deadline_ = now + asked_within;
  act(Action::Kind::ask, mark_destination_);
}

void Session::take_answer(const TransportEvent& event, MonotonicTime now) {
  if (event.kind == Event::asked) {
    deadline_ = now + past_shown_within;
    return;
  }
  if (event.kind == Event::shown) {
    if (event.text != mark_destination_) return;
    seen_ = format_.mark_of(event.payload);
  }
  have_past(now);
}

void Session::be_heard(const TransportEvent& event, MonotonicTime now) {
  if (event.text != life_->destination_of_calls()) return;
  if (event.kind == Event::not_asked) {
    end({Ending::Kind::denied,
         far_end_ + " does not let us listen at " + event.text + ": check its access rules"},
        now);
  } else if (event.kind == Event::asked) {
    with_.store.is_open() ? have_past(now) : begin_to_serve(now);
  }
}

void Session::take_call(TransportEvent event, MonotonicTime now) {
  if (event.kind != Event::shown) {
    if (event.text == roll_call_) awaits_listening_ = false;
    if (event.kind == Event::not_asked) take_no_call(event);
  } else if (!roll_call_.empty() && event.text == roll_call_) {
    if (announcements_->is_roll_call(event.payload)) bulletin_copy_.announce_again(now);
  } else if (life_ != nullptr && event.text == life_->destination_of_calls()) {
    if (life_->asks_for_all(event.payload)) life_->tell_all(with_.store.status().last_row);
  } else if (past_ && past_->destinations.contains(event.text)) {
    past_->replay.ask({.destination = std::move(event.text),
                       .text = std::move(event.payload),
                       .reply_to = std::move(event.reply_to),
                       .correlation = std::move(event.correlation)},
                      now);
  }
}

void Session::take_no_call(const TransportEvent& event) {
  if (!past_ || !past_->destinations.contains(event.text)) return;
  if (std::exchange(past_->is_refused, true)) return;
  with_.log.warning("sink " + settings_.sink,
                    far_end_ + " does not let us listen at " + event.text +
                        ", so nobody can ask for records there: check its "
                        "access rules");
}

// That the far end remembers nothing, or does not show it, is no doubt: else every start there
// would begin a new epoch.
void Session::have_past(MonotonicTime now) {
  if (state_ == State::asking && life_ == nullptr) {
    act(Action::Kind::stop_asking, mark_destination_);
  }
  if (seen_) {
    const std::string epoch = with_.store.epoch();
    const std::string why = with_.store.why_set_back(*seen_);
    if (!why.empty()) with_.store.distrust(epoch, far_end_ + " has seen " + why);
  }
  with_.store.note_asked(settings_.sink);
  state_ = State::releasing;
  releasing_since_ = now;
  deadline_ = now + epoch_begun_within;
  release(now);
}

void Session::release(MonotonicTime now) {
  if (with_.store.release(now >= releasing_since_ + others_asked_within)) {
    begin_to_serve(now);
  } else if (now >= deadline_) {
    end({Ending::Kind::lost, "the store takes no new epoch now"}, now);
  }
}

void Session::begin_to_serve(MonotonicTime now) {
  state_ = State::serving;
  losses_while_asking_ = 0;
  served_since_ = now;
  if (!limits_.is_in_doubt) show(true, "connected to " + connected_words_);
  outbox_.start(limits_.largest_payload, now);
  announces_ = now >= announces_from_;
  listens_ = awaits_listening_ = false;
  bulletin_copy_.start(limits_.can_retain, limits_.can_expire, announces_);
  mark_.start(limits_.can_retain && !mark_rule_.empty() && with_.store.is_open());
  send_status("online", now);
  if (life_ != nullptr) {
    told_version_ = 0;
    life_->tell_all(with_.store.status().last_row);
  }
  if (past_) {
    past_->replay.start(limits_.largest_payload);
    past_->newest.start(limits_.can_retain && !past_->newest_rule.empty() && with_.store.is_open());
    for (const std::string& destination : past_->destinations) {
      act(Action::Kind::listen, destination);
    }
  }
  was_busy_ = true;
  serve(now);
}

// ---- serving ------------------------------------------------------------------------------------

void Session::serve(MonotonicTime now) {
  bulletin_copy_.refresh();
  if (life_ != nullptr) send_news({}, now);
  // A disk that does not answer would keep `state` waiting as well.
  const bool can_read = with_.store.answers();
  if (can_read) outbox_.expire(now);
  if (under_way_.free() > 0) send_mark(mark_.take(now), now);
  if (can_read && is_turn_of_records_) send_records(now);
  send_notices(0, now);
  if (announces_ && !listens_ && !roll_call_.empty() && bulletin_copy_.has_announced()) {
    listens_ = awaits_listening_ = true;
    act(Action::Kind::listen, roll_call_);
  }
  if (can_read) send_records(now);
  if (can_read && past_) send_past(now);
  keep_account();
  if (overdue_at() <= now) {
    end({Ending::Kind::lost,
         far_end_ + " acknowledged nothing for " + duration_text(limits_.acknowledge_within)},
        now);
    return;
  }
  const bool has_work = can_read && outbox_.has_work(with_.store.sendable(), now);
  const MonotonicTime retry = can_read ? outbox_.next_retry() : now + look_at_disk_after;
  MonotonicTime due = std::min({bulletin_copy_.next_due(), retry, mark_.next_due()});
  if (can_read && past_) {
    due = std::min(due, past_->newest.next_due(outbox_.cursor()));
    if (!has_work && has_room_for_past()) due = std::min(due, past_->replay.next_due());
  }
  const bool is_due = due <= now && under_way_.free() > 0;
  wakes_at_ = std::min(overdue_at(), due > now ? due : MonotonicTime::max());
  if ((has_work && has_room_for_records()) || is_due) wakes_at_ = std::max(now, may_send_at_);
  // While something is going on, what needs no hurry is looked at together.
  if (!under_way_.is_empty() || was_busy_) {
    wakes_at_ = std::min(wakes_at_, now + Inbox::patience);
  }
  // What was refused goes one message after the other until it is past that.
  awaits_arrivals_ =
      has_work || due <= now || outbox_.streams_held() > 0 || (past_ && !past_->replay.is_idle());
  was_busy_ = false;
}

void Session::arrived(UnderWay message, MonotonicTime now) {
  if (!status_.connected) show(true, "connected to " + connected_words_);
  std::size_t records = 0;
  if (const Span* const span = message.records()) {
    outbox_.acknowledged(*span, now);
    records = span->records;
    bytes_allowed_ = std::min(2 * bytes_allowed_, most_bytes_under_way);
  } else if (const auto* change = std::get_if<Bulletin::Change>(&message.what)) {
    const bool stays = under_way_.any([&](const UnderWay& other) {
      const auto* const one = std::get_if<Bulletin::Change>(&other.what);
      return one != nullptr && one->posting.topic == change->posting.topic && !one->withdrawn;
    });
    bulletin_copy_.acknowledged(*change, stays);
  } else if (const auto* replayed = std::get_if<Replayed>(&message.what)) {
    past_->replay.arrived();
    records = replayed->records;
  }
  bytes_arrived_ += message.bytes;
  ++status_.messages_acknowledged;
  status_.records_acknowledged += records;
  if (with_.audit == nullptr) return;
  with_.audit->count({settings_.sink, message.subject, message.rule},
                     {.messages = 1, .records = records, .bytes = message.bytes});
}

void Session::refused(UnderWay message, const TransportEvent& event, MonotonicTime now) {
  ++status_.refused;
  bool is_news = false;
  if (const Span* const span = message.records()) {
    is_news = outbox_.refused(*span, message.bytes, event.is_too_large, now);
  } else if (auto* change = std::get_if<Bulletin::Change>(&message.what)) {
    is_news = bulletin_copy_.refused(std::move(*change), now);
  } else if (std::holds_alternative<OwnMark>(message.what)) {
    mark_.refused();
    is_news = true;
  } else if (std::holds_alternative<OwnNewest>(message.what)) {
    past_->newest.refused();
    is_news = true;
  } else if (const auto* replayed = std::get_if<Replayed>(&message.what)) {
    past_->replay.refused(replayed->asker);
    is_news = !std::exchange(past_->is_refused, true);
  }
  if (!is_news) return;
  std::string remedy = event.remedy.empty() ? "check its access rules" : event.remedy;
  if (announcements_ != nullptr && announcements_->is_announcement(message.subject)) {
    remedy.append(", or say ").append(announcements_->how_to_do_without());
  }
  with_.log.warning("sink " + settings_.sink,
                    far_end_ + " refuses " + format_.destination(message.subject) + " with " +
                        event.text + ": " + remedy + "; trying again later");
}

void Session::send_notices(std::size_t kept_free, MonotonicTime now) {
  while (under_way_.free() > kept_free && may_send(now)) {
    auto posting = bulletin_copy_.take(now);
    if (!posting) return;
    const std::size_t size = limits_.size_of(posting->message);
    if (size <= limits_.largest_message) {
      std::string topic = posting->change.posting.topic;
      send({.what = std::move(posting->change),
            .sent_at = now,
            .subject = std::move(topic),
            .rule = posting->rule},
           std::move(posting->message));
    } else if (bulletin_copy_.left_out(posting->change)) {
      with_.log.warning("sink " + settings_.sink, far_end_ + " takes packets up to " +
                                                      std::to_string(limits_.largest_message) +
                                                      " bytes: " + posting->message.destination +
                                                      " has " + std::to_string(size) +
                                                      " and is not sent there");
    }
  }
}

void Session::send_records(MonotonicTime now) {
  if (mark_.holds_records()) return;
  const RowId newest = with_.store.sendable();
  for (int sent = 0; sent < messages_at_once && has_room_for_records() && may_send(now); ++sent) {
    auto records = outbox_.take(newest, now);
    if (!records) return;
    if (life_ != nullptr) {
      send_news(records->subject, now);
      life_->number(records->message, with_.clock.utc());
    }
    send({.what = records->span,
          .sent_at = now,
          .subject = std::string(records->subject),
          .rule = records->rule},
         std::move(records->message));
  }
}

// What must be said before records of the subject (empty: none). It takes no place: when it does
// not arrive, the connection is over, and the next one begins with all of it. Nor does it wait for
// its turn, as records must not go before it: what comes later does.
void Session::send_news(std::string_view subject, MonotonicTime now) {
  for (const Bulletin::Change& change : with_.bulletin.changes_since(told_version_)) {
    const Posting& posting = change.posting;
    const bool goes = !change.withdrawn && egress_.rule_for(posting.topic).has_value();
    const std::string& said = posting.payload;
    life_->know(posting.topic, !goes ? "" : egress_.strips() ? egress_.stripped(said) : said);
  }
  const std::string beside = subject.empty() ? std::string() : document_beside(subject);
  if (!beside.empty() && with_.bulletin.is_obsolete(beside)) life_->know(beside, {});
  for (LifeFormat::News& news : life_->take_news(subject, with_.clock.utc())) {
    if (with_.audit != nullptr) {
      with_.audit->count(
          {settings_.sink, news.subject, egress_.rule_for(news.subject).value_or("status")},
          {.messages = 1, .records = 0, .bytes = news.message.payload.size()});
    }
    may_send_at_ = std::max(may_send_at_, now) + settings_.pace;
    actions_.push_back(
        {.kind = Action::Kind::send, .place = nowhere, .message = std::move(news.message)});
  }
}

// Behind all that is new.
void Session::send_past(MonotonicTime now) {
  if (under_way_.free() == 0 || !may_send(now)) return;
  send_newest(past_->newest.take(outbox_.cursor(), now), now);
  if (outbox_.has_work(with_.store.sendable(), now)) return;
  if (!has_room_for_past() || !may_send(now)) return;
  auto answer = past_->replay.take(outbox_.cursor(), now);
  if (!answer) return;
  if (limits_.size_of(answer->message) > limits_.largest_message) {
    past_->replay.refused(answer->asker);
    return;
  }
  send({.what = Replayed{answer->asker, answer->records},
        .sent_at = now,
        .subject = "reply/replay/" + answer->asker,
        .rule = answer->rule},
       std::move(answer->message));
}

void Session::send_newest(std::optional<std::string> newest, MonotonicTime now) {
  if (!newest || under_way_.free() == 0) return;
  Message message{.destination = format_.destination("newest"),
                  .payload = *std::move(newest),
                  .retained = true};
  message.content_type = format_.content_type(message.payload);
  if (limits_.size_of(message) > limits_.largest_message) {
    past_->newest.refused();
    return;
  }
  send({.what = OwnNewest{}, .sent_at = now, .subject = "newest", .rule = past_->newest_rule},
       std::move(message));
}

void Session::send_status(std::string_view status, MonotonicTime now) {
  std::string destination = format_.destination("status");
  if (destination.empty() || under_way_.free() == 0) return;  // a will says the same in the end
  send({.what = OwnStatus{}, .sent_at = now, .subject = "status", .rule = "status"},
       {.destination = std::move(destination),
        .payload = std::string(status),
        .content_type = format_.content_type(status),
        .retained = limits_.can_retain});
}

void Session::send_mark(std::optional<Mark> mark, MonotonicTime now) {
  if (!mark || under_way_.free() == 0) return;
  Message message{
      .destination = mark_destination_, .payload = format_.mark(*mark), .retained = true};
  message.content_type = format_.content_type(message.payload);
  if (limits_.size_of(message) > limits_.largest_message) {
    mark_.refused();
    return;
  }
  send({.what = OwnMark{}, .sent_at = now, .subject = "mark", .rule = mark_rule_},
       std::move(message));
}

void Session::send(UnderWay record, Message message) {
  record.bytes = message.payload.size();
  may_send_at_ = std::max(may_send_at_, record.sent_at + settings_.pace);
  is_turn_of_records_ = settings_.pace > milliseconds(0) && record.records() == nullptr;
  const Place place = under_way_.add(std::move(record));
  actions_.push_back({.kind = Action::Kind::send, .place = place, .message = std::move(message)});
}

void Session::act(Action::Kind kind, std::string destination, bool acknowledged) {
  actions_.push_back(
      {.kind = kind,
       .message = {
           .destination = std::move(destination), .payload = {}, .is_acknowledged = acknowledged}});
}

// Gaps go into the ledger before the cursor passes them.
void Session::keep_account() {
  for (LedgerRow& gap : outbox_.take_gaps()) {
    with_.log.warning("sink " + settings_.sink, counted(gap.count, "record") + " of " + gap.stream +
                                                    ": refused, and given up for this sink");
    with_.store.note_gap(std::move(gap));
  }
  with_.store.acknowledge(settings_.sink, outbox_.cursor());
}

bool Session::has_room_for_records() const {
  const std::size_t places = under_way_.places();
  const std::size_t most = places > places_for_notices ? places - places_for_notices : 1;
  return under_way_.free() > 0 && under_way_.messages_of_records() < most &&
         under_way_.bytes_of_records() < bytes_allowed_;
}

// Never on the last free places, where there are more.
bool Session::has_room_for_past() const {
  const bool has_few = under_way_.places() <= places_for_notices;
  return under_way_.free() > (has_few ? 0 : places_for_notices);
}

MonotonicTime Session::overdue_at() const {
  const MonotonicTime oldest = under_way_.oldest();
  return oldest == MonotonicTime::max() ? oldest : oldest + limits_.acknowledge_within;
}

// ---- ending -------------------------------------------------------------------------------------

void Session::leave(MonotonicTime now) {
  send_notices(0, now);
  const bool is_pending =
      under_way_.any([](const UnderWay& message) { return message.records() == nullptr; });
  if (!is_pending) close(now);
}

void Session::close(MonotonicTime now) {
  keep_account();
  act(Action::Kind::disconnect);
  act(Action::Kind::abandon);
  state_ = State::closing;
  if (now >= deadline_) finish(now);
}

void Session::end(Ending ending, MonotonicTime now) {
  if (state_ == State::resting || state_ >= State::closing) return;
  if (is_stopping_) {
    finish(now);
    return;
  }
  const State was = state_;
  let_go(now);
  if (was == State::serving) {
    note_loss_by_announcements(now);
    // Where connecting works and the connection breaks at once, again and again, the pauses grow;
    // but a backlog gets through a way that is cut again and again as fast as the way lets it.
    const bool is_short = now - served_since_ < short_connection;
    short_connections_ = is_short ? short_connections_ + 1 : 0;
    const bool is_worth_it =
        short_connections_ < 2 ? bytes_arrived_ > 0 : bytes_arrived_ >= bytes_worth_a_connection;
    if (is_worth_it) pause_.reset();
    if (!is_short) patient_pause_.reset();
    if (short_connections_ >= short_connections_in_a_quarrel) ending.words += settings_.quarrel;
  } else {
    short_connections_ = 0;
    const bool asked_for_past = was == State::asking && life_ == nullptr;
    if (asked_for_past && ending.kind == Ending::Kind::lost) note_loss_by_the_past();
  }
  if (ending.has_another_way) {
    connect();
  } else {
    rest_after(ending, now);
  }
  wakes_at_ = deadline_;
}

// Nothing that was under way is known to have arrived.
void Session::let_go(MonotonicTime now) {
  if (state_ == State::resting) return;
  actions_.clear();  // of a connection that is over
  outbox_.connection_lost(now);
  keep_account();
  under_way_.reset(0);
  act(Action::Kind::abandon);
}

void Session::rest_after(const Ending& ending, MonotonicTime now) {
  state_ = State::resting;
  with_.store.note_asked(settings_.sink);  // if it was not: others need not wait for it
  const bool is_taken_over = ending.kind == Ending::Kind::taken_over;
  const bool is_lasting = ending.kind == Ending::Kind::denied || is_taken_over;
  status_.is_denied = is_lasting;
  show(false, is_taken_over ? ending.words + settings_.quarrel : ending.words);
  const milliseconds rest = is_lasting ? patient_pause_.next_patient() : pause_.next();
  deadline_ = now + std::max(rest, ending.rest_at_least);
}

void Session::finish(MonotonicTime now) {
  if (state_ != State::closing) let_go(now);
  with_.store.note_asked(settings_.sink);
  show(false, "stopped");
  state_ = State::stopped;
}

// The next connection does without the answer, and the one after that asks again.
void Session::note_loss_by_the_past() {
  if (++losses_while_asking_ != losses_by_the_past) return;
  with_.log.warning("sink " + settings_.sink,
                    far_end_ + " ended " + std::to_string(losses_by_the_past) +
                        " connections when asked what it retains below " + format_.destination("") +
                        ": perhaps somebody put a giant message there. It is not asked this time, "
                        "so whether an older copy of the store was put back is not seen");
}

void Session::note_loss_by_announcements(MonotonicTime now) {
  if (bulletin_copy_.are_announcements_refused()) return;  // that was told
  const bool is_by_them = bulletin_copy_.is_announcing() || awaits_listening_;
  losses_while_announcing_ = is_by_them ? losses_while_announcing_ + 1 : 0;
  if (losses_while_announcing_ < losses_by_announcements) return;
  losses_while_announcing_ = 0;
  announces_from_ = now + announced_after;
  with_.log.warning("sink " + settings_.sink,
                    far_end_ + " ended " + std::to_string(losses_by_announcements) +
                        " connections when something was announced there: perhaps its access "
                        "rules forbid it. Connections of the next hour do without; " +
                        std::string(announcements_->how_to_do_without()) + " ends that");
}

// Logs a change once.
void Session::show(bool connected, const std::string& words) {
  if (status_.connected && !connected) ++status_.reconnects;
  status_.connected = connected;
  if (connected) status_.is_denied = false;
  if (std::exchange(status_.state, words) == words) return;
  if (connected) {
    with_.log.notice("sink " + settings_.sink, words);
  } else if (!is_stopping_) {
    with_.log.warning("sink " + settings_.sink, words + "; records wait in the store");
  }
}

}  // namespace twinsky
