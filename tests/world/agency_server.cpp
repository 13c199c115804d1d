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

// The document's own root with nothing inside.
std::string without_rows(const std::string& xml) {
  auto at = xml.find('<');
  while (at != std::string::npos && at + 1 < xml.size() &&
         (xml[at + 1] == '?' || xml[at + 1] == '!')) {
    at = xml.find('<', at + 1);
  }
  if (at == std::string::npos) return xml;
  const std::string root = xml.substr(at + 1, xml.find_first_of(" >\n", at) - at - 1);
  return "<" + root + "></" + root + ">";
}

}  // namespace

AgencyServer::AgencyServer(Loop& loop, const Scenario& scenario, int port,
                           const std::string& journal)
    : scenario_(scenario),
      journal_(journal),
      server_(loop, port, [this](const HttpRequest& request) { return answer(request); }) {
  for (const Spell& spell : scenario_.spells) {
    if (!has(spell.agency) || !is_fault(spell.state)) {
      throw ScenarioError("/spells: \"" + spell.agency + " " + spell.state +
                          "\" is no agency of the scenario with a state of a feed");
    }
  }
}

bool AgencyServer::is_fault(std::string_view word) {
  constexpr std::array<std::string_view, 11> faults{"good", "late",  "stale",   "503",
                                                    "html", "empty", "strange", "truncated",
                                                    "cut",  "gone",  "silent"};
  return std::ranges::find(faults, word) != faults.end();
}

bool AgencyServer::has(std::string_view agency) const {
  return has_agency(scenario_, agency);
}

void AgencyServer::set_fault(const std::string& agency, const std::string& fault) {
  states_[agency] = {.word = fault, .since = utc_now()};
}

AgencyServer::State AgencyServer::state_of(const std::string& agency, Utc now) const {
  for (const Spell& spell : scenario_.spells) {
    if (spell.agency == agency && now >= spell.from && now < spell.to) {
      return {.word = spell.state, .since = spell.from};
    }
  }
  const auto commanded = states_.find(agency);
  return commanded == states_.end() ? State{} : commanded->second;
}

std::optional<HttpAnswer> AgencyServer::answer(const HttpRequest& request) {
  const std::string agency = agency_of(scenario_, request.path, request.query);
  if (agency.empty()) return HttpAnswer{.status = 404, .body = "no such document\n"};
  // A rehearsing gateway lives in a time of its own.
  const auto told = request.headers.find("rehearsal-time");
  const Utc now =
      told == request.headers.end() ? utc_now() : time_in(told->second).value_or(utc_now());
  const State state = state_of(agency, now);
  auto& counts = counts_[agency];
  ++counts.requests;
  std::optional<HttpAnswer> answer;
  if (state.word != "silent") answer = answer_in(state, now, request, counts);
  journal_ << iso_text(now) << ' ' << agency << ' ' << state.word << ' '
           << (answer ? answer->status : 0) << ' ' << request.path << '?' << request.query
           << std::endl;
  return answer;
}

HttpAnswer AgencyServer::answer_in(const State& state, Utc now, const HttpRequest& request,
                                   Counts& counts) {
  if (state.word == "gone") return {.status = 0};
  if (state.word == "503") return {.status = 503, .body = error_page};
  if (state.word == "html") {
    return {.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = error_page};
  }
  if (state.word == "late") now -= std::chrono::hours{1};
  if (state.word == "stale") now = std::min(now, state.since);
  Document document = document_at(scenario_, request.path, request.query, now);
  const bool is_json = document.content_type == "application/json";
  if (state.word == "empty") document.body = is_json ? "[]" : without_rows(document.body);
  if (state.word == "strange") document.body = is_json ? "{\"code\": 1}" : "<rdf><a/></rdf>";
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
  if (state.word == "truncated") {
    answer.headers.erase("ETag");
    answer.headers.erase("Last-Modified");
    answer.body.resize(part);
  } else if (state.word == "cut") {
    answer.cut_after = part;
  } else if (state.word == "good" || state.word == "late" || state.word == "stale") {
    ++counts.documents;
  }
  return answer;
}

}  // namespace world
