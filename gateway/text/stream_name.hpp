// SPDX-License-Identifier: Apache-2.0
// The parts of a stream's name ("sensor/roof-pm", "ref/hk-epd/mong-kok",
// "index/hk-aqhi-2025/own"), each with what it is, for formats that keep them apart.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace twinsky {

struct StreamName {
  struct Part {
    std::string_view key;  // as in a record; empty: there is none
    std::string_view value;
  };
  std::array<Part, 2> parts;
};

// Of a stream of measured values; nullopt: it is of hours, gaps or events.
constexpr std::optional<StreamName> name_of_stream(std::string_view stream) noexcept {
  struct Kind {
    std::string_view name;
    std::string_view first;
    std::string_view second;
  };
  constexpr auto kinds = std::to_array<Kind>(
      {{"sensor/", "sensor", ""}, {"ref/", "feed", "station"}, {"index/", "edition", "subject"}});
  for (const Kind& kind : kinds) {
    if (!stream.starts_with(kind.name)) continue;
    stream.remove_prefix(kind.name.size());
    const std::size_t slash = stream.find('/');
    const bool has_second = slash != std::string_view::npos;
    if (stream.empty() || has_second == kind.second.empty()) return std::nullopt;
    return StreamName{{{{kind.first, stream.substr(0, slash)},
                        {kind.second, has_second ? stream.substr(slash + 1) : ""}}}};
  }
  return std::nullopt;
}

// The stream whose records the subject carries; nullopt where these are not measured values.
constexpr std::optional<std::string_view> measured_stream(std::string_view subject) noexcept {
  constexpr std::string_view of_records = "/obs";
  if (!subject.ends_with(of_records)) return std::nullopt;
  subject.remove_suffix(of_records.size());
  if (!name_of_stream(subject)) return std::nullopt;
  return subject;
}

}  // namespace twinsky
