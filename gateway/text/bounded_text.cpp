// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/bounded_text.hpp"

#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <string_view>

namespace twinsky {

bool shorten(std::string& text, std::size_t most) {
  constexpr std::string_view mark = "…";
  constexpr std::size_t longest_character = 4;
  if (text.size() <= most) return false;
  std::size_t end = std::max(most, mark.size()) - mark.size();
  for (std::size_t back = 1; back < longest_character && end > 0; ++back) {
    if (!continues_character(text[end])) break;
    --end;
  }
  text.resize(end);
  text += mark;
  text.shrink_to_fit();
  return true;
}

}  // namespace twinsky
