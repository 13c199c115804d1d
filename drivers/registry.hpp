// SPDX-License-Identifier: Apache-2.0
// Every driver, feed and kind of bus that this program knows: what the folders define.
#pragma once

#include "drivers/driver.hpp"

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace twinsky {

// Sorted by name.
std::span<const DriverInfo* const> driver_registry() noexcept;
const DriverInfo* driver_named(std::string_view name) noexcept;
std::span<const FeedInfo* const> feed_registry() noexcept;
const FeedInfo* feed_named(std::string_view name) noexcept;
// As people shall read them: by `place`, then by name.
std::span<const BusInfo* const> bus_registry() noexcept;
const BusInfo* bus_named(std::string_view name) noexcept;

// A bus of the configuration.
struct BusSettings {
  std::string id;
  const BusInfo* info = nullptr;
  std::string address;     // in the form of its kind: "/dev/i2c-1", "192.0.2.7:502"
  Settings settings = {};  // what the kind adds
  bool operator==(const BusSettings&) const = default;
};

// One device on a bus.
struct DeviceSettings {
  int address = 0;         // where its bus tells devices apart by a number; 0: none
  LineSettings line{};     // where its bus has a line
  Settings settings = {};  // what the kind of bus adds to its sensors
  bool operator==(const DeviceSettings&) const = default;
};

// A wire. Its thread opens it, asks it for links and closes it; nothing else touches it.
class Bus {
 public:
  virtual ~Bus() = default;
  // Opens or reopens; throws BusError.
  virtual void open() = 0;
  virtual void close() noexcept = 0;
  // A device's view, valid as long as the bus; works after every open().
  virtual std::unique_ptr<Link> link(const DeviceSettings& device) = 0;
};

// What a link needs from its surroundings.
struct BusSurroundings {
  Clock& clock;
  std::stop_token stop;
  std::function<std::optional<double>(Quantity)> nearby;
  bool is_guest = false;  // what it changes of a port is as it was when it closes
};

// What a kind of bus needs of the machine, for whoever looks for what stands in its way.
struct BusNeeds {
  bool is_server = false;       // its address is HOST:PORT
  std::string_view files = {};  // it names a device's file, as these: "/dev/i2c-*"
  // Under which names `scan` looks for ports, those that stay the same first; none: under `files`.
  std::span<const std::string_view> names = {};
  std::string_view group = {};         // whose members may open them
  bool has_one_user = false;           // two programs would each see half of the bytes
  std::string_view device_class = {};  // below /sys/class, where a module brings it that is not
  std::string_view module = {};        // loaded by itself
  std::string_view boot_line = {};     // of a Raspberry Pi's config.txt, without which it is off,
  std::string_view switch_on = {};     // and the command that puts it there
};

// Which of a bus's addresses `scan` asks, beside those that drivers name.
struct BusSweep {
  int first = 0;
  int usual = 0;  // the last of those that are asked without a wish
  int last = 0;   // 0: it has none
  milliseconds patience{0};
  // Why nobody is asked there, not even a device of ours; empty: it may be asked.
  std::string_view (*spared)(int address) = nullptr;
};

// A kind of bus; the last lines of its file, and all that anybody knows of it.
struct BusInfo {
  enum class Devices : std::uint8_t { any, one, each_at_its_address };

  std::string_view name;  // the key of a bus's settings that chooses it; its value is the address
  SettingKind address_form = SettingKind::path;
  std::string_view documentation;    // of the address
  int place = 0;                     // in lists
  bool is_our_file = false;          // a relative address begins at the configuration's directory
  Devices devices = Devices::any;    // how many may be on it
  const BusInfo* same_as = nullptr;  // drivers for that one live on it, too (TCP: Modbus RTU)
  bool plays_any = false;            // all drivers do

  std::span<const Setting> settings = {};  // what it adds to a bus's settings
  // What it adds to the settings of a sensor whose driver is made for it: first, how the device is
  // told from others, by any of these keys; and what else there is to say.
  std::span<const Setting> device_addresses = {};
  std::string_view device_address_name = {};  // "Modbus unit"
  std::span<const Setting> device_settings = {};
  BusNeeds needs = {};  // of the machine; none: nothing
  BusSweep sweep = {};

  // What is wrong with an address, a sentence; empty when nothing is. May complete it.
  std::string (*check)(std::string& address) = nullptr;
  // As it stands it can be used, and is most likely not meant so.
  std::string (*doubt)(const std::string& address) = nullptr;
  // What is wrong with a device's address that was given.
  std::string (*check_device)(int address, const DriverInfo& driver) = nullptr;
  // The same for two addresses that lead to one port, which two buses would open in vain; none:
  // they may.
  std::string (*identity)(const std::string& address) = nullptr;
  std::unique_ptr<Bus> (*make)(const BusSettings&, BusSurroundings) = nullptr;
};

// As which kind drivers know it.
const BusInfo& kind_of(const BusInfo& bus) noexcept;
// Can a driver that is made for `wanted` live on such a bus?
bool fits(const BusInfo& bus, const BusInfo& wanted) noexcept;
std::unique_ptr<Bus> make_bus(const BusSettings& settings, BusSurroundings surroundings);

}  // namespace twinsky
