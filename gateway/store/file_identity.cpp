// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/file_identity.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace twinsky {

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
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
  device_ = file.st_dev;
  inode_ = file.st_ino;
  bytes_ = file.st_size;
  note_wal();
}

FileNow FileIdentity::look() {
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return FileNow::unknown;
    return lies_on(path_, device_) ? FileNow::deleted : FileNow::disk_gone;
  }
  if (file.st_dev != device_) return FileNow::remounted;
  if (file.st_ino != inode_) return FileNow::replaced;
  if (file.st_size < bytes_) return FileNow::truncated;
  bytes_ = file.st_size;
  return look_at_wal();
}

FileNow FileIdentity::look_at_wal() const {
  if (!wal_inode_) return FileNow::same;
  struct stat wal {};
  if (::stat(wal_.c_str(), &wal) != 0) {
    return errno == ENOENT ? FileNow::wal_lost : FileNow::unknown;
  }
  if (wal.st_ino != *wal_inode_) return FileNow::wal_lost;
  return wal.st_size < wal_bytes_ ? FileNow::wal_cut : FileNow::same;
}

void FileIdentity::note_wal() {
  struct stat wal {};
  if (::stat(wal_.c_str(), &wal) != 0) return;
  if (!wal_inode_) wal_inode_ = wal.st_ino;
  wal_bytes_ = wal.st_size;
}

}  // namespace twinsky
