// SPDX-License-Identifier: Apache-2.0
// How readers and the writer of one store know of each other.
#pragma once

#include "gateway/store/store.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/store/tail.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace twinsky {

struct SharedFile {
  std::string path;
  std::atomic<unsigned> generation{0};  // rises when the file was replaced
  std::atomic<bool> is_damaged{false};  // a reader saw it; the writer sets the file aside
  Tail tail;                            // empty where the writer is another process

  // All reading beside the writer: it may be the only one that ever comes to a damaged page.
  template <class Work>
  auto reading(Work&& work) {
    try {
      return work();
    } catch (const std::exception& problem) {
      if (fault_of(problem) == DiskFault::damaged) is_damaged = true;
      throw;
    }
  }
};

// Of a store that is open in this process; follows it when the file is replaced.
std::unique_ptr<StoreReader> make_reader(std::shared_ptr<SharedFile> file);

// `time`: of the first row after the cursor.
SinkBacklog backlog_of(RowId cursor, RowId oldest, RowId last, std::optional<UtcTime> time);

}  // namespace twinsky
