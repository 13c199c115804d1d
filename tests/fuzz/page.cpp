// SPDX-License-Identifier: Apache-2.0
// libFuzzer's target for what the local page is asked: a method, a target and headers, a line each.
// Reading it ends; who comes by a wrong way, or changes something without the token, is refused;
// and nothing is served that is not of the page.
#include "gateway/model/clock.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/page/assets.hpp"
#include "gateway/page/gate.hpp"
#include "gateway/text/json_text.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <sstream>

namespace twinsky {
namespace {

const std::string token = "0123456789abcdef";

void demand(bool is_true, const char* what) {
  if (is_true) return;
  std::cerr << "broken promise: " << what << '\n';
  std::abort();
}

// Names of hosts are the same in both.
std::string small_letters(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

PageRequest request_in(const std::string& text) {
  PageRequest request;
  request.peer = "192.168.1.7";
  request.local = "192.168.1.2";
  std::string target;
  std::istringstream lines(text);
  for (std::string* const part :
       {&request.method, &target, &request.host, &request.origin, &request.fetch_site,
        &request.fetch_mode, &request.authorization, &request.content_type}) {
    std::getline(lines, *part);
  }
  if (auto parsed = parse_target(target)) request.target = std::move(*parsed);
  return request;
}

bool is_of_the_page(const std::string& body) {
  std::istringstream names{std::string(embedded_file_names())};
  for (std::string name; std::getline(names, name);) {
    if (name.starts_with("gateway/page/assets/") && body == embedded_file(name)) return true;
  }
  return false;
}

void check(const PageRequest& request) {
  ManualClock clock{UtcTime(milliseconds(1795314600000))};
  const auto rules = [](bool is_loopback) {
    return PageGate::Rules{
        .is_loopback = is_loopback, .names = {"roof-pi.local"}, .has_token = true, .token = [] {
          return Result<std::string, std::string>(token);
        }};
  };
  const bool has_token = request.authorization.find(token) != std::string::npos ||
                         request.authorization.size() >= 22;  // in base64
  for (const bool is_loopback : {true, false}) {
    PageGate gate(rules(is_loopback), clock);
    const auto refused = gate.refuse(request);
    if (refused) {
      demand(refused->status >= 400, "a refusal is one");
      demand(is_json_object(std::string_view(refused->body).substr(0, refused->body.size() - 1)),
             "and says why");
      continue;
    }
    demand(request.method == "GET" || request.method == "HEAD" || has_token,
           "a change needs the token");
    demand(is_loopback || has_token, "beyond this machine everything does");
    demand(request.origin.empty() ||
               small_letters(request.origin).find(small_letters(request.host)) != std::string::npos,
           "a page from elsewhere is refused");
  }
  const auto answer = asset_for(request);
  if (answer && answer->status == 200) demand(is_of_the_page(answer->body), "only the page");
}

}  // namespace
}  // namespace twinsky

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it so
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace twinsky;
  check(request_in(std::string(reinterpret_cast<const char*>(data), size)));
  return 0;
}
