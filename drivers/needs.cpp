// SPDX-License-Identifier: Apache-2.0
#include "drivers/needs.hpp"

#include <algorithm>

namespace twinsky {

const BusNeeds* needs_of(const BusInfo& bus) noexcept {
  const auto all = found_needs();
  const auto found = std::ranges::find(all, &bus, &BusNeeds::bus);
  return found == all.end() ? nullptr : *found;
}

}  // namespace twinsky
