// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/progress.hpp"

#include <algorithm>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds a_moment = 2s;
constexpr milliseconds every = 500ms;
constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

Progress::Progress(std::string what, std::uint64_t whole)
    : what_(std::move(what)),
      whole_(std::max<std::uint64_t>(whole, 1)),
      is_shown_(::isatty(STDERR_FILENO) != 0),
      due_(clock_.now() + a_moment) {}

Progress::~Progress() {
  if (has_line_) std::cerr << clear_line << std::flush;
}

void Progress::reach(std::uint64_t part) {
  if (!is_shown_ || clock_.now() < due_) return;
  due_ = clock_.now() + every;
  has_line_ = true;
  std::cerr << clear_line << what_ << ": " << std::min<std::uint64_t>(part * 100 / whole_, 100)
            << " %" << std::flush;
}

void Progress::tell(std::string_view now) {
  if (!is_shown_) return;
  has_line_ = true;
  std::cerr << clear_line << what_ << ": " << now << " …" << std::flush;
}

}  // namespace twinsky
