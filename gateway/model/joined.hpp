// SPDX-License-Identifier: Apache-2.0
// "one, two, three": words of a range, with something between them.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

template <typename Words>
std::string joined(const Words& words, std::string_view between = ", ") {
  std::string text;
  for (const auto& word : words) text.append(&word == &*words.begin() ? "" : between).append(word);
  return text;
}

}  // namespace twinsky
