// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/watch.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

// A file is new when its writer closes it, when it is renamed or linked to its place; what is
// created is still empty, unless it is a symbolic link.
constexpr std::uint32_t events =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR;

bool is_addition(std::string_view name) {
  return name.ends_with(".json") && !name.starts_with('.');
}

}  // namespace

ConfigWatch::ConfigWatch(const std::string& file)
    : file_(std::filesystem::absolute(file)), additions_(file_.parent_path() / "conf.d") {
  descriptor_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "inotify");
  directory_ = ::inotify_add_watch(descriptor_, file_.parent_path().c_str(), events);
  watch_additions();
}

ConfigWatch::~ConfigWatch() {
  ::close(descriptor_);
}

void ConfigWatch::watch_additions() {
  additions_directory_ = ::inotify_add_watch(descriptor_, additions_.c_str(), events);
}

bool ConfigWatch::concerns(int directory, std::string_view name, unsigned what) {
  if ((what & IN_Q_OVERFLOW) != 0) return true;  // the kernel lost events: something may be new
  if (directory == directory_ && name == additions_.filename().native()) {
    watch_additions();
    return true;
  }
  const auto path = directory == directory_ ? file_ : additions_ / name;
  const bool is_ours = directory == directory_
                           ? name == file_.filename().native()
                           : directory == additions_directory_ && is_addition(name);
  if (!is_ours) return false;
  std::error_code unknown;
  return (what & IN_CREATE) == 0 || std::filesystem::is_symlink(path, unknown);
}

bool ConfigWatch::drain() {
  bool changed = false;
  alignas(inotify_event) std::array<char, 4096> buffer{};
  for (;;) {
    const auto length = ::read(descriptor_, buffer.data(), buffer.size());
    if (length <= 0) return changed;  // EAGAIN: nothing is left
    for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = event.len > 0 ? buffer.data() + at + sizeof event : "";
      changed = concerns(event.wd, name, event.mask) || changed;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace twinsky
