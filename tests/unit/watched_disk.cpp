// SPDX-License-Identifier: Apache-2.0
#include "watched_disk.hpp"

#include <sqlite3.h>

#include <utility>

namespace twinsky {
namespace {

struct WatchedFile {
  sqlite3_file base;  // first: SQLite knows only this
  WatchedDisk* disk;
  bool is_wal;
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

WatchedFile& watched(sqlite3_file* file) {
  return *reinterpret_cast<WatchedFile*>(file);
}
WatchedDisk& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<WatchedDisk*>(vfs->pAppData);
}
sqlite3_vfs* real_vfs() {
  return ::sqlite3_vfs_find("unix");
}

// A call of a file, or of the VFS, handed on.
template <auto method>
struct Pass;
template <class R, class... A, R (*sqlite3_io_methods::*method)(sqlite3_file*, A...)>
struct Pass<method> {
  static R call(sqlite3_file* file, A... a) {
    WatchedFile& one = watched(file);
    one.disk->enter("file");
    return (one.real()->pMethods->*method)(one.real(), a...);
  }
};
template <class R, class... A, R (*sqlite3_vfs::*method)(sqlite3_vfs*, A...)>
struct Pass<method> {
  static R call(sqlite3_vfs* vfs, A... a) {
    disk_of(vfs).enter("vfs");
    return (real_vfs()->*method)(real_vfs(), a...);
  }
};

int sync_file(sqlite3_file* file, int flags) {
  const WatchedFile& one = watched(file);
  const int result = Pass<&sqlite3_io_methods::xSync>::call(file, flags);
  return one.is_wal && one.disk->fails_after_sync() ? SQLITE_IOERR_FSYNC : result;
}
int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
  const WatchedFile& one = watched(file);
  if (one.is_wal && one.disk->fails_write()) return SQLITE_IOERR_WRITE;
  return Pass<&sqlite3_io_methods::xWrite>::call(file, bytes, count, at);
}

using Io = sqlite3_io_methods;
constexpr sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = Pass<&Io::xClose>::call,
    .xRead = Pass<&Io::xRead>::call,
    .xWrite = write_file,
    .xTruncate = Pass<&Io::xTruncate>::call,
    .xSync = sync_file,
    .xFileSize = Pass<&Io::xFileSize>::call,
    .xLock = Pass<&Io::xLock>::call,
    .xUnlock = Pass<&Io::xUnlock>::call,
    .xCheckReservedLock = Pass<&Io::xCheckReservedLock>::call,
    .xFileControl = Pass<&Io::xFileControl>::call,
    .xSectorSize = Pass<&Io::xSectorSize>::call,
    .xDeviceCharacteristics = Pass<&Io::xDeviceCharacteristics>::call,
    .xShmMap = Pass<&Io::xShmMap>::call,
    .xShmLock = Pass<&Io::xShmLock>::call,
    .xShmBarrier = Pass<&Io::xShmBarrier>::call,
    .xShmUnmap = Pass<&Io::xShmUnmap>::call,
    .xFetch = Pass<&Io::xFetch>::call,
    .xUnfetch = Pass<&Io::xUnfetch>::call};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  WatchedFile& one = watched(file);
  one.base.pMethods = nullptr;
  one.disk = &disk_of(vfs);
  one.is_wal = (flags & SQLITE_OPEN_WAL) != 0;
  one.disk->enter("open");
  const int result = real_vfs()->xOpen(real_vfs(), name, one.real(), flags, out_flags);
  if (one.real()->pMethods != nullptr) one.base.pMethods = &methods;
  return result;
}

}  // namespace

WatchedDisk::WatchedDisk() {
  ::sqlite3_initialize();
  using Vfs = sqlite3_vfs;
  vfs_ = std::make_unique<Vfs>(*real_vfs());
  vfs_->zName = "watched";
  vfs_->pNext = nullptr;
  vfs_->pAppData = this;
  vfs_->szOsFile += static_cast<int>(sizeof(WatchedFile));
  vfs_->xOpen = open_file;
  vfs_->xDelete = Pass<&Vfs::xDelete>::call;
  vfs_->xAccess = Pass<&Vfs::xAccess>::call;
  vfs_->xFullPathname = Pass<&Vfs::xFullPathname>::call;
  ::sqlite3_vfs_register(vfs_.get(), 1);
}

WatchedDisk::~WatchedDisk() {
  answer();
  ::sqlite3_vfs_unregister(vfs_.get());
}

void WatchedDisk::forbid_this_thread() {
  const std::lock_guard lock(mutex_);
  forbidden_.insert(std::this_thread::get_id());
}

void WatchedDisk::allow_this_thread() {
  const std::lock_guard lock(mutex_);
  forbidden_.erase(std::this_thread::get_id());
}

std::vector<std::string> WatchedDisk::forbidden_calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void WatchedDisk::stall() {
  const std::lock_guard lock(mutex_);
  is_stalled_ = true;
}

void WatchedDisk::answer() {
  const std::lock_guard lock(mutex_);
  is_stalled_ = false;
  changed_.notify_all();
}

void WatchedDisk::fail_after_next_sync() {
  const std::lock_guard lock(mutex_);
  fails_after_sync_ = true;
}

void WatchedDisk::fail_next_write() {
  const std::lock_guard lock(mutex_);
  fails_write_ = true;
}

bool WatchedDisk::fails_after_sync() {
  const std::lock_guard lock(mutex_);
  return std::exchange(fails_after_sync_, false);
}

bool WatchedDisk::fails_write() {
  const std::lock_guard lock(mutex_);
  return std::exchange(fails_write_, false);
}

void WatchedDisk::wait_for_hanging(std::size_t threads) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return hanging_ >= threads; });
}

void WatchedDisk::enter(const char* call) {
  std::unique_lock lock(mutex_);
  if (forbidden_.contains(std::this_thread::get_id())) {
    calls_.emplace_back(call);
    return;
  }
  if (!is_stalled_) return;
  ++hanging_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !is_stalled_; });
  --hanging_;
}

}  // namespace twinsky
