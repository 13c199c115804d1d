// SPDX-License-Identifier: Apache-2.0
// Coordinates of mainland maps. Maps published in mainland China are drawn in GCJ-02, which moves
// every place by up to 700 m; Baidu's BD-09 moves it once more. Inside the program there is only
// WGS 84: what a person read off such a map is turned into it where it enters.
#pragma once

#include "gateway/model/station.hpp"

namespace twinsky {

// The same place in WGS 84, to less than a millionth of a degree of the published vectors. Within
// Hong Kong and far from the mainland the maps' makers shift nothing: there GCJ-02 stays as it is.
Position to_wgs84(Position position);

// The shift itself, as maps of the mainland apply it; for tests and for that inversion.
struct Coordinates {
  double latitude_deg = 0;
  double longitude_deg = 0;
};
Coordinates gcj02_of_wgs84(Coordinates wgs84);
Coordinates bd09_of_gcj02(Coordinates gcj02);

// Is a place in the Hong Kong SAR? By a polygon that follows the boundary to about a kilometre.
bool is_in_hong_kong(Coordinates place);

}  // namespace twinsky
