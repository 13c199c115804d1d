// SPDX-License-Identifier: Apache-2.0
// A witness of how far the store has come: a small file beside it, "<store>.witness". An older copy
// of the store that is put back does not bring it along, so its numbers are not used again even
// where no broker can be asked. (A whole card that is put back does bring it: then the brokers'
// marks tell.) Writer thread only.
//
// It is written when the store is opened, at most every five minutes while rows come, and when the
// store is closed: a write and an fdatasync of 160 bytes in place each, which is one page of the
// disk. That it is missing or cannot be written is no doubt.
#pragma once

#include "gateway/store/journal.hpp"
#include "gateway/store/mark.hpp"

#include <memory>
#include <string>
#include <vector>

namespace twinsky {

class Witness {
 public:
  // What `remembered` holds of the store's own past.
  static constexpr const char* runs_name = "runs";

  Witness(Tables& tables, Journal& journal, std::string store);
  // The store is closed: it says exactly where.
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // Before anything is written: why the store seems to have been set back; empty: it does not.
  [[nodiscard]] std::string why_set_back(const std::vector<SavedEpoch>& epochs);
  // Inside a transaction.
  void begin_run();
  // Answers false when the file cannot be written.
  bool keep(const std::string& epoch, const char* state = "open");
  [[nodiscard]] const RunBook& runs() const { return runs_; }
  // As keep(), when it is time for it.
  void keep_when_due(const std::string& epoch, MonotonicTime now);

 private:
  [[nodiscard]] std::uint64_t hash_of(RowId row);

  Tables& tables_;
  Journal& journal_;
  const std::string store_;
  RunBook runs_;
  std::string epoch_;  // as it was kept last; empty: never
  RowId row_ = 0;      // as it was kept last
  MonotonicTime due_{};
};

}  // namespace twinsky
