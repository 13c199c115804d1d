// SPDX-License-Identifier: Apache-2.0
// What official stations have said of an hour or a part of one, as it is kept for comparisons.
#pragma once

#include "gateway/model/sample.hpp"
#include "gateway/store/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace twinsky {

struct OfficialRow {
  StreamId stream{};
  std::string document;
  UtcTime start{};
  UtcTime end{};
  OfficialValue value;
  std::uint64_t revision = 1;
  std::uint64_t content_hash = 0;
};

// The values of an official sample that are kept: those that hold for an hour at most and whose
// mean is a mean of the hour. (A 24-h mean or an index is no hour.)
std::vector<OfficialValue> values_kept_of(const Sample& sample);

}  // namespace twinsky
