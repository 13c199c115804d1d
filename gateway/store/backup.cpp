// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/backup.hpp"

#include "gateway/store/store.hpp"
#include "gateway/store/tables.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

// SQLite would take such a file for a part of the copy, and one of the store's for its own.
constexpr std::array<const char*, 3> companions{"-wal", "-shm", "-journal"};

[[noreturn]] void fail(const std::string& target, const std::string& why) {
  throw StoreError("nothing was copied to " + target + ": " + why);
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

// The copy while it is made. It goes, unless it was put in its place; what a process that was
// killed has left behind is begun anew by the next.
class Draft {
 public:
  explicit Draft(const std::string& target) : target_(target), path_(target + ".partial") {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor_ < 0) fail(target_, path_ + " cannot be made (" + reason_of(errno) + ")");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 || !is_in_place()) {
      ::close(descriptor_);
      fail(target_, "another process is making it");
    }
    if (::ftruncate(descriptor_, 0) != 0) {
      ::close(descriptor_);
      fail(target_, path_ + " cannot be written (" + reason_of(errno) + ")");
    }
  }
  ~Draft() {
    if (!is_put_) {
      ::unlink((path_ + "-journal").c_str());
      ::unlink(path_.c_str());
    }
    ::close(descriptor_);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  std::uint64_t put(const struct stat& like) {
    // Who may read the store may read its copy; only root can give it away.
    [[maybe_unused]] const int given = ::fchown(descriptor_, like.st_uid, like.st_gid);
    struct stat made {};
    if (::fchmod(descriptor_, like.st_mode & 0777U) != 0 || ::fsync(descriptor_) != 0 ||
        ::fstat(descriptor_, &made) != 0) {
      fail(target_, path_ + " cannot be written (" + reason_of(errno) + ")");
    }
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
      fail(target_, errno == EEXIST ? "there is a file by now"
                                    : path_ + " cannot be renamed (" + reason_of(errno) + ")");
    }
    is_put_ = true;
    const int folder = ::open(fs::path(target_).parent_path().c_str(), O_RDONLY | O_DIRECTORY);
    if (folder >= 0) {
      ::fsync(folder);
      ::close(folder);
    }
    return static_cast<std::uint64_t>(made.st_size);
  }

 private:
  [[nodiscard]] bool is_in_place() const {
    struct stat mine {};
    struct stat there {};
    return ::fstat(descriptor_, &mine) == 0 && ::stat(path_.c_str(), &there) == 0 &&
           mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
  }

  const std::string target_;
  const std::string path_;
  int descriptor_ = -1;
  bool is_put_ = false;
};

void check_target(const std::string& path, const std::string& target) {
  std::error_code unknown;
  if (fs::exists(fs::symlink_status(target, unknown))) {
    fail(target, "there is a file already; choose another name, or move it away");
  }
  for (const char* companion : companions) {
    if (target == path + companion) fail(target, "SQLite would take it for a part of the store");
    if (fs::exists(target + companion, unknown)) {
      fail(target, target + companion +
                       " is there, which SQLite would take for a part of it; "
                       "move it away");
    }
  }
}

}  // namespace

std::uint64_t back_up_store(const std::string& given_path, const std::string& given_target) {
  const std::string path = fs::absolute(given_path).lexically_normal().string();
  const std::string target = fs::absolute(given_target).lexically_normal().string();
  Tables tables(path, Tables::Access::read);
  check_target(path, target);
  struct stat store {};
  if (::stat(path.c_str(), &store) != 0) fail(target, path + ": " + reason_of(errno));
  Draft draft(target);
  try {
    tables.copy_into(draft.path());
  } catch (const std::exception& problem) {
    switch (fault_of(problem)) {
      case DiskFault::full:
        fail(target, "there is no room for it; the store has " +
                         std::to_string(store.st_size / 1'000'000 + 1) + " MB");
      case DiskFault::damaged:
        fail(target, damage_text(path, problem) + "; twinsky export writes what can be read");
      default:
        fail(target, problem.what());
    }
  }
  return draft.put(store);
}

}  // namespace twinsky
