// SPDX-License-Identifier: Apache-2.0
// How everything is, for people: what is wrong and what to do about it, then sensors, sinks, feeds,
// stations, indices, comparisons and the store. The local socket, the terminal and the page show it
// and nothing else. Made out of memory; a value, so that any thread may hold one.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/indices/index.hpp"
#include "gateway/model/json.hpp"
#include "gateway/sinks/snapshot.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct Overview {
  // Something that is wrong.
  struct Trouble {
    enum class Severity : std::uint8_t { error, warning };
    std::string code;   // "sensor_lost"
    std::string about;  // the thing: "roof-pm"
    Severity severity = Severity::error;
    std::string text;    // a sentence
    std::string remedy;  // a sentence; may be empty
    std::optional<UtcTime> since = {};
    Json arguments = Json::object();  // what the sentence is made of, for other languages
  };
  struct Value {
    Quantity quantity{};
    std::string channel = {};  // of a sensor with several; empty: the main one
    std::optional<double> value = {};
    int decimals = 1;
    Flag flag = Flag::missing;
    std::optional<Fault> fault = {};
    std::string reason = {};  // of the flag
    std::string text = {};    // as an agency printed it, where it says more than the number
    UtcTime time{};
  };
  enum class SensorState : std::uint8_t { fresh, lost, warming_up, none_yet };
  struct Sensor {
    std::string id;
    std::string driver;
    std::string bus;
    std::string placement;
    SensorState state = SensorState::none_yet;
    std::string cause = {};                // why it is not fresh: a fault's name
    std::string detail = {};               // the same in words
    std::optional<milliseconds> age = {};  // of its newest sample
    milliseconds period{0};
    std::vector<Value> values = {};
  };
  enum class SinkState : std::uint8_t { connected, connecting, refused, closed, pausing };
  struct Sink {
    std::string id;
    SinkState state = SinkState::connecting;
    std::string detail = {};
    std::uint64_t waiting = 0;
    std::optional<UtcTime> oldest = {};
  };
  enum class FeedState : std::uint8_t { good, late, failing, none_yet };
  struct Feed {
    std::string feed;
    FeedState state = FeedState::none_yet;
    std::string detail = {};
    std::optional<UtcTime> newest = {};  // the end of its newest interval
    std::uint64_t stations = 0;
    std::string licence = {};
    std::string attribution = {};
  };
  // Distances are from our published place, and there are none where that is not told.
  struct Station {
    std::string feed;
    std::string station;
    std::string name_en = {};
    std::string name_tc = {};
    std::string name_sc = {};
    std::string kind = {};
    std::optional<double> distance_m = {};
    std::optional<double> east_m = {};
    std::optional<double> north_m = {};
    std::optional<UtcTime> start = {};  // of the newest interval
    std::optional<UtcTime> end = {};
    std::vector<Value> values = {};
  };
  struct Index {
    std::string edition;          // of the rule; empty: not known
    std::string subject;          // "own", "hk-epd--mong-kok"
    bool is_official = false;     // the agency printed it; else this gateway reckoned it
    Quantity quantity{};          // aqhi, aqi
    std::optional<double> value;  // absent where the rule gives none
    std::string text = {};        // as printed: "10+"
    std::string band = {};        // code
    std::string colour = {};
    UtcTime time{};
    std::string main = {};  // the pollutants that make it, with blanks between
  };
  struct Comparison {
    std::string topic;
    std::string sensor;
    std::string quantity;
    std::string feed;
    std::string station;
    std::string verdict = {};  // empty: not evaluated yet
    std::string summary = {};
  };

  UtcTime time{};
  UtcTime started{};
  bool is_clock_set = false;
  std::string gateway;  // id
  std::string name;
  std::string jurisdiction;
  std::string zone;
  std::int64_t utc_offset_s = 0;
  std::optional<Position> position = {};        // as far as it may be published
  std::vector<Trouble> problems = {};           // worst first
  std::vector<WarningModeSnapshot> modes = {};  // that hold
  std::vector<Sensor> sensors = {};
  std::vector<Sink> sinks = {};
  std::vector<Feed> feeds = {};
  std::vector<Station> stations = {};
  std::vector<Index> indices = {};
  std::vector<Comparison> comparisons = {};
  std::string store_path;
  StoreStatus store = {};
  std::optional<milliseconds> commit_age = {};
};

// Nothing is wrong, and everything has come that is to come.
bool is_all_well(const Overview& overview);

// What a flag says, in a word or two.
std::string_view word_of(Flag flag) noexcept;

// {"version":1,"program":"0.1.0","gateway":{…},…}; members are only ever added.
std::string overview_json(const Overview& overview);

// Makes overviews for one configuration, of which it keeps what asking again would cost.
class OverviewMaker {
 public:
  // Both outlive it.
  OverviewMaker(const Config& config, const IndexCatalogue& catalogue);
  [[nodiscard]] Overview make(const Snapshot& snapshot) const;

 private:
  void add_sensors(Overview& overview, const Snapshot& snapshot) const;
  void add_sinks(Overview& overview, const Snapshot& snapshot) const;
  void add_feeds(Overview& overview, const Snapshot& snapshot) const;
  void add_station(Overview& overview, std::string_view name, const StreamSnapshot& stream) const;
  void add_index(Overview& overview, std::string_view name, const StreamSnapshot& stream) const;
  void add_comparisons(Overview& overview, const Snapshot& snapshot) const;

  const Config& config_;
  const IndexCatalogue& catalogue_;
  const std::optional<Position> position_;  // as far as it may be published
  std::map<std::string, std::unique_ptr<twinsky::Feed>, std::less<>> feeds_;
};

// What is wrong, worst first (overview_troubles.cpp).
std::vector<Overview::Trouble> troubles_of(const Overview& overview, const Snapshot& snapshot,
                                           const Config& config);

// The first thing to do where nothing was configured yet.
std::optional<Overview::Trouble> nothing_to_read(const Config& config);

// The newest overview, for whoever asks; what they hold does not change under them. Any thread.
class PublishedOverview {
 public:
  void publish(Overview overview);
  // nullptr: there is none yet.
  [[nodiscard]] std::shared_ptr<const Overview> newest() const;
  // overview_json() of it, made once for all who ask.
  [[nodiscard]] std::shared_ptr<const std::string> newest_json() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Overview> newest_;           // guarded by mutex_
  mutable std::mutex json_mutex_;                    // whoever publishes never waits for it
  mutable std::shared_ptr<const Overview> made_of_;  // guarded by json_mutex_, as the next
  mutable std::shared_ptr<const std::string> json_;
};

}  // namespace twinsky
