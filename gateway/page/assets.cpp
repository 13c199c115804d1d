// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/assets.hpp"

#include "gateway/model/embedded.hpp"
#include "gateway/model/stable_hash.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace twinsky {
namespace {

constexpr std::string_view folder = "gateway/page/assets/";

struct Type {
  std::string_view ending;
  std::string_view name;
};
constexpr auto types = std::to_array<Type>({
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
});

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// "/" and "/sensor": the parts of the page, which is one document.
bool is_of_page(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path.substr(1), is_of_name);
}

std::string version_of(std::string_view text) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), stable_hash(text), 16).ptr;
  return "\"" + std::string(digits.data(), end) + "\"";
}

}  // namespace

std::optional<PageAnswer> asset_for(const PageRequest& request) {
  constexpr std::string_view beginning = "/assets/";
  const std::string& path = request.target.path;
  std::string name(folder);
  if (path.starts_with(beginning)) {
    name += path.substr(beginning.size());
  } else if (is_of_page(path)) {
    name += "index.html";
  } else {
    return std::nullopt;
  }
  const std::string_view text = embedded_file(name);
  const auto* const type =
      std::ranges::find_if(types, [&](const Type& each) { return name.ends_with(each.ending); });
  if (text.empty() || type == types.end()) return std::nullopt;
  // What was kept is asked for by its version: a new program shows its page at once.
  const std::string version = version_of(text);
  PageAnswer answer{.type = type->name,
                    .headers = {{"ETag", version}, {"Cache-Control", "no-cache"}}};
  if (request.known_version == version) {
    answer.status = 304;
  } else {
    answer.body = text;
  }
  return answer;
}

}  // namespace twinsky
