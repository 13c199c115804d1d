// SPDX-License-Identifier: Apache-2.0
// The configuration as the rest of the program sees it: complete, checked, with defaults filled in.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/model/published_position.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/station.hpp"
#include "gateway/model/zone.hpp"
#include "gateway/quality/correction.hpp"
#include "gateway/quality/quality_settings.hpp"
#include "gateway/store/store.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinsky {

struct GatewaySettings {
  std::string id;
  std::string name;
  std::string jurisdiction;  // "hk", "cn-sh", "other"
  Zone zone = {};            // of local days, reports and times that people write
  std::optional<Position> position;
  std::string clock;  // "auto": wait until something attests to UTC; "system": take it as it is
  PositionRule position_rule = {};  // of the gateway and of every sensor
  bool operator==(const GatewaySettings&) const;
};

struct CorrectionSettings {
  std::string sensor;  // or one of its channels
  Correction correction;
  bool operator==(const CorrectionSettings&) const = default;
};

struct SensorSettings {
  std::string id;
  std::string driver;
  std::string bus;
  std::optional<milliseconds> every;  // streaming sensors may have none: every frame is a sample
  DeviceSettings device;
  Settings settings;  // the driver's own
  std::string placement;
  std::string since;
  std::string serial_number;
  std::optional<Position> position;
  double north_offset_deg = 0;
  bool ambient = false;        // a device's inner thermometer stands for the air
  bool sleep_between = false;  // duty cycle: rests between samples, wakes warm_up before the next
  bool mean = false;           // streaming: mean of the period's frames instead of the last
  QualitySettings quality = {};
  std::optional<Position> published_position = {};   // as far as the gateway's rule lets it out
  std::vector<CorrectionSettings> corrections = {};  // of itself and its channels
  bool operator==(const SensorSettings&) const;
};

// Where the settings stand that name secrets, by their names: messages say that instead of what is
// written there. No part of what is configured: a line more above it changes nothing.
struct SecretPlaces {
  std::map<std::string, std::string, std::less<>> by_setting;
  bool operator==(const SecretPlaces&) const { return true; }
  // "twinsky.json:12:30: /sinks/0/password_file"; its name alone where it stands nowhere.
  [[nodiscard]] std::string place_of(std::string_view setting) const;
};

struct FeedSettings {
  std::string feed;
  std::vector<std::string> stations;         // ids; empty: all
  Settings settings;                         // the feed's own, with `base` (address) of every feed
  std::string configuration_directory = {};  // where a secret is looked for
  SecretPlaces secret_places = {};
  bool operator==(const FeedSettings&) const = default;
};

struct CompareSettings {
  std::string sensor;
  std::string quantity;
  std::string feed;
  std::string station;
  bool operator==(const CompareSettings&) const = default;
};

struct SinkSettings {
  std::string id;
  std::string was = {};  // its id before, whose cursor it takes over
  std::string mqtt;      // "mqtt://host:1883", "mqtts://host:8883"
  std::string username;
  std::string password_file;
  std::string ca_file;
  std::string client_certificate;
  std::string client_key;
  bool verify = true;                // off only with a loud warning
  std::string version;               // "auto", "5", "3.1.1"
  std::string client_id;             // empty: "twinsky-<gateway>-<sink>"
  std::int64_t window = 100;         // unacknowledged messages
  std::int64_t batch_records = 200;  // records in a message at most
  milliseconds keep_alive{30'000};
  milliseconds acknowledge_within{30'000};
  std::string start_at;                 // a new sink: "now" or "oldest"
  std::string configuration_directory;  // where password_file is looked for
  // What may go there: topic filters below twinsky/v1/<gateway>/; none: the sink is not opened.
  std::vector<std::string> allow = {"#"};
  std::vector<std::string> quantities = {};      // empty: all
  std::vector<std::string> withheld_feeds = {};  // whose terms keep their data here
  SecretPlaces secret_places = {};
  bool operator==(const SinkSettings&) const = default;
};

struct ServeSettings {
  std::string listen;
  bool operator==(const ServeSettings&) const = default;
};

// One thing wrong with the configuration.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string pointer;     // JSON pointer
  std::string message;     // what is wrong, what was expected
  std::string suggestion;  // did you mean "…"?; may be empty
};
// "twinsky.json:14:17: /sensors/2/every: …; did you mean "…"?"
std::string text_of(const Problem& problem);

struct Config {
  GatewaySettings gateway;
  std::vector<BusSettings> buses;
  std::vector<SensorSettings> sensors;
  std::vector<FeedSettings> feeds;
  std::vector<CompareSettings> compare;
  std::vector<CorrectionSettings> corrections;
  StoreSettings store;
  std::vector<SinkSettings> sinks;
  ServeSettings serve;
  milliseconds keep_audit{std::chrono::days(400)};
  std::vector<std::string> files;  // what it was read from: the file, then conf.d/*.json
  std::string hash;                // of all of them
  // What earlier versions took and what is wrong all the same: a gateway starts with it and says
  // so, `check` refuses it.
  std::vector<Problem> warnings;
  std::vector<Problem> notes;  // what is right and has no effect; `check` tells it too
};

// The names that a configuration may use, and where the machine says what it is. Tests bring their
// own.
struct Vocabulary {
  std::span<const DriverInfo* const> drivers = driver_registry();
  std::span<const FeedInfo* const> feeds = feed_registry();
  std::string machine_id_file = "/etc/machine-id";
  std::string serial_number_file =
      "/proc/device-tree/serial-number";  // of the board; may be absent
};

// Reads FILE and, beside it, conf.d/*.json in their order. All problems at once, in the order of
// the files.
Result<Config, std::vector<Problem>> load_config(const std::string& file,
                                                 const Vocabulary& vocabulary = {});

// The JSON Schema (2020-12) of the file, from the same declarations.
std::string config_schema(const Vocabulary& vocabulary = {});
// The reference documentation as Markdown tables, from the same declarations.
std::string config_reference(const Vocabulary& vocabulary = {});

}  // namespace twinsky
