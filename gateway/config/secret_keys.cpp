// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/secret_keys.hpp"

#include "gateway/config/config.hpp"
#include "gateway/config/settings.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::array<std::string_view, 8> words = {"password", "passwd", "passphrase", "pass",
                                                   "secret",   "token",  "api_key",    "apikey"};

}  // namespace

bool is_word_for_secret(std::string_view key) {
  return std::ranges::find(words, key) != words.end();
}

bool SecretKeys::contain(std::string_view key) const {
  return std::ranges::any_of(names,
                             [key](const std::string& name) { return key.find(name) != key.npos; });
}

SecretKeys secret_keys(const Vocabulary& vocabulary) {
  SecretKeys keys;
  keys.names.insert(words.begin(), words.end());
  const auto take = [&keys](std::span<const Setting> declared) {
    for (const Setting& setting : declared) {
      const bool may_hold_one = setting.secret || setting.kind == SettingKind::url;
      if (may_hold_one) keys.names.emplace(setting.name);
    }
  };
  for (const Section& section : sections()) take(section.settings);
  for (const DriverInfo* driver : vocabulary.drivers) take(driver->settings);
  for (const FeedInfo* feed : vocabulary.feeds) take(feed->settings);
  for (const TransportInfo* transport : vocabulary.transports) take(settings_of(*transport));
  for (const FormatInfo* format : vocabulary.formats) take(format->settings);
  return keys;
}

std::string SecretPlaces::place_of(std::string_view setting) const {
  const auto found = by_setting.find(setting);
  return found == by_setting.end() ? std::string(setting) : found->second;
}

}  // namespace twinsky
