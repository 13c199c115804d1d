// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/station.hpp"

#include <algorithm>

namespace twinsky {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string slug(std::string_view english_name) {
  std::string id;
  for (std::size_t at = 0; at < english_name.size(); ++at) {
    const char c = english_name[at];
    if (c == '\'') continue;
    if (english_name.substr(at).starts_with("\u2019")) {  // a typographic apostrophe: three bytes
      at += 2;
      continue;
    }
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_lower_or_digit(lower)) {
      id += lower;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  if (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

bool is_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 32 &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

}  // namespace twinsky
