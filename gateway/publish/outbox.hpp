// SPDX-License-Identifier: Apache-2.0
// A sink's way from the store's rows to messages and back to its cursor: reads pages, makes
// batches, knows which are under way. Holds no row longer than it takes to send it: what is lost or
// refused is read again. One thread.
#pragma once

#include "gateway/publish/batch.hpp"
#include "gateway/publish/egress.hpp"
#include "gateway/publish/flight.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twinsky {

struct OutboxSettings {
  std::string gateway;
  std::string sink;
  std::size_t records = 200;             // in a message at most
  milliseconds hold_refused{3'600'000};  // then the rows leave by the ledger
  std::uint32_t seed = 1;
};

// Announces that rows up to this one are about to be sent; false: not now, others come first.
using Claim = std::function<bool(RowId until)>;

struct Outgoing {
  std::string topic;  // below twinsky/v1/<gateway>/
  std::string payload;
  std::string_view rule;  // by which it goes
};

class Outbox {
 public:
  // Goes on after `cursor`. Rows of streams that may not go there count as passed: nobody there
  // waits for them, and they are no loss.
  Outbox(OutboxSettings settings, std::unique_ptr<StoreReader> reader, RowId cursor,
         const Egress& egress = Egress::everything(), Claim claim = {});

  // A new connection whose broker takes payloads up to this size. What was under way is sent again.
  void start(std::size_t largest_payload, MonotonicTime now);
  void connection_lost(MonotonicTime now);

  // The next message, which from now on is under way in `place`; nullopt when there is none now.
  // `newest`: the newest row that may be sent.
  std::optional<Outgoing> take(Place place, RowId newest, MonotonicTime now);
  // Answers how many records have arrived.
  std::size_t acknowledged(Place place, MonotonicTime now);
  // `too_large`: the broker said that of the message. Answers the topic when it is news that it is
  // refused.
  std::string refused(Place place, bool too_large, MonotonicTime now);
  // Gives up what has been refused for too long.
  void expire(MonotonicTime now);

  // Is there something to take at once?
  [[nodiscard]] bool has_work(RowId newest, MonotonicTime now) const;
  // When a refused stream wants to try again.
  [[nodiscard]] MonotonicTime next_retry() const { return flight_.next_due(); }
  // Everything up to this row has arrived or stands in the ledger.
  [[nodiscard]] RowId cursor() const;
  [[nodiscard]] std::size_t bytes_under_way() const { return bytes_under_way_; }
  [[nodiscard]] std::size_t streams_held() const { return flight_.held(); }
  // What left without arriving since the last call.
  std::vector<LedgerRow> take_gaps() { return std::exchange(gaps_, {}); }

 private:
  struct StreamText {
    std::string name;
    std::string topic;
    std::optional<std::string_view> rule;  // nullopt: the stream stays here
    std::string epoch;
    std::string prefix;
  };
  struct UnderWay {
    Span span;
    std::size_t bytes = 0;
  };

  bool read_page(RowId newest);
  std::optional<Batch> retry(const Flight::Retry& retry);
  std::optional<Outgoing> send(Place place, Batch batch);
  bool leaves_as_too_large(const Batch& batch, MonotonicTime now);
  void leave_by_ledger(const Span& span);
  void add(Batcher& batcher, const StoredRow& row, const StreamText& text);
  const StreamText& text_of(StreamId stream, const std::string& epoch);

  const OutboxSettings settings_;
  const std::unique_ptr<StoreReader> reader_;
  const Egress& egress_;
  const Claim claim_;
  bool is_denied_ = false;  // the newest claim
  BatchLimits limits_;
  std::size_t largest_payload_ = 0;
  RowId read_;
  std::size_t rows_since_flush_ = 0;
  Batcher batcher_;
  Flight flight_;
  std::unordered_map<StreamId, StreamText> texts_;
  std::unordered_map<Place, UnderWay> under_way_;
  std::size_t bytes_under_way_ = 0;
  std::vector<LedgerRow> gaps_;
};

}  // namespace twinsky
