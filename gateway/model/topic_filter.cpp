// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/topic_filter.hpp"

#include <algorithm>

namespace twinsky {
namespace {

// Takes the first level off.
std::string_view next_level(std::string_view& rest) {
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return level;
}

}  // namespace

bool matches(std::string_view filter, std::string_view topic) {
  while (!filter.empty()) {
    const std::string_view wanted = next_level(filter);
    if (wanted == "#") return true;
    if (topic.empty()) return false;
    const std::string_view level = next_level(topic);
    if (wanted != "+" && wanted != level) return false;
    if (topic.empty() && filter == "#") return true;  // "a/#" is "a" too
  }
  return topic.empty();
}

std::string problem_of_filter(std::string_view filter) {
  if (filter.empty()) return "is empty";
  const bool has_control = std::ranges::any_of(
      filter, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
  if (has_control) return "holds a control character";
  if (filter.starts_with('/') || filter.ends_with('/') ||
      filter.find("//") != std::string_view::npos) {
    return "has an empty level";
  }
  while (!filter.empty()) {
    const std::string_view level = next_level(filter);
    if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos) {
      return "has + or # beside other characters, and they stand for whole levels";
    }
    if (level == "#" && !filter.empty())
      return "goes on after #, which stands for all that follows";
  }
  return {};
}

}  // namespace twinsky
