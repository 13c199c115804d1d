// SPDX-License-Identifier: Apache-2.0
// Lists of descriptors, as the build finds them in the folders: in an order, and by name.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace twinsky {

template <class Info, class Key>
std::vector<const Info*> sorted_by(Key key, std::span<const Info* const> found) {
  std::vector<const Info*> all(found.begin(), found.end());
  std::ranges::sort(all, std::less<>(), key);
  return all;
}

template <class Info>
const Info* named(std::span<const Info* const> registry, std::string_view name) {
  const auto found = std::ranges::find(registry, name, &Info::name);
  return found == registry.end() ? nullptr : *found;
}

}  // namespace twinsky
