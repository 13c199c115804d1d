// SPDX-License-Identifier: Apache-2.0
// The disk as SQLite sees it, watched: which thread touches it, no answer for as long as a test
// wants none, and errors where it wants them. Between SQLite and its own VFS, so whoever opens a
// file is seen. A thread that must not touch it is counted and let through, so that a test fails
// instead of hanging.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

struct sqlite3_vfs;

namespace twinsky {

class WatchedDisk {
 public:
  // Files that are opened from now on go through it, until it ends; it must outlive them.
  WatchedDisk();
  ~WatchedDisk();
  WatchedDisk(const WatchedDisk&) = delete;
  WatchedDisk& operator=(const WatchedDisk&) = delete;

  // What the calling thread does from now on is counted.
  void forbid_this_thread();
  void allow_this_thread();
  [[nodiscard]] std::vector<std::string> forbidden_calls() const;

  // Every other thread waits in its next call until answer().
  void stall();
  void answer();
  // One call of a WAL is answered with an error: the next that makes it lasting, which is done all
  // the same, or the next that writes into it, which is not.
  void fail_after_next_sync();
  void fail_next_write();
  // Waits until so many threads hang in it.
  void wait_for_hanging(std::size_t threads);

  void enter(const char* call);  // of a file or of the VFS
  [[nodiscard]] bool fails_after_sync();
  [[nodiscard]] bool fails_write();

 private:
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::thread::id> forbidden_;
  std::vector<std::string> calls_;
  bool is_stalled_ = false;
  bool fails_after_sync_ = false;
  bool fails_write_ = false;
  std::size_t hanging_ = 0;
};

}  // namespace twinsky
