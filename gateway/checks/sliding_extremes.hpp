// SPDX-License-Identifier: Apache-2.0
// The smallest and the largest value of a window that slides over a series. Keeps only values that
// may yet become one of them, so that a long window of a noisy series costs little memory and a
// sample a constant time.
#pragma once

#include "gateway/checks/state_text.hpp"

#include <deque>
#include <optional>

namespace twinsky {

class SlidingExtremes {
 public:
  // `place`: a number or time that never falls.
  void push(std::int64_t place, double value);
  // Forgets what lies before `place`.
  void forget_before(std::int64_t place);

  [[nodiscard]] bool empty() const { return lowest_.empty(); }
  [[nodiscard]] double range() const;  // not of an empty window

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  struct Kept {
    std::int64_t place = 0;
    double value = 0;
  };
  std::deque<Kept> lowest_;   // rising values; the first is the smallest
  std::deque<Kept> highest_;  // falling values
};

}  // namespace twinsky
