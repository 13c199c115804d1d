// SPDX-License-Identifier: Apache-2.0
// Sparkplug B for hosts of automation (Eclipse Sparkplug 3.0.0): the gateway is an edge node, its
// sensors and official stations are devices. README.md beside this folder says what a host gets.
//
// The standard wants QoS 0 for births and data (tck-id-topics-nbirth-mqtt,
// tck-id-topics-ddata-mqtt), of which a broker acknowledges nothing. Data are followed up
// therefore: they have arrived when the broker has answered a question behind them. That is within
// the standard and as much as QoS 1 would tell, but that a broker which drops them for want of
// rights says nothing.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/sinks/formats/sparkplug_life.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace twinsky {
namespace {

constexpr std::string_view of_records = "/obs";
// Between stream and epoch; neither has one.
constexpr char between = '\n';

class Sparkplug final : public Format {
 public:
  Sparkplug(std::string group, std::string gateway)
      : topics_(std::move(group), std::move(gateway)),
        life_(std::make_unique<SparkplugLife>(topics_)) {}

  // Documents are told by births.
  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!subject.ends_with(of_records)) return {};
    subject.remove_suffix(of_records.size());
    return topics_.of_device("DDATA", subject);
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override { return {}; }
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return std::string(stream).append(1, between).append(epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    const auto end = head.find(between);
    life_->append(payload, head.substr(0, end), head.substr(end + 1), row);
  }
  void close(std::string&) const override {}

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }
  [[nodiscard]] LifeFormat* life() const override { return life_.get(); }

 private:
  const SparkplugTopics topics_;
  const std::unique_ptr<SparkplugLife> life_;
};

// clang-format off
constexpr auto added_by_sparkplug = std::to_array<Setting>({
  {.name = "group", .kind = SettingKind::text, .documentation = "The group of Sparkplug B to which the gateway belongs as an edge node: spBv1.0/<group>/….", .fallback = "twinsky"},
});
// clang-format on

std::vector<SinkProblem> check_sparkplug(SinkSettings& sink, const std::set<std::string_view>&) {
  std::vector<SinkProblem> problems;
  if (!sink.transport->is_heard) {
    problems.push_back({"format", "\"sparkplug\" goes over MQTT alone, expected \"mqtt\" and no " +
                                      in_quotes(sink.transport->name)});
  }
  if (!sink.settings.has("group")) return problems;  // said already
  constexpr std::size_t longest = 64;
  const std::string& group = sink.settings.text("group");
  const bool is_plain = std::ranges::none_of(group, [](char c) {
    return c == '/' || c == '+' || c == '#' || static_cast<unsigned char>(c) < ' ';
  });
  if (is_plain && !group.empty() && group.size() <= longest) return problems;
  problems.push_back({"group", in_quotes(group) +
                                   " is no group of 1 to 64 bytes without \"/\", \"+\" and \"#\", "
                                   "expected one such as \"mong-kok\""});
  return problems;
}

}  // namespace

extern const FormatInfo sparkplug_format = {
    .name = "sparkplug",
    .settings = added_by_sparkplug,
    .check = check_sparkplug,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Sparkplug>(sink.settings.text("group"), std::move(gateway));
    },
};

}  // namespace twinsky
