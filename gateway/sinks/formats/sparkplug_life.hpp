// SPDX-License-Identifier: Apache-2.0
// An edge node of Sparkplug B, its devices, and what the far end was told of them on this
// connection (Eclipse Sparkplug 3.0.0, chapter 5): which births and deaths are due, which alias a
// metric has, which number the next message. The sink's thread alone uses it.
//
// A device is a sensor, a channel of it, or an official station. It is born with the first of these
// on a connection: its `meta`, or a record of it. It dies when it is not configured any more, and
// while it is offline. What of it is sent all the same, such as records of before, is told between
// a birth and a death.
#pragma once

#include "gateway/sinks/format.hpp"
#include "gateway/sinks/formats/sparkplug_payload.hpp"
#include "gateway/text/body_view.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Where messages of a kind ("NBIRTH", "DDATA") go.
class SparkplugTopics {
 public:
  SparkplugTopics(std::string group, std::string node)
      : group_(std::move(group)), node_(std::move(node)) {}
  [[nodiscard]] std::string of_node(std::string_view kind) const;
  // Empty: no device is told of the stream.
  [[nodiscard]] std::string of_device(std::string_view kind, std::string_view stream) const;

 private:
  const std::string group_;
  const std::string node_;
};

class SparkplugLife final : public LifeFormat {
 public:
  explicit SparkplugLife(const SparkplugTopics& topics) : topics_(topics) {}

  Message begin(std::uint64_t earlier_connections) override;
  [[nodiscard]] std::string destination_of_calls() const override;
  [[nodiscard]] bool asks_for_all(std::string_view call) const override;
  void know(std::string_view subject, std::string_view document) override;
  void tell_all(RowId newest) override;
  std::vector<News> take_news(std::string_view subject, UtcTime now) override;
  void number(Message& records, UtcTime now) override;
  [[nodiscard]] Message farewell(UtcTime now) const override;

  // One more record of a stream as metrics behind those that the payload has.
  void append(std::string& payload, std::string_view stream, std::string_view epoch,
              const StoredRow& row);

 private:
  using Aliases = std::map<std::string, std::uint64_t, std::less<>>;
  struct Device {
    Aliases aliases;                            // of all that was ever told, and stays
    std::set<std::string, std::less<>> values;  // that a birth tells
    std::string meta;                           // documents; empty: not known
    std::string state;
    bool is_gone = false;     // not configured any more
    bool is_offline = false;  // as its `status` says
    bool is_born = false;
    bool is_due = false;  // its birth
    // The newest time that was told as the present, and in which row.
    std::optional<UtcTime> told = {};
    RowId told_row = 0;

    [[nodiscard]] bool is_here() const { return !is_gone && !is_offline; }
  };

  Device& device_of(std::string_view stream);
  std::uint64_t alias_of(Aliases& aliases, std::string_view name);
  bool is_historical(Device& device, const StoredRow& row) const;
  static void append_value(std::string& payload, const BodyView::Value& value,
                           const SparkplugMetric& as);
  void append_properties(std::string& payload, Aliases& aliases, std::string_view document,
                         UtcTime now);
  News node_birth(UtcTime now);
  void tell_changes(std::vector<News>& news, UtcTime now);
  News birth(std::string_view stream, Device& device, UtcTime now);
  News death(std::string_view stream, Device& device, UtcTime now);
  // `now`: of a message; without it a will, which is sent whenever it is.
  [[nodiscard]] Message node_death(std::optional<UtcTime> now) const;
  Message message(std::string destination, std::string payload, UtcTime now);

  const SparkplugTopics& topics_;
  std::map<std::string, Device, std::less<>> devices_;  // by stream
  Aliases aliases_;                                     // of the node's own
  std::uint64_t last_alias_ = 0;
  std::string info_;       // a document, as it is now
  std::string told_info_;  // and as it was told
  std::uint64_t connection_ = 0;
  std::uint8_t number_ = 0;  // of the next message; 255 is followed by 0
  bool is_due_ = false;      // the birth of the node
  bool is_born_ = false;
  RowId told_until_ = 0;
  BodyView record_;  // its memory
};

}  // namespace twinsky
