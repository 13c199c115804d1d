// SPDX-License-Identifier: Apache-2.0
// A place: ours, or a reference station of an agency.
#pragma once

#include "gateway/model/quantity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

enum class Datum { wgs84, gcj02, bd09 };

// Inside the program always WGS 84; the other datums exist at the edge only.
struct Position {
  Datum datum = Datum::wgs84;
  double latitude_deg = 0;
  double longitude_deg = 0;
  std::optional<double> height_above_sea_m;
  std::optional<double> height_above_ground_m;
};

// What is known of an official station beside its data. Names are empty where nobody has verified
// them.
struct ReferenceStation {
  std::string id;
  std::string name_en;
  std::string name_tc;  // Traditional Chinese
  std::string name_sc;  // Simplified Chinese
  std::string kind;     // "general", "roadside", "background", "city", "automatic", "district",
                        // "aerodrome"; empty where nobody has verified it
  std::optional<Position> position;
  std::vector<Quantity> quantities;        // what it is known to measure; empty: not known
  std::vector<std::string> formerly = {};  // ids that it had in earlier versions of the registry
};

// "Central/Western" -> "central-western": apostrophes dropped, lower case, every other run of
// non-alphanumerics one '-'.
std::string slug(std::string_view english_name);

// Is `text` an id ([a-z0-9-]{1,32})?
bool is_id(std::string_view text) noexcept;

}  // namespace twinsky
