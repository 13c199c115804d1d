// SPDX-License-Identifier: Apache-2.0
// Whether the file at a path, and its WAL, are still those that are open: SQLite writes on into a
// file that was deleted or replaced, and nobody would notice. What is in the WAL alone is as lost
// with it. Costs two statx() a look; writer thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace twinsky {

enum class FileNow : std::uint8_t {
  same,
  deleted,
  replaced,   // another file has its name
  remounted,  // a file of another disk, or of the same one once more
  truncated,  // shorter than it was
  wal_lost,   // its WAL was deleted, or another file has that name
  wal_cut,    // its WAL is shorter than it was
  disk_gone,  // what it lay on is not mounted there any more
  unknown,    // the disk does not say
};

// Is its directory, or the next one above that is still there, on this device?
bool lies_on(const std::string& path, dev_t device);

// What the disk of a path is mounted on: the device that its directory is on when that disk is
// away. (The disk itself may come back as another device, as one that is plugged in again does.)
// nullopt: it is not mounted on anything.
std::optional<dev_t> device_beneath(const std::string& path);

class FileIdentity {
 public:
  // Of the file that stands there now. Throws std::system_error when there is none.
  explicit FileIdentity(const std::string& path);

  FileNow look();
  // It was made shorter rightly (VACUUM).
  void accept_size() { bytes_ = 0; }
  // How long the WAL is now, after a commit or after it was made shorter rightly.
  void note_wal();

 private:
  [[nodiscard]] FileNow look_at_wal() const;

  const std::string path_;
  const std::string wal_;
  dev_t device_{};
  ino_t inode_{};
  off_t bytes_ = 0;
  std::optional<ino_t> wal_inode_;  // nullopt: it was not there yet
  off_t wal_bytes_ = 0;
};

}  // namespace twinsky
