// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger_book.hpp"

namespace twinsky {

void LedgerBook::note(const LedgerRow& row) {
  journal_.tables().insert_ledger(row, true);
  journal_.tables().add_to_ledger_sum(row.cause, row.count);
  put_on_stream(row);
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
