// SPDX-License-Identifier: Apache-2.0
// Runs a command as a user would.
#pragma once

#include <array>
#include <stdio.h>
#include <string>
#include <sys/wait.h>

namespace twinsky {

struct Answer {
  int code = -1;
  std::string text;  // standard output and error
};

inline Answer shell(const std::string& command) {
  Answer answer;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t count = ::fread(buffer.data(), 1, buffer.size(), pipe)) {
    answer.text.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return answer;
}

}  // namespace twinsky
