// SPDX-License-Identifier: Apache-2.0
// The documents beside the records: info, meta, state, event. Pure functions to JSON text.
// (Records stand in text/record.hpp. `ledger` and `event` go out as records too: their topics
// carry arrays of them, as `obs` does.) payloads.schema.json describes all of them.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/sinks/sink.hpp"
#include "gateway/store/mark.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/record.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// What a stream is, for its meta document: one sensor, one channel of it, or one official station.
struct StreamDescription {
  std::string name;                        // "sensor/roof-pm", "ref/hk-epd/mong-kok"
  std::string title;                       // for people
  std::vector<std::string> formerly = {};  // names under which its past stands
  std::string status_of = {};  // the stream whose `status` tells of it: a channel's is its sensor's
  std::vector<Column> columns;
  std::map<Quantity, std::pair<double, double>> ranges;  // as the data sheet says
  milliseconds period{0};
  std::string driver;  // sensors: driver, makers, data sheet, serial number when known
  std::string datasheet;
  std::string serial_number;
  std::string placement;
  std::string since;
  std::string publisher;  // feeds: publisher, licence, attribution
  std::string licence;
  std::string licence_url;
  std::string attribution;
  std::string label;  // what a time stamp of the agency says of its interval: "ending"
  std::string zone;   // of stamps that print none
  std::optional<bool> may_be_redistributed;
  std::optional<double> gas_reference_k;
  std::optional<Position> position;                        // as far as it may be published
  QualitySettings quality = {};                            // how its readings are checked
  std::vector<Correction> corrections = {};                // what stands beside the raw readings
  std::map<Quantity, std::vector<Quantity>> made_of = {};  // what is computed with which others
};

// meta without its revision: the text whose change raises it; then with it.
std::string meta_content(const StreamDescription& stream);
std::string meta_document(const StreamDescription& stream, int revision);

// The newest reading of each quantity of a stream.
struct Latest {
  Reading reading;
  UtcTime time{};
};
// All columns always, null when failed or older than three periods; `times` where they differ.
std::string state_document(const StreamDescription& stream, std::span<const Latest> latest,
                           UtcTime now, std::string_view epoch, bool clock_set);

struct SensorCounters {
  std::uint64_t samples = 0;
  std::uint64_t superseded = 0;  // frames that a newer one of the same period replaced
  std::map<std::string, std::uint64_t> faults;
  double jitter_ms = 0;  // of the start of polls: exponentially weighted mean deviation
  double worst_jitter_ms = 0;
  std::uint64_t restarts = 0;
  // Of answers to questions: those that came after their time, the slowest that was seen.
  std::uint64_t late_answers = 0;
  milliseconds slowest_answer{0};
};

struct FeedCounters {
  std::uint64_t requests = 0;
  std::uint64_t not_modified = 0;
  std::uint64_t samples = 0;                      // handed on
  std::uint64_t stations = 0;                     // carried now
  std::uint64_t left_out = 0;                     // samples and warnings beyond the bounds
  std::uint64_t texts_cut = 0;                    // that were longer than any
  std::map<std::string, std::uint64_t> failures;  // by FeedFault's name
  std::string state;  // "waiting", "fresh", "crowded" (beyond the bounds), or a FeedFault's name
  std::string detail = {};                // of a fault, in words
  std::optional<UtcTime> newest = {};     // the end of the newest interval that it has shown
  std::vector<std::string> missing = {};  // followed stations that its documents do not show
};

// ref/<feed>/warnings: all in force, word for word; [] when there are none.
std::string warnings_document(std::span<const Warning> warnings);
// index/<edition>/agreement: how often our index of an hour equals the one that the agency printed.
std::string agreement_document(int compared, int equal, int within_one);

std::string info_document(const Config& config, std::string_view boot_id, std::string_view epoch);

// `{"gateway":"mk-roof","epoch":"7f3a91c2","run":"17-5d3c91aa","row":184467,"hash":"0123456789abcdef",
// "after":["…"]}`: what a broker retains of a store's past (store/mark.hpp).
std::string mark_document(std::string_view gateway, const Mark& mark);
// nullopt: it is none. Anybody may have written it.
inline constexpr std::size_t longest_mark = 1024;
std::optional<Mark> mark_of(std::string_view document);

// `{"event":"sensor_lost","subject":"roof-pm","message":"…"}`, a body for the stream `event`.
std::string event_body(std::string_view event, std::string_view subject, std::string_view message);

}  // namespace twinsky
