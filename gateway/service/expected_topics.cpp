// SPDX-License-Identifier: Apache-2.0
#include "gateway/service/expected_topics.hpp"

#include "gateway/acquire/own_indices.hpp"
#include "gateway/acquire/poller.hpp"

#include <map>
#include <memory>

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

std::function<bool(std::string_view)> former_topics(const Config& config) {
  using Feeds = std::map<std::string, std::unique_ptr<Feed>, std::less<>>;
  const auto feeds = std::make_shared<Feeds>();
  for (const FeedSettings& feed : config.feeds) {
    const FeedInfo* const info = feed_named(feed.feed);
    if (info != nullptr) (*feeds)["ref/" + feed.feed] = info->make(feed.settings);
  }
  return [feeds](std::string_view topic) {
    const auto last = topic.rfind('/');
    const auto before = last == 0 || last == topic.npos ? topic.npos : topic.rfind('/', last - 1);
    if (before == topic.npos) return false;
    const auto feed = feeds->find(topic.substr(0, before));
    if (feed == feeds->end()) return false;
    const std::string_view id = topic.substr(before + 1, last - before - 1);
    const ReferenceStation* const known = feed->second->station(id);
    return known != nullptr && known->id != id;
  };
}

}  // namespace twinsky
