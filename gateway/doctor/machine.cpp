// SPDX-License-Identifier: Apache-2.0
#include "gateway/doctor/machine.hpp"

#include <climits>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sstream>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr const char* name_of_service = "twinsky";
constexpr std::size_t most_groups = 256;

struct Account {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;
};

template <class Ask>
std::optional<Account> account(const Ask& ask) {
  std::array<char, 4096> memory{};
  passwd entry{};
  passwd* found = nullptr;
  if (ask(entry, memory, found) != 0 || found == nullptr) return std::nullopt;
  return Account{found->pw_name, found->pw_uid, found->pw_gid};
}

ServiceUser user_of(const Account& account) {
  std::vector<gid_t> groups(most_groups);
  int count = static_cast<int>(most_groups);
  if (::getgrouplist(account.name.c_str(), account.group, groups.data(), &count) < 0) count = 0;
  groups.resize(static_cast<std::size_t>(count));
  return {account.name, account.id, std::move(groups)};
}

// The service's, for who looks on its behalf; else our own.
ServiceUser present_user() {
  const uid_t own = ::geteuid();
  if (own == 0) {
    const auto service = account([](passwd& entry, auto& memory, passwd*& found) {
      return ::getpwnam_r(name_of_service, &entry, memory.data(), memory.size(), &found);
    });
    if (service) return user_of(*service);
  }
  const auto mine = account([own](passwd& entry, auto& memory, passwd*& found) {
    return ::getpwuid_r(own, &entry, memory.data(), memory.size(), &found);
  });
  ServiceUser user{mine ? mine->name : "user " + std::to_string(own), own, {::getegid()}};
  std::vector<gid_t> more(most_groups);
  const int count = ::getgroups(static_cast<int>(more.size()), more.data());
  for (int at = 0; at < count; ++at) user.groups.push_back(more[static_cast<std::size_t>(at)]);
  return user;
}

std::optional<std::int64_t> free_space_of(const std::string& directory) {
  struct statvfs disk {};
  if (::statvfs(directory.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize);
}

std::optional<milliseconds> flush_time_of(const std::string& directory) {
  constexpr std::array<char, 4096> page{};
  constexpr int tries = 5;
  std::string name = directory + "/.twinsky-doctor-XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) return std::nullopt;
  ::unlink(name.c_str());
  SystemClock clock;
  std::vector<milliseconds> times;
  for (int at = 0; at < tries; ++at) {
    const MonotonicTime begin = clock.now();
    if (::write(file, page.data(), page.size()) < 0 || ::fsync(file) != 0) break;
    times.push_back(std::chrono::duration_cast<milliseconds>(clock.now() - begin));
  }
  ::close(file);
  if (times.empty()) return std::nullopt;
  std::ranges::sort(times);
  return times[times.size() / 2];
}

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<int> process_numbers(const Machine& machine) {
  std::vector<int> numbers;
  std::error_code unknown;
  for (const auto& entry : fs::directory_iterator(machine.proc, unknown)) {
    if (const auto number = number_in(entry.path().filename().string())) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

bool is_same(const struct stat& one, const struct stat& other) {
  if (S_ISCHR(one.st_mode)) return S_ISCHR(other.st_mode) && one.st_rdev == other.st_rdev;
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool has_open(const Machine& machine, int process, const struct stat& file) {
  std::error_code unknown;
  const std::string open = machine.proc + "/" + std::to_string(process) + "/fd";
  for (const auto& entry : fs::directory_iterator(open, unknown)) {
    struct stat opened {};
    if (::stat(entry.path().c_str(), &opened) == 0 && is_same(file, opened)) return true;
  }
  return false;
}

// Of /proc/locks, which shows everybody what others have locked: "1: FLOCK ADVISORY WRITE 812
// 00:05:1234 0 EOF".
std::vector<int> lockers_of(const Machine& machine, const struct stat& file) {
  std::array<char, 64> wanted{};
  std::snprintf(wanted.data(), wanted.size(), "%02x:%02x:%llu", major(file.st_dev),
                minor(file.st_dev), static_cast<unsigned long long>(file.st_ino));
  std::vector<int> found;
  for (const std::string& line : lines_of_file(machine.proc + "/locks")) {
    std::istringstream words(line);
    std::string number, kind, how, what, process, place;
    words >> number >> kind >> how >> what >> process >> place;
    const auto id = number_in(process);
    // Who made the lock may have handed it on and be gone.
    const bool is_it = place == wanted.data() && id;
    if (is_it && fs::exists(machine.proc + "/" + process)) found.push_back(*id);
  }
  return found;
}

std::string base_name(std::string_view path) {
  return fs::path(path).filename().string();
}

std::string name_of_group(gid_t id) {
  std::array<char, 4096> memory{};
  group entry{};
  group* found = nullptr;
  if (::getgrgid_r(id, &entry, memory.data(), memory.size(), &found) == 0 && found != nullptr) {
    return found->gr_name;
  }
  return std::to_string(id);
}

std::string name_of_user(uid_t id) {
  const auto found = account([id](passwd& entry, auto& memory, passwd*& answer) {
    return ::getpwuid_r(id, &entry, memory.data(), memory.size(), &answer);
  });
  return found ? found->name : std::to_string(id);
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

bool is_member(const ServiceUser& user, gid_t group) {
  return std::ranges::find(user.groups, group) != user.groups.end();
}

// The bits of R_OK, W_OK and X_OK that the mode gives him.
unsigned rights_of(const ServiceUser& user, const struct stat& file) {
  if (user.id == file.st_uid) return file.st_mode >> 6U & 7U;
  return (is_member(user, file.st_gid) ? file.st_mode >> 3U : file.st_mode) & 7U;
}

std::optional<Denial> denied_alone(const ServiceUser& user, const std::string& path, int mode) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;  // whether it is there is not asked
  const auto wanted = static_cast<unsigned>(mode);
  if ((rights_of(user, file) & wanted) == wanted) return std::nullopt;
  const bool group_may = (file.st_mode >> 3U & wanted) == wanted && user.id != file.st_uid &&
                         !is_member(user, file.st_gid);
  const std::string group = name_of_group(file.st_gid);
  return Denial{
      path + " belongs to " + name_of_user(file.st_uid) + ":" + group + " with mode " +
          octal(file.st_mode) + ", and " + user.name +
          (group_may ? " is not in that group"
                     : " may not " + std::string((wanted & W_OK) != 0 ? "write" : "read") + " it"),
      group_may ? group : ""};
}

}  // namespace

Machine Machine::here() {
  return {.user = present_user(), .free_space = free_space_of, .flush_time = flush_time_of};
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> lines_of_file(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

RunningProcess process_of(const Machine& machine, int id) {
  const std::string text = text_of_file(machine.proc + "/" + std::to_string(id) + "/cmdline");
  std::vector<std::string> words;
  std::istringstream arguments(text);
  for (std::string word; std::getline(arguments, word, '\0');) words.push_back(word);
  RunningProcess process{.id = id, .command = {}};
  for (const std::string& word : words) process.command += (&word == &words[0] ? "" : " ") + word;
  process.is_gateway =
      words.size() > 1 && base_name(words[0]) == name_of_service && words[1] == "run";
  return process;
}

std::vector<RunningProcess> processes_named(const Machine& machine, std::string_view name) {
  std::vector<RunningProcess> found;
  for (const int id : process_numbers(machine)) {
    const bool is_it =
        text_of_file(machine.proc + "/" + std::to_string(id) + "/comm") == std::string(name);
    if (is_it) found.push_back(process_of(machine, id));
  }
  return found;
}

std::vector<RunningProcess> holders_of(const Machine& machine, const struct stat& file) {
  std::vector<int> holders = lockers_of(machine, file);
  for (const int id : process_numbers(machine)) {
    if (has_open(machine, id, file)) holders.push_back(id);
  }
  std::ranges::sort(holders);
  const auto repeated = std::ranges::unique(holders);
  holders.erase(repeated.begin(), repeated.end());
  std::erase(holders, static_cast<int>(::getpid()));
  std::vector<RunningProcess> found;
  for (const int id : holders) found.push_back(process_of(machine, id));
  return found;
}

bool is_console(const Machine& machine, const std::string& device) {
  std::array<char, PATH_MAX> path{};
  const bool is_there = ::realpath(device.c_str(), path.data()) != nullptr;
  const std::string name = is_there ? base_name(path.data()) : "";
  const std::string words = " " + text_of_file(machine.proc + "/cmdline") + " ";
  const std::string console = " console=" + name;
  return !name.empty() &&
         (words.find(console + ",") != words.npos || words.find(console + " ") != words.npos);
}

std::string text_of(const RunningProcess& process) {
  return "process " + std::to_string(process.id) +
         (process.command.empty() ? "" : " (" + process.command + ")");
}

std::optional<Denial> denied(const ServiceUser& user, const std::string& path, int mode) {
  if (user.id == 0) return std::nullopt;
  // Of ourselves the kernel knows it better than the mode says, which has no access lists.
  if (user.id == ::geteuid() && ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) {
    return std::nullopt;
  }
  fs::path way = "/";
  for (const fs::path& part : fs::absolute(path).parent_path().lexically_normal()) {
    way /= part;
    if (auto no = denied_alone(user, way.string(), X_OK)) {
      no->why += ", so it does not come to " + path;
      no->group.clear();
      return no;
    }
  }
  return denied_alone(user, path, mode);
}

}  // namespace twinsky
