// SPDX-License-Identifier: Apache-2.0
// What others remember of a store, so that it is noticed when an older copy of it comes back: how
// far it had come, what stood there, and in which run.
//
// A copy that is put back knows nothing of what was sent since it was made, and would give the same
// numbers to other samples. Whoever has seen a later run, a later row, another sample in a row or
// a later epoch gives it away. Who remembers nothing says nothing.
#pragma once

#include "gateway/store/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct Mark {
  std::string epoch;               // the one that holds now
  std::vector<std::string> after;  // epochs of the store before it, the newest first
  std::string run;                 // see RunBook; empty: not told
  RowId row = 0;                   // the newest that is remembered
  std::uint64_t hash = 0;          // of what stands there; 0: not told
  bool operator==(const Mark&) const = default;
};

// Of a row's numbers, time and body; 0 for one whose time may still be put right.
std::uint64_t row_hash(const StoredRow& row);

// One opening of the store for writing.
struct StoreRun {
  std::uint64_t number = 0;  // 1, 2, 3 …
  std::string nonce;         // so that a run after a set-back is not taken for the one before it
  RowId first_row = 1;       // of those that it added
};
// "17-5d3c91aa"
std::string name_of(const StoreRun& run);

// The last runs of a store, kept in it.
class RunBook {
 public:
  explicit RunBook(
      std::string_view text = {});  // as text() gave it; what is unreadable is left out

  const StoreRun& begin(RowId first_row);
  [[nodiscard]] const StoreRun& newest() const { return runs_.back(); }
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  // Is this a run that the store would know if it had been its own?
  [[nodiscard]] bool denies(std::string_view name) const;
  // The first row of the oldest run known that came after the named one; of the newest where that
  // is not known.
  [[nodiscard]] RowId first_row_after(std::string_view name) const;
  [[nodiscard]] std::string text() const;

 private:
  std::vector<StoreRun> runs_;  // ascending, the newest ones
};

// Why what is remembered tells that a store was set back that has `epochs` (ascending, the last one
// holds), `runs` and rows up to `last`; empty: it does not. The row's content is for the caller.
std::string why_set_back(const Mark& seen, const std::vector<std::string>& epochs,
                         const RunBook& runs, RowId last);

}  // namespace twinsky
