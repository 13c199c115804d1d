// SPDX-License-Identifier: Apache-2.0
// One process at a time writes a store: whoever holds the file "<store>.lock". It is locked before
// anything of the store is opened, and stays when the process ends; the kernel lets the lock go.
#pragma once

#include <string>

namespace twinsky {

// The file by which a store is held.
std::string lock_of_store(const std::string& store_path);

class StoreLock {
 public:
  // Throws StoreError, which says who has it, when another process does, and std::system_error when
  // no lock can be had at all: the directory is not there, or its disk is in trouble.
  explicit StoreLock(const std::string& store_path);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // False when the file was deleted or replaced, so that another process may take it for free.
  [[nodiscard]] bool is_in_place() const;

 private:
  const std::string path_;
  int descriptor_ = -1;
};

}  // namespace twinsky
