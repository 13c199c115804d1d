// SPDX-License-Identifier: Apache-2.0
// A configuration while it is being read: what has been understood so far, and where each part of
// it was written.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/config/reader.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace twinsky {

struct Draft {
  // An entry of a section as it was written.
  struct Entry {
    const Node* node = nullptr;
    Settings values = {};
    bool is_sound = true;                // its own settings held no problem
    const DriverInfo* driver = nullptr;  // of a sensor; nullptr when it is not known
    const FeedInfo* feed = nullptr;      // of a feed, likewise
  };

  const Vocabulary& vocabulary;
  Reader& reader;
  std::filesystem::path directory;  // of the main file, absolute: relative paths begin here
  std::string system_id;            // the machine's; empty: it has none

  Config config = {};
  // In the order of the entries in `config`.
  std::vector<Entry> buses = {};
  std::vector<Entry> sensors = {};
  std::vector<Entry> feeds = {};
  std::vector<Entry> compare = {};
  std::vector<Entry> corrections = {};
  std::vector<Entry> sinks = {};
  const Node* serve = nullptr;
};

// Fills the draft section by section: each setting by itself.
void read_sections(const Node& root, Draft& draft);
void read_bus(const Node& node, Draft& draft);
// The keys of a bus that name its device.
std::vector<const Node*> endpoints_of(const Node& bus);
void read_sensor(const Node& node, Draft& draft);
void read_correction(const Node& node, Draft& draft);
std::optional<Position> read_position(const Node& owner, Draft& draft);
// A relative path begins at the directory of the main file.
std::string resolved(const Draft& draft, const std::string& path);
// The same for all settings that are paths, but for secrets, which are looked for in other places
// too.
void resolve_paths(const Draft& draft, std::span<const Setting> declared, Settings& values);
std::string text_or_none(const Settings& values, std::string_view name);

// Then what no single setting can say: references, clashes, what fits what.
void check_devices(Draft& draft);      // buses and sensors
void check_publication(Draft& draft);  // feeds, comparisons, sinks, the local page

}  // namespace twinsky
