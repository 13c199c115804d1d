// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/stored_readings.hpp"

#include "gateway/text/json_scanner.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

namespace twinsky {
namespace {

constexpr std::string_view amends_key = R"({"amends":)";

// What a reading may carry as its reason; they live as long as the program.
constexpr auto reasons = std::to_array<std::string_view>(
    {"range", "climatology", "rate_of_change", "flat_line", "attenuated_signal", "spike",
     "inconsistent", "twin", "humid", "derived"});

std::optional<Quantity> quantity_of(std::string_view name) {
  static const auto quantities = [] {
    std::unordered_map<std::string_view, Quantity> by_name;
    for (const QuantityInfo& info : quantity_catalogue()) by_name.emplace(info.name, info.quantity);
    return by_name;
  }();
  const auto found = quantities.find(name);
  if (found == quantities.end()) return std::nullopt;
  return found->second;
}

Flag flag_of(double number) {
  switch (static_cast<int>(number)) {
    case 1:
      return Flag::pass;
    case 3:
      return Flag::suspect;
    case 4:
      return Flag::fail;
    case 9:
      return Flag::missing;
    default:
      return Flag::not_evaluated;
  }
}

Reading* find(std::vector<Reading>& readings, std::string_view name) {
  const auto quantity = quantity_of(name);
  if (!quantity) return nullptr;
  const auto found = std::ranges::find(readings, *quantity, &Reading::quantity);
  return found == readings.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::uint64_t> amended_by(std::string_view body) noexcept {
  if (!body.starts_with(amends_key)) return std::nullopt;
  std::uint64_t seq = 0;
  std::from_chars(body.data() + amends_key.size(), body.data() + body.size(), seq);
  return seq;
}

bool read_body(std::string_view body, StoredReadings& stored) {
  stored.amends = amended_by(body);
  stored.clock_unset = false;
  stored.readings.clear();
  JsonScanner scanner(body);
  const auto each_named = [&](auto apply) {
    return scanner.members([&](std::string_view name) {
      Reading* const reading = find(stored.readings, name);
      return reading == nullptr ? scanner.skip() : apply(*reading);
    });
  };
  return scanner.members([&](std::string_view key) {
    if (const auto quantity = quantity_of(key)) {
      Reading& reading = stored.readings.emplace_back();
      reading.quantity = *quantity;
      reading.flag = Flag::pass;
      if (scanner.take_null()) return true;
      reading.value = scanner.take_number();
      return reading.value.has_value();
    }
    if (key == "flags") {
      return each_named([&](Reading& reading) {
        const auto flag = scanner.take_number();
        if (flag) reading.flag = flag_of(*flag);
        return flag.has_value();
      });
    }
    if (key == "faults" || key == "reasons") {
      return each_named([&](Reading& reading) {
        const auto text = scanner.take_string();
        if (!text) return false;
        if (key == "faults") reading.fault = fault_named(*text);
        const auto reason = std::ranges::find(reasons, *text);
        if (key == "reasons" && reason != reasons.end()) reading.reason = *reason;
        return true;
      });
    }
    if (key == "clock") stored.clock_unset = true;
    return scanner.skip();
  });
}

}  // namespace twinsky
