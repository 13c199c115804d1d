// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/formats/sparkplug_life.hpp"

#include "gateway/model/json.hpp"
#include "gateway/model/quantity.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {
namespace {

using Property = SparkplugMetric::Property;

constexpr std::string_view of_sensor = "sensor/";
constexpr std::string_view of_feed = "ref/";
constexpr std::string_view rebirth = "Node Control/Rebirth";
constexpr std::string_view bd_seq = "bdSeq";
constexpr std::string_view record_number = "Record/seq";
constexpr std::string_view of_corrected = "_corrected";
constexpr int suspect = 3;

// "sensor/roof-pm" and "meta" of "sensor/roof-pm/meta".
std::pair<std::string_view, std::string_view> parts_of(std::string_view subject) {
  const auto slash = subject.rfind('/');
  if (slash == std::string_view::npos) return {{}, subject};
  return {subject.substr(0, slash), subject.substr(slash + 1)};
}

// What is suspect is not good, and there is no quality between; what no check looked at may be.
std::int32_t quality_of(int flag) {
  return flag < suspect ? good_quality : bad_quality;
}

std::string_view unit_of(std::string_view name) {
  if (name.ends_with(of_corrected)) name.remove_suffix(of_corrected.size());
  const auto quantity = quantity_named(name);
  return quantity ? info_of(*quantity).display_unit : std::string_view();
}

// Of a text in JSON, as it is written there.
std::string unescaped(std::string_view written) {
  if (written.find('\\') == std::string_view::npos) return std::string(written);
  const Json read = Json::parse_or_null('"' + std::string(written) + '"');
  return read.is_string() ? read.get<std::string>() : std::string();
}

// A member of a document that is a single value, and how it is called.
struct Told {
  std::string name;
  std::variant<std::string, std::int64_t, double, bool> value;
};

void take_values(std::vector<Told>& told, const Json& of, const std::string& prefix) {
  for (const auto& [key, value] : of.items()) {
    if (value.is_string()) {
      told.push_back({prefix + key, value.get<std::string>()});
    } else if (value.is_boolean()) {
      told.push_back({prefix + key, value.get<bool>()});
    } else if (value.is_number_integer()) {
      told.push_back({prefix + key, value.get<std::int64_t>()});
    } else if (value.is_number()) {
      told.push_back({prefix + key, value.get<double>()});
    }
  }
}

std::vector<Told> properties_of(std::string_view document) {
  std::vector<Told> told;
  const Json json = Json::parse_or_null(document);
  if (!json.is_object()) return told;
  take_values(told, json, "Properties/");
  if (const Json* const position = json.find("position")) {
    take_values(told, *position, "Properties/position/");
  }
  return told;
}

// As it stands in a birth; its text lives as long as what is told.
SparkplugMetric metric_of(const Told& told) {
  constexpr SparkplugType types[] = {SparkplugType::text, SparkplugType::int64, SparkplugType::real,
                                     SparkplugType::boolean};  // in the order of its values
  return {.name = told.name,
          .type = types[told.value.index()],
          .value = std::visit([](const auto& value) { return SparkplugMetric::Value(value); },
                              told.value)};
}

}  // namespace

std::string SparkplugTopics::of_node(std::string_view kind) const {
  return std::string("spBv1.0/").append(group_).append("/").append(kind).append("/").append(node_);
}

// An id has no colon, so that a station is never called as a sensor.
std::string SparkplugTopics::of_device(std::string_view kind, std::string_view stream) const {
  std::string device;
  if (stream.starts_with(of_sensor)) {
    device = stream.substr(of_sensor.size());
  } else if (stream.starts_with(of_feed)) {
    device = stream.substr(of_feed.size());
    const auto slash = device.find('/');
    if (slash == std::string::npos) return {};
    device[slash] = ':';
  }
  const bool is_one = !device.empty() && device.find('/') == std::string::npos;
  return is_one ? of_node(kind).append("/").append(device) : std::string();
}

// ---- what is known ------------------------------------------------------------------------------

Message SparkplugLife::begin(std::uint64_t earlier_connections) {
  connection_ = earlier_connections;
  is_due_ = is_born_ = false;
  for (auto& [stream, device] : devices_) device.is_born = device.is_due = false;
  return node_death(std::nullopt);
}

std::string SparkplugLife::destination_of_calls() const {
  return topics_.of_node("NCMD");
}

bool SparkplugLife::asks_for_all(std::string_view call) const {
  return is_command(call, rebirth);
}

void SparkplugLife::know(std::string_view subject, std::string_view document) {
  if (subject == "info") {
    info_ = document;
    return;
  }
  const auto [stream, what] = parts_of(subject);
  if (topics_.of_device("", stream).empty()) return;
  Device& device = device_of(stream);
  if (what == "state") {
    device.state = document;
  } else if (what == "status") {
    const bool was_offline = std::exchange(device.is_offline, document == "offline");
    if (was_offline && !device.is_offline) device.is_due = !device.meta.empty();
  } else if (what == "meta") {
    device.is_gone = document.empty();
    if (device.meta == document) return;
    device.meta = document;
    device.is_due = !device.is_gone;
  }
}

void SparkplugLife::tell_all(RowId newest) {
  is_due_ = true;
  told_until_ = newest;
}

// ---- records ------------------------------------------------------------------------------------

SparkplugLife::Device& SparkplugLife::device_of(std::string_view stream) {
  const auto found = devices_.find(stream);
  return found != devices_.end() ? found->second : devices_[std::string(stream)];
}

std::uint64_t SparkplugLife::alias_of(Aliases& aliases, std::string_view name) {
  const auto found = aliases.find(name);
  if (found != aliases.end()) return found->second;
  return aliases.emplace(std::string(name), ++last_alias_).first->second;
}

// What is not newer than what was told as the present is the past; and so is what was there already
// when the births were told, where they knew of no value.
bool SparkplugLife::is_historical(Device& device, const StoredRow& row) const {
  if (record_.clock_unset) return true;
  if (row.row == device.told_row) return false;  // in another payload now
  if (device.told ? row.time <= *device.told : row.row <= told_until_) return true;
  device.told = row.time;
  device.told_row = row.row;
  return false;
}

void SparkplugLife::append(std::string& payload, std::string_view stream, std::string_view epoch,
                           const StoredRow& row) {
  Device& device = device_of(stream);
  (void)view_body(row.body, record_);  // the store has taken it
  const bool is_past = is_historical(device, row);
  if (!is_past && std::exchange(device.is_offline, false)) device.is_due = !device.meta.empty();
  SparkplugMetric metric{.time = row.time, .type = SparkplugType::real, .is_historical = is_past};
  for (const BodyView::Value& value : record_.values) {
    if (device.values.insert(std::string(value.name)).second && device.is_born) {
      device.is_due = true;  // it must not be sent before a birth has told of it
    }
    metric.alias = alias_of(device.aliases, value.name);
    append_value(payload, value, metric);
  }
  metric.alias = alias_of(device.aliases, record_number);
  metric.type = SparkplugType::int64;
  metric.value = static_cast<std::int64_t>(row.seq);
  metric.properties = {{"epoch", epoch}};
  append_metric(payload, metric);
}

// `as`: all that is not of the value.
void SparkplugLife::append_value(std::string& payload, const BodyView::Value& value,
                                 const SparkplugMetric& as) {
  SparkplugMetric metric = as;
  const std::int32_t quality = quality_of(value.flag);
  const std::string text = unescaped(value.text);
  if (const auto number = value.value()) metric.value = *number;
  // "This property is optional and is only required if the quality of the metric is not GOOD."
  const bool is_birth = !metric.name.empty();
  if (is_birth || quality != good_quality) {
    metric.properties.emplace_back(sparkplug_quality, quality);
  }
  if (value.flag != 1) metric.properties.emplace_back("flag", value.flag);
  if (!value.reason.empty()) metric.properties.emplace_back("reason", value.reason);
  if (!value.fault.empty()) metric.properties.emplace_back("fault", value.fault);
  if (!text.empty()) metric.properties.emplace_back("text", std::string_view(text));
  if (const auto unit = unit_of(metric.name); !unit.empty()) {
    metric.properties.emplace_back("engUnit", unit);
  }
  append_metric(payload, metric);
}

void SparkplugLife::number(Message& records, UtcTime now) {
  append_sending(records.payload, now, number_++);
  records.is_acknowledged = false;
  records.is_followed_up = true;
}

// ---- births and deaths --------------------------------------------------------------------------

std::vector<LifeFormat::News> SparkplugLife::take_news(std::string_view subject, UtcTime now) {
  std::vector<News> news;
  if (std::exchange(is_due_, false)) {
    news.push_back(node_birth(now));
    is_born_ = true;
    for (auto& [stream, device] : devices_) {
      device.is_born = false;
      device.is_due = !device.meta.empty();
      device.told.reset();
      device.told_row = 0;
    }
  }
  if (!is_born_) return news;
  if (info_ != told_info_) tell_changes(news, now);
  const auto next = parts_of(subject).first;
  for (auto& [stream, device] : devices_) {
    const bool is_next = !subject.empty() && stream == next;
    if ((is_next && !device.is_born) || (device.is_due && (device.is_here() || is_next))) {
      news.push_back(birth(stream, device, now));
    } else if (device.is_born && !device.is_here() && !is_next) {
      news.push_back(death(stream, device, now));
    }
  }
  return news;
}

LifeFormat::News SparkplugLife::node_birth(UtcTime now) {
  number_ = 0;
  std::string payload;
  append_metric(payload, {.name = bd_seq,
                          .time = now,
                          .type = SparkplugType::int64,
                          .value = static_cast<std::int64_t>(connection_ % 256)});
  append_metric(payload,
                {.name = rebirth, .time = now, .type = SparkplugType::boolean, .value = false});
  append_properties(payload, aliases_, info_, now);
  told_info_ = info_;
  return {"status", message(topics_.of_node("NBIRTH"), std::move(payload), now)};
}

// What the node says of itself has changed: the values alone, where they have the same names.
void SparkplugLife::tell_changes(std::vector<News>& news, UtcTime now) {
  const std::vector<Told> before = properties_of(std::exchange(told_info_, info_));
  const std::vector<Told> after = properties_of(info_);
  if (!std::ranges::equal(before, after, {}, &Told::name, &Told::name)) {
    is_due_ = true;
    std::ranges::move(take_news({}, now), std::back_inserter(news));
    return;
  }
  std::string payload;
  for (std::size_t at = 0; at < after.size(); ++at) {
    if (after[at].value == before[at].value) continue;
    SparkplugMetric metric = metric_of(after[at]);
    metric.name = {};
    metric.alias = alias_of(aliases_, after[at].name);
    metric.time = now;
    append_metric(payload, metric);
  }
  if (payload.empty()) return;
  news.push_back({"info", message(topics_.of_node("NDATA"), std::move(payload), now)});
}

LifeFormat::News SparkplugLife::birth(std::string_view stream, Device& device, UtcTime now) {
  const Json meta = Json::parse_or_null(device.meta);
  if (const Json* const quantities = meta.find("quantities")) {
    for (const auto& [name, about] : quantities->items()) device.values.insert(name);
  }
  if (const Json* const corrections = meta.find("corrections")) {
    for (const auto& [name, by] : corrections->items()) {
      device.values.insert(name + std::string(of_corrected));
    }
  }
  (void)view_body(device.state, record_);  // perhaps there is none yet: then it has no values
  if (record_.time && !record_.clock_unset) {
    device.told = std::max(device.told.value_or(*record_.time), *record_.time);
  }
  std::string payload;
  for (const std::string& name : device.values) {
    const auto known = std::ranges::find(record_.values, name, &BodyView::Value::name);
    constexpr int missing = 9;
    const BodyView::Value value =
        known != record_.values.end() ? *known : BodyView::Value{.name = name, .flag = missing};
    const UtcTime time = value.time ? *value.time : record_.time.value_or(now);
    append_value(payload, value,
                 {.name = name,
                  .alias = alias_of(device.aliases, name),
                  .time = time,
                  .type = SparkplugType::real});
  }
  append_metric(payload, {.name = record_number,
                          .alias = alias_of(device.aliases, record_number),
                          .time = now,
                          .type = SparkplugType::int64});
  append_properties(payload, device.aliases, device.meta, now);
  device.is_born = true;
  device.is_due = false;
  const std::string_view made_public = device.meta.empty() ? "/obs" : "/meta";
  return {std::string(stream).append(made_public),
          message(topics_.of_device("DBIRTH", stream), std::move(payload), now)};
}

LifeFormat::News SparkplugLife::death(std::string_view stream, Device& device, UtcTime now) {
  device.is_born = device.is_due = false;
  return {std::string(stream) + "/meta", message(topics_.of_device("DDEATH", stream), {}, now)};
}

// What a document says in single values, each as a metric of its own.
void SparkplugLife::append_properties(std::string& payload, Aliases& aliases,
                                      std::string_view document, UtcTime now) {
  for (const Told& told : properties_of(document)) {
    SparkplugMetric metric = metric_of(told);
    metric.alias = alias_of(aliases, told.name);
    metric.time = now;
    append_metric(payload, metric);
  }
}

Message SparkplugLife::message(std::string destination, std::string payload, UtcTime now) {
  append_sending(payload, now, number_++);
  return {.destination = std::move(destination),
          .payload = std::move(payload),
          .is_acknowledged = false};
}

Message SparkplugLife::farewell(UtcTime now) const {
  return node_death(now);
}

Message SparkplugLife::node_death(std::optional<UtcTime> now) const {
  std::string payload;
  append_metric(payload, {.name = bd_seq,
                          .type = SparkplugType::int64,
                          .value = static_cast<std::int64_t>(connection_ % 256)});
  if (now) append_sending(payload, *now, std::nullopt);
  return {.destination = topics_.of_node("NDEATH"), .payload = std::move(payload)};
}

}  // namespace twinsky
