// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/formats/sparkplug_payload.hpp"

#include "gateway/sinks/formats/protobuf.hpp"

namespace twinsky {
namespace {

// Of the message Payload,
constexpr unsigned payload_timestamp = 1;
constexpr unsigned payload_metrics = 2;
constexpr unsigned payload_seq = 3;
// Metric,
constexpr unsigned metric_name = 1;
constexpr unsigned metric_alias = 2;
constexpr unsigned metric_timestamp = 3;
constexpr unsigned metric_datatype = 4;
constexpr unsigned metric_is_historical = 5;
constexpr unsigned metric_is_null = 7;
constexpr unsigned metric_properties = 9;
constexpr unsigned metric_long_value = 11;
constexpr unsigned metric_double_value = 13;
constexpr unsigned metric_boolean_value = 14;
constexpr unsigned metric_string_value = 15;
// PropertySet
constexpr unsigned set_keys = 1;
constexpr unsigned set_values = 2;
// and PropertyValue.
constexpr unsigned property_type = 1;
constexpr unsigned property_int_value = 3;
constexpr unsigned property_string_value = 8;

std::uint64_t number_of(UtcTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

std::string property_set(const std::vector<SparkplugMetric::Property>& properties) {
  std::string set;
  ProtobufWriter writer(set);
  for (const auto& [key, value] : properties) writer.put(set_keys, key);
  for (const auto& [key, value] : properties) {
    std::string one;
    ProtobufWriter property(one);
    if (const auto* const number = std::get_if<std::int32_t>(&value)) {
      // An Int32 travels as the same bits without a sign.
      property.put(property_type, static_cast<std::uint64_t>(SparkplugType::int32))
          .put(property_int_value, std::uint64_t{static_cast<std::uint32_t>(*number)});
    } else {
      property.put(property_type, static_cast<std::uint64_t>(SparkplugType::text))
          .put(property_string_value, std::get<std::string_view>(value));
    }
    writer.put(set_values, std::string_view(one));
  }
  return set;
}

void put_value(ProtobufWriter& writer, const SparkplugMetric::Value& value) {
  if (const auto* const whole = std::get_if<std::int64_t>(&value)) {
    writer.put(metric_long_value, static_cast<std::uint64_t>(*whole));
  } else if (const auto* const real = std::get_if<double>(&value)) {
    writer.put(metric_double_value, *real);
  } else if (const auto* const truth = std::get_if<bool>(&value)) {
    writer.put(metric_boolean_value, std::uint64_t{*truth ? 1U : 0U});
  } else if (const auto* const text = std::get_if<std::string_view>(&value)) {
    writer.put(metric_string_value, *text);
  } else {
    writer.put(metric_is_null, std::uint64_t{1});
  }
}

}  // namespace

void append_metric(std::string& payload, const SparkplugMetric& metric) {
  std::string text;
  ProtobufWriter writer(text);
  if (!metric.name.empty()) writer.put(metric_name, metric.name);
  if (metric.alias) writer.put(metric_alias, *metric.alias);
  if (metric.time) writer.put(metric_timestamp, number_of(*metric.time));
  writer.put(metric_datatype, static_cast<std::uint64_t>(metric.type));
  if (metric.is_historical) writer.put(metric_is_historical, std::uint64_t{1});
  if (!metric.properties.empty()) {
    writer.put(metric_properties, std::string_view(property_set(metric.properties)));
  }
  put_value(writer, metric.value);
  ProtobufWriter(payload).put(payload_metrics, std::string_view(text));
}

void append_sending(std::string& payload, UtcTime now, std::optional<std::uint8_t> number) {
  ProtobufWriter writer(payload);
  writer.put(payload_timestamp, number_of(now));
  if (number) writer.put(payload_seq, std::uint64_t{*number});
}

bool is_command(std::string_view payload, std::string_view name) {
  ProtobufReader fields(payload);
  while (const auto field = fields.next()) {
    if (field->number != payload_metrics || field->type != WireType::bytes) continue;
    bool is_named = false;
    bool is_true = false;
    ProtobufReader metric(field->bytes);
    while (const auto part = metric.next()) {
      if (part->type == WireType::bytes && part->number == metric_name) {
        is_named = part->bytes == name;
      }
      if (part->type == WireType::varint && part->number == metric_boolean_value) {
        is_true = part->value != 0;
      }
    }
    if (is_named && is_true) return true;
  }
  return false;
}

}  // namespace twinsky
