// SPDX-License-Identifier: Apache-2.0
// A small file system in memory over a directory, for this process and those that it starts.
#pragma once

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {

class SmallDisk {
 public:
  SmallDisk(std::filesystem::path directory, const std::string& size)
      : directory_(std::move(directory)) {
    std::filesystem::create_directory(directory_);
    // Without root's rights a namespace of our own gives them for this.
    const int spaces = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    const bool is_mounted =
        ::unshare(spaces) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("none", directory_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!is_mounted) {
      ADD_FAILURE() << "cannot mount a small disk for the test ("
                    << std::generic_category().message(errno)
                    << "): run it as root, or allow user namespaces";
    }
  }
  ~SmallDisk() { ::umount2(directory_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Another program's file takes what is left, or all but so much.
  void fill(std::uintmax_t but_bytes = 0) {
    const std::string filler = (directory_ / "filler").string();
    const int file = ::open(filler.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(4096, 'x');
    while (::write(file, block.data(), block.size()) > 0) continue;
    ::close(file);
    if (but_bytes == 0) return;
    std::filesystem::resize_file(filler, std::filesystem::file_size(filler) - but_bytes);
  }
  void free() { std::filesystem::remove(directory_ / "filler"); }
  void enlarge(const std::string& size) {
    EXPECT_EQ(::mount("none", directory_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()),
              0);
  }

 private:
  const std::filesystem::path directory_;
};

}  // namespace twinsky
