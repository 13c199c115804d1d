// SPDX-License-Identifier: Apache-2.0
// What one far end should hold of the bulletin: takes in what changes, hands out messages, notes
// what is retained and clears what is obsolete. Each topic waits with its newest text only. What is
// announced may need more messages than one: where it was announced otherwise before, that is taken
// back first. One thread.
#pragma once

#include "gateway/sinks/announced.hpp"
#include "gateway/sinks/bulletin.hpp"
#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/store/store.hpp"

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace twinsky {

struct OutgoingPosting {
  Bulletin::Change change;  // what it says
  Message message;
  std::string_view rule;  // by which it goes
};

class BulletinCopy {
 public:
  BulletinCopy(const Bulletin& bulletin, Store& store, const Format& format, std::string sink,
               const Egress& egress = Egress::everything(), std::uint32_t seed = 1);

  // A new connection: everything in force goes again, and what was retained there once and may not
  // go any more is cleared. What it cannot let expire is not retained there. `announces`: else no
  // announcement goes, nor is one taken back.
  void start(bool can_retain, bool can_expire, bool announces = true);
  // Takes in what changed.
  void refresh();

  // The next message, which from now on is under way; when the connection is lost, it goes again on
  // the next one.
  std::optional<OutgoingPosting> take(MonotonicTime now);
  // `stays`: another message to the topic, which does not clear it, is under way.
  void acknowledged(const Bulletin::Change& change, bool stays);
  // The topic waits for a minute. Answers whether that is news.
  bool refused(Bulletin::Change change, MonotonicTime now);
  // The message is larger than the far end takes: its topic waits until it changes. Answers whether
  // that is news.
  bool left_out(const Bulletin::Change& change);

  // The far end asks for all announcements again: each goes after a while of its own, so that
  // neither it nor the way there is busy with all of them, and of all gateways, at once.
  void announce_again(MonotonicTime now);
  [[nodiscard]] bool has_announced() const { return !announced_.all().empty(); }
  // Was one refused, and none was taken since? Then they rest.
  [[nodiscard]] bool are_announcements_refused() const { return was_refused_; }
  // Are announcements under way?
  [[nodiscard]] bool is_announcing() const { return !said_.empty(); }

  [[nodiscard]] bool has_work(MonotonicTime now) const { return next_due() <= now; }
  // When there is something to take; min() for at once, max() for not before a change.
  [[nodiscard]] MonotonicTime next_due() const;

 private:
  [[nodiscard]] bool is_announcement(std::string_view topic) const {
    return words_ != nullptr && words_->is_announcement(topic);
  }
  [[nodiscard]] std::string destination(std::string_view topic) const;
  void recall();
  // nullopt: it stays here.
  [[nodiscard]] std::optional<std::string_view> rule_for(const std::string& topic) const;
  [[nodiscard]] std::optional<std::string_view> rule_for(const Posting& posting) const;
  [[nodiscard]] std::string stripped(const Posting& posting) const;
  [[nodiscard]] bool stands(const std::string& topic) const;
  [[nodiscard]] MonotonicTime due(const std::string& topic) const;
  OutgoingPosting outgoing(Bulletin::Change change);
  void announce(const Bulletin::Change& change);
  void say(const Bulletin::Change& change, std::string destination, std::string payload);
  bool settle(const std::string& subject);
  void enqueue(Bulletin::Change change);
  void clear(const std::string& topic);
  void clear_obsolete();

  const Bulletin& bulletin_;
  Store& store_;
  const Format& format_;
  const AnnouncementFormat* const words_;  // nullptr: nothing is announced
  const std::string place_;                // where retained topics are, as it is noted
  const std::string sink_;
  const Egress& egress_;
  bool can_retain_ = true;
  bool can_expire_ = true;
  std::uint64_t version_ = 0;
  std::uint64_t completions_ = 0;
  bool is_place_noted_ = false;
  std::set<std::string, std::less<>> retained_;  // as the store has noted

  std::uint64_t last_turn_ = 0;
  std::map<std::uint64_t, Bulletin::Change> waiting_;  // by turn
  std::map<std::string, std::uint64_t, std::less<>> turns_;
  std::map<std::string, MonotonicTime, std::less<>> barred_;  // refused topics
  std::set<std::string, std::less<>> left_out_;               // and said so

  // Of what is announced, by subject:
  Announced announced_;
  bool announces_ = true;
  std::deque<OutgoingPosting> next_;                      // goes before all that waits
  std::map<std::string, std::size_t, std::less<>> said_;  // how much is under way
  std::map<std::string, std::optional<Announced::Note>, std::less<>> last_said_;
  MonotonicTime announced_from_ = MonotonicTime::min();  // not before, since one was refused
  bool was_refused_ = false;                             // and none was taken since
  MonotonicTime asked_again_at_ = MonotonicTime::min();  // when the newest round begins
  std::minstd_rand random_;
};

}  // namespace twinsky
