// SPDX-License-Identifier: Apache-2.0
#include "drivers/registry.hpp"

#include <algorithm>
#include <array>

namespace twinsky {

// One line per driver and feed, sorted by name; each is defined at the end of its own file.
extern const FeedInfo cn_cnemc, cn_sh_opendata, hk_epd, hk_hko, metar, openaq;
extern const DriverInfo bme280_driver, modbus_driver, pms5003_driver, pmsa003i_driver, scd4x_driver,
    sds011_driver, sht4x_driver;
extern const BusInfo i2c_bus, serial_bus, modbus_bus, modbus_tcp_bus, recorded_bus;

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

constexpr auto buses = std::to_array<const BusInfo*>({
    &i2c_bus,
    &serial_bus,
    &modbus_bus,
    &modbus_tcp_bus,
    &recorded_bus,
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
std::span<const BusInfo* const> bus_registry() noexcept {
  return buses;
}

const DriverInfo* driver_named(std::string_view name) noexcept {
  return named(drivers, name);
}
const FeedInfo* feed_named(std::string_view name) noexcept {
  return named(feeds, name);
}
const BusInfo* bus_named(std::string_view name) noexcept {
  return named(buses, name);
}

const BusInfo& kind_of(const BusInfo& bus) noexcept {
  return bus.same_as != nullptr ? *bus.same_as : bus;
}

bool fits(const BusInfo& bus, const BusInfo& wanted) noexcept {
  return bus.plays_any || &kind_of(bus) == &wanted;
}

std::unique_ptr<Bus> make_bus(const BusSettings& settings, BusSurroundings surroundings) {
  if (!surroundings.nearby) {
    surroundings.nearby = [](Quantity) { return std::optional<double>(); };
  }
  return settings.info->make(settings, std::move(surroundings));
}

}  // namespace twinsky
