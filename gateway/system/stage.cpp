// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/stage.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr milliseconds look_every{5};

}  // namespace

std::vector<std::string> stop_stages(std::span<Stage* const> stages, Clock& clock,
                                     MonotonicTime deadline) {
  for (Stage* const stage : stages) stage->request_stop();
  const auto have_stopped = [&] { return std::ranges::all_of(stages, &Stage::has_stopped); };
  while (!have_stopped() && clock.now() < deadline) {
    clock.pause_until(clock.now() + look_every, {});
  }
  std::vector<std::string> hung;
  for (const Stage* const stage : stages) {
    if (stage->has_stopped()) continue;
    std::string name = stage->name();
    if (const std::string reason = stage->waits_for(); !reason.empty()) {
      name.append(" (waits for ").append(reason).append(")");
    }
    hung.push_back(std::move(name));
  }
  return hung;
}

}  // namespace twinsky
