// SPDX-License-Identifier: Apache-2.0
#include "gateway/service/control.hpp"

#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/stable_hash.hpp"

#include <filesystem>

namespace twinsky {
namespace {

constexpr std::string_view protocol = "twinsky/";
constexpr std::string_view service_directory = "/run/twinsky";  // RuntimeDirectory= of the unit

std::string in_directory(std::string_view directory) {
  return std::string(directory.substr(0, directory.find(':'))) + "/control";
}
// Not beside the store: a socket holds on to its disk, which could not be taken out any more.
std::string named_after(const std::string& store_path) {
  std::error_code unknown;
  const auto path = std::filesystem::absolute(store_path, unknown).lexically_normal();
  return "/tmp/twinsky-" + hexadecimal(stable_hash(path.string()), 16) + "-control";
}

std::shared_ptr<const std::string> refusal(std::string_view sentence) {
  const Json json = {{"version", 1},
                     {"program", TWINSKY_VERSION},
                     {"error", sentence},
                     {"requests", Json::array({overview_request})}};
  return std::make_shared<const std::string>(json.dump());
}

}  // namespace

std::string control_path(const std::string& store_path, const char* runtime_directory) {
  const bool is_given = runtime_directory != nullptr && *runtime_directory != '\0';
  return is_given ? in_directory(runtime_directory) : named_after(store_path);
}

std::vector<std::string> control_paths(const std::string& store_path) {
  return {named_after(store_path), in_directory(service_directory)};
}

ControlSocket::Answer control_answer(const PublishedOverview& overview) {
  return [&overview](std::string_view request) {
    const auto blank = request.find(' ');
    if (!request.starts_with(protocol) || blank == request.npos) {
      return refusal("this is no request");
    }
    if (request.substr(blank + 1) != overview_request.substr(overview_request.find(' ') + 1)) {
      return refusal("this version does not know that request");
    }
    auto json = overview.newest_json();
    return json ? json : refusal("the gateway is starting");
  };
}

}  // namespace twinsky
