// SPDX-License-Identifier: Apache-2.0
// Every driver, feed, kind of bus and language of frames that this program knows: what the folders
// define.
#pragma once

#include "drivers/driver.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

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

// ---- frames that devices speak to a data logger, and data loggers to a platform -----------------
//
// A sink speaks them as drivers do, so it has their bytes from here. A frame has a head of fields,
// and groups of fields; a check is over it, which not everybody reckons alike.

struct FrameField {
  std::string name;
  std::string value;  // bytes as they came, without blanks around them
  bool operator==(const FrameField&) const = default;
};

struct PlatformFrame {
  std::size_t check = 0;  // by which of its language's it is right
  bool wants_answer = false;
  std::vector<FrameField> head;
  std::vector<std::vector<FrameField>> groups;

  // The value of the first field of that name, in the head or in a group; empty where there is
  // none.
  [[nodiscard]] std::string_view head_text(std::string_view name) const noexcept;
  [[nodiscard]] std::string_view text(std::string_view name) const noexcept;
};

// What stands before the content of one that is sent.
struct FrameHead {
  std::string number;  // of the request, as number() writes it
  std::string station_kind;
  std::string command;
  std::string password;
  std::string station;
  bool wants_answer = false;
};

// How a quantity goes in a frame: no frame says its units, so both ends must have agreed on them.
struct FrameFactor {
  Quantity quantity{};
  std::string code;
  std::string unit;  // for people: "mg/m3"
  double scale = 1;  // of a value in the catalogue's unit
  int decimals = 0;
};
// nullptr: there is no code for it.
const FrameFactor* factor_of(std::span<const FrameFactor> factors, Quantity quantity) noexcept;

// Finds the good frames in what comes, however it is cut.
class FrameReader {
 public:
  virtual ~FrameReader() = default;
  // `likely`: the check of those that are right by several.
  virtual std::vector<PlatformFrame> feed(std::string_view bytes, std::size_t likely) = 0;
  // Nothing more comes.
  virtual std::vector<PlatformFrame> finish() = 0;
};

// Such a language; the last lines of its file, and all that anybody knows of its bytes. All of it
// is pure.
struct FrameLanguage {
  std::string_view name;
  std::span<const std::string_view> checks;  // in the order in which they are tried
  std::size_t longest_segment = 0;           // bytes

  std::unique_ptr<FrameReader> (*reader)() = nullptr;
  // By which check these digits are right over a segment; nullopt: by none.
  std::optional<std::size_t> (*check_of)(std::string_view segment,
                                         std::string_view digits) = nullptr;
  // A segment is a head and its content; a frame has what is around it.
  std::string (*segment)(const FrameHead& head, std::string_view content) = nullptr;
  std::string (*frame)(std::string_view segment, std::size_t check) = nullptr;
  // Groups, cut so that each part has so many bytes at most: each is whole by itself.
  std::vector<std::string> (*parts)(std::string_view groups, std::size_t most) = nullptr;

  // Times of fields, and of numbers.
  std::string (*time)(UtcTime) = nullptr;
  std::string (*number)(UtcTime) = nullptr;
  std::optional<UtcTime> (*parse_time)(std::string_view text) = nullptr;
  // Text of a frame as UTF-8, and UTF-8 as most write it; nullopt: it has other characters.
  std::string (*text)(std::string_view bytes) = nullptr;
  std::optional<std::string> (*bytes)(std::string_view text) = nullptr;

  // All that can go; `own`, such as "pm2_5=a34004 mg/m3", goes before what it has itself, and what
  // cannot be read is left out,
  std::vector<FrameFactor> (*factors)(std::span<const std::string> own) = nullptr;
  // of which this says what is wrong; empty: nothing.
  std::string (*problem_of_factor)(std::string_view text) = nullptr;
  // "a34004-Avg=9.4" behind what the group has; `field` is "Rtd", "Avg", "Min" or "Max".
  void (*append_value)(std::string& group, const FrameFactor& factor, std::string_view field,
                       double value) = nullptr;
};

// nullptr: there is none.
const FrameLanguage* frame_language_named(std::string_view name) noexcept;

}  // namespace twinsky
