// SPDX-License-Identifier: Apache-2.0
// A payload of Sparkplug B as bytes: metrics, when it was sent, its number. Field numbers and types
// are those of the specification (Eclipse Sparkplug 3.0.0, 6.4.1 "Google Protocol Buffer Schema"
// and 6.4.16 "Data Types"). Pure.
//
// The order of fields is free in Protocol Buffers, so that metrics are written first, one after the
// other, and what is known only when the payload is sent stands behind them.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace twinsky {

enum class SparkplugType : std::uint8_t {
  int32 = 3,
  int64 = 4,
  real = 10,  // Double
  boolean = 11,
  text = 12,
};

struct SparkplugMetric {
  // monostate: null. Texts live as long as this.
  using Value = std::variant<std::monostate, std::int64_t, double, bool, std::string_view>;
  using Property = std::pair<std::string_view, std::variant<std::int32_t, std::string_view>>;

  std::string_view name = {};  // empty: the alias tells
  std::optional<std::uint64_t> alias = {};
  std::optional<UtcTime> time = {};
  // Data have the one of their birth, so that it need not be said again, and should not be
  // (tck-id-payloads-metric-datatype-not-req). It costs two bytes, and there are readers that take
  // no value without it, such as npm's sparkplug-payload 1.0.3.
  SparkplugType type{};
  bool is_historical = false;
  Value value = {};
  std::vector<Property> properties = {};
};

// The quality of a metric has three values (6.4.9, "Quality Codes"), its property this name.
inline constexpr std::string_view sparkplug_quality = "Quality";
inline constexpr std::int32_t bad_quality = 0;
inline constexpr std::int32_t good_quality = 192;

void append_metric(std::string& payload, const SparkplugMetric& metric);
// What closes it: when it is sent, and its number, which a death of the node has not.
void append_sending(std::string& payload, UtcTime now, std::optional<std::uint8_t> number);

// Does a command from anybody ask for all births again: the metric `name` of it is true?
bool is_command(std::string_view payload, std::string_view name);

}  // namespace twinsky
