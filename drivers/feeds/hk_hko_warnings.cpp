// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/hk_hko_warnings.hpp"

#include <string>
#include <string_view>

namespace twinsky {
namespace {

constexpr std::string_view issuer = "Hong Kong Observatory";

// {"WTS": {"name": "Thunderstorm Warning", "code": "WTS", "actionCode": "EXTEND", "issueTime":
// "2025-09-07T09:53:00+08:00", "expireTime": …, "updateTime": …}, …}
bool is_warning(const JsonValue& entry) {
  return !entry.text_at("code").empty() && !entry.text_at("issueTime").empty();
}

Warning warning_of(const JsonValue& entry) {
  const auto printed = [&](std::string_view name) { return std::string(entry.text_at(name)); };
  return {.issuer = std::string(issuer),
          .name = printed("name"),
          .code = printed("code"),
          .type = printed("type"),
          .action = printed("actionCode"),
          .issued = printed("issueTime"),
          .updated = printed("updateTime"),
          .expires = printed("expireTime")};
}

}  // namespace

std::optional<std::vector<Warning>> warnings_in(const JsonValue& report) {
  if (!report.is_object()) return std::nullopt;
  std::vector<Warning> warnings;
  for (const JsonValue& entry : report.children) {
    if (!is_warning(entry)) return std::nullopt;
    // A cancellation stays in the summary for a while; what it names is not in force any more.
    if (entry.text_at("actionCode") != "CANCEL") warnings.push_back(warning_of(entry));
  }
  return warnings;
}

}  // namespace twinsky
