// SPDX-License-Identifier: Apache-2.0
#include "drivers/registry.hpp"

#include "gateway/model/registry.hpp"

#include <algorithm>
#include <utility>

namespace twinsky {

// Of the folders sensors, feeds, buses and frames, written when the program is built.
std::span<const DriverInfo* const> found_drivers() noexcept;
std::span<const FeedInfo* const> found_feeds() noexcept;
std::span<const BusInfo* const> found_buses() noexcept;
std::span<const FrameLanguage* const> found_frame_languages() noexcept;

std::span<const DriverInfo* const> driver_registry() noexcept {
  static const auto all = sorted_by(&DriverInfo::name, found_drivers());
  return all;
}
std::span<const FeedInfo* const> feed_registry() noexcept {
  static const auto all = sorted_by(&FeedInfo::name, found_feeds());
  return all;
}
std::span<const BusInfo* const> bus_registry() noexcept {
  static const auto all = sorted_by(
      [](const BusInfo* info) { return std::pair(info->place, info->name); }, found_buses());
  return all;
}

const DriverInfo* driver_named(std::string_view name) noexcept {
  return named(driver_registry(), name);
}
const FeedInfo* feed_named(std::string_view name) noexcept {
  return named(feed_registry(), name);
}
const BusInfo* bus_named(std::string_view name) noexcept {
  return named(bus_registry(), name);
}

const FrameLanguage* frame_language_named(std::string_view name) noexcept {
  return named(found_frame_languages(), name);
}

std::string_view PlatformFrame::head_text(std::string_view name) const noexcept {
  const auto found = std::ranges::find(head, name, &FrameField::name);
  return found == head.end() ? std::string_view() : std::string_view(found->value);
}

std::string_view PlatformFrame::text(std::string_view name) const noexcept {
  for (const auto& group : groups) {
    const auto found = std::ranges::find(group, name, &FrameField::name);
    if (found != group.end()) return found->value;
  }
  return {};
}

const FrameFactor* factor_of(std::span<const FrameFactor> factors, Quantity quantity) noexcept {
  const auto found = std::ranges::find(factors, quantity, &FrameFactor::quantity);
  return found == factors.end() ? nullptr : &*found;
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
