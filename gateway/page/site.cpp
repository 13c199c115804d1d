// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/site.hpp"

#include "gateway/model/host_port.hpp"
#include "gateway/page/assets.hpp"
#include "gateway/page/metrics.hpp"
#include "gateway/page/server.hpp"
#include "gateway/system/address.hpp"
#include "gateway/system/credentials.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// As the watchdog has it.
constexpr milliseconds writer_patience = 60s;

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

bool is_loopback(const ServeSettings& serve) {
  const auto endpoint = parse_host_port(serve.listen);
  return endpoint && is_loopback_host(endpoint->host);
}

PageGate::Rules rules_of(const ServeSettings& serve) {
  return {.is_loopback = is_loopback(serve),
          .names = serve.names,
          .has_token = !serve.token_file.empty(),
          .token = [serve] {
            return read_secret(
                {.name = serve.token_file, .place = serve.secret_places.place_of("token_file")},
                serve.configuration_directory);
          }};
}

}  // namespace

PageSite::PageSite(PageSources sources)
    : sources_(std::move(sources)),
      gate_(rules_of(sources_.config()->serve), sources_.clock),
      data_(sources_),
      changes_(sources_) {}

PageAnswer PageSite::answer(const PageRequest& request) {
  if (auto refused = gate_.refuse(request)) return std::move(*refused);
  return answer_path(request);
}

PageAnswer PageSite::health() const {
  const bool is_alive = sources_.clock.now() - sources_.store.alive() < writer_patience;
  return {.status = is_alive ? 200U : 503U,
          .type = plain_text,
          .body = is_alive ? "alive\n" : "the store's writer hangs in its disk\n"};
}

PageAnswer PageSite::readiness() const {
  const std::vector<std::string> reasons = why_not_ready(*sources_.snapshot(), *sources_.config());
  PageAnswer answer{.status = reasons.empty() ? 200U : 503U, .type = plain_text};
  for (const std::string& reason : reasons) answer.body += reason + "\n";
  if (reasons.empty()) answer.body = "ready\n";
  return answer;
}

PageAnswer PageSite::change(const PageRequest& request) {
  if (request.method == "POST") {
    if (auto answer = changes_.answer(request)) return std::move(*answer);
  }
  PageAnswer answer = refusal(405, "nothing can be changed there");
  answer.headers.emplace_back("Allow", "GET, HEAD");
  return answer;
}

PageAnswer PageSite::answer_path(const PageRequest& request) {
  const std::string& path = request.target.path;
  if (request.method != "GET" && request.method != "HEAD") return change(request);
  if (path == "/metrics") {
    return {.type = metrics_type, .body = metrics_text(*sources_.snapshot())};
  }
  if (path == "/healthz") return health();
  if (path == "/readyz") return readiness();
  if (path == "/api/v1/now") return {.body = sources_.now() + "\n"};
  if (path == "/api/v1/events") return {.type = "text/event-stream", .is_stream = true};
  if (path == "/api/v1/config") return {.body = changes_.configuration()};
  if (path == "/api/v1/log") return data_.log(request.target);

  // What follows reads the store: as long as its disk hangs, the page would too.
  using Read = PageAnswer (*)(PageData&, const PageTarget&);
  struct Place {
    std::string_view path;
    Read read;
  };
  constexpr auto places = std::to_array<Place>({
      {"/api/v1/series",
       [](PageData& data, const PageTarget& asked) { return data.series(asked); }},
      {"/api/v1/official",
       [](PageData& data, const PageTarget& asked) { return data.official(asked); }},
      {"/api/v1/comparison",
       [](PageData& data, const PageTarget& asked) { return data.comparison(asked); }},
      {"/api/v1/store", [](PageData& data, const PageTarget&) { return data.store(); }},
  });
  const auto* const place = std::ranges::find(places, path, &Place::path);
  if (place != places.end()) {
    if (!sources_.store.answers()) {
      return refusal(503, "the store's disk does not answer; try again later");
    }
    return place->read(data_, request.target);
  }
  if (auto asset = asset_for(request)) return std::move(*asset);
  return refusal(404, "there is nothing here");
}

std::unique_ptr<PageServer> serve_page(PageSources sources) {
  const ServeSettings serve = sources.config()->serve;
  if (serve.listen.empty()) return nullptr;
  Log& log = sources.log;
  if (!is_loopback(serve) && serve.token_file.empty()) {
    log.error("local page", "is not served: " + serve.listen +
                                " is beyond this machine, where a token is needed; name its file "
                                "in /serve/token_file, or listen at 127.0.0.1");
    return nullptr;
  }
  Clock& clock = sources.clock;
  auto now = sources.now;
  auto site = std::make_shared<PageSite>(std::move(sources));
  return std::make_unique<PageServer>(
      serve.listen,
      PageServer::Surroundings{
          .answer = [site](const PageRequest& request) { return site->answer(request); },
          .event = std::move(now),
          .clock = clock,
          .log = log});
}

}  // namespace twinsky
