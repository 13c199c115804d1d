// SPDX-License-Identifier: Apache-2.0
// Whatever is typed where a secret's file is named is never repeated. The settings are found by
// their declarations, so that a new one is tested as well.
#include "gateway/config/config.hpp"
#include "gateway/config/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view canary = "S3cr3tCanary9";

// An entry of a section with room for one more setting.
struct Entry {
  std::string section;
  std::string text;  // "…": where the setting goes
  std::string setting;
  bool is_address = false;
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  const auto take = [&all](std::span<const Setting> declared, const std::string& section,
                           const std::string& text) {
    for (const Setting& setting : declared) {
      if (!setting.secret && setting.kind != SettingKind::url) continue;
      all.push_back({section, text, std::string(setting.name), setting.kind == SettingKind::url});
    }
  };
  for (const TransportInfo* transport : transport_registry()) {
    take(settings_of(*transport), "sinks", R"({"id": "city", …})");
  }
  for (const FormatInfo* format : format_registry()) {
    take(format->settings, "sinks",
         R"({"id": "city", "format": ")" + std::string(format->name) + "\", …}");
  }
  for (const FeedInfo* feed : feed_registry()) {
    take(feed->settings, "feeds", "{\"feed\": \"" + std::string(feed->name) + "\", …}");
  }
  for (const DriverInfo* driver : driver_registry()) {
    take(driver->settings, "sensors",
         "{\"id\": \"one\", \"driver\": \"" + std::string(driver->name) + "\", …}");
  }
  return all;
}

// Ways to write a setting wrongly, and rightly.
std::vector<std::string> slips(const Entry& entry) {
  const std::string key = "\"" + entry.setting + "\"";
  const std::string secret(canary);
  if (entry.is_address) {
    std::vector<std::string> all;
    for (const std::string& address :
         {"mqtt://user:" + secret + "@host", "https://user:" + secret + "@host",
          "user:" + secret + "@host", "https://user:p/" + secret + "@host",
          "mqtts://user:p/" + secret + "@host", "https://host/?key=" + secret + " x",
          "mqtt://host?key=" + secret}) {
      all.push_back(key + ": \"" + address + "\"");
      all.push_back(key + " \"" + address + "\"");
      all.push_back(key + ": " + address);
      all.push_back(key + ": \"x\" \"" + address + "\"");
    }
    return all;
  }
  return {
      key + ": \"" + secret + "\"",
      key + ": \"" + secret + R"(\u0000")",
      key + ": [\"" + secret + "\"]",
      key + ": {\"" + secret + "\": 1}",
      key + ": " + secret,
      key + ": '" + secret + "'",
      key + " \"" + secret + "\"",
      key + " = \"" + secret + "\"",
      key + ": x \"" + secret + "\"",
      key + ": \"x\" \"" + secret + "\"",
      key + ": \"x\" " + secret,
      "\"" + entry.setting + ": \"" + secret + "\"",
      key + ": \"" + secret + "\", " + key + ": \"" + secret + "\"",
      "\"" + entry.setting + "s\": \"" + secret + "\"",
      "\"password\": \"" + secret + "\"",
      "\"password\": \"" + secret + "\" \"x\"",
      "\"password\" \"" + secret + "\"",
      key + ": 12345678",
      key + " 12345678",
      key + ": 0x12345678",
  };
}

class SecretSettings : public testing::Test {
 protected:
  SecretSettings() { fs::create_directories(directory_); }
  ~SecretSettings() override { fs::remove_all(directory_); }

  Result<Config, std::vector<Problem>> load(const Entry& entry, const std::string& slip) const {
    std::string text = entry.text;
    text.replace(text.find("…"), std::string_view("…").size(), slip);
    const fs::path file = directory_ / "twinsky.json";
    std::ofstream(file) << R"({"gateway": {"id": "one", "jurisdiction": "hk"}, ")" << entry.section
                        << "\": [" << text << "]}";
    return load_config(file.string());
  }

  const fs::path directory_ =
      fs::path(testing::TempDir()) / ("secrets-" + std::to_string(::getpid()));
};

TEST_F(SecretSettings, are_never_repeated_by_a_problem) {
  std::size_t refused = 0;
  for (const Entry& entry : entries()) {
    for (const std::string& slip : slips(entry)) {
      const auto config = load(entry, slip);
      if (!config.has_value()) ++refused;
      std::vector<Problem> told = config ? config->warnings : config.error();
      if (config) told.insert(told.end(), config->notes.begin(), config->notes.end());
      for (const Problem& problem : told) {
        const std::string text = text_of(problem) + problem.suggestion;
        // A key's name is shown: in {"S3cr3t…": 1} it would be one, but it is never looked at.
        EXPECT_EQ(text.find(canary), std::string::npos) << slip << "\n  " << text;
        EXPECT_EQ(text.find("12345678"), std::string::npos) << slip << "\n  " << text;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(SecretSettings, those_that_are_known_are_found) {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (!entry.is_address) names.push_back(entry.setting);
  }
  for (const std::string known : {"password_file", "client_key", "key_file", "token_file"}) {
    EXPECT_NE(std::ranges::find(names, known), names.end()) << known;
  }
}

// A secret's file is named by a path, so a setting that is called so and is none would be a slip.
TEST_F(SecretSettings, are_declared_so_wherever_a_name_says_it) {
  const auto look = [](std::span<const Setting> declared) {
    for (const Setting& setting : declared) {
      const bool is_called_so = setting.name.ends_with("_file") && setting.name != "ca_file";
      EXPECT_EQ(setting.secret, is_called_so || setting.name == "client_key") << setting.name;
    }
  };
  for (const Section& section : sections()) look(section.settings);
  for (const FeedInfo* feed : feed_registry()) look(feed->settings);
  for (const DriverInfo* driver : driver_registry()) look(driver->settings);
  for (const TransportInfo* transport : transport_registry()) look(transport->settings);
  for (const FormatInfo* format : format_registry()) look(format->settings);
}

TEST_F(SecretSettings, know_where_they_stand) {
  const Entry sink{"sinks", R"({"id": "city", "mqtt": "mqtt://host", "username": "u", …})", {}};
  const auto config = load(sink, "\n\"password_file\": \"x\"");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->sinks[0].secret_places.place_of("password_file"),
            (directory_ / "twinsky.json").string() + ":2:18: /sinks/0/password_file");
  const auto moved = load(sink, "\n\n\n\"password_file\": \"x\"");
  EXPECT_EQ(config->sinks, moved->sinks) << "a line more restarts nothing";
}

}  // namespace
}  // namespace twinsky
