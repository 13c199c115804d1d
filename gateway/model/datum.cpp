// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/datum.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace twinsky {
namespace {

using std::numbers::pi;

constexpr double radians_per_degree = pi / 180;

// The ellipsoid of Krassovsky, on which the shift in metres becomes one in degrees.
constexpr double semi_major_axis_m = 6378245.0;
constexpr double eccentricity_squared = 0.00669342162296594323;

// Metres by which GCJ-02 moves a place to the north and to the east: a polynomial of the distance
// to 35 N 105 E in degrees, with three waves on it.
struct Shift {
  double north_m = 0;
  double east_m = 0;
};

double wave(double amplitude, double degrees, double half_waves_per_degree) {
  return amplitude * std::sin(degrees * half_waves_per_degree * pi) * 2 / 3;
}

Shift shift_at(double north_deg, double east_deg) {
  const double x = east_deg;
  const double y = north_deg;
  const double root = std::sqrt(std::abs(x));
  const double common = wave(20, x, 6) + wave(20, x, 2);
  return {.north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common +
                     wave(20, y, 1) + wave(40, y, 1.0 / 3) + wave(160, y, 1.0 / 12) +
                     wave(320, y, 1.0 / 30),
          .east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common +
                    wave(20, x, 1) + wave(40, x, 1.0 / 3) + wave(150, x, 1.0 / 12) +
                    wave(300, x, 1.0 / 30)};
}

// What a map that draws `of(place)` at `drawn` means by it: the shift hardly changes over its own
// length, so that taking it off again and again converges fast.
template <class Map>
Coordinates undone(Map of, Coordinates drawn) {
  constexpr int most_steps = 30;
  constexpr double close_enough_deg = 1e-10;
  Coordinates place = drawn;
  for (int step = 0; step < most_steps; ++step) {
    const Coordinates redrawn = of(place);
    const double north = drawn.latitude_deg - redrawn.latitude_deg;
    const double east = drawn.longitude_deg - redrawn.longitude_deg;
    place.latitude_deg += north;
    place.longitude_deg += east;
    if (std::abs(north) < close_enough_deg && std::abs(east) < close_enough_deg) break;
  }
  return place;
}

// Deep Bay, the Shenzhen River, Mirs Bay with Tung Ping Chau, and the sea to the south.
constexpr auto hong_kong = std::to_array<Coordinates>({
    {22.13, 113.82},
    {22.39, 113.86},
    {22.45, 113.91},
    {22.485, 113.96},
    {22.505, 114.03},
    {22.517, 114.075},
    {22.532, 114.11},
    {22.556, 114.155},
    {22.553, 114.19},
    {22.545, 114.225},
    {22.555, 114.26},
    {22.575, 114.31},
    {22.555, 114.46},
    {22.13, 114.46},
});

// Maps shift the mainland alone; the box around it is the one that their makers use.
bool is_shifted(Coordinates place) {
  const bool is_near_mainland = place.latitude_deg > 0.8293 && place.latitude_deg < 55.8271 &&
                                place.longitude_deg > 72.004 && place.longitude_deg < 137.8347;
  return is_near_mainland && !is_in_hong_kong(place);
}

}  // namespace

Coordinates gcj02_of_wgs84(Coordinates wgs84) {
  const Shift shift = shift_at(wgs84.latitude_deg - 35, wgs84.longitude_deg - 105);
  const double latitude = wgs84.latitude_deg * radians_per_degree;
  const double sine = std::sin(latitude);
  const double squeeze = 1 - eccentricity_squared * sine * sine;
  const double north_radius_m =
      semi_major_axis_m * (1 - eccentricity_squared) / (squeeze * std::sqrt(squeeze));
  const double east_radius_m = semi_major_axis_m / std::sqrt(squeeze) * std::cos(latitude);
  return {wgs84.latitude_deg + shift.north_m / north_radius_m / radians_per_degree,
          wgs84.longitude_deg + shift.east_m / east_radius_m / radians_per_degree};
}

Coordinates bd09_of_gcj02(Coordinates gcj02) {
  constexpr double wave_number = pi * 3000 / 180;
  const double x = gcj02.longitude_deg;
  const double y = gcj02.latitude_deg;
  const double radius = std::hypot(x, y) + 0.00002 * std::sin(y * wave_number);
  const double angle = std::atan2(y, x) + 0.000003 * std::cos(x * wave_number);
  return {radius * std::sin(angle) + 0.006, radius * std::cos(angle) + 0.0065};
}

bool is_in_hong_kong(Coordinates place) {
  bool is_inside = false;  // as often as a ray to the east crosses the boundary
  for (std::size_t at = 0; at < hong_kong.size(); ++at) {
    const Coordinates& from = hong_kong[at];
    const Coordinates& to = hong_kong[(at + 1) % hong_kong.size()];
    if ((from.latitude_deg > place.latitude_deg) == (to.latitude_deg > place.latitude_deg))
      continue;
    const double share =
        (place.latitude_deg - from.latitude_deg) / (to.latitude_deg - from.latitude_deg);
    const double crossing = from.longitude_deg + share * (to.longitude_deg - from.longitude_deg);
    if (crossing > place.longitude_deg) is_inside = !is_inside;
  }
  return is_inside;
}

Position to_wgs84(Position position) {
  Coordinates place{position.latitude_deg, position.longitude_deg};
  if (position.datum == Datum::bd09) place = undone(bd09_of_gcj02, place);
  if (position.datum != Datum::wgs84 && is_shifted(place)) {
    place = undone(gcj02_of_wgs84, place);
  }
  position.datum = Datum::wgs84;
  position.latitude_deg = place.latitude_deg;
  position.longitude_deg = place.longitude_deg;
  return position;
}

}  // namespace twinsky
