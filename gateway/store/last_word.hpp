// SPDX-License-Identifier: Apache-2.0
// What a process knew of the samples that it could not keep, where the disk did not even take that:
// a small file beside the store, "<store>.last-word", which is made while there is room and written
// in place, so that a full disk takes it. The next start puts it on record.
#pragma once

#include "gateway/store/ledger.hpp"

#include <string>
#include <vector>

namespace twinsky {

class LastWord {
 public:
  explicit LastWord(const std::string& store) : path_(store + ".last-word") {}

  // What an earlier process left.
  [[nodiscard]] std::vector<LedgerRow> read() const;
  // Makes the file, or empties it.
  void clear() noexcept;
  // False when it cannot be written either.
  bool leave(const std::vector<LedgerRow>& gaps) noexcept;

 private:
  bool write(const std::string& text, int flags) noexcept;

  const std::string path_;
};

}  // namespace twinsky
