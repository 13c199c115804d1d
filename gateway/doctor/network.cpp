// SPDX-License-Identifier: Apache-2.0
// The servers that are read from: official sources and devices on the network. Name, port, TLS.
#include "gateway/doctor/examination.hpp"
#include "gateway/doctor/unreached.hpp"
#include "gateway/model/host_port.hpp"
#include "gateway/system/proxy.hpp"

#include <set>

namespace twinsky {
namespace {

struct Asked {
  Server server;
  std::string about;
};

// Of "https://data.weather.gov.hk/weatherAPI/…"; nothing: it is none.
std::optional<Server> server_of_url(std::string_view url) {
  const auto mark = url.find("://");
  if (mark == url.npos) return std::nullopt;
  const std::string_view scheme = url.substr(0, mark);
  std::string_view rest = url.substr(mark + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const auto at = parse_host_port(rest);
  if (!at) return std::nullopt;
  const bool tls = scheme == "https";
  return Server{.host = at->host, .port = at->port.value_or(tls ? 443 : 80), .tls = tls};
}

std::vector<Asked> servers_of(const Config& config) {
  std::vector<Asked> all;
  for (const FeedSettings& feed : config.feeds) {
    if (!feed.settings.has("base")) continue;
    auto server = server_of_url(feed.settings.text("base"));
    if (!server) continue;
    const Proxies proxies = Proxies::of_environment();
    server->proxy = proxies.proxy_for(server->tls ? "https" : "http", server->host);
    all.push_back({std::move(*server), "feed " + feed.feed});
  }
  for (const BusSettings& bus : config.buses) {
    if (!bus.info->needs.is_server) continue;
    const auto at = parse_host_port(bus.address);
    if (!at || !at->port) continue;
    all.push_back({{.host = at->host, .port = *at->port}, "bus " + bus.id});
  }
  return all;
}

Findings look_at_network(const Patient& patient) {
  Findings findings;
  std::set<std::pair<std::string, int>> seen;
  for (const Asked& asked : servers_of(patient.config)) {
    if (!seen.emplace(asked.server.host, asked.server.port).second) continue;
    const auto unreached = try_to_reach(asked.server, patient.machine.patience);
    if (unreached) findings.push_back(finding_of(*unreached, asked.server, asked.about));
  }
  return findings;
}

}  // namespace

extern const Examination network_examination = {
    .name = "network", .place = 8, .look = look_at_network};

}  // namespace twinsky
