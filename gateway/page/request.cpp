// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/request.hpp"

#include "gateway/model/utf8.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr std::size_t longest_target = 2048;
constexpr std::size_t most_keys = 16;

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

bool is_plain_text(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0 || first < 0x20 || first == 0x7f) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> decoded(std::string_view text, bool is_plus_a_blank) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at] == '+' && is_plus_a_blank ? ' ' : text[at];
      continue;
    }
    if (text.size() - at < 3) return std::nullopt;
    const auto high = digit_of(text[at + 1]);
    const auto low = digit_of(text[at + 2]);
    if (!high || !low) return std::nullopt;
    plain += static_cast<char>(*high << 4U | *low);
    at += 2;
  }
  if (!is_plain_text(plain)) return std::nullopt;
  return plain;
}

bool read_pair(std::string_view pair, PageTarget& target) {
  if (pair.empty()) return true;
  const auto equals = std::min(pair.find('='), pair.size());
  auto key = decoded(pair.substr(0, equals), true);
  auto value = decoded(pair.substr(std::min(equals + 1, pair.size())), true);
  if (!key || !value || target.query.size() == most_keys) return false;
  return target.query.emplace(std::move(*key), std::move(*value)).second;
}

}  // namespace

std::string_view PageTarget::asked(std::string_view key) const {
  const auto found = query.find(key);
  return found == query.end() ? std::string_view() : found->second;
}

std::optional<PageTarget> parse_target(std::string_view text) {
  if (!text.starts_with('/') || text.size() > longest_target) return std::nullopt;
  const auto mark = std::min(text.find('?'), text.size());
  auto path = decoded(text.substr(0, mark), false);
  if (!path) return std::nullopt;
  PageTarget target{.path = std::move(*path), .query = {}};
  std::string_view rest = text.substr(std::min(mark + 1, text.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    if (!read_pair(rest.substr(0, end), target)) return std::nullopt;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return target;
}

PageAnswer refusal(unsigned status, std::string_view sentence) {
  PageAnswer answer{.status = status};
  JsonWriter(answer.body).open().put("error", sentence).close();
  answer.body += '\n';
  return answer;
}

}  // namespace twinsky
