// SPDX-License-Identifier: Apache-2.0
#include "gateway/setup/ports.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

bool is_recognised_by_some(const BusInfo& kind) {
  return std::ranges::any_of(driver_registry(), [&kind](const DriverInfo* driver) {
    return driver->bus == &kind_of(kind) && driver->unrecognisable.empty();
  });
}

// "/dev/ttyUSB*" or a name, below the machine's own /dev.
std::vector<std::string> files_like(std::string_view pattern, const Machine& machine) {
  constexpr std::string_view root = "/dev";
  std::string path = machine.dev + std::string(pattern.substr(root.size()));
  std::error_code unknown;
  if (!path.ends_with('*')) {
    return fs::exists(path, unknown) ? std::vector{path} : std::vector<std::string>();
  }
  path.pop_back();
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path(), unknown)) {
    if (entry.path().string().starts_with(path)) found.push_back(entry.path().string());
  }
  std::ranges::sort(found);
  return found;
}

bool have_the_same_files(const BusInfo& one, const BusInfo& other) {
  return &one == &other || (!one.needs.files.empty() && one.needs.files == other.needs.files);
}

}  // namespace

std::vector<const BusInfo*> scannable_kinds() {
  std::vector<const BusInfo*> kinds;
  for (const BusInfo* kind : bus_registry()) {
    if (!kind->plays_any && is_recognised_by_some(*kind)) kinds.push_back(kind);
  }
  return kinds;
}

ScanTarget target_at(const BusInfo& kind, std::string address) {
  ScanTarget target{.address = std::move(address), .kinds = {}};
  for (const BusInfo* each : scannable_kinds()) {
    const bool is_later = each->place >= kind.place;
    if (is_later && have_the_same_files(kind, *each)) target.kinds.push_back(each);
  }
  return target;
}

std::vector<ScanTarget> targets_of(const Machine& machine) {
  std::vector<ScanTarget> targets;
  std::set<std::string> seen;
  for (const BusInfo* kind : scannable_kinds()) {
    const std::span one(&kind->needs.files, kind->needs.files.empty() ? 0U : 1U);
    for (const std::string_view names : kind->needs.names.empty() ? one : kind->needs.names) {
      for (std::string& file : files_like(names, machine)) {
        if (!seen.insert(kind->identity(file)).second) continue;
        targets.push_back(target_at(*kind, std::move(file)));
      }
    }
  }
  return targets;
}

}  // namespace twinsky
