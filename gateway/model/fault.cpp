// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/fault.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::array<std::string_view, fault_count> names = {
    "checksum",   "truncated",   "framing",   "nack",         "exception",  "not_ready",
    "warming_up", "no_response", "overrange", "sensor_fault", "unsupported"};

}  // namespace

std::string_view name_of(Fault fault) noexcept {
  return names[static_cast<std::size_t>(fault)];
}

std::optional<Fault> fault_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Fault>(found - names.begin());
}

}  // namespace twinsky
