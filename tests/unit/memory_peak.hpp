// SPDX-License-Identifier: Apache-2.0
// How much more memory this process has held at once, since the object was made.
#pragma once

#include <fstream>
#include <string>

namespace twinsky::testing_world {

class MemoryPeak {
 public:
  MemoryPeak() {
    std::ofstream("/proc/self/clear_refs") << '5';  // the peak begins anew
    begin_ = kilobytes("VmRSS:");
  }
  [[nodiscard]] long kilobytes_more() const { return kilobytes("VmHWM:") - begin_; }
  [[nodiscard]] long megabytes_more() const { return kilobytes_more() / 1024; }

 private:
  static long kilobytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      long value = 0;
      if (word == name && status >> value) return value;
    }
    return 0;
  }
  long begin_ = 0;
};

}  // namespace twinsky::testing_world
