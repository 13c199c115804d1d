// SPDX-License-Identifier: Apache-2.0
// How readers and the writer of one store know of each other.
#pragma once

#include "gateway/store/store.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/store/tail.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace twinsky {

// A connection of this process that can be closed by the writer: while one is open, a disk that has
// failed cannot be mounted again.
struct OpenReader {
  std::mutex mutex;
  std::unique_ptr<Tables> tables;  // guarded by mutex
};

struct SharedFile {
  std::string path;
  bool has_writer = false;              // in this process
  std::atomic<unsigned> generation{1};  // rises when the file was replaced; 0: there is none
  std::atomic<bool> is_away{false};     // there was one, and it has been let go for now
  std::atomic<bool> is_damaged{false};  // a reader saw it; the writer sets the file aside
  std::atomic<bool> is_suspect{false};  // so it seems; the writer looks
  Tail tail;                            // empty where the writer is another process

  // There is a file, again perhaps: readers open it.
  void renew() {
    is_away = false;
    generation = ++generations_;
  }
  // Closes what readers have open. They fail until renew(), since an empty page would say that
  // there are no rows.
  void close() {
    is_away = true;
    generation = 0;
    // Who makes a reader meanwhile does not wait for one that hangs in the disk.
    for (const std::shared_ptr<OpenReader>& reader : readers()) {
      const std::lock_guard lock(reader->mutex);
      reader->tables.reset();
    }
  }
  void add(const std::shared_ptr<OpenReader>& reader) {
    const std::lock_guard lock(mutex_);
    readers_.push_back(reader);
  }

  // Reading beside the writer, which may never come to the damaged page itself; without one the
  // damage is told to people, as a StoreError.
  template <class Work>
  auto reading(Work&& work) {
    try {
      return work();
    } catch (const std::exception& problem) {
      const DiskFault fault = fault_of(problem);
      if (fault != DiskFault::damaged && fault != DiskFault::suspect) throw;
      if (!has_writer) throw StoreError(damage_text(path, problem));
      (fault == DiskFault::damaged ? is_damaged : is_suspect) = true;
      throw;
    }
  }

 private:
  std::vector<std::shared_ptr<OpenReader>> readers() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<OpenReader>> found;
    std::erase_if(readers_, [](const auto& each) { return each.expired(); });
    for (const std::weak_ptr<OpenReader>& each : readers_) {
      if (auto reader = each.lock()) found.push_back(std::move(reader));
    }
    return found;
  }

  std::atomic<unsigned> generations_{1};
  std::mutex mutex_;
  std::vector<std::weak_ptr<OpenReader>> readers_;  // guarded by mutex_
};

// Of a store that is open in this process; follows it when the file is replaced.
std::unique_ptr<StoreReader> make_reader(std::shared_ptr<SharedFile> file);

// `time`: of the first row after the cursor.
SinkBacklog backlog_of(RowId cursor, RowId oldest, RowId last, std::optional<UtcTime> time);

}  // namespace twinsky
