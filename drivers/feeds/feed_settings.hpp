// SPDX-License-Identifier: Apache-2.0
// The settings that feeds share.
#pragma once

#include "gateway/model/setting.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace twinsky {

constexpr Setting base_setting(std::string_view fallback) {
  return {.name = "base",
          .kind = SettingKind::url,
          .documentation = "Address of the agency's server, or of a mirror with the same paths.",
          .fallback = fallback};
}

// `fallback` is the default list as JSON.
constexpr Setting documents_setting(std::string_view fallback) {
  return {.name = "documents",
          .kind = SettingKind::texts,
          .documentation = "The documents that are fetched.",
          .fallback = fallback};
}

// `fallback` is the default as it would be written.
constexpr Setting poll_delay_setting(std::string_view fallback) {
  return {.name = "poll_delay",
          .kind = SettingKind::duration,
          .documentation = "How long after a full period its values are fetched.",
          .fallback = fallback,
          .lower = 0,
          .upper = 86'400'000};
}

inline constexpr Setting private_addresses_setting = {
    .name = "allow_private_addresses",
    .kind = SettingKind::boolean,
    .documentation = "Fetch from this machine and the local network too, for mirrors and tests.",
    .fallback = "false"};

// Of every feed with terms (FeedInfo::terms).
inline constexpr Setting terms_setting = {
    .name = "terms_accepted",
    .kind = SettingKind::boolean,
    .documentation = "The operator has read the source's terms and agrees to them.",
    .fallback = "false"};

inline constexpr std::array<std::string_view, 3> editions = {"en", "tc", "sc"};

// Of the feeds of Hong Kong, which have three editions.
constexpr std::array<Setting, 5> declare_feed_settings(std::string_view base,
                                                       std::string_view documents,
                                                       std::string_view poll_delay) {
  return {{
      base_setting(base),
      documents_setting(documents),
      {.name = "edition",
       .kind = SettingKind::choice,
       .documentation = "Language of the documents: English, Traditional or Simplified Chinese.",
       .fallback = "en",
       .choices = editions},
      poll_delay_setting(poll_delay),
      private_addresses_setting,
  }};
}

// The address that `base` gives, without a slash at its end.
inline std::string base_of(const Settings& settings) {
  std::string base = settings.text("base");
  while (base.ends_with('/')) base.pop_back();
  return base;
}

// For FeedInfo::check: names a document that the feed does not have; empty: all are known.
inline std::string unknown_document(const Settings& settings,
                                    std::span<const std::string_view> known) {
  for (const std::string& document : settings.texts("documents")) {
    if (std::ranges::find(known, document) == known.end()) {
      return in_quotes(document) + " is no document of this feed, expected " + listed(known);
    }
  }
  return {};
}

}  // namespace twinsky
