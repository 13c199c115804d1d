// SPDX-License-Identifier: Apache-2.0
// What one far end should hold of the bulletin: takes in what changes, hands out messages, notes
// what is retained and clears what is obsolete. Each topic waits with its newest text only. One
// thread.
#pragma once

#include "gateway/sinks/bulletin.hpp"
#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/store/store.hpp"

#include <map>
#include <optional>
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
               const Egress& egress = Egress::everything());

  // A new connection: everything in force goes again, and what was retained there once and may not
  // go any more is cleared. What it cannot let expire is not retained there.
  void start(bool can_retain, bool can_expire);
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

  [[nodiscard]] bool has_work(MonotonicTime now) const { return next_due() <= now; }
  // When there is something to take; min() for at once, max() for not before a change.
  [[nodiscard]] MonotonicTime next_due() const;

 private:
  // nullopt: it stays here.
  [[nodiscard]] std::optional<std::string_view> rule_for(const std::string& topic) const;
  void enqueue(Bulletin::Change change);
  void clear(const std::string& topic);
  void clear_obsolete();

  const Bulletin& bulletin_;
  Store& store_;
  const Format& format_;
  const std::string sink_;
  const Egress& egress_;
  bool can_retain_ = true;
  bool can_expire_ = true;
  std::uint64_t version_ = 0;
  std::uint64_t completions_ = 0;
  std::set<std::string, std::less<>> retained_;  // as the store has noted

  std::uint64_t last_turn_ = 0;
  std::map<std::uint64_t, Bulletin::Change> waiting_;  // by turn
  std::map<std::string, std::uint64_t, std::less<>> turns_;
  std::map<std::string, MonotonicTime, std::less<>> barred_;  // refused topics
  std::set<std::string, std::less<>> left_out_;               // and said so
};

}  // namespace twinsky
