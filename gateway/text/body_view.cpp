// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/body_view.hpp"

#include "gateway/text/json_scanner.hpp"

#include <algorithm>
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

bool take_flags(JsonScanner& scanner, std::vector<BodyView::Value>& values) {
  return scanner.members([&](std::string_view name) {
    const auto flag = take_flag(scanner);
    if (!flag) return false;
    const auto found = std::ranges::find(values, name, &BodyView::Value::name);
    if (found != values.end()) found->flag = *flag;
    return true;
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
    if (key == "flags") return take_flags(scanner, view.values);
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
