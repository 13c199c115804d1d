// SPDX-License-Identifier: Apache-2.0
// How far long work has come, on one line of a terminal that goes when it is done. Nothing is shown
// elsewhere, nor of what takes only a moment.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace twinsky {

class Progress {
 public:
  // `what` it is: "twinsky export".
  explicit Progress(std::string what, std::uint64_t whole = 1);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void reach(std::uint64_t part);
  // Where nobody knows how long it takes: what is being done now, shown at once.
  void tell(std::string_view now);

 private:
  const std::string what_;
  const std::uint64_t whole_;
  const bool is_shown_;  // standard error is a terminal
  const SystemClock clock_{true};
  MonotonicTime due_;
  bool has_line_ = false;
};

}  // namespace twinsky
