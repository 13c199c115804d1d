// SPDX-License-Identifier: Apache-2.0
// Home Assistant's command that takes statistics (`recorder/import_statistics`): what of a message
// belongs together, and how each version wants it. What there is of a statistic already decides in
// which unit it goes on: an import changes the unit of all that is kept, and converts nothing.
// Pure.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/json.hpp"
#include "gateway/model/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// "2025.11.3"; of no such form: 0.0, which is older than any.
struct HomeAssistantVersion {
  int year = 0;
  int month = 0;
  auto operator<=>(const HomeAssistantVersion&) const = default;
};
HomeAssistantVersion home_assistant_version(std::string_view text);

// All hours of one statistic that a message has.
struct ImportOrder {
  Json metadata;
  std::map<std::string, Json> hours;  // by their start; what was said last of one holds
};
// In the order in which they first stand there; empty where it is no list of such.
std::vector<ImportOrder> import_orders(std::string_view message);
// When the newest hour of them ends.
UtcTime end_of(const std::vector<ImportOrder>& orders);

// What that version wants, without its `id`: `kept` is how the statistic is kept there (an element
// of what `recorder/get_statistics_metadata` answers), nullptr where it is not. The error says, for
// people, why it must not be sent.
Result<Json, std::string> import_command(const ImportOrder& order, const Json* kept,
                                         const HomeAssistantVersion& version);

}  // namespace twinsky
