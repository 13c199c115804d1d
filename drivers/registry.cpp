// SPDX-License-Identifier: Apache-2.0
#include "drivers/registry.hpp"

#include <algorithm>
#include <array>

namespace twinsky {

// One line per driver and feed, sorted by name; each is defined at the end of its own file.
extern const FeedInfo cn_cnemc, cn_sh_opendata, hk_epd, hk_hko, metar, openaq;
extern const DriverInfo bme280_driver, modbus_driver, pms5003_driver, pmsa003i_driver, scd4x_driver,
    sds011_driver, sht4x_driver;

namespace {

constexpr auto drivers = std::to_array<const DriverInfo*>({
    &bme280_driver,
    &modbus_driver,
    &pms5003_driver,
    &pmsa003i_driver,
    &scd4x_driver,
    &sds011_driver,
    &sht4x_driver,
});

constexpr auto feeds = std::to_array<const FeedInfo*>({
    &cn_cnemc,
    &cn_sh_opendata,
    &hk_epd,
    &hk_hko,
    &metar,
    &openaq,
});

template <class Registry>
auto named(const Registry& registry, std::string_view name) {
  const auto found = std::ranges::find(registry, name, [](const auto* info) { return info->name; });
  return found == registry.end() ? typename Registry::value_type{} : *found;
}

}  // namespace

std::span<const DriverInfo* const> driver_registry() noexcept {
  return drivers;
}
std::span<const FeedInfo* const> feed_registry() noexcept {
  return feeds;
}

const DriverInfo* driver_named(std::string_view name) noexcept {
  return named(drivers, name);
}
const FeedInfo* feed_named(std::string_view name) noexcept {
  return named(feeds, name);
}

}  // namespace twinsky
