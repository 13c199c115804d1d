// SPDX-License-Identifier: Apache-2.0
// SenML (RFC 8428): a pack of records, in JSON or CBOR.
//
//   [{"bn":"mk-roof/sensor/roof-pm/","bt":1795314600.123,"n":"pm2_5","u":"kg/m3","v":9.4e-9},
//    {"n":"flag","v":1},{"n":"seq","v":184467},{"n":"epoch","vs":"7f3a91c2"},
//    {"bt":1795314610.000,"n":"pm2_5", …
//
// A base time holds until the next one. Units are those of the registry's first table alone (RFC
// 8428, 12.1, and RFC 8798, 2), which every reader knows; ours are powers of ten of them, so that
// the digits stay and an exponent stands behind them. What has no unit there (counts in a volume,
// mm/h, indices) has none here: its name implies it. "deg" is there, though not recommended.
//
// CBOR has the labels of RFC 8428, 6, and numbers as decimal fractions (tag 4), which its grammar
// has and which are exact. The array has no length in front, so that records can be added.
#include "gateway/config/sink_settings.hpp"
#include "gateway/sinks/format.hpp"
#include "gateway/text/body_view.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/stream_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace twinsky {
namespace {

// Our unit (UCUM) in one of the registry.
struct SenmlUnit {
  std::string_view ucum;
  std::string_view name;
  int exponent;  // the power of ten between them
};
constexpr auto units = std::to_array<SenmlUnit>({
    {"ug/m3", "kg/m3", -9},
    {"[ppb]", "/", -9},
    {"[ppm]", "/", -6},
    {"Ohm", "Ohm", 0},
    {"Cel", "Cel", 0},
    {"%", "%RH", 0},  // all that we have in percent are humidities
    {"hPa", "Pa", 2},
    {"m/s", "m/s", 0},
    {"deg", "deg", 0},
    {"mm", "m", -3},
    {"lx", "lx", 0},
    {"W/m2", "W/m2", 0},
    {"dB[SPL]", "dB", 0},
    {"V", "V", 0},
});

constexpr SenmlUnit no_unit{};

const SenmlUnit& unit_of(Quantity quantity) {
  const auto* const found = std::ranges::find(units, info_of(quantity).ucum, &SenmlUnit::ucum);
  return found == units.end() ? no_unit : *found;
}

void append_digits(std::string& text, auto number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

// One record's fields; what is empty is left out.
struct Entry {
  std::string_view base_name = {};
  const UtcTime* base_time = nullptr;
  std::string_view name;
  std::string_view unit = {};
  std::string_view number = {};  // as it is written, and a power of ten
  int exponent = 0;
  std::string_view text = {};
};

// ---- JSON ---------------------------------------------------------------------------------------

void append_json(std::string& payload, const Entry& entry) {
  JsonWriter json(payload);
  json.open();
  if (!entry.base_name.empty()) json.put("bn", entry.base_name);
  std::string number;
  if (entry.base_time != nullptr) {
    constexpr std::int64_t ms_per_s = 1000;
    const std::int64_t ms = entry.base_time->time_since_epoch().count();
    append_digits(number, ms / ms_per_s);
    number += std::to_string(ms_per_s + ms % ms_per_s);
    number[number.size() - 4] = '.';  // where the 1 before the milliseconds is
    json.put_raw("bt", number);
  }
  json.put("n", entry.name);
  if (!entry.unit.empty()) json.put("u", entry.unit);
  if (entry.number.empty()) {
    json.put("vs", entry.text);
  } else {
    number = entry.number;
    if (entry.exponent != 0) append_digits(number += 'e', entry.exponent);
    json.put_raw("v", number);
  }
  json.close();
}

// ---- CBOR ---------------------------------------------------------------------------------------

enum class Major : std::uint8_t { unsigned_number, negative, bytes, text, list, map, tag };

// RFC 8949, 3: the kind and its number, as short as it can be.
void append_initial(std::string& payload, Major major, std::uint64_t number) {
  const auto kind = static_cast<unsigned>(major) << 5U;
  constexpr std::uint64_t most_inside = 23;
  if (number <= most_inside) {
    payload += static_cast<char>(kind | number);
    return;
  }
  unsigned log_bytes = 0;
  while (log_bytes < 3 && number >> (8U << log_bytes) != 0) ++log_bytes;
  payload += static_cast<char>(kind | (most_inside + 1 + log_bytes));
  for (unsigned byte = 1U << log_bytes; byte-- > 0;) {
    payload += static_cast<char>(number >> (8 * byte) & 0xffU);
  }
}

void append_integer(std::string& payload, std::int64_t number) {
  if (number < 0) {
    append_initial(payload, Major::negative, static_cast<std::uint64_t>(-(number + 1)));
  } else {
    append_initial(payload, Major::unsigned_number, static_cast<std::uint64_t>(number));
  }
}

void append_fraction(std::string& payload, std::int64_t mantissa, int exponent) {
  if (exponent == 0) {
    append_integer(payload, mantissa);
    return;
  }
  constexpr std::uint64_t decimal_fraction = 4;
  append_initial(payload, Major::tag, decimal_fraction);
  append_initial(payload, Major::list, 2);
  append_integer(payload, exponent);
  append_integer(payload, mantissa);
}

// "9.40" and -9: 940 and -11.
void append_written(std::string& payload, std::string_view number, int exponent) {
  std::string digits;
  bool is_behind_point = false;
  for (const char c : number) {
    if (c == '.') {
      is_behind_point = true;
      continue;
    }
    if (is_behind_point) --exponent;
    digits += c;
  }
  std::int64_t mantissa = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), mantissa);
  append_fraction(payload, mantissa, exponent);
}

void append_text(std::string& payload, std::string_view text) {
  append_initial(payload, Major::text, text.size());
  payload += text;
}

void append_cbor(std::string& payload, const Entry& entry) {
  enum Label : std::int64_t { bt = -3, bn = -2, n = 0, u = 1, v = 2, vs = 3 };
  const std::size_t members = 2U + (entry.base_name.empty() ? 0U : 1U) +
                              (entry.base_time == nullptr ? 0U : 1U) +
                              (entry.unit.empty() ? 0U : 1U);
  append_initial(payload, Major::map, members);
  if (!entry.base_name.empty()) {
    append_integer(payload, bn);
    append_text(payload, entry.base_name);
  }
  if (entry.base_time != nullptr) {
    append_integer(payload, bt);
    constexpr int of_ms = -3;
    append_fraction(payload, entry.base_time->time_since_epoch().count(), of_ms);
  }
  append_integer(payload, n);
  append_text(payload, entry.name);
  if (!entry.unit.empty()) {
    append_integer(payload, u);
    append_text(payload, entry.unit);
  }
  if (entry.number.empty()) {
    append_integer(payload, vs);
    append_text(payload, entry.text);
  } else {
    append_integer(payload, v);
    append_written(payload, entry.number, entry.exponent);
  }
}

// ---- the format ---------------------------------------------------------------------------------

class Senml final : public Format {
 public:
  Senml(const SinkSettings& sink, std::string gateway)
      : gateway_(std::move(gateway)),
        is_binary_(sink.settings.text("encoding") == "cbor"),
        prefix_(sink.transport->has_topics ? "senml/" + gateway_ + "/" : "#") {}

  [[nodiscard]] std::string destination(std::string_view subject) const override {
    if (!measured_stream(subject)) return {};
    return std::string(prefix_).append(subject);
  }
  [[nodiscard]] std::string_view content_type(std::string_view) const override {
    return is_binary_ ? "application/senml+cbor" : "application/senml+json";
  }
  // The base name and the epoch.
  [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
    return std::string(gateway_).append("/").append(stream).append("/\n").append(epoch);
  }
  void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
    if (!view_body(row.body, view_)) return;  // which the store would not have taken
    const std::size_t end = head.find('\n');
    Entry base{.base_name = payload.empty() ? head.substr(0, end) : std::string_view(),
               .base_time = &row.time,
               .name = {}};
    const auto add = [&](Entry entry) {
      entry.base_name = std::exchange(base.base_name, {});
      entry.base_time = std::exchange(base.base_time, nullptr);
      add_record(payload, entry);
    };
    std::string name;
    for (const BodyView::Value& value : view_.values) {
      const SenmlUnit& unit = unit_of(value.quantity);
      if (!value.number.empty()) {
        add({.name = value.name,
             .unit = unit.name,
             .number = value.number,
             .exponent = unit.exponent});
      }
      if (value.flag == 1) continue;
      name = std::string(value.name) + "_flag";
      add({.name = name, .number = digits_.of(value.flag)});
    }
    if (!view_.amends.empty()) add({.name = "amends", .number = view_.amends});
    if (!view_.revision.empty()) add({.name = "revision", .number = view_.revision});
    if (view_.clock_unset) add({.name = "clock", .text = "unset"});
    add({.name = "flag", .number = digits_.of(view_.flag)});
    add({.name = "seq", .number = digits_.of(row.seq)});
    add({.name = "epoch", .text = head.substr(end + 1)});
  }
  void close(std::string& payload) const override {
    constexpr char end_of_list = '\xff';
    payload += is_binary_ ? end_of_list : ']';
  }

  [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
  [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }

 private:
  // A number's digits, until the next one.
  class Digits {
   public:
    std::string_view of(auto number) {
      text_.clear();
      append_digits(text_, number);
      return text_;
    }

   private:
    std::string text_;
  };

  void add_record(std::string& payload, const Entry& entry) const {
    constexpr char list_without_length = '\x9f';
    if (is_binary_) {
      if (payload.empty()) payload += list_without_length;
      append_cbor(payload, entry);
    } else {
      if (payload.empty()) payload += '[';
      append_json(payload, entry);
    }
  }

  const std::string gateway_;
  const bool is_binary_;
  const std::string prefix_;
  mutable BodyView view_;  // of the record at hand: its memory is used again
  mutable Digits digits_;
};

using enum SettingKind;
constexpr auto encodings = std::to_array<std::string_view>({"json", "cbor"});
// clang-format off
constexpr auto senml_settings = std::to_array<Setting>({
  {.name = "encoding", .kind = choice, .documentation = "How a pack is written: as text or in bytes.", .fallback = "json", .choices = encodings},
});
// clang-format on

}  // namespace

extern const FormatInfo senml_format = {
    .name = "senml",
    .settings = senml_settings,
    .make = [](const SinkSettings& sink, std::string gateway) -> std::unique_ptr<Format> {
      return std::make_unique<Senml>(sink, std::move(gateway));
    },
};

}  // namespace twinsky
