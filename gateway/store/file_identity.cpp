// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/file_identity.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <system_error>

namespace twinsky {
namespace {

struct FileFacts {
  dev_t device{};
  ino_t inode{};
  off_t bytes = 0;
};

// nullopt, and errno tells. Unlike stat() it asks for no times: from Linux 6.13 on that would give
// the file's next write a time of its own, and so every commit a change of the inode: 20 µs of CPU.
std::optional<FileFacts> facts_of(const std::string& path) {
  struct statx file {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_SIZE, &file) != 0) return std::nullopt;
  return FileFacts{.device = makedev(file.stx_dev_major, file.stx_dev_minor),
                   .inode = file.stx_ino,
                   .bytes = static_cast<off_t>(file.stx_size)};
}

}  // namespace

bool lies_on(const std::string& path, dev_t device) {
  std::error_code unknown;
  auto directory = std::filesystem::absolute(path, unknown).parent_path();
  while (!directory.empty()) {
    struct stat found {};
    if (::stat(directory.c_str(), &found) == 0) return found.st_dev == device;
    if (directory == directory.parent_path()) break;
    directory = directory.parent_path();
  }
  return false;
}

std::optional<dev_t> device_beneath(const std::string& path) {
  std::error_code unknown;
  auto directory = std::filesystem::weakly_canonical(path, unknown).parent_path();
  std::optional<dev_t> device;
  while (!directory.empty()) {
    struct stat found {};
    if (::stat(directory.c_str(), &found) == 0) {
      if (device && found.st_dev != *device) return found.st_dev;
      device = found.st_dev;
    }
    if (directory == directory.parent_path()) break;
    directory = directory.parent_path();
  }
  return std::nullopt;
}

FileIdentity::FileIdentity(const std::string& path) : path_(path), wal_(path + "-wal") {
  const auto file = facts_of(path_);
  if (!file) throw std::system_error(errno, std::generic_category(), path_);
  device_ = file->device;
  inode_ = file->inode;
  bytes_ = file->bytes;
  note_wal();
}

FileNow FileIdentity::look() {
  const auto file = facts_of(path_);
  if (!file) {
    if (errno != ENOENT && errno != ENOTDIR) return FileNow::unknown;
    return lies_on(path_, device_) ? FileNow::deleted : FileNow::disk_gone;
  }
  if (file->device != device_) return FileNow::remounted;
  if (file->inode != inode_) return FileNow::replaced;
  if (file->bytes < bytes_) return FileNow::truncated;
  bytes_ = file->bytes;
  return look_at_wal();
}

FileNow FileIdentity::look_at_wal() const {
  if (!wal_inode_) return FileNow::same;
  const auto wal = facts_of(wal_);
  if (!wal) return errno == ENOENT ? FileNow::wal_lost : FileNow::unknown;
  if (wal->inode != *wal_inode_) return FileNow::wal_lost;
  return wal->bytes < wal_bytes_ ? FileNow::wal_cut : FileNow::same;
}

void FileIdentity::note_wal() {
  const auto wal = facts_of(wal_);
  if (!wal) return;
  if (!wal_inode_) wal_inode_ = wal->inode;
  wal_bytes_ = wal->bytes;
}

}  // namespace twinsky
