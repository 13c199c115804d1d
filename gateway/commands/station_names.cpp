// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/station_names.hpp"

#include "drivers/registry.hpp"

namespace twinsky {

std::vector<std::string> names_of_station(const std::string& stream) {
  constexpr std::string_view official = "ref/";
  const auto slash = stream.find('/', official.size());
  if (!stream.starts_with(official) || slash == stream.npos) return {};
  const FeedInfo* const info = feed_named(stream.substr(official.size(), slash - official.size()));
  if (info == nullptr) return {};
  const auto feed = info->make(Settings::defaults(info->settings));
  const ReferenceStation* const station = feed->station(stream.substr(slash + 1));
  if (station == nullptr || station->formerly.empty()) return {};
  const std::string feed_part = stream.substr(0, slash + 1);
  std::vector<std::string> names = {feed_part + station->id};
  for (const std::string& id : station->formerly) names.push_back(feed_part + id);
  return names;
}

}  // namespace twinsky
