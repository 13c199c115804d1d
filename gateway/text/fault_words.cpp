// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/fault_words.hpp"

#include "gateway/model/fault.hpp"

#include <algorithm>
#include <iterator>

namespace twinsky {

std::string with_fault_in_words(std::string text) {
  const std::string_view begin = std::string_view(text).substr(0, text.find(':'));
  if (fault_named(begin)) std::replace(text.begin(), text.begin() + std::ssize(begin), '_', ' ');
  return text;
}

}  // namespace twinsky
