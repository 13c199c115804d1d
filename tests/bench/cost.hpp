// SPDX-License-Identifier: Apache-2.0
// What a program of the bench has cost so far, as one line of JSON: monotonic time, CPU time of all
// its threads, bytes that it had the kernel write to a disk.
#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace bench {

inline double monotonic_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline long long write_bytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  long long value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

inline void report(const char* what) {
  std::printf("{\"at\":\"%s\",\"s\":%.6f,\"cpu_s\":%.6f,\"write_bytes\":%lld}\n", what,
              monotonic_s(), cpu_s(), write_bytes());
  std::fflush(stdout);
}

}  // namespace bench
