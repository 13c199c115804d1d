// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger_book.hpp"

#include <algorithm>

namespace twinsky {

void LedgerBook::note(const LedgerRow& row) {
  for (const LedgerRow& part : new_parts(row)) {
    journal_.tables().insert_ledger(part, true);
    journal_.tables().add_to_ledger_sum(part.cause, part.count);
    put_on_stream(part);
  }
}

std::vector<LedgerRow> LedgerBook::new_parts(const LedgerRow& row) {
  if (row.sink.empty() || row.first_seq == 0) return {row};
  std::vector<LedgerRow> parts;
  for (const SeqRange& range : journal_.tables().not_in_ledger(row)) {
    LedgerRow part = row;
    part.first_seq = range.first;
    part.last_seq = range.last;
    part.count = std::min(row.count, range.last - range.first + 1);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::int64_t LedgerBook::open(const LedgerRow& row) {
  journal_.tables().add_to_ledger_sum(row.cause, row.count);
  return journal_.tables().insert_ledger(row, false);
}

void LedgerBook::extend(std::int64_t entry, const LedgerRow& row, std::uint64_t by) {
  journal_.tables().add_to_ledger_sum(row.cause, by);
  journal_.tables().replace_ledger(entry, row, false);
}

void LedgerBook::announce(std::int64_t entry, const LedgerRow& row) {
  journal_.tables().replace_ledger(entry, row, true);
  put_on_stream(row);
}

void LedgerBook::put_on_stream(const LedgerRow& row) {
  if (clock_.is_set()) {
    journal_.append(stream_, clock_.utc(), ledger_body(row));
  } else {
    hold_.append(stream_, clock_.utc(), ledger_body(row), clock_offset(clock_));
  }
}

}  // namespace twinsky
