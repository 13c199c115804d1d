// SPDX-License-Identifier: Apache-2.0
// The machine that a gateway runs on, as the kernel shows it. Tests bring one of their own.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace twinsky {

// As whom the gateway runs.
struct ServiceUser {
  std::string name;
  uid_t id = 0;
  std::vector<gid_t> groups = {};
};

struct RunningProcess {
  int id = 0;
  std::string command;  // with its arguments, for people
  bool is_gateway = false;
};

struct Machine {
  std::string proc = "/proc";
  std::string sys = "/sys";
  std::string dev = "/dev";
  std::string etc = "/etc";
  std::string run = "/run";
  std::string boot = "/boot";
  ServiceUser user = {};
  // Bytes that a user may still write there; nothing: it cannot be told.
  std::function<std::optional<std::int64_t>(const std::string& directory)> free_space = {};
  // How long a small file there takes until it is on the disk, in the middle of several tries.
  std::function<std::optional<milliseconds>(const std::string& directory)> flush_time = {};
  milliseconds patience{5000};  // with whoever is asked over the network

  // This one. Who is root asks for the service's user, where there is one.
  static Machine here();
};

// A small file of the kernel; empty where there is none.
std::string text_of_file(const std::string& path);
std::vector<std::string> lines_of_file(const std::string& path);

// The process of this number, as far as it can be told.
RunningProcess process_of(const Machine& machine, int id);
// Those of this short name ("brltty").
std::vector<RunningProcess> processes_named(const Machine& machine, std::string_view name);
// Who has the file or device open, or locked; without this process.
std::vector<RunningProcess> holders_of(const Machine& machine, const struct stat& file);
// Does the kernel send its messages there ("console=ttyAMA0,115200" among its words)?
bool is_console(const Machine& machine, const std::string& device);
// "process 812 (minicom -D /dev/ttyUSB0)"
std::string text_of(const RunningProcess& process);

// Why the user may not open it so (R_OK | W_OK, or X_OK for a directory to write files in): a
// sentence without a subject, and whether membership in the file's group would do. Empty: he may.
struct Denial {
  std::string why;
  std::string group = {};
};
std::optional<Denial> denied(const ServiceUser& user, const std::string& path, int mode);

}  // namespace twinsky
