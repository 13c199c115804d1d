// SPDX-License-Identifier: Apache-2.0
// Whether the file at a path is still the one that is open: SQLite writes on into a file that was
// deleted or replaced, and nobody would notice. Costs one stat() a look; writer thread only.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace twinsky {

enum class FileNow : std::uint8_t {
  same,
  deleted,
  replaced,   // another file has its name
  remounted,  // a file of another disk, or of the same one once more
  truncated,  // shorter than it was
  disk_gone,  // what it lay on is not mounted there any more
  unknown,    // the disk does not say
};

class FileIdentity {
 public:
  // Of the file that stands there now. Throws std::system_error when there is none.
  explicit FileIdentity(const std::string& path);

  FileNow look();
  // It was made shorter rightly (VACUUM).
  void accept_size() { bytes_ = 0; }

 private:
  const std::string path_;
  dev_t device_{};
  ino_t inode_{};
  off_t bytes_ = 0;
};

}  // namespace twinsky
