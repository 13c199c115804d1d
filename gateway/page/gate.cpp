// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/gate.hpp"

#include "gateway/model/host_port.hpp"
#include "gateway/system/address.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr int most_wrong_tokens = 5;
constexpr milliseconds patience = 1min;
constexpr std::size_t most_peers = 256;  // that are remembered

bool is_same_name(std::string_view a, std::string_view b) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, small, small);
}

std::string_view without_scheme(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  }
  return {};
}

std::optional<std::string> base64_decoded(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == digits.npos) return std::nullopt;
    held = (held << 6U | static_cast<unsigned>(digit)) & 0xFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xFFU);
  }
  return bytes;
}

// Browsers send Basic by themselves, also when another page makes them: good for reading alone.
std::string token_in(const PageRequest& request, bool is_change) {
  const std::string_view given = request.authorization;
  const auto blank = given.find(' ');
  if (blank == given.npos) return {};
  const std::string_view credentials = given.substr(blank + 1);
  if (is_same_name(given.substr(0, blank), "Bearer")) return std::string(credentials);
  if (is_change || !is_same_name(given.substr(0, blank), "Basic")) return {};
  const auto pair = base64_decoded(credentials);
  if (!pair) return {};
  const auto colon = pair->find(':');
  return colon == pair->npos ? std::string() : pair->substr(colon + 1);
}

// Of IPv6 a household has a whole network.
std::string household_of(const std::string& peer) {
  if (peer.find('.') != peer.npos) return peer;
  std::size_t end = 0;
  for (int part = 0; part < 4 && end != peer.npos; ++part) end = peer.find(':', end + 1);
  return peer.substr(0, end);
}

bool is_change(const PageRequest& request) {
  return request.method != "GET" && request.method != "HEAD";
}

}  // namespace

bool is_same_secret(std::string_view given, std::string_view secret) {
  // Volatile, or the compiler might leave at the first difference.
  volatile unsigned difference = given.size() == secret.size() && !secret.empty() ? 0 : 1;
  for (std::size_t at = 0; at < given.size(); ++at) {
    const char right = secret.empty() ? '\0' : secret[at % secret.size()];
    difference = difference | static_cast<unsigned char>(given[at] ^ right);
  }
  return difference == 0;
}

// By which way a request has come: a name that leads here proves nothing, an address does.
std::optional<PageAnswer> PageGate::refuse_way(const PageRequest& request) const {
  const auto host = parse_host_port(request.host);
  const bool is_known = host && (is_loopback_host(host->host) || host->host == request.local ||
                                 std::ranges::any_of(rules_.names, [&](const std::string& name) {
                                   return is_same_name(name, host->host);
                                 }));
  if (!is_known) {
    return refusal(403,
                   "the host of this address is not served here: use the gateway's own address, or "
                   "add the name to /serve/names of the configuration");
  }
  const bool is_own_origin =
      request.origin.empty() || is_same_name(without_scheme(request.origin), request.host);
  const bool is_own_page = request.fetch_site.empty() || request.fetch_site == "same-origin" ||
                           request.fetch_site == "none" ||
                           (request.fetch_mode == "navigate" && !is_change(request));
  if (is_own_origin && is_own_page) return std::nullopt;
  return refusal(403, "a page from elsewhere may not ask this gateway");
}

bool PageGate::is_patience_over(const std::string& peer) {
  const MonotonicTime now = clock_.now();
  std::erase_if(attempts_, [&](const auto& each) { return now - each.second.since >= patience; });
  const auto found = attempts_.find(peer);
  if (found == attempts_.end()) return attempts_.size() >= most_peers;
  return found->second.wrong >= most_wrong_tokens;
}

std::optional<PageAnswer> PageGate::refuse_token(const PageRequest& request,
                                                 std::string_view given) {
  const std::string peer = household_of(request.peer);
  if (is_patience_over(peer)) {
    PageAnswer answer = refusal(429, "too many wrong tokens; try again in a minute");
    answer.headers.emplace_back("Retry-After", "60");
    return answer;
  }
  const auto token = rules_.token();
  if (!token) return refusal(503, token.error());
  if (token->size() < shortest_token) {
    return refusal(503,
                   "the token in the file of /serve/token_file is shorter than 16 characters "
                   "and is not used: write a longer one into it");
  }
  if (is_same_secret(given, *token)) {
    attempts_.erase(peer);
    return std::nullopt;
  }
  Attempts& attempts = attempts_[peer];
  if (attempts.wrong++ == 0) attempts.since = clock_.now();
  return refusal(401, "this is not the token");
}

std::optional<PageAnswer> PageGate::refuse(const PageRequest& request) {
  if (auto answer = refuse_way(request)) return answer;
  const auto host = parse_host_port(request.host);
  const bool is_local = rules_.is_loopback && host && is_loopback_host(host->host);
  if (is_local && !is_change(request)) return std::nullopt;
  if (!rules_.has_token) {
    return refusal(403, is_local ? "nothing can be changed here: name the file of a token in "
                                   "/serve/token_file of the configuration"
                                 : "nothing is served beyond this machine without a token: name "
                                   "its file in /serve/token_file of the configuration");
  }
  if (is_change(request) && !request.content_type.starts_with("application/json")) {
    return refusal(415, "expected a body in JSON (Content-Type: application/json)");
  }
  const std::string given = token_in(request, is_change(request));
  auto answer = given.empty() ? refusal(401, "the token is missing") : refuse_token(request, given);
  if (answer && answer->status == 401) {
    answer->headers.emplace_back("WWW-Authenticate",
                                 is_change(request) ? "Bearer" : R"(Basic realm="twinsky")");
  }
  return answer;
}

}  // namespace twinsky
