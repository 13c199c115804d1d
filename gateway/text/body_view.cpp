// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/body_view.hpp"

#include "gateway/text/json_scanner.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace twinsky {
namespace {

constexpr std::string_view of_corrected = "_corrected";

struct ValueName {
  Quantity quantity{};
  bool is_corrected = false;
};

// The names are those of the catalogue, which live as long as the program.
const ValueName* value_named(std::string_view name) {
  struct Names {
    Names() {
      for (const QuantityInfo& info : quantity_catalogue()) {
        by_name.emplace(info.name, ValueName{info.quantity, false});
        by_name.emplace(std::string(info.name).append(of_corrected),
                        ValueName{info.quantity, true});
      }
    }
    struct Hash {
      using is_transparent = void;
      std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
      }
    };
    std::unordered_map<std::string, ValueName, Hash, std::equal_to<>> by_name;
  };
  static const Names names;
  const auto found = names.by_name.find(name);
  return found == names.by_name.end() ? nullptr : &found->second;
}

std::optional<int> take_flag(JsonScanner& scanner) {
  const auto number = scanner.take_number();
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

// What an object says of each value.
template <class Take>
bool take_each(JsonScanner& scanner, std::vector<BodyView::Value>& values, const Take& take) {
  return scanner.members([&](std::string_view name) {
    const auto found = std::ranges::find(values, name, &BodyView::Value::name);
    return found == values.end() ? scanner.skip() : take(*found);
  });
}

bool take_text(JsonScanner& scanner, std::string_view& text) {
  const auto taken = scanner.take_string();
  if (taken) text = *taken;
  return taken.has_value();
}

bool take_raw(JsonScanner& scanner, std::string_view& raw) {
  const auto taken = scanner.take_value();
  if (taken) raw = *taken;
  return taken.has_value();
}

}  // namespace

std::optional<double> BodyView::Value::value() const noexcept {
  double found = 0;
  const char* const past = number.data() + number.size();
  const auto [at, problem] = std::from_chars(number.data(), past, found);
  return problem == std::errc() && at == past ? std::optional(found) : std::nullopt;
}

const BodyView::Value* BodyView::measured(Quantity quantity) const noexcept {
  const auto found = std::ranges::find_if(values, [&](const Value& value) {
    return value.quantity == quantity && !value.is_corrected && !value.number.empty();
  });
  return found == values.end() ? nullptr : &*found;
}

bool view_body(std::string_view body, BodyView& view) {
  view.values.clear();
  view.flag = 9;
  view.clock_unset = false;
  view.time.reset();
  view.amends = view.revision = view.start = view.end = {};
  JsonScanner scanner(body);
  return scanner.members([&](std::string_view key) {
    if (const ValueName* const named = value_named(key)) {
      BodyView::Value value{
          .quantity = named->quantity, .name = key, .is_corrected = named->is_corrected};
      if (!scanner.take_null() && !take_raw(scanner, value.number)) return false;
      view.values.push_back(value);
      return true;
    }
    const auto take_texts = [&](std::string_view BodyView::Value::*member) {
      return take_each(scanner, view.values,
                       [&](BodyView::Value& value) { return take_text(scanner, value.*member); });
    };
    if (key == "reasons") return take_texts(&BodyView::Value::reason);
    if (key == "faults") return take_texts(&BodyView::Value::fault);
    if (key == "text") return take_texts(&BodyView::Value::text);
    if (key == "flags") {
      return take_each(scanner, view.values, [&](BodyView::Value& value) {
        const auto flag = take_flag(scanner);
        value.flag = flag.value_or(value.flag);
        return flag.has_value();
      });
    }
    if (key == "times") {
      return take_each(scanner, view.values, [&](BodyView::Value& value) {
        std::string_view time;
        if (!take_text(scanner, time)) return false;
        value.time = parse_time(time);
        return true;
      });
    }
    if (key == "ts") {
      if (scanner.take_null()) return true;
      const auto time = scanner.take_number();
      if (time) view.time = UtcTime(milliseconds(static_cast<std::int64_t>(*time)));
      return time.has_value();
    }
    if (key == "flag") {
      const auto flag = take_flag(scanner);
      view.flag = flag.value_or(view.flag);
      return flag.has_value();
    }
    if (key == "amends") return take_raw(scanner, view.amends);
    if (key == "revision") return take_raw(scanner, view.revision);
    if (key == "start") return take_text(scanner, view.start);
    if (key == "end") return take_text(scanner, view.end);
    if (key == "clock") view.clock_unset = true;
    return scanner.skip();
  });
}

}  // namespace twinsky
