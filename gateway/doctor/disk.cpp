// SPDX-License-Identifier: Apache-2.0
// The disk of the store: may it be written, how much is left, how fast does it keep what it is told
// to keep, and does it keep it at all.
#include "gateway/doctor/examination.hpp"
#include "gateway/text/shell_word.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A commit waits for a flush, and one is due every second: what takes longer piles up in memory.
constexpr milliseconds slowest_flush = 1000ms;

struct Mount {
  std::string device;
  std::string point;
  std::string type;
  std::vector<std::string> options;

  [[nodiscard]] bool has(std::string_view option) const {
    return std::ranges::find(options, option) != options.end();
  }
  [[nodiscard]] std::string value_of(const std::string& option) const {
    for (const std::string& one : options) {
      if (one.starts_with(option + "=")) return one.substr(option.size() + 1);
    }
    return {};
  }
};

std::vector<Mount> mounts_of(const Machine& machine) {
  std::vector<Mount> mounts;
  for (const std::string& line : lines_of_file(machine.proc + "/self/mounts")) {
    Mount mount;
    std::istringstream words(line);
    std::string options;
    words >> mount.device >> mount.point >> mount.type >> options;
    std::istringstream each(options);
    for (std::string option; std::getline(each, option, ',');) mount.options.push_back(option);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool is_below(const std::string& path, const std::string& point) {
  return point == "/" || path == point || path.starts_with(point + "/");
}

// The last one that covers the path: a later one hides those before it.
const Mount* mount_of(const std::string& path, const std::vector<Mount>& mounts) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    if (!is_below(path, mount.point)) continue;
    if (found == nullptr || mount.point.size() >= found->point.size()) found = &mount;
  }
  return found;
}

// What is written there is gone with the supply: also where a read-only system puts memory over its
// disk.
bool is_in_memory(const Mount& mount, const std::vector<Mount>& mounts) {
  if (mount.type == "tmpfs" || mount.type == "ramfs") return true;
  const std::string upper = mount.type == "overlay" ? mount.value_of("upperdir") : "";
  if (upper.empty()) return false;
  const Mount* const below = mount_of(upper, mounts);
  return below != nullptr && (below->type == "tmpfs" || below->type == "ramfs");
}

void look_at_mount(const std::string& path, const Machine& machine, Findings& findings) {
  const std::vector<Mount> mounts = mounts_of(machine);
  const Mount* const mount = mount_of(path, mounts);
  if (mount == nullptr) return;
  const std::string about = "disk of the store (" + mount->point + ")";
  if (mount->has("ro")) {
    findings.push_back({"disk_read_only", about,
                        "is mounted read-only: either meant so, or after an error of the card",
                        "sudo mount -o remount,rw " + shell_word(mount->point) +
                            "; sudo dmesg | grep -i -e mmc -e ext4"});
  }
  if (is_in_memory(*mount, mounts)) {
    findings.push_back(
        {"disk_in_memory", about,
         "is memory (" + mount->type + "): every sample that was not sent is lost at a power cut",
         "sudo raspi-config nonint do_overlayfs 1 && sudo reboot; or name another "
         "place in store.path"});
  }
  if (mount->value_of("data") == "writeback") {
    findings.push_back({"disk_unsafe", about,
                        "is mounted with data=writeback: a power cut can tear the store's file",
                        "sudo tune2fs -o ^journal_data_writeback " + shell_word(mount->device) +
                            " && sudo reboot"});
  }
  if (mount->has("nobarrier") || mount->value_of("barrier") == "0") {
    findings.push_back(
        {"disk_unsafe", about,
         "is mounted without barriers: what was committed can be lost in a power cut",
         "sudo mount -o remount,barrier=1 " + shell_word(mount->point)});
  }
}

Findings look_at_disk(const Patient& patient) {
  const Machine& machine = patient.machine;
  const StoreSettings& store = patient.config.store;
  std::error_code unknown;
  const std::string directory =
      fs::weakly_canonical(fs::path(store.path).parent_path(), unknown).string();
  const std::string about = "disk of the store (" + directory + ")";
  if (!fs::is_directory(directory, unknown)) {
    return {{"directory_missing", "store " + store.path, "its directory is not there",
             "sudo systemd-tmpfiles --create; or: sudo install -d -m 750 -o " +
                 shell_word(machine.user.name) + " " + shell_word(directory)}};
  }
  Findings findings;
  look_at_mount(directory, machine, findings);
  if (const auto denial = denied(machine.user, directory, R_OK | W_OK | X_OK)) {
    findings.push_back(
        {"store_permission", "store " + store.path, "cannot be kept there: " + denial->why,
         "sudo chown " + shell_word(machine.user.name) + " " + shell_word(directory)});
  }
  const auto left = machine.free_space(directory);
  if (left && *left < store.minimum_free_bytes) {
    findings.push_back({"disk_full", about,
                        size_text(*left) + " are free, less than store.minimum_free (" +
                            size_text(store.minimum_free_bytes) +
                            "): the oldest samples go, and nothing can be written in the end",
                        "sudo apt-get clean && sudo journalctl --vacuum-size=50M"});
  }
  const auto flush = machine.flush_time(directory);
  if (flush && *flush > slowest_flush) {
    findings.push_back({"disk_slow", about,
                        "needs " + duration_text(*flush) +
                            " to put 4 KiB on the disk: samples pile up in memory. A worn card?",
                        "sudo dmesg | grep -i mmc; then take another card"});
  }
  return findings;
}

}  // namespace

extern const Examination disk_examination = {.name = "disk", .place = 5, .look = look_at_disk};

}  // namespace twinsky
