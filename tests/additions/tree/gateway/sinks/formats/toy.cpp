// SPDX-License-Identifier: Apache-2.0
// A way to write, for the test that a format is one file: of each record of temperature a line with
// its number, its time and its value, and of all else nothing.
#include "gateway/config/sink_settings.hpp"
#include "gateway/model/json.hpp"
#include "gateway/sinks/format.hpp"

#include <array>
#include <utility>

namespace twinsky {
namespace {

class Toy final : public Format {
 public:
  Toy(std::string gateway, std::string separator)
      : gateway_(std::move(gateway)), separator_(std::move(separator)) {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    return subject.ends_with("/obs") ? "toy/" + gateway_ + "/" + std::string(subject) : "";
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "text/csv";
  }
  [[nodiscard]] std::string head(std::string_view, std::string_view) const override { return {}; }
  void append(std::string& payload, std::string_view, const StoredRow& row) const override {
    const Json body = Json::parse_or_null(row.body);
    const Json* const value = body.find("temperature");
    if (!payload.empty()) payload += '\n';
    payload.append(std::to_string(row.seq)).append(separator_).append(iso8601(row.time));
    payload.append(separator_).append(value == nullptr ? "" : value->dump());
  }
  void close(std::string&) const override {}

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  const std::string gateway_;
  const std::string separator_;
};

constexpr auto settings = std::to_array<Setting>({
    {.name = "separator", .documentation = "What stands between two values.", .fallback = ","},
});

}  // namespace

extern const FormatInfo toy_format = {
    .name = "toy",
    .settings = settings,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Toy>(std::move(gateway), sink.settings.text("separator"));
    },
};

}  // namespace twinsky
