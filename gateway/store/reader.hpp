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
  bool has_writer = false;              // in this process
  std::atomic<unsigned> generation{1};  // rises when the file was replaced; 0: there is none yet
  std::atomic<bool> is_damaged{false};  // a reader saw it; the writer sets the file aside
  Tail tail;                            // empty where the writer is another process

  // Reading beside the writer, which may never come to the damaged page itself; without one the
  // damage is told to people, as a StoreError.
  template <class Work>
  auto reading(Work&& work) {
    try {
      return work();
    } catch (const std::exception& problem) {
      if (fault_of(problem) != DiskFault::damaged) throw;
      if (!has_writer) throw StoreError(damage_text(path, problem));
      is_damaged = true;
      throw;
    }
  }
};

// Of a store that is open in this process; follows it when the file is replaced.
std::unique_ptr<StoreReader> make_reader(std::shared_ptr<SharedFile> file);

// `time`: of the first row after the cursor.
SinkBacklog backlog_of(RowId cursor, RowId oldest, RowId last, std::optional<UtcTime> time);

}  // namespace twinsky
