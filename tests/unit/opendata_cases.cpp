// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"

#include <nlohmann/json.hpp>

namespace twinsky::opendata {

std::unique_ptr<Feed> feed_of(std::string_view name, std::string_view settings) {
  const FeedInfo* info = feed_named(name);
  Settings chosen = Settings::defaults(info->settings);
  const auto object = nlohmann::json::parse(settings);
  for (const auto& [key, value] : object.items()) {
    const auto declared = std::ranges::find(info->settings, key, &Setting::name);
    EXPECT_NE(declared, info->settings.end()) << key;
    std::string problem;
    auto read = read_setting(*declared, value.is_string() ? value.get<std::string>() : value.dump(),
                             problem);
    EXPECT_TRUE(read) << key << ": " << problem;
    chosen.set(key, *std::move(read));
  }
  EXPECT_EQ(info->check == nullptr ? "" : info->check(chosen), "");
  return info->make(chosen);
}

std::vector<std::string> readings_of(const FeedContent& content) {
  std::vector<std::string> lines;
  for (const Sample& sample : content.samples) {
    for (const Reading& reading : sample.readings) {
      lines.push_back(sample.official->station + " " + std::string(name_of(reading.quantity)) +
                      " " + (reading.value ? nlohmann::json(*reading.value).dump() : "null") + " " +
                      reading.text);
    }
  }
  return lines;
}

void expect_as_listed(const Feed& feed, const std::filesystem::path& path) {
  SCOPED_TRACE(path.filename());
  const bool is_summary = path.filename().string().starts_with("warnsum");
  const auto content = decode(feed, read_file(path), is_summary ? "warnsum" : "");
  ASSERT_TRUE(content) << name_of(content.error().fault) << ": " << content.error().detail;
  std::vector<nlohmann::json> expected;
  std::ifstream lines(path.string() + ".expected");
  ASSERT_TRUE(lines);
  for (std::string line; std::getline(lines, line);)
    expected.push_back(nlohmann::json::parse(line));

  std::size_t seen = 0;
  for (const Sample& sample : content->samples) {
    const Official& official = *sample.official;
    EXPECT_EQ(official.fetched, received);
    EXPECT_EQ(sample.time, official.end);
    for (const Reading& reading : sample.readings) {
      ++seen;
      const auto match = std::ranges::find_if(expected, [&](const nlohmann::json& line) {
        return line["station"] == official.station &&
               line["quantity"] == name_of(reading.quantity) &&
               line["start"] == iso8601(official.start) && line["end"] == iso8601(official.end);
      });
      const std::string what = official.station + " " + std::string(name_of(reading.quantity)) +
                               " " + iso8601(official.start) + " " + iso8601(official.end);
      ASSERT_NE(match, expected.end()) << what << " is not expected";
      EXPECT_EQ(reading.text, (*match)["text"].get<std::string>()) << what;
      ASSERT_EQ(reading.value.has_value(), !(*match)["value"].is_null()) << what;
      if (reading.value) {
        EXPECT_NEAR(*reading.value, (*match)["value"].get<double>(), 1e-9) << what;
      } else {
        EXPECT_EQ(reading.flag, Flag::missing) << what;
      }
    }
  }
  EXPECT_EQ(seen, expected.size());
}

}  // namespace twinsky::opendata
