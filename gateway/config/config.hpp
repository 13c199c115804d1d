// SPDX-License-Identifier: Apache-2.0
// The configuration as the rest of the program sees it: complete, checked, with defaults filled in.
#pragma once

#include "drivers/registry.hpp"
#include "gateway/checks/quality_settings.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/corrections/correction.hpp"
#include "gateway/model/published_position.hpp"
#include "gateway/model/result.hpp"
#include "gateway/model/station.hpp"
#include "gateway/model/zone.hpp"
#include "gateway/store/store.hpp"

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

// What is otherwise while one of these official warnings is in force.
struct WarningMode {
  std::string id;
  std::string feed;
  std::vector<std::string> codes;     // "TC8SE"; "TC*": all that begin so
  std::optional<milliseconds> every;  // sensors, at least so often
  std::optional<milliseconds> commit_every;
  std::optional<milliseconds> keep;
  bool operator==(const WarningMode&) const = default;
};

struct ServeSettings {
  std::string listen;              // empty: nothing is served
  std::string token_file;          // empty: none
  std::vector<std::string> names;  // by which browsers may reach it, beside its addresses
  std::string configuration_directory = {};
  SecretPlaces secret_places = {};
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
  std::vector<WarningMode> warning_modes;
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

// A setting as it is in force, and where it comes from.
struct EffectiveSetting {
  std::string path;    // "/sensors/roof-pm/every": things of a list by their ids
  std::string value;   // as JSON; what may be a secret is not repeated
  std::string origin;  // "twinsky.json:12:30"; empty: the default
};

// The names that a configuration may use, and where the machine says what it is. Tests bring their
// own.
// A setting that had another key in versions before `since`. The old key is read as the new one.
struct RenamedSetting {
  std::string_view since;
  std::string_view place;  // of the object that has it: "/sinks/*"
  std::string_view was;
  std::string_view now;
};
std::span<const RenamedSetting> renamed_settings() noexcept;

struct Vocabulary {
  std::span<const DriverInfo* const> drivers = driver_registry();
  std::span<const FeedInfo* const> feeds = feed_registry();
  std::span<const TransportInfo* const> transports = transport_registry();
  std::span<const FormatInfo* const> formats = format_registry();
  std::span<const RenamedSetting> renamed = renamed_settings();
  std::string machine_id_file = "/etc/machine-id";
  std::string serial_number_file =
      "/proc/device-tree/serial-number";  // of the board; may be absent
};

// Reads FILE and, beside it, conf.d/*.json in their order. All problems at once, in the order of
// the files.
Result<Config, std::vector<Problem>> load_config(const std::string& file,
                                                 const Vocabulary& vocabulary = {});

// All settings that have a value, in the order of the file and its sections.
Result<std::vector<EffectiveSetting>, std::vector<Problem>> effective_settings(
    const std::string& file, const Vocabulary& vocabulary = {});

// The JSON Schema (2020-12) of the file, from the same declarations.
std::string config_schema(const Vocabulary& vocabulary = {});
// The reference documentation as Markdown tables, from the same declarations.
std::string config_reference(const Vocabulary& vocabulary = {});

}  // namespace twinsky
