// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/running_gateway.hpp"

#include "gateway/service/control.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr milliseconds patience{3'000};  // it answers out of memory

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

// In /tmp anybody may lie in wait under a name: the gateway is whoever keeps the store.
bool is_of_its_keeper(const std::string& socket, const std::string& store_path) {
  struct stat directory {};
  struct stat found {};
  struct stat store {};
  const std::string above = fs::path(socket).parent_path();
  if (::stat(above.c_str(), &directory) == 0 && (directory.st_mode & S_IWOTH) == 0) return true;
  if (::lstat(socket.c_str(), &found) != 0) return false;
  if (found.st_uid == 0 || found.st_uid == ::geteuid()) return true;
  return ::stat(store_path.c_str(), &store) == 0 && store.st_uid == found.st_uid;
}

}  // namespace

Result<Json, std::string> ask_running_gateway(const std::string& store_path) {
  std::string problem = "it does not run";
  for (const std::string& path : control_paths(store_path)) {
    std::error_code error;
    const fs::file_status found = fs::status(path, error);
    if (!fs::exists(found) && found.type() != fs::file_type::none) continue;
    if (!is_of_its_keeper(path, store_path)) continue;
    const auto answer = ask_control_socket(path, overview_request, patience);
    if (!answer) {
      // What a dead one left behind says nothing; a living one that keeps us out does.
      const bool is_dead = answer.error().find("Connection refused") != std::string::npos;
      if (!is_dead) problem = answer.error();
      continue;
    }
    Json overview = Json::parse_or_null(answer.value());
    if (!overview.is_object()) {
      problem = path + ": its answer is none";
      continue;
    }
    if (overview.contains("error")) {
      problem = path + ": version " + overview.value("program", "?") +
                " answers: " + overview.value("error", "");
      continue;
    }
    const Json* const store = overview.find("store");
    if (store != nullptr && !is_same(store->value("path", ""), store_path)) {
      continue;  // another gateway's
    }
    return overview;
  }
  return Unexpected{problem};
}

}  // namespace twinsky
