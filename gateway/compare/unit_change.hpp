// SPDX-License-Identifier: Apache-2.0
// The instrument behind a sensor's id, by its serial number: hours of another one are not compared.
// What is known of it is remembered in the store, by the daemon alone. Pure but for heed_units().
#pragma once

#include "gateway/compare/comparison.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace twinsky {

struct Unit {
  std::string serial_number;       // the newest that was named; empty: none ever was
  std::optional<HourStart> since;  // its first whole hour; absent where none was before it
};

std::string memory_of_unit(std::string_view sensor);  // under which name it is remembered
Unit unit_in(const std::string& remembered);
std::string text_of(const Unit& unit);

// A configuration that names no number says nothing.
Unit unit_now(const Unit& before, const std::string& serial_number, UtcTime now);
void heed(Comparison& comparison, const Unit& unit);
// For commands that read the store beside the daemon.
void heed_units(std::span<Comparison> comparisons, const std::string& store_path);

}  // namespace twinsky
