// SPDX-License-Identifier: Apache-2.0
// The files that the configuration consists of and names: secrets, certificates. There, readable
// for the gateway, and secrets for nobody else.
#include "gateway/doctor/examination.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/text/shell_word.hpp"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

// The settings of a sink or feed, with what a message says of them.
struct Owner {
  std::string about;
  const Settings& settings;
  const SecretPlaces& places;
  const std::string& directory;
};

std::string about_setting(const Owner& owner, const Setting& setting) {
  return owner.about + ", " + owner.places.place_of(setting.name);
}

// Does systemd give it to the service, as a running one has it or as a drop-in of the unit says?
bool is_credential(const std::string& name, const Machine& machine) {
  if (name.find('/') != std::string::npos) return false;
  std::error_code unknown;
  if (fs::exists(machine.run + "/credentials/twinsky.service/" + name, unknown)) return true;
  for (const auto& drop_in :
       fs::directory_iterator(machine.etc + "/systemd/system/twinsky.service.d", unknown)) {
    for (const std::string& line : lines_of_file(drop_in.path().string())) {
      if (line.starts_with("LoadCredential") && line.find("=" + name + ":") != line.npos) {
        return true;
      }
    }
  }
  return false;
}

// The name is not repeated unless there is such a file: people type the secret itself there.
void look_at_secret(const Owner& owner, const Setting& setting, const Machine& machine,
                    Findings& findings) {
  const std::string& name = owner.settings.text(setting.name);
  if (name.empty() || is_credential(name, machine)) return;
  const SecretFile secret{.name = name, .place = {}};
  const std::string path = found_secret(secret, owner.directory);
  const std::string about = about_setting(owner, setting);
  const std::string user = shell_word(machine.user.name);
  if (path.empty()) {
    findings.push_back(
        {"secret_missing", about,
         "the secret's file is neither beside the configuration nor among the "
         "service's credentials",
         "sudo install -m 640 -g " + user + " /dev/stdin FILE, as that line names it"});
    return;
  }
  const auto file = read_plain_file(path, 1);
  if (file && file->is_open_to_others) {
    findings.push_back({"secret_open", about,
                        "the secret's file is open to every user of this machine and is not used",
                        "sudo chmod o= " + shell_word(path)});
    return;
  }
  if (const auto denial = denied(machine.user, path, R_OK)) {
    findings.push_back(
        {"secret_unreadable", about, "the secret's file is closed to the gateway: " + denial->why,
         "sudo chgrp " + user + " " + shell_word(path) + " && sudo chmod 640 " + shell_word(path)});
    return;
  }
  const auto read = read_secret(secret, owner.directory);
  if (read) return;
  findings.push_back({"secret_unreadable", about, read.error(),
                      "sudo install -m 640 -g " + user + " /dev/stdin " + shell_word(path)});
}

void look_at_readable(const std::string& about, const std::string& path, const Machine& machine,
                      Findings& findings) {
  if (const auto denial = denied(machine.user, path, R_OK)) {
    findings.push_back({"file_unreadable", about, "is closed to the gateway: " + denial->why,
                        "sudo chgrp " + shell_word(machine.user.name) + " " + shell_word(path) +
                            " && sudo chmod g+r " + shell_word(path)});
    return;
  }
  const std::string problem = problem_of_plain_file(path);
  if (problem.empty()) return;
  findings.push_back({"file_unreadable", about, path + " cannot be read: " + problem,
                      "ls -l " + shell_word(path)});
}

void look_at_settings(const Owner& owner, std::span<const Setting> declared, const Machine& machine,
                      Findings& findings) {
  for (const Setting& setting : declared) {
    if (setting.kind != SettingKind::path || !owner.settings.has(setting.name)) continue;
    if (setting.secret) {
      look_at_secret(owner, setting, machine, findings);
      continue;
    }
    const std::string& path = owner.settings.text(setting.name);
    if (path.empty()) continue;
    look_at_readable(owner.about + ", " + std::string(setting.name),
                     (fs::path(owner.directory) / path).lexically_normal().string(), machine,
                     findings);
  }
}

Findings look_at_files(const Patient& patient) {
  Findings findings;
  const Machine& machine = patient.machine;
  for (const std::string& file : patient.config.files) {
    look_at_readable("configuration " + file, file, machine, findings);
  }
  for (const SinkSettings& sink : patient.config.sinks) {
    const Owner owner{"sink " + sink.id, sink.settings, sink.secret_places,
                      sink.configuration_directory};
    look_at_settings(owner, sink.transport->settings, machine, findings);
    look_at_settings(owner, sink.format->settings, machine, findings);
  }
  for (const FeedSettings& feed : patient.config.feeds) {
    const FeedInfo* const info = feed_named(feed.feed);
    if (info == nullptr) continue;
    const Owner owner{"feed " + feed.feed, feed.settings, feed.secret_places,
                      feed.configuration_directory};
    look_at_settings(owner, info->settings, machine, findings);
  }
  return findings;
}

}  // namespace

extern const Examination files_examination = {.name = "files", .place = 7, .look = look_at_files};

}  // namespace twinsky
