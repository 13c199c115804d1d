// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/official_indices.hpp"

#include "drivers/registry.hpp"
#include "gateway/acquire/index_record.hpp"
#include "gateway/sinks/documents.hpp"
#include "gateway/system/events.hpp"
#include "gateway/text/counted.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

// Fewer hours say nothing about the rule; above the share the rest is the rounding of what the
// agency computes from values that it does not print.
constexpr int least_compared = 24;
constexpr double least_share = 0.95;

constexpr std::string_view reference = "ref/";

// "ref/hk-epd/mong-kok" -> "hk-epd"; empty: no official station's stream.
std::string_view feed_of(std::string_view stream) {
  if (!stream.starts_with(reference)) return {};
  stream.remove_prefix(reference.size());
  return stream.substr(0, stream.find('/'));
}

// "ref/hk-epd/mong-kok" -> "hk-epd--mong-kok"
std::string subject_of(std::string_view stream) {
  const std::string_view feed = feed_of(stream);
  return std::string(feed).append("--").append(stream.substr(reference.size() + feed.size() + 1));
}

std::string agreement_topic(std::string_view edition) {
  return std::string("index/").append(edition).append("/agreement");
}

// Of the station's description: what it is made of is under the same terms.
StreamDescription description_of(std::string_view name, const IndexReport& report,
                                 const StreamDescription& station) {
  StreamDescription stream = station;
  stream.name = name;
  stream.title = station.title + ": " + report.edition +
                 " as this gateway computes it from official values; not the agency's own index";
  stream.columns = {{report.quantity, info_of(report.quantity).decimals}};
  stream.gas_reference_k.reset();
  return stream;
}

}  // namespace

OfficialIndices::OfFeed* OfficialIndices::of_feed(std::string_view feed) {
  const auto found = feeds_.find(feed);
  if (found != feeds_.end()) return &found->second;
  const FeedInfo* const info = feed.empty() ? nullptr : feed_named(feed);
  if (info == nullptr || info->index_family.empty()) return nullptr;
  OfFeed made{.index = OfficialIndex(catalogue_, info->index_family), .edition = {}};
  return &feeds_.emplace(feed, std::move(made)).first->second;
}

void OfficialIndices::open(const StreamDescription& stream) {
  const std::lock_guard lock(mutex_);
  if (of_feed(feed_of(stream.name)) == nullptr) return;
  stations_.insert_or_assign(stream.name, stream);
}

void OfficialIndices::close(std::string_view stream) {
  const std::lock_guard lock(mutex_);
  const auto station = stations_.find(stream);
  if (station == stations_.end()) return;
  const auto published = published_.find(stream);
  if (published != published_.end()) {
    for (const std::string& index : published->second) intake_.close(index);
    published_.erase(published);
  }
  stations_.erase(station);
  const std::string_view feed = feed_of(stream);
  const bool has_others =
      std::ranges::any_of(stations_, [&](const auto& each) { return feed_of(each.first) == feed; });
  const auto found = feeds_.find(feed);
  if (found == feeds_.end()) return;
  found->second.index.forget(stream.substr(stream.rfind('/') + 1));
  if (has_others) return;
  if (!found->second.edition.empty()) bulletin_.withdraw(agreement_topic(found->second.edition));
  feeds_.erase(found);
}

void OfficialIndices::take(std::string_view stream, const Sample& sample) {
  const std::lock_guard lock(mutex_);
  OfFeed* const feed = of_feed(feed_of(stream));
  if (feed == nullptr) return;
  for (const IndexReport& report : feed->index.take(sample)) publish(stream, report);
}

void OfficialIndices::publish(std::string_view stream, const IndexReport& report) {
  const std::string name = "index/" + report.edition + "/" + subject_of(stream);
  const auto station = stations_.find(stream);
  if (station == stations_.end()) return;
  if (published_[std::string(stream)].insert(name).second) {
    intake_.open(description_of(name, report, station->second));
  }
  intake_.take_official(name, sample_of(report), "index", members_of(report));
}

void OfficialIndices::complete(std::string_view feed) {
  const std::lock_guard lock(mutex_);
  const auto found = feeds_.find(feed);
  if (found == feeds_.end()) return;
  OfFeed& of = found->second;
  const IndexAgreement agreement = of.index.agreement();
  if (agreement.edition.empty()) return;
  if (of.edition != agreement.edition && !of.edition.empty()) {
    bulletin_.withdraw(agreement_topic(of.edition));
  }
  of.edition = agreement.edition;
  bulletin_.post(
      {.topic = agreement_topic(of.edition),
       .payload = agreement_document(agreement.compared, agreement.equal, agreement.within_one)});
  if (agreement.compared < least_compared) return;
  const bool has_drifted = agreement.equal < least_share * agreement.compared;
  if (has_drifted == of.has_drifted) return;
  of.has_drifted = has_drifted;
  const std::string_view event = has_drifted ? "index_drift" : "index_agrees";
  const std::string message = std::to_string(agreement.equal) + " of " +
                              counted(static_cast<std::uint64_t>(agreement.compared), "hour") +
                              " of " + std::string(feed) + " equal what the agency printed, " +
                              std::to_string(agreement.within_one) + " are at most one apart";
  log_event(log_, has_drifted ? LogLevel::warning : LogLevel::notice, event, agreement.edition,
            message);
  intake_.announce(event, agreement.edition, message);
}

}  // namespace twinsky
