// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/expected_topics.hpp"

#include "gateway/acquire/own_indices.hpp"
#include "gateway/acquire/poller.hpp"

namespace twinsky {
namespace {

void append_indices_of(const FeedSettings& feed, const IndexCatalogue& catalogue,
                       std::vector<std::string>& beginnings) {
  const FeedInfo* const info = feed_named(feed.feed);
  if (info == nullptr || info->index_family.empty()) return;
  for (const IndexEdition* const edition : catalogue.editions_of(info->index_family)) {
    const std::string base = "index/" + edition->id() + "/";
    const std::string subject = base + feed.feed + "--";
    beginnings.push_back(base + "agreement");
    if (feed.stations.empty()) beginnings.push_back(subject);
    for (const std::string& station : feed.stations) beginnings.push_back(subject + station + "/");
  }
}

}  // namespace

std::vector<std::string> beginnings_of_topics(const Config& config,
                                              const IndexCatalogue& catalogue) {
  std::vector<std::string> beginnings = {"info", "health", "mark"};
  for (const SensorSettings& sensor : config.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) {
      beginnings.push_back(stream.name + "/");
    }
  }
  for (const FeedSettings& feed : config.feeds) {
    const std::string base = "ref/" + feed.feed + "/";
    if (feed.stations.empty()) beginnings.push_back(base);
    for (const std::string& station : feed.stations) beginnings.push_back(base + station + "/");
    beginnings.push_back(base + "warnings");
    append_indices_of(feed, catalogue, beginnings);
  }
  for (const std::string& family : own_index_families(config, catalogue)) {
    for (const IndexEdition* const edition : catalogue.editions_of(family)) {
      beginnings.push_back("index/" + edition->id() + "/own/");
    }
  }
  for (const CompareSettings& pair : config.compare) {
    beginnings.push_back("compare/" + pair.sensor + "/" + pair.quantity + "/" + pair.feed + "/" +
                         pair.station);
  }
  return beginnings;
}

}  // namespace twinsky
