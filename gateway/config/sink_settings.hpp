// SPDX-License-Identifier: Apache-2.0
// A sink of the configuration, and what there is to choose for one: how what leaves is written (a
// format) and how it gets there (a transport). What each of them is like its descriptor says, at
// the end of its file; nobody else tells them apart.
#pragma once

#include "gateway/config/secret_keys.hpp"
#include "gateway/model/setting.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct TransportInfo;
struct FormatInfo;

struct SinkSettings {
  std::string id;
  std::string was = {};  // its id before, whose cursor it takes over
  const TransportInfo* transport = nullptr;
  std::string address = {};  // in the form of its transport: "mqtts://broker.example.org:8883"
  const FormatInfo* format = nullptr;
  Settings settings = {};                    // what its transport and its format add
  std::int64_t batch_records = 200;          // records in a message at most
  std::int64_t messages_per_minute = 0;      // at most; 0: as many as there are
  std::string start_at = {};                 // a new sink: "now" or "oldest"
  std::string configuration_directory = {};  // where secrets are looked for
  // What may go there: topic filters below twinsky/v1/<gateway>/; none: the sink is not opened.
  std::vector<std::string> allow = {"#"};
  std::vector<std::string> quantities = {};      // empty: all
  std::vector<std::string> withheld_feeds = {};  // whose terms keep their data here
  bool is_reticent = false;  // nothing goes there unasked: the gateway is in Shanghai
  SecretPlaces secret_places = {};
  bool operator==(const SinkSettings&) const = default;
};

// What no single setting can say.
struct SinkProblem {
  std::string_view setting;
  std::string message;
  bool is_of_key = false;  // that it stands there at all, whatever its value
};
// May complete what was written. `given`: the keys that stand there; the others are defaults.
using SinkCheck = std::vector<SinkProblem> (*)(SinkSettings& sink,
                                               const std::set<std::string_view>& given);

// What they make is the matter of gateway/sinks/.
class Transport;
class Format;
struct TransportSurroundings;

// A transport; the last lines of its file in gateway/sinks/transports/.
struct TransportInfo {
  std::string_view name;  // the key of a sink's settings that chooses it; its value is the address
  SettingKind address_form = SettingKind::url;
  std::span<const std::string_view> schemes = {};  // of a url
  std::string_view documentation;                  // of the address
  std::span<const Setting> settings = {};          // what it adds to a sink's settings
  std::string_view format = "native";              // of a sink that names none
  // Destinations are topics among those of others. Without: each message has the address, and a
  // destination for people is one that begins with "#".
  bool has_topics = false;
  bool is_heard = false;  // what others say there, and by them our last word when it breaks
  SinkCheck check = nullptr;
  std::unique_ptr<Transport> (*make)(const SinkSettings&, TransportSurroundings) = nullptr;
};

// A format; the last lines of its file in gateway/sinks/formats/.
struct FormatInfo {
  std::string_view name;                   // as the setting `format` has it
  std::span<const Setting> settings = {};  // what it adds to a sink's settings
  SinkCheck check = nullptr;               // also whether it can go over the sink's transport
  std::unique_ptr<Format> (*make)(const SinkSettings&, std::string gateway) = nullptr;
};

// Sorted by name.
std::span<const TransportInfo* const> transport_registry() noexcept;
const TransportInfo* transport_named(std::string_view name) noexcept;
std::span<const FormatInfo* const> format_registry() noexcept;
const FormatInfo* format_named(std::string_view name) noexcept;

// What the folders define, written when the program is built.
std::span<const TransportInfo* const> found_transports() noexcept;
std::span<const FormatInfo* const> found_formats() noexcept;

// What a transport adds to a sink's settings, its address first.
std::vector<Setting> settings_of(const TransportInfo& transport);

}  // namespace twinsky
