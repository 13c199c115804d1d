// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/audit_file.hpp"

#include "gateway/model/json.hpp"
#include "gateway/model/plain_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

using Day = std::chrono::sys_days;

std::string text_of(const AuditLine& line) {
  const Json json = {{"from", iso8601(line.from)},   {"to", iso8601(line.to)},
                     {"sink", line.key.sink},        {"topic", line.key.topic},
                     {"rule", line.key.rule},        {"messages", line.sums.messages},
                     {"records", line.sums.records}, {"bytes", line.sums.bytes}};
  return json.dump() + "\n";
}

std::optional<AuditLine> line_of(const std::string& text) {
  const Json json = Json::parse_or_null(text);
  if (!json.is_object()) return std::nullopt;
  try {
    const auto from = parse_time(json.at("from").get<std::string>());
    const auto to = parse_time(json.at("to").get<std::string>());
    if (!from || !to) return std::nullopt;
    return AuditLine{.from = *from,
                     .to = *to,
                     .key = {json.at("sink"), json.at("topic"), json.at("rule")},
                     .sums = {json.at("messages"), json.at("records"), json.at("bytes")}};
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

std::string last_error() {
  return std::generic_category().message(errno);
}

// A file that is closed whatever happens.
class File {
 public:
  // A FIFO of that name would be waited for without O_NONBLOCK.
  File(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_NONBLOCK, 0640)) {}
  ~File() {
    if (is_open()) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  // What is open and no plain file; empty: it is one.
  [[nodiscard]] std::string problem() const { return problem_of_open_file(descriptor_); }
  [[nodiscard]] off_t size() const {
    struct stat facts {};
    return ::fstat(descriptor_, &facts) == 0 ? facts.st_size : 0;
  }
  // A power cut may have torn the last line.
  [[nodiscard]] bool ends_within_a_line() const {
    char last = '\n';
    const off_t end = size();
    return end > 0 && ::pread(descriptor_, &last, 1, end - 1) == 1 && last != '\n';
  }
  // All or nothing.
  [[nodiscard]] bool write(std::string_view text) const {
    const off_t before = size();
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const int problem = errno;
        // Should this fail as well, half a line stays and is passed over when it is read.
        static_cast<void>(::ftruncate(descriptor_, before) == 0);
        errno = problem;
        return false;
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  [[nodiscard]] bool sync() const { return ::fdatasync(descriptor_) == 0; }

 private:
  const int descriptor_;
};

}  // namespace

void AuditSums::add(const AuditSums& other) {
  messages += other.messages;
  records += other.records;
  bytes += other.bytes;
}

void add_to(AuditTable& table, const AuditView& key, const AuditSums& sums) {
  auto place = table.find(key);
  if (place == table.end()) {
    const auto& [sink, topic, rule] = key;
    place = table
                .emplace(AuditKey{std::string(sink), std::string(topic), std::string(rule)},
                         AuditSums{})
                .first;
  }
  place->second.add(sums);
}

std::string audit_file_of(std::string_view store) {
  return std::string(store) + ".audit.jsonl";
}

std::string append_audit(const std::string& file, UtcTime from, UtcTime to,
                         const AuditTable& table) {
  const File lines(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC);
  if (!lines.is_open()) return last_error();
  if (std::string problem = lines.problem(); !problem.empty()) return problem;
  std::string text = lines.ends_within_a_line() ? "\n" : "";
  for (const auto& [key, sums] : table) {
    text += text_of({.from = from, .to = to, .key = key, .sums = sums});
  }
  return lines.write(text) ? std::string() : last_error();
}

std::string read_audit(const std::string& file, const std::function<void(const AuditLine&)>& each) {
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown)) return {};
  if (!std::filesystem::is_regular_file(file, unknown)) return "it is no plain file";
  errno = 0;
  std::ifstream lines(file, std::ios::binary);
  if (!lines) return last_error();
  for (std::string text; std::getline(lines, text);) {
    if (const auto line = line_of(text)) each(*line);
  }
  return lines.bad() ? "reading it failed" : std::string();
}

std::string fold_audit(const std::string& file, UtcTime today, UtcTime oldest, const Zone& zone) {
  std::map<Day, std::map<AuditKey, AuditLine, AuditOrder>> folded;
  std::vector<AuditLine> recent;
  bool is_changed = false;
  const auto take = [&](const AuditLine& line) {
    if (line.to < oldest) {
      is_changed = true;
      return;
    }
    if (zone.day_of(line.from) >= zone.day_of(today)) {
      recent.push_back(line);
      return;
    }
    const auto [place, is_first] = folded[zone.day_of(line.from)].try_emplace(line.key, line);
    if (is_first) return;
    is_changed = true;
    AuditLine& day = place->second;
    day.from = std::min(day.from, line.from);
    day.to = std::max(day.to, line.to);
    day.sums.add(line.sums);
  };
  std::string problem = read_audit(file, take);
  if (!problem.empty() || !is_changed) return problem;

  std::string text;
  for (const auto& [day, lines] : folded) {
    for (const auto& [key, line] : lines) text += text_of(line);
  }
  for (const AuditLine& line : recent) text += text_of(line);
  const std::string next = file + ".new";
  const File lines(next, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (!lines.is_open()) return last_error();
  const bool is_done =
      lines.write(text) && lines.sync() && ::rename(next.c_str(), file.c_str()) == 0;
  return is_done ? std::string() : last_error();
}

}  // namespace twinsky
