// SPDX-License-Identifier: Apache-2.0
// Records that have left once go again, for who asks for them: after a gap that a broker or a
// subscriber made. They are read from the store, obey the rules of the sink, and go to nobody but
// who asked. What is new goes first, and between two steps there is a pause, so that neither the
// way out nor the machine is busy with the past. One thread.
#pragma once

#include "gateway/sinks/batch.hpp"
#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/sinks/replay_request.hpp"
#include "gateway/store/store.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

struct ReplayAnswer {
  Message message;
  std::string asker;
  std::string_view rule;  // by which it goes
  std::size_t records = 0;
};

class Replay {
 public:
  // `format.replay()` is not nullptr. `reader`, `format` and `egress` outlive this.
  Replay(StoreReader& reader, const Format& format, const Egress& egress,
         std::size_t records_in_a_message);

  // A new connection: what was asked on the one before is forgotten, who wants it asks again.
  void start(std::size_t largest_payload);
  // Somebody asks.
  void ask(const Call& call, MonotonicTime now);
  // The next message, which from now on is under way; nullopt when there is none yet. `until`: the
  // row up to which everything has arrived once.
  std::optional<ReplayAnswer> take(RowId until, MonotonicTime now);
  // One that was under way to him has met its fate.
  void arrived() { settle(); }
  // He does not get it, nor the rest of what is being answered to him.
  void refused(const std::string& asker);

  [[nodiscard]] bool is_idle() const { return ends_.empty() && !answering_ && waiting_.empty(); }
  [[nodiscard]] MonotonicTime next_due() const;

 private:
  struct Text {                            // of a stream
    std::optional<std::string_view> rule;  // nullopt: it is not wanted, or stays here
    std::string epoch;
    std::string head;
  };
  // The request that is being answered.
  struct Answering {
    ReplayRequest request;
    std::uint64_t records = 0;
    bool is_located = false;  // else the first row is looked for
    bool is_read = false;     // all of its rows were
    RowId next = 0;           // located: the next row that is read; else the first that it may be
    RowId end = 0;            // behind the last row that it may have
    RowId before = 0;         // not located: it is not behind this one
    RowId probe = 0;          // not located: where it is looked for next
    int probes = 0;           // since the last that told something
    std::map<StreamId, Text> texts = {};
  };
  // What an asker had in the hour that began then.
  struct Allowance {
    MonotonicTime since{};
    std::uint64_t records = 0;
  };

  void settle() { under_way_ -= under_way_ > 0 ? 1 : 0; }
  bool begin(RowId until);
  void locate();
  void read();
  Text& text_of(const StoredRow& row);
  [[nodiscard]] std::optional<milliseconds> waits_for_quota(const std::string& asker,
                                                            std::size_t records, MonotonicTime now);
  std::optional<ReplayAnswer> piece(MonotonicTime now);
  void finish(const ReplayEnd& end);
  void say(const ReplayRequest& request, const ReplayEnd& end);

  StoreReader& reader_;
  const Format& format_;
  const ReplayFormat& words_;
  const Egress& egress_;
  const std::size_t records_in_a_message_;
  std::size_t largest_payload_ = 0;

  std::map<std::string, std::deque<ReplayRequest>> waiting_;  // by asker
  std::string last_asker_;                                    // who had his turn
  std::optional<Answering> answering_;
  Batcher batcher_;
  std::deque<ReplayAnswer> ends_;  // of answers, ready to go
  std::map<std::string, Allowance> allowances_;
  std::size_t under_way_ = 0;
  MonotonicTime next_at_ = MonotonicTime::min();
};

}  // namespace twinsky
