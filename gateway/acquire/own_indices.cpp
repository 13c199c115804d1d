// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/own_indices.hpp"

#include "gateway/acquire/index_record.hpp"
#include "gateway/acquire/poller.hpp"
#include "gateway/model/placement.hpp"
#include "gateway/store/hours.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds commit_within = 10s;
// After a crash between an hour and its index, and for the hours of a store that knew no index.
constexpr std::chrono::hours looks_back = 24h;
constexpr std::string_view indoor = "indoor";

std::string stream_of(const IndexEdition& edition) {
  return "index/" + edition.id() + "/own";
}

std::set<Quantity> quantities_of(const IndexCatalogue& catalogue, const std::string& family) {
  std::set<Quantity> quantities;
  for (const IndexEdition* const edition : catalogue.editions_of(family)) {
    for (const std::string& input : edition->inputs("hourly")) {
      quantities.insert(own_quantity_of(input));
    }
  }
  return quantities;
}

// The air of a room is no ambient air. A channel may be a room too.
std::vector<StreamDescription> outdoor_streams(const Config& config) {
  std::vector<StreamDescription> outdoors;
  for (const SensorSettings& sensor : config.sensors) {
    if (air_of(sensor.placement) != Air::outdoors) continue;
    for (StreamDescription& stream : streams_of(sensor)) {
      const bool is_room = stream.name == "sensor/" + sensor.id + "-" + std::string(indoor);
      if (!is_room) outdoors.push_back(std::move(stream));
    }
  }
  return outdoors;
}

StreamDescription description_of(const IndexEdition& edition, Quantity quantity) {
  StreamDescription stream;
  stream.name = stream_of(edition);
  stream.title = edition.id() + " of this gateway's own sensors: indicative, not official";
  stream.columns = {{quantity, info_of(quantity).decimals}};
  stream.period = 1h;
  stream.gas_reference_k = edition.gas_reference_k();
  return stream;
}

}  // namespace

std::vector<std::string> own_index_families(const Config& config, const IndexCatalogue& catalogue) {
  std::vector<std::string> families;
  if (config.gateway.jurisdiction == "hk") families.emplace_back("hk-aqhi");
  if (config.gateway.jurisdiction == "cn-sh") families.emplace_back("cn-aqi");
  families.emplace_back("us-nowcast");
  const std::vector<StreamDescription> streams = outdoor_streams(config);
  std::erase_if(families, [&](const std::string& family) {
    const std::set<Quantity> wanted = quantities_of(catalogue, family);
    return std::ranges::none_of(streams, [&](const StreamDescription& stream) {
      return std::ranges::any_of(
          stream.columns, [&](const Column& column) { return wanted.contains(column.quantity); });
    });
  });
  return families;
}

OwnIndices::OwnIndices(const Config& config, const IndexCatalogue& catalogue, Store& store,
                       Intake& intake, Clock& clock)
    : catalogue_(catalogue),
      store_(store),
      intake_(intake),
      clock_(clock),
      reader_(store.reader()) {
  change(config);
}

void OwnIndices::change(const Config& config) {
  Subjects subjects = subjects_of(config);
  const std::lock_guard lock(mutex_);
  subjects_ = std::move(subjects);
  for (auto at = streams_.begin(); at != streams_.end();) {
    const auto family = at++;
    if (std::ranges::find(subjects_.families, family->first) != subjects_.families.end()) continue;
    for (const std::string& stream : family->second) intake_.close(stream);
    streams_.erase(family);
  }
}

OwnIndices::Subjects OwnIndices::subjects_of(const Config& config) const {
  Subjects subjects{.families = own_index_families(config, catalogue_), .carriers = {}};
  std::set<Quantity> wanted;
  for (const std::string& family : subjects.families) {
    wanted.merge(quantities_of(catalogue_, family));
  }
  for (const StreamDescription& stream : outdoor_streams(config)) {
    Carrier carrier{.sensor = stream.name.substr(stream.name.find('/') + 1),
                    .stream = stream.name,
                    .quantities = {}};
    for (const Column& column : stream.columns) {
      if (wanted.contains(column.quantity)) carrier.quantities.push_back(column.quantity);
    }
    if (!carrier.quantities.empty()) subjects.carriers.push_back(std::move(carrier));
  }
  return subjects;
}

void OwnIndices::take(const std::set<UtcTime>& starts) {
  if (!has_looked_back_) remember_missed(*starts.begin());
  due_.insert(starts.begin(), starts.end());
  if (!store_.flush(clock_.now() + commit_within)) return;  // they stay due
  Subjects subjects;
  {
    const std::lock_guard lock(mutex_);
    subjects = subjects_;
  }
  for (const std::string& family : subjects.families) make(family, subjects.carriers, due_);
  due_.clear();
}

// Of hours that were made before: those without an index. What has one already is a repeat, which
// the store drops.
void OwnIndices::remember_missed(UtcTime first) {
  const std::lock_guard lock(mutex_);
  UtcTime from = first;
  for (const std::string& family : subjects_.families) {
    const IndexEdition* const edition = catalogue_.in_force(family, first);
    if (edition == nullptr) continue;
    const auto last = store_.last_time(store_.stream(stream_of(*edition)));
    from = std::min(from, std::max(last.value_or(first - looks_back), first - looks_back));
  }
  for (; from < first; from += 1h) due_.insert(from);
  has_looked_back_ = true;
}

// Of these hours, and of those after them that look back on them.
void OwnIndices::make(const std::string& family, const std::vector<Carrier>& carriers,
                      const std::set<UtcTime>& starts) {
  std::map<UtcTime, const IndexEdition*> concerned;
  for (const UtcTime start : starts) {
    const IndexEdition* const edition = catalogue_.in_force(family, start);
    if (edition == nullptr) continue;
    const auto reach = std::chrono::hours(hours_looked_at(*edition));
    for (UtcTime later = start; later < start + reach; later += 1h) {
      concerned[later] = catalogue_.in_force(family, later);
    }
  }
  for (const auto& [start, edition] : concerned) make(*edition, carriers, start);
}

void OwnIndices::make(const IndexEdition& edition, const std::vector<Carrier>& carriers,
                      UtcTime start) {
  const std::set<Quantity> wanted = quantities_of(catalogue_, edition.family());
  const std::size_t length = hours_looked_at(edition);
  std::vector<OwnSeries> series;
  bool is_there = false;
  for (const Carrier& carrier : carriers) {
    for (const Quantity quantity : carrier.quantities) {
      if (!wanted.contains(quantity)) continue;
      OwnSeries& each = series.emplace_back();
      each.sensor = carrier.sensor;
      each.quantity = quantity;
      each.newest_first.resize(length);
      const UtcTime oldest = start - std::chrono::hours(length - 1);
      for (const HourRow& row : reader_->hours(carrier.stream, quantity, oldest, start + 1h)) {
        is_there = is_there || row.start == start;
        const auto back = static_cast<std::size_t>((start - row.start) / 1h);
        if (row.hour.is_valid()) each.newest_first[back] = row.hour.value;
      }
    }
  }
  if (!is_there) return;  // an hour to come, or one of which nothing was measured
  const IndexReport report = own_index(edition, series, start);
  const std::string stream = stream_of(edition);
  const std::lock_guard lock(mutex_);
  const auto& families = subjects_.families;
  if (std::ranges::find(families, edition.family()) == families.end()) return;  // not any more
  if (streams_[edition.family()].insert(stream).second) {
    intake_.open(description_of(edition, report.quantity));
  }
  intake_.take_official(stream, sample_of(report), "index", members_of(report));
}

}  // namespace twinsky
