// SPDX-License-Identifier: Apache-2.0
// A sink's way from the store's rows to messages and back to its cursor: reads pages, makes
// batches, knows of each stream what has arrived. Holds no row longer than it takes to send it:
// what is lost or refused is read again. One thread.
#pragma once

#include "gateway/sinks/batch.hpp"
#include "gateway/sinks/egress.hpp"
#include "gateway/sinks/flight.hpp"
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
  std::string sink;
  std::size_t records = 200;             // in a message at most
  milliseconds hold_refused{3'600'000};  // then the rows leave by the ledger
  std::uint32_t seed = 1;
};

// Announces that rows up to this one are about to be sent; false: not now, others come first.
using Claim = std::function<bool(RowId until)>;

struct Outgoing {
  Span span;
  std::string_view subject;  // lives as long as the outbox
  Message message;
  std::string_view rule;  // by which it goes
};

class Outbox {
 public:
  // Goes on after `cursor`. Rows of streams that may not go there count as passed: nobody there
  // waits for them, and they are no loss.
  Outbox(OutboxSettings settings, const Format& format, std::unique_ptr<StoreReader> reader,
         RowId cursor, const Egress& egress = Egress::everything(), Claim claim = {});

  // A new connection whose far end takes payloads up to this size. What was under way goes again.
  void start(std::size_t largest_payload, MonotonicTime now);
  void connection_lost(MonotonicTime now);

  // The next message, which from now on is under way; nullopt when there is none now, or when the
  // store cannot be read. `newest`: the newest row that may be sent.
  std::optional<Outgoing> take(RowId newest, MonotonicTime now);
  void acknowledged(const Span& span, MonotonicTime now) { flight_.acknowledged(span, now); }
  // `too_large`: that was said of the message, which had so many `bytes`. Answers whether it is
  // news that the stream is refused.
  bool refused(const Span& span, std::size_t bytes, bool too_large, MonotonicTime now);
  // Gives up what has been refused for too long.
  void expire(MonotonicTime now);

  // Is there something to take at once?
  [[nodiscard]] bool has_work(RowId newest, MonotonicTime now) const;
  // When a refused stream wants to try again.
  [[nodiscard]] MonotonicTime next_retry() const {
    return is_denied_ ? MonotonicTime::max() : flight_.next_due();
  }
  // Everything up to this row has arrived or stands in the ledger.
  [[nodiscard]] RowId cursor() const;
  [[nodiscard]] std::size_t streams_held() const { return flight_.held(); }
  // What left without arriving since the last call.
  std::vector<LedgerRow> take_gaps() { return std::exchange(gaps_, {}); }

 private:
  struct StreamText {
    std::string name;
    std::string subject;
    std::string destination;
    std::optional<std::string_view> rule;  // nullopt: the stream stays here
    std::string epoch;
    std::string head;
  };

  std::optional<Outgoing> next_message(RowId newest, MonotonicTime now);
  bool read_page(RowId newest);
  std::optional<Batch> retry(const Flight::Retry& retry);
  Outgoing send(Batch batch);
  bool leaves_as_too_large(const Batch& batch, MonotonicTime now);
  void leave_by_ledger(const Span& span);
  void add(Batcher& batcher, const StoredRow& row, const StreamText& text);
  const StreamText& text_of(StreamId stream, const std::string& epoch);

  const OutboxSettings settings_;
  const Format& format_;
  const std::unique_ptr<StoreReader> reader_;
  const Egress& egress_;
  const Claim claim_;
  bool is_denied_ = false;  // the newest claim, or the store cannot be read
  BatchLimits limits_;
  std::size_t largest_payload_ = 0;
  RowId read_;
  std::size_t rows_since_flush_ = 0;
  Batcher batcher_;
  Flight flight_;
  std::unordered_map<StreamId, StreamText> texts_;
  std::vector<LedgerRow> gaps_;
};

}  // namespace twinsky
