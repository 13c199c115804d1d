// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/store_lock.hpp"

#include "gateway/store/store.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

// "process 1234 (twinsky run --config …)", as far as it can be told.
std::string holder_of(const std::string& lock) {
  std::string process;
  std::getline(std::ifstream(lock), process);
  if (process.empty() ||
      !std::ranges::all_of(process, [](char c) { return c >= '0' && c <= '9'; })) {
    return "another process";
  }
  std::ifstream file("/proc/" + process + "/cmdline");
  std::string command((std::istreambuf_iterator<char>(file)), {});
  std::ranges::replace(command, '\0', ' ');
  while (command.ends_with(' ')) command.pop_back();
  return "process " + process + (command.empty() ? "" : " (" + command + ")");
}

}  // namespace

// The same for every way that leads to the file.
std::string lock_of_store(const std::string& store_path) {
  std::error_code unknown;
  const auto real = std::filesystem::weakly_canonical(store_path, unknown);
  return (unknown ? store_path : real.string()) + ".lock";
}

StoreLock::StoreLock(const std::string& store_path) : path_(lock_of_store(store_path)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), path_);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int problem = errno;
    ::close(descriptor_);
    if (problem != EWOULDBLOCK) {
      throw std::system_error(problem, std::generic_category(), path_);
    }
    throw StoreError("the store " + store_path + " is in use by " + holder_of(path_) +
                     ", and only one process can keep it: stop that one first (systemctl stop "
                     "twinsky), or give this one another store.path");
  }
  // For people alone, so a full disk does no harm.
  const std::string process = std::to_string(::getpid()) + '\n';
  if (::ftruncate(descriptor_, 0) == 0) {
    [[maybe_unused]] const auto written = ::pwrite(descriptor_, process.data(), process.size(), 0);
  }
}

StoreLock::~StoreLock() {
  ::close(descriptor_);
}

bool StoreLock::is_in_place() const {
  struct stat held {};
  struct stat found {};
  if (::fstat(descriptor_, &held) != 0) return true;  // it cannot be told
  if (::stat(path_.c_str(), &found) != 0) return errno != ENOENT && errno != ENOTDIR;
  return held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

}  // namespace twinsky
