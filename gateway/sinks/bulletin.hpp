// SPDX-License-Identifier: Apache-2.0
// What should stand at every far end right now: what it remembers of us and the latest values, each
// with its newest text only. Stages post here; each sink makes its far end agree, sends what
// changed, and after a reconnect sends all. Any thread.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

enum class Retain : std::uint8_t {
  always,    // info, meta, status, compare, warnings
  expiring,  // state: remembered where it can expire there, else only sent
};

struct Posting {
  std::string topic;  // below twinsky/v1/<gateway>/, e.g. "sensor/roof-pm/meta"
  std::string payload;
  Retain retain = Retain::always;
  bool is_acknowledged = true;  // sent until it has arrived
  milliseconds expiry{0};       // with Retain::expiring
};

class Bulletin {
 public:
  // A text that stands already is not sent again, unless it expires.
  void post(Posting posting);
  // The topic should stand nowhere any more.
  void withdraw(std::string_view topic);

  // All topics of the present configuration have been posted, but for those that begin with one of
  // `later` (stations that a feed has yet to name): what is remembered beyond them is obsolete.
  // `is_former`: begins so, and will not come all the same (the station has another id now).
  void declare_complete(std::vector<std::string> later,
                        std::function<bool(std::string_view topic)> is_former = {});
  // How often that was declared: when it rises, obsolete topics are to be looked for again.
  [[nodiscard]] std::uint64_t completions() const;
  // Is this a topic of something that is not configured any more? Never before declare_complete().
  [[nodiscard]] bool is_obsolete(std::string_view topic) const;

  struct Change {
    Posting posting;
    bool withdrawn = false;
  };
  // What changed since `version`, oldest first; moves `version` on. 0 gives everything in force.
  std::vector<Change> changes_since(std::uint64_t& version) const;

  // Called after each change, on the posting thread; must not block. Once unsubscribe() has
  // returned it is not called any more.
  std::uint64_t subscribe(std::function<void()> notify);
  void unsubscribe(std::uint64_t handle);

 private:
  struct Kept {
    Change change;
    std::uint64_t version = 0;
  };
  using Topics = std::map<std::string, Kept, std::less<>>;

  void put(Topics::iterator place, Change change);
  void notify();

  mutable std::mutex mutex_;
  Topics kept_;                                           // guarded by mutex_
  std::map<std::uint64_t, Topics::iterator> by_version_;  // guarded by mutex_
  std::uint64_t version_ = 0;                             // guarded by mutex_
  std::uint64_t completions_ = 0;                         // guarded by mutex_
  std::vector<std::string> later_;                        // guarded by mutex_
  std::function<bool(std::string_view)> is_former_;       // guarded by mutex_

  std::mutex subscribers_mutex_;
  std::map<std::uint64_t, std::function<void()>> subscribers_;  // guarded by subscribers_mutex_
  std::uint64_t last_handle_ = 0;                               // guarded by subscribers_mutex_
};

}  // namespace twinsky
