// SPDX-License-Identifier: Apache-2.0
// The log: to standard error, with journald's priority prefixes when it runs under systemd. Every
// line begins with the thing that it is about. Transitions are logged, not repetitions. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

enum class LogLevel { error, warning, notice, info, debug };

std::string_view name_of(LogLevel level) noexcept;

struct LogLine {
  std::uint64_t number = 0;  // 1, 2, 3 … since the start
  std::string time;          // RFC 3339
  LogLevel level{};
  std::string subject;
  std::string message;
};

class Log {
 public:
  static constexpr std::size_t kept_lines = 500;

  explicit Log(LogLevel threshold = LogLevel::info);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void error(std::string_view subject, std::string_view message);    // somebody must act
  void warning(std::string_view subject, std::string_view message);  // readings will be missing
  void notice(std::string_view subject, std::string_view message);   // a state changed
  void info(std::string_view subject, std::string_view message);     // start-up facts
  void debug(std::string_view subject, std::string_view message);

  // A line that has gone out by another way (events.hpp).
  void keep(LogLevel level, std::string_view subject, std::string_view message);
  // The newest lines, as far as they are kept in memory, that came after this one.
  [[nodiscard]] std::vector<LogLine> lines_after(std::uint64_t number) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace twinsky
