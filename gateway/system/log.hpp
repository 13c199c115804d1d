// SPDX-License-Identifier: Apache-2.0
// The log: to standard error, with journald's priority prefixes when it runs under systemd. Every
// line begins with the thing that it is about. Transitions are logged, not repetitions. Any thread.
#pragma once

#include <memory>
#include <string_view>

namespace twinsky {

enum class LogLevel { error, warning, notice, info, debug };

class Log {
 public:
  explicit Log(LogLevel threshold = LogLevel::info);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void error(std::string_view subject, std::string_view message);    // somebody must act
  void warning(std::string_view subject, std::string_view message);  // readings will be missing
  void notice(std::string_view subject, std::string_view message);   // a state changed
  void info(std::string_view subject, std::string_view message);     // start-up facts
  void debug(std::string_view subject, std::string_view message);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace twinsky
