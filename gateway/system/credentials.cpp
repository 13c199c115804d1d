// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/credentials.hpp"

#include "gateway/model/plain_file.hpp"

#include <cstdlib>
#include <vector>

namespace twinsky {
namespace {

constexpr std::size_t longest_secret = 65536;

std::vector<std::string> places_of(std::string_view name, std::string_view directory) {
  if (name.find('/') != name.npos) return {std::string(name)};
  std::vector<std::string> places;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) {
    places.push_back(std::string(credentials).append("/").append(name));
  }
  places.push_back(std::string(directory.empty() ? "." : directory).append("/").append(name));
  return places;
}

// Neither the name nor the path, which may be the secret itself.
std::string subject_of(const SecretFile& secret) {
  return secret.place.empty() ? "the secret's file"
                              : "the secret's file (named in " + std::string(secret.place) + ")";
}

Result<std::string, std::string> secret_in(PlainFile file, const std::string& subject) {
  if (file.is_open_to_others) {
    return Unexpected{subject +
                      " is open to every user of this machine and is not used; run chmod o= on it"};
  }
  if (file.is_cut) return Unexpected{subject + " is longer than 64 KiB: is it the right file?"};
  std::string& text = file.text;
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Unexpected{subject + " is empty"};
  return std::move(text);
}

}  // namespace

Result<std::string, std::string> read_secret(const SecretFile& secret,
                                             std::string_view configuration_directory) {
  const std::string subject = subject_of(secret);
  if (secret.name.empty()) return Unexpected{subject + " has no name"};
  for (const std::string& path : places_of(secret.name, configuration_directory)) {
    auto file = read_plain_file(path, longest_secret);
    if (file) return secret_in(std::move(*file), subject);
    if (!file.error().is_missing) {
      return Unexpected{subject + " cannot be read: " + file.error().reason};
    }
  }
  const bool is_path = secret.name.find('/') != secret.name.npos;
  return Unexpected{subject + " was not found" +
                    (is_path ? ""
                             : "; looked for it among systemd's credentials of this service and "
                               "beside the configuration")};
}

std::string found_secret(const SecretFile& secret, std::string_view configuration_directory) {
  if (secret.name.empty()) return {};
  for (std::string& path : places_of(secret.name, configuration_directory)) {
    const auto file = read_plain_file(path, 1);
    if (file || !file.error().is_missing) return std::move(path);
  }
  return {};
}

bool may_be_the_services(const SecretFile& secret, std::string_view configuration_directory) {
  for (const std::string& path : places_of(secret.name, configuration_directory)) {
    const auto file = read_plain_file(path, longest_secret);
    if (file) return false;
    if (!file.error().is_missing) return file.error().is_forbidden;
  }
  return true;
}

}  // namespace twinsky
