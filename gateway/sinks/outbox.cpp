// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/outbox.hpp"

#include "gateway/model/topic_rules.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

constexpr std::size_t page_rows = 512;
constexpr std::size_t largest_batch = 65536;
// Batches of interleaved streams stay open over pages, so that they fill; up to these bounds, for
// the memory and so that a rare stream does not hold back the cursor.
constexpr std::size_t most_open_bytes = 512U << 10U;
constexpr std::size_t most_rows_unflushed = 4096;
// Pages read in one call without finding a row to send; then others get their turn.
constexpr int most_pages = 16;

}  // namespace

Outbox::Outbox(OutboxSettings settings, const Format& format, std::unique_ptr<StoreReader> reader,
               RowId cursor, const Egress& egress, Claim claim)
    : settings_(std::move(settings)),
      format_(format),
      reader_(std::move(reader)),
      egress_(egress),
      claim_(std::move(claim)),
      limits_{.records = settings_.records, .bytes = largest_batch},
      largest_payload_(largest_batch),
      read_(cursor),
      batcher_(format, limits_),
      flight_(settings_.seed) {}

void Outbox::start(std::size_t largest_payload, MonotonicTime now) {
  connection_lost(now);
  largest_payload_ = largest_payload;
  limits_.bytes = std::min(largest_batch, largest_payload);
  batcher_.set_limits(limits_);
}

void Outbox::connection_lost(MonotonicTime now) {
  const RowId first = batcher_.first_row().value_or(read_ + 1);
  read_ = flight_.connection_lost(std::min(read_, first - 1), now);
  batcher_.clear();
  rows_since_flush_ = 0;
}

std::optional<Outgoing> Outbox::take(RowId newest, MonotonicTime now) {
  is_denied_ = false;
  try {
    return next_message(newest, now);
  } catch (const std::exception&) {
    // The store tells what its disk has. Records wait until there are new ones; all else goes on.
    is_denied_ = true;
    return std::nullopt;
  }
}

std::optional<Outgoing> Outbox::next_message(RowId newest, MonotonicTime now) {
  if (const auto due = flight_.due(now)) {
    if (auto batch = retry(*due)) {
      if (!leaves_as_too_large(*batch, now)) return send(std::move(*batch));
    }
  }
  for (int pages = 0; pages < most_pages; ++pages) {
    while (auto batch = batcher_.next()) {
      if (!leaves_as_too_large(*batch, now)) return send(std::move(*batch));
    }
    if (!read_page(newest)) return std::nullopt;
  }
  return std::nullopt;
}

bool Outbox::refused(const Span& span, std::size_t bytes, bool too_large, MonotonicTime now) {
  if (too_large && span.records == 1) {
    // It will never be taken, and nothing behind it may wait for that.
    flight_.abandoned(span, now);
    leave_by_ledger(span);
    return false;
  }
  if (too_large) {  // a limit that had not been declared
    limits_.bytes = std::min(limits_.bytes, bytes / 2);
    batcher_.set_limits(limits_);
  }
  const std::size_t held = flight_.held();
  flight_.refused(span, now);
  batcher_.drop(span.stream);
  return flight_.held() > held;
}

void Outbox::expire(MonotonicTime now) {
  while (const auto held = flight_.held_since(now - settings_.hold_refused)) {
    Span lost;
    std::string lost_epoch;
    for (RowId after = held->resume - 1; after < read_;) {
      const auto& rows = reader_->page(after, page_rows);
      if (rows.empty()) break;
      for (const StoredRow& row : rows) {
        after = row.row;
        if (row.row > read_) break;
        if (row.stream != held->stream || flight_.has_met_fate(row.stream, row.row)) continue;
        const std::string& epoch = reader_->epoch_of(row.row);
        // seq began again, or some had arrived.
        if (lost.records > 0 && (epoch != lost_epoch || row.seq != lost.last_seq + 1)) {
          leave_by_ledger(std::exchange(lost, {}));
        }
        lost_epoch = epoch;
        lost.add(row);
      }
    }
    if (lost.records > 0) {
      leave_by_ledger(lost);
      flight_.abandoned(lost, now);
    }
    flight_.release(held->stream);
  }
}

bool Outbox::has_work(RowId newest, MonotonicTime now) const {
  return !is_denied_ && (read_ < newest || batcher_.first_row() || flight_.next_due() <= now);
}

RowId Outbox::cursor() const {
  const RowId unsent = batcher_.first_row().value_or(read_ + 1);
  return std::min(flight_.cursor(read_), unsent - 1);
}

// Answers whether there was anything to do.
bool Outbox::read_page(RowId newest) {
  const RowId until = std::min(newest, read_ + static_cast<RowId>(page_rows));
  is_denied_ = claim_ && until > read_ && !claim_(until);
  if (read_ >= newest || is_denied_) {
    if (!batcher_.first_row()) return false;
    batcher_.flush();
    rows_since_flush_ = 0;
    return true;
  }
  const auto& rows = reader_->page(read_, page_rows);
  const std::string page_epoch = rows.empty() ? "" : reader_->epoch_of(rows.front().row);
  const bool one_epoch = rows.empty() || reader_->epoch_of(rows.back().row) == page_epoch;
  for (const StoredRow& row : rows) {
    if (row.row > until) break;
    read_ = row.row;
    ++rows_since_flush_;
    if (!flight_.takes(row.stream, row.row)) continue;
    const std::string& epoch = one_epoch ? page_epoch : reader_->epoch_of(row.row);
    const StreamText& text = text_of(row.stream, epoch);
    if (text.rule) add(batcher_, row, text);
  }
  // Rows that are missing were deleted. A short page alone says nothing.
  if (rows.empty()) {
    read_ = newest;
  } else if (rows.back().row > until) {
    read_ = std::clamp(rows.front().row - 1, until, newest);
  }
  if (read_ >= newest || batcher_.open_bytes() > most_open_bytes ||
      rows_since_flush_ >= most_rows_unflushed) {
    batcher_.flush();
    rows_since_flush_ = 0;
  }
  return true;
}

// The held stream's rows in the next page; looks no further than the main passage has read.
std::optional<Batch> Outbox::retry(const Flight::Retry& retry) {
  if (retry.resume > read_) {
    flight_.release(retry.stream);
    return std::nullopt;
  }
  const auto& rows = reader_->page(retry.resume - 1, page_rows);
  Batcher one(format_, limits_);
  RowId seen = rows.size() < page_rows ? read_ : rows.back().row;
  for (const StoredRow& row : rows) {
    if (row.row > read_) break;
    if (row.stream != retry.stream || flight_.has_met_fate(row.stream, row.row)) continue;
    add(one, row, text_of(row.stream, reader_->epoch_of(row.row)));
  }
  one.flush();
  auto batch = one.next();
  if (!batch) flight_.skipped(retry.stream, std::min(seen, read_) + 1);
  return batch;
}

Outgoing Outbox::send(Batch batch) {
  flight_.sent(batch.span);
  const StreamText& text = texts_.at(batch.span.stream);
  const std::string_view content_type = format_.content_type(batch.payload);
  return {.span = batch.span,
          .subject = text.subject,
          .message = {.destination = text.destination,
                      .payload = std::move(batch.payload),
                      .content_type = content_type},
          .rule = text.rule.value_or(std::string_view())};
}

bool Outbox::leaves_as_too_large(const Batch& batch, MonotonicTime now) {
  if (batch.payload.size() <= largest_payload_) return false;
  flight_.abandoned(batch.span, now);
  leave_by_ledger(batch.span);
  return true;
}

void Outbox::leave_by_ledger(const Span& span) {
  gaps_.push_back({.cause = "refused",
                   .stream = reader_->name_of(span.stream),
                   .start = span.first_time,
                   .end = span.last_time,
                   .count = span.records,
                   .estimated = false,
                   .sink = settings_.sink,
                   .first_seq = span.first_seq,
                   .last_seq = span.last_seq,
                   .epoch = reader_->epoch_of(span.last_row)});
}

void Outbox::add(Batcher& batcher, const StoredRow& row, const StreamText& text) {
  if (!egress_.strips()) {
    batcher.add(row, text.head);
    return;
  }
  const std::string body = egress_.stripped(row.body);
  StoredRow stripped = row;
  stripped.body = body;
  batcher.add(stripped, text.head);
}

const Outbox::StreamText& Outbox::text_of(StreamId stream, const std::string& epoch) {
  StreamText& text = texts_[stream];
  if (text.name.empty()) {
    text.name = reader_->name_of(stream);
    text.subject = topic_of_stream(text.name);
    text.destination = format_.destination(text.subject);
    if (!text.destination.empty()) text.rule = egress_.rule_for(text.subject);
  }
  if (text.epoch != epoch || text.head.empty()) {
    text.epoch = epoch;
    text.head = format_.head(text.name, epoch);
  }
  return text;
}

}  // namespace twinsky
