// SPDX-License-Identifier: Apache-2.0
// ThingsBoard's gateway API (thingsboard.io/docs/reference/gateway-mqtt-api): telemetry of many
// devices over the one connection of a gateway, each value with its own time.
//
//   v1/gateway/telemetry
//   {"mk-roof/sensor/roof-pm":[{"ts":1795314600123,"values":{"pm2_5":9.4,"flag":1,
//       "seq":184467,"epoch":"7f3a91c2"}}]}
//
// A stream is a device, which ThingsBoard makes when it first hears of it. It keeps one value for
// device, key and time, so a record that comes twice changes nothing; one that replaces another has
// its time, which is why each flag is always there.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/stream_name.hpp"

#include <utility>

namespace twinsky {
namespace {

class ThingsBoard final : public Format {
 public:
  explicit ThingsBoard(std::string gateway) : gateway_(std::move(gateway)) {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    return measured_stream(subject) ? "v1/gateway/telemetry" : "";
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return "application/json";
  }
  // The device and the epoch.
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return std::string(gateway_).append("/").append(stream).append("\n").append(epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    if (!view_body(row.body, view_)) return;  // which the store would not have taken
    const std::size_t end = head.find('\n');
    JsonWriter json(payload);
    if (payload.empty()) {
      json.open();
      json.key(head.substr(0, end)).open_list();
    }
    json.open().put("ts", row.time.time_since_epoch().count()).open("values");
    std::string key;
    for (const BodyView::Value& value : view_.values) {
      if (!value.number.empty()) json.put_raw(value.name, value.number);
      key = std::string(value.name) + "_flag";
      json.put(key, value.flag);
    }
    if (view_.clock_unset) json.put("clock", "unset");
    if (!view_.amends.empty()) json.put_raw("amends", view_.amends);
    if (!view_.revision.empty()) json.put_raw("revision", view_.revision);
    json.put("flag", view_.flag).put("seq", row.seq).put("epoch", head.substr(end + 1));
    json.close().close();
  }
  void close(std::string& payload) const override { payload += "]}"; }

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  const std::string gateway_;
  mutable BodyView view_;  // of the record at hand: its memory is used again
};

std::vector<SinkProblem> check_thingsboard(SinkSettings& sink, const std::set<std::string_view>&) {
  if (sink.transport->has_topics) return {};
  return {{"format", "\"thingsboard\" is of topics, expected \"mqtt\" and no " +
                         in_quotes(sink.transport->name)}};
}

}  // namespace

extern const FormatInfo thingsboard_format = {
    .name = "thingsboard",
    .check = check_thingsboard,
    .make = [](const SinkSettings&, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<ThingsBoard>(std::move(gateway));
    },
};

}  // namespace twinsky
