// SPDX-License-Identifier: Apache-2.0
// A sink's life as a state machine: when it connects, what it asks, what may be under way at once,
// who goes first, when silence means that it is over, how long it rests. It does nothing itself:
// events go in, actions come out, and time is told. Belongs to the sink's thread.
//
//   resting -> connecting -> asking -> releasing -> serving -> leaving -> closing -> stopped
//      ^           |            |          |           |
//      `-----------+------------+----------+-----------´   (how it ended; another way: connecting)
//
// What is asked for its past is the far end, since a store that was set back (an old image of the
// card) would use numbers a second time. No record leaves before, nor before the store has released
// its rows under the numbers that they have. Where the format tells who is there, no record leaves
// before that is told either, and it is not told before we can hear what is answered.
#pragma once

#include "gateway/sinks/backoff.hpp"
#include "gateway/sinks/bulletin_copy.hpp"
#include "gateway/sinks/inbox.hpp"
#include "gateway/sinks/mark_keeper.hpp"
#include "gateway/sinks/newest_keeper.hpp"
#include "gateway/sinks/outbox.hpp"
#include "gateway/sinks/replay.hpp"
#include "gateway/sinks/sink.hpp"
#include "gateway/sinks/under_way.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace twinsky {

struct SessionSettings {
  std::string sink;
  milliseconds connect_within{20'000};
  milliseconds pace{0};  // from one message of records or documents to the next, at least
  OutboxSettings outbox;
  std::string quarrel;  // why connections may break again and again, for people
};

class Session {
 public:
  enum class State : std::uint8_t {
    resting,     // until it is time to connect
    connecting,  // until the far end answers
    asking,      // what it remembers of our past, or that we may hear it
    releasing,   // until the store lets its rows leave under their numbers
    serving,
    leaving,  // `offline` and what else was said last is under way
    closing,  // the connection is let go
    stopped,
  };

  // What is to be done, in this order. What ends the connection while it is done is told by
  // take(), as an event.
  struct Action {
    enum class Kind : std::uint8_t { connect, ask, stop_asking, listen, send, disconnect, abandon };
    Kind kind{};
    Place place = 0;    // of what is sent
    Message message{};  // what is sent; its destination alone: where it asks
  };

  Session(SessionSettings settings, SinkSurroundings& surroundings, const Format& format,
          const Egress& egress);

  [[nodiscard]] State state() const { return state_; }
  // Which connection is meant: events of earlier ones are not for us.
  [[nodiscard]] std::uint64_t connection() const { return connection_; }
  [[nodiscard]] const SinkStatus& status() const { return status_; }
  // What the far end shall say when the connection breaks that is begun now; and also when we end
  // it ourselves.
  [[nodiscard]] const Message& last_word() const { return last_word_; }
  [[nodiscard]] bool is_last_word_always_said() const { return life_ != nullptr; }

  // Does what is due.
  void proceed(MonotonicTime now);
  // It is connecting now, to `far_end`; to find the way there took its own time.
  void begun(const std::string& far_end, MonotonicTime now);
  // `far_end`: who it is, for people.
  void take(TransportEvent event, const std::string& far_end, MonotonicTime now);
  // An attempt or a connection is over, for reasons of our own.
  void end(Ending ending, MonotonicTime now);
  // Asked to end: takes leave where it is connected, until `deadline` at most.
  void stop(MonotonicTime now, MonotonicTime deadline);

  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }
  // When proceed() wants to be called again, if nothing happens before.
  [[nodiscard]] MonotonicTime wakes_at() const { return wakes_at_; }
  // Is an acknowledgement reason enough to wake?
  [[nodiscard]] bool awaits_arrivals() const { return awaits_arrivals_; }

 private:
  // What has left once and may be asked for again.
  struct Past {
    std::unique_ptr<StoreReader> reader;
    Replay replay;
    NewestKeeper newest;
    std::string_view newest_rule;                     // empty: none lets it go
    std::set<std::string, std::less<>> destinations;  // where it is asked for
    bool is_refused = false;                          // and that was said
  };
  static std::optional<Past> past_of(Store& store, const Format& format, const Egress& egress,
                                     std::size_t records_in_a_message);

  void connect();
  void connected(const TransportEvent& event, MonotonicTime now);
  void take_answer(const TransportEvent& event, MonotonicTime now);
  void take_call(TransportEvent event, MonotonicTime now);
  void take_no_call(const TransportEvent& event);
  void be_heard(const TransportEvent& event, MonotonicTime now);
  void have_past(MonotonicTime now);
  void release(MonotonicTime now);
  void begin_to_serve(MonotonicTime now);
  void serve(MonotonicTime now);
  void leave(MonotonicTime now);
  void close(MonotonicTime now);
  void finish(MonotonicTime now);
  void arrived(UnderWay message, MonotonicTime now);
  void refused(UnderWay message, const TransportEvent& event, MonotonicTime now);
  void let_go(MonotonicTime now);
  void rest_after(const Ending& ending, MonotonicTime now);
  void note_loss_by_the_past();
  void note_loss_by_announcements(MonotonicTime now);
  void show(bool connected, const std::string& words);

  void send_notices(std::size_t kept_free, MonotonicTime now);
  void send_records(MonotonicTime now);
  void send_news(std::string_view subject, MonotonicTime now);
  void send_status(std::string_view status, MonotonicTime now);
  void send_mark(std::optional<Mark> mark, MonotonicTime now);
  void send_past(MonotonicTime now);
  void send_newest(std::optional<std::string> newest, MonotonicTime now);
  void send(UnderWay record, Message message);
  void act(Action::Kind kind, std::string destination = {}, bool acknowledged = false);
  std::uint64_t count_connection(MonotonicTime now);
  void keep_account();
  // As fast as it may; the last words need not wait.
  [[nodiscard]] bool may_send(MonotonicTime now) const {
    return is_stopping_ || now >= may_send_at_;
  }
  [[nodiscard]] bool has_room_for_records() const;
  [[nodiscard]] bool has_room_for_past() const;
  [[nodiscard]] MonotonicTime overdue_at() const;
  [[nodiscard]] bool is_connected() const {
    return state_ > State::connecting && state_ < State::closing;
  }

  const SessionSettings settings_;
  SinkSurroundings& with_;
  const Format& format_;
  const Egress& egress_;
  LifeFormat* const life_;  // nullptr: nobody has to be told who is there
  const std::string mark_destination_;
  const std::string_view mark_rule_;               // empty: none lets it go
  const AnnouncementFormat* const announcements_;  // nullptr: there are none
  const std::string roll_call_;  // where the far end asks for announcements; empty: nowhere
  Outbox outbox_;
  BulletinCopy bulletin_copy_;
  MarkKeeper mark_;
  std::optional<Past> past_;  // where somebody may ask for it
  Backoff pause_;
  Backoff patient_pause_;

  State state_ = State::resting;
  std::vector<Action> actions_;
  MonotonicTime wakes_at_ = MonotonicTime::min();
  MonotonicTime deadline_ = MonotonicTime::min();  // of the state
  bool awaits_arrivals_ = true;
  bool is_stopping_ = false;
  MonotonicTime may_send_at_ = MonotonicTime::min();
  bool is_turn_of_records_ = false;  // to go first, where not all may go
  SinkStatus status_;
  int losses_while_asking_ = 0;
  int losses_while_announcing_ = 0;
  MonotonicTime announces_from_ = MonotonicTime::min();
  int short_connections_ = 0;

  // Of the connection.
  std::uint64_t connection_ = 0;
  Message last_word_;
  std::optional<std::uint64_t> uncounted_;  // how many there were before those that came to nothing
  std::uint64_t told_version_ = 0;          // of the bulletin, up to which `life_` knows it
  std::string far_end_;
  std::string connected_words_;
  TransportLimits limits_;
  UnderWayTable under_way_;
  std::size_t bytes_allowed_ = 0;  // of records under way; grows while they arrive
  MonotonicTime served_since_{};
  MonotonicTime releasing_since_{};
  std::optional<Mark> seen_;
  std::size_t bytes_arrived_ = 0;
  bool was_busy_ = false;
  bool announces_ = true;
  bool listens_ = false;           // to the roll call
  bool awaits_listening_ = false;  // whether it may is not known yet
};

}  // namespace twinsky
