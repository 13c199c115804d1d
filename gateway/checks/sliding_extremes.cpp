// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/sliding_extremes.hpp"

#include <cmath>

namespace twinsky {

void SlidingExtremes::push(std::int64_t place, double value) {
  while (!lowest_.empty() && lowest_.back().value >= value) lowest_.pop_back();
  while (!highest_.empty() && highest_.back().value <= value) highest_.pop_back();
  lowest_.push_back({place, value});
  highest_.push_back({place, value});
}

void SlidingExtremes::forget_before(std::int64_t place) {
  while (!lowest_.empty() && lowest_.front().place < place) lowest_.pop_front();
  while (!highest_.empty() && highest_.front().place < place) highest_.pop_front();
}

double SlidingExtremes::range() const {
  return std::abs(highest_.front().value - lowest_.front().value);
}

void SlidingExtremes::save(StateWriter& writer) const {
  for (const auto* kept : {&lowest_, &highest_}) {
    writer.put(kept->size());
    for (const Kept& one : *kept) {
      writer.put(one.place);
      writer.put(one.value);
    }
  }
}

void SlidingExtremes::restore(StateReader& reader) {
  for (auto* kept : {&lowest_, &highest_}) {
    kept->resize(reader.get_count());
    for (Kept& one : *kept) {
      reader.get(one.place);
      reader.get(one.value);
    }
  }
}

}  // namespace twinsky
