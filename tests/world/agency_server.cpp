// SPDX-License-Identifier: Apache-2.0
#include "agency_server.hpp"

#include "products.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace world {

namespace {

// FNV-1a; equal documents have equal tags.
std::string tag_of(std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(hash));
  return text.data();
}

bool is_unchanged(const HttpRequest& request, const std::string& tag, const std::string& modified) {
  const auto tag_asked = request.headers.find("if-none-match");
  if (tag_asked != request.headers.end()) return tag_asked->second.find(tag) != std::string::npos;
  const auto time_asked = request.headers.find("if-modified-since");
  return time_asked != request.headers.end() && time_asked->second == modified;
}

constexpr const char* error_page =
    "<!DOCTYPE html>\n<html><head><title>Service maintenance</title></head>\n"
    "<body><h1>The service is being maintained.</h1></body></html>\n";

}  // namespace

AgencyServer::AgencyServer(Loop& loop, const Scenario& scenario, int port)
    : scenario_(scenario),
      server_(loop, port, [this](const HttpRequest& request) { return answer(request); }) {}

bool AgencyServer::is_fault(std::string_view word) {
  constexpr std::array<std::string_view, 7> faults{"good",      "late", "503",   "html",
                                                   "truncated", "cut",  "silent"};
  return std::ranges::find(faults, word) != faults.end();
}

bool AgencyServer::has(std::string_view agency) const {
  return has_agency(scenario_, agency);
}

std::optional<HttpAnswer> AgencyServer::answer(const HttpRequest& request) {
  const std::string agency = agency_of(scenario_, request.path, request.query);
  if (agency.empty()) return HttpAnswer{.status = 404, .body = "no such document\n"};
  auto& counts = counts_[agency];
  ++counts.requests;
  const std::string fault = faults_[agency];
  if (fault == "silent") return std::nullopt;
  if (fault == "503") return HttpAnswer{.status = 503, .body = error_page};
  if (fault == "html") {
    return HttpAnswer{
        .status = 200, .headers = {{"Content-Type", "text/html"}}, .body = error_page};
  }
  const auto lateness = std::chrono::hours{fault == "late" ? 1 : 0};
  Document document = document_at(scenario_, request.path, request.query, utc_now() - lateness);
  const std::string tag = tag_of(document.body);
  const std::string modified = http_text(document.issued);
  HttpAnswer answer{.status = 200, .headers = {{"ETag", tag}, {"Last-Modified", modified}}};
  if (is_unchanged(request, tag, modified)) {
    ++counts.not_modified;
    answer.status = 304;
    return answer;
  }
  answer.headers["Content-Type"] = document.content_type;
  answer.body = std::move(document.body);
  const std::size_t part = answer.body.size() * 3 / 5;
  if (fault == "truncated") {
    answer.headers.erase("ETag");
    answer.headers.erase("Last-Modified");
    answer.body.resize(part);
  } else if (fault == "cut") {
    answer.cut_after = part;
  } else {
    ++counts.documents;
  }
  return answer;
}

}  // namespace world
