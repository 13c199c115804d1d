// SPDX-License-Identifier: Apache-2.0
// Notices that the configuration changed: the file itself or a file of conf.d, however an editor
// writes it (in place, or a new file renamed over the old one). The main loop waits for
// descriptor(), calls drain(), and reads the configuration once nothing has changed for
// `quiet_time`.
#pragma once

#include "gateway/model/clock.hpp"

#include <filesystem>
#include <string>

namespace twinsky {

class ConfigWatch {
 public:
  static constexpr milliseconds quiet_time{500};

  // Throws std::system_error when the system cannot watch at all. A directory that is not there yet
  // or cannot be read is not watched; conf.d is from when it appears.
  explicit ConfigWatch(const std::string& file);
  ~ConfigWatch();
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  // Readable when something happened. Never blocks.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  // Takes what happened; true when it concerns the configuration.
  bool drain();

 private:
  void watch_additions();
  [[nodiscard]] bool concerns(int directory, std::string_view name, unsigned what);

  const std::filesystem::path file_;
  const std::filesystem::path additions_;  // conf.d
  int descriptor_ = -1;
  int directory_ = -1;            // watch of the file's directory
  int additions_directory_ = -1;  // watch of conf.d; -1: it is not there
};

}  // namespace twinsky
