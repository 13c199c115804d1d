// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/formats/told_record.hpp"

#include "gateway/model/quantity.hpp"
#include "gateway/text/json_scanner.hpp"

#include <algorithm>
#include <cstdint>

namespace twinsky {
namespace {

bool is_value(std::string_view key) {
  constexpr std::string_view of_corrected = "_corrected";
  if (key.ends_with(of_corrected)) key.remove_suffix(of_corrected.size());
  return quantity_named(key).has_value();
}

// The texts of an object, by value.
template <class Take>
bool take_each(JsonScanner& scanner, std::vector<ToldValue>& values, Take take) {
  return scanner.members([&](std::string_view name) {
    const auto found = std::ranges::find(values, name, &ToldValue::name);
    return found == values.end() ? scanner.skip() : take(*found);
  });
}

}  // namespace

void read_told(std::string_view text, ToldRecord& record) {
  record.values.clear();
  record.time.reset();
  record.is_clock_set = true;
  JsonScanner scanner(text);
  const auto take_texts = [&](std::string_view ToldValue::*member) {
    return take_each(scanner, record.values, [&](ToldValue& value) {
      const auto said = scanner.take_string();
      if (said) value.*member = *said;
      return said.has_value();
    });
  };
  scanner.members([&](std::string_view key) {
    if (is_value(key)) {
      ToldValue& value = record.values.emplace_back(ToldValue{.name = key});
      if (scanner.take_null()) return true;
      value.value = scanner.take_number();
      return value.value.has_value();
    }
    if (key == "reasons") return take_texts(&ToldValue::reason);
    if (key == "faults") return take_texts(&ToldValue::fault);
    if (key == "text") return take_texts(&ToldValue::text);
    if (key == "flags") {
      return take_each(scanner, record.values, [&](ToldValue& value) {
        const auto flag = scanner.take_number();
        if (flag) value.flag = static_cast<int>(*flag);
        return flag.has_value();
      });
    }
    if (key == "times") {
      return take_each(scanner, record.values, [&](ToldValue& value) {
        const auto time = scanner.take_string();
        if (time) value.time = parse_time(*time);
        return time.has_value();
      });
    }
    if (key == "ts" && scanner.next() != 'n') {
      const auto time = scanner.take_number();
      if (time) record.time = UtcTime(milliseconds(static_cast<std::int64_t>(*time)));
      return time.has_value();
    }
    if (key == "clock") record.is_clock_set = false;
    return scanner.skip();
  });
}

}  // namespace twinsky
