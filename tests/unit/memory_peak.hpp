// SPDX-License-Identifier: Apache-2.0
// How much more memory this process has held at once, since the object was made. Nothing under the
// address sanitizer, which keeps what was freed and books of its own: there it is no figure of
// ours.
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
  [[nodiscard]] long kilobytes_more() const {
    return is_sanitized ? 0 : kilobytes("VmHWM:") - begin_;
  }
  [[nodiscard]] long megabytes_more() const { return kilobytes_more() / 1024; }

 private:
#if defined(__has_feature)
  static constexpr bool is_sanitized = __has_feature(address_sanitizer);
#else
  static constexpr bool is_sanitized = false;
#endif

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
