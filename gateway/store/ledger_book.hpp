// SPDX-License-Identifier: Apache-2.0
// Writes gaps into the ledger and onto the stream `ledger`, in the transaction that is open. Writer
// thread only.
#pragma once

#include "gateway/store/clock_hold.hpp"
#include "gateway/store/journal.hpp"

#include <vector>

namespace twinsky {

class LedgerBook {
 public:
  static constexpr const char* stream_name = "ledger";

  LedgerBook(Journal& journal, ClockHold& hold, Clock& clock, StreamId stream)
      : journal_(journal), hold_(hold), clock_(clock), stream_(stream) {}

  // What a sink has not got enters once, whatever else becomes of it.
  void note(const LedgerRow& row);
  // The parts of a row with numbers that are not in the ledger yet.
  std::vector<LedgerRow> new_parts(const LedgerRow& row);

  // A gap that is still growing: on the stream only when it has its full length.
  std::int64_t open(const LedgerRow& row);
  void extend(std::int64_t entry, const LedgerRow& row, std::uint64_t by);
  void announce(std::int64_t entry, const LedgerRow& row);
  // Once more on the stream, for who could not hear it.
  void tell(const LedgerRow& row) { put_on_stream(row); }

 private:
  void put_on_stream(const LedgerRow& row);

  Journal& journal_;
  ClockHold& hold_;
  Clock& clock_;
  const StreamId stream_;
};

}  // namespace twinsky
