// SPDX-License-Identifier: Apache-2.0
// What must fit together among buses and sensors.
#include "gateway/config/draft.hpp"
#include "gateway/config/host_port.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <sys/stat.h>

namespace twinsky {
namespace {

constexpr std::array<std::string_view, 4> line_keys = {"baud", "parity", "data_bits", "stop_bits"};

std::string in_line(const Node& node) {
  return "line " + std::to_string(node.place.line);
}

// A key that is there but can have no effect.
void refuse_meaningless(const Node& owner, std::string_view key, std::string_view where,
                        std::string_view expected, Draft& draft) {
  const Node* node = member(owner, key);
  if (node == nullptr) return;
  draft.reader.report_key(*node, in_quotes(key)
                                     .append(" has no meaning ")
                                     .append(where)
                                     .append(", expected ")
                                     .append(expected));
}

// ---- buses ----

// The keys that name the bus's device.
std::vector<const Node*> endpoints_of(const Node& bus) {
  std::vector<const Node*> given;
  for (const Node* node : bus.children) {
    if (std::ranges::find(bus_endpoints, node->key) != bus_endpoints.end()) given.push_back(node);
  }
  return given;
}

void check_endpoint(const Node& bus, BusSettings& settings, Draft& draft) {
  const auto given = endpoints_of(bus);
  if (given.empty()) {
    draft.reader.report(bus, "the bus names no device, expected exactly " + listed(bus_endpoints));
    return;
  }
  for (std::size_t at = 1; at < given.size(); ++at) {
    draft.reader.report_key(
        *given[at], "the bus names a second device, expected exactly " + listed(bus_endpoints));
  }
  if (settings.modbus.find("://") != std::string::npos) {
    draft.reader.warn(
        *member(bus, "modbus"),
        in_quotes(settings.modbus) +
            " is no serial port, which \"modbus\" names; expected \"modbus_tcp\" with an address "
            "such as 192.0.2.7:502");
  }
  if (settings.modbus_tcp.empty()) return;
  constexpr int modbus_port = 502;
  const auto endpoint = parse_host_port(settings.modbus_tcp);
  if (endpoint && endpoint->port != 0) {
    settings.modbus_tcp = with_port(settings.modbus_tcp, *endpoint, modbus_port);
    return;
  }
  draft.reader.report(*member(bus, "modbus_tcp"),
                      in_quotes(settings.modbus_tcp) +
                          " is not an address with a port, expected one such as 192.0.2.7:502");
}

void check_line(const Node& bus, const BusSettings& settings, Draft& draft) {
  if (settings.serial.empty() && settings.modbus.empty()) {
    for (const auto& key : line_keys) {
      refuse_meaningless(bus, key, "on this kind of bus", "it with \"serial\" or \"modbus\"",
                         draft);
    }
  }
  if (settings.modbus.empty()) {
    refuse_meaningless(bus, "echo", "on this kind of bus", "it with \"modbus\"", draft);
  }
}

// Where the device is, as written.
const std::string& device_path(const BusSettings& bus) {
  if (!bus.modbus_tcp.empty()) return bus.modbus_tcp;
  if (!bus.i2c.empty()) return bus.i2c;
  return bus.serial.empty() ? bus.modbus : bus.serial;
}

// The device itself, whatever link led to it; one that is not there now is known by its path.
std::string identity_of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::filesystem::path(path).lexically_normal();
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
}

void check_buses(Draft& draft) {
  std::map<std::string, const Node*> devices;
  for (std::size_t at = 0; at < draft.buses.size(); ++at) {
    const Node& node = *draft.buses[at].node;
    BusSettings& bus = draft.config.buses[at];
    if (node.kind != NodeKind::object) continue;  // said already
    check_endpoint(node, bus, draft);
    check_line(node, bus, draft);
    const std::string& device = device_path(bus);
    if (device.empty()) continue;
    const auto [taken, is_new] = devices.emplace(identity_of(device), &node);
    if (is_new) continue;
    draft.reader.report(node, in_quotes(device) + " is the device of the bus " +
                                  in_quotes(taken->second->key) +
                                  " too, expected one bus for it with all its sensors");
  }
}

// ---- sensors ----

struct Sensor {
  const Draft::Entry& entry;
  const Node& node;
  const SensorSettings& settings;
  const BusSettings* bus;  // nullptr when it is not known or wrong
};

void check_names(Draft& draft) {
  constexpr std::size_t longest = 32;  // an id's
  std::map<std::string, const Node*> taken;
  for (std::size_t at = 0; at < draft.sensors.size(); ++at) {
    const std::string& id = draft.config.sensors[at].id;
    if (id.empty()) continue;
    const Node& node = *member(*draft.sensors[at].node, "id");
    const auto [other, is_new] = taken.emplace(id, &node);
    if (!is_new) {
      draft.reader.report(node, "the id " + in_quotes(id) + " is taken by " +
                                    in_line(*other->second) + ", expected another one");
    }
  }
  for (std::size_t at = 0; at < draft.sensors.size(); ++at) {
    const auto& [node, values, is_sound, driver, feed] = draft.sensors[at];
    const std::string& id = draft.config.sensors[at].id;
    if (id.empty() || driver == nullptr) continue;
    for (const auto& channel : driver->channels) {
      const std::string stream = id + "-" + std::string(channel);
      const std::string published =
          "the channel " + in_quotes(channel) + " is published as " + in_quotes(stream);
      if (stream.size() > longest) {
        draft.reader.report(*member(*node, "id"),
                            published + ", which is too long, expected an id of at most " +
                                std::to_string(longest - channel.size() - 1) + " characters");
      } else if (taken.contains(stream)) {
        draft.reader.report(*member(*node, "id"), published + ", which is taken by " +
                                                      in_line(*taken.at(stream)) +
                                                      ", expected another id");
      }
    }
  }
}

const BusSettings* find_bus(const Node& sensor, const std::string& id, Draft& draft) {
  if (id.empty()) return nullptr;
  std::vector<std::string_view> known;
  for (std::size_t at = 0; at < draft.buses.size(); ++at) {
    const BusSettings& bus = draft.config.buses[at];
    known.push_back(bus.id);
    if (bus.id != id) continue;
    const bool is_usable =
        draft.buses[at].is_sound && endpoints_of(*draft.buses[at].node).size() == 1;
    return is_usable ? &bus : nullptr;
  }
  draft.reader.report(*member(sensor, "bus"),
                      "there is no bus " + in_quotes(id) + ", expected " +
                          (known.empty() ? "one in \"buses\"" : listed(known)),
                      nearest(id, known));
  return nullptr;
}

void check_fit(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  if (sensor.bus == nullptr || fits(kind_of(*sensor.bus), driver.bus)) return;
  std::vector<std::string_view> fitting;
  for (const BusSettings& bus : draft.config.buses) {
    const bool is_clear = bus.i2c.empty() + bus.serial.empty() + bus.modbus.empty() +
                              bus.modbus_tcp.empty() + bus.recorded.empty() ==
                          4;
    if (is_clear && fits(kind_of(bus), driver.bus)) fitting.push_back(bus.id);
  }
  const std::string kind(name_of(driver.bus));
  draft.reader.report(*member(sensor.node, "bus"),
                      std::string(driver.name) + " is a device for a bus of kind " + kind +
                          ", but " + in_quotes(sensor.bus->id) + " is of kind " +
                          std::string(name_of(kind_of(*sensor.bus))) + ", expected " +
                          (fitting.empty() ? "a bus of kind " + kind : listed(fitting)));
}

// "0x76"
std::string hexadecimal(int number) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned>(number);
  return std::string("0x") + digits[value >> 4U & 15U] + digits[value & 15U];
}

void check_i2c_address(const Sensor& sensor, const DriverInfo& driver, const Node* given,
                       Draft& draft) {
  constexpr int lowest = 0x08;  // NXP UM10204, 3.1.12: the others are reserved
  constexpr int highest = 0x77;
  const int address = sensor.settings.device.address;
  if (given == nullptr) {
    if (address != 0) return;
    draft.reader.report(sensor.node, "\"address\" is missing, expected the device's I2C address");
    return;
  }
  const std::string refused =
      hexadecimal(address) + " is no address of " + std::string(driver.name);
  if (!driver.addresses.empty()) {
    const bool is_known = std::ranges::any_of(driver.addresses, [&](std::string_view known) {
      return known == hexadecimal(address) || known == std::to_string(address);
    });
    if (!is_known) draft.reader.report(*given, refused + ", expected " + listed(driver.addresses));
  } else if (address < lowest || address > highest) {
    draft.reader.report(*given, refused + ", expected one from 0x08 to 0x77");
  }
}

void check_unit(const Sensor& sensor, const Node* given, Draft& draft) {
  constexpr int highest = 247;   // MODBUS over Serial Line V1.02, 2.2
  constexpr int any_unit = 254;  // SenseAir and others answer to it
  const int unit = sensor.settings.device.address;
  if (given == nullptr && unit == 0) {
    draft.reader.report(sensor.node, "\"unit\" is missing, expected the device's Modbus unit");
  } else if (given != nullptr && unit > highest && unit != any_unit) {
    draft.reader.report(
        *given, std::to_string(unit) + " is no Modbus unit, expected one from 1 to 247, or 254");
  }
}

void check_address(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  const Node* address = member(sensor.node, "address");
  const Node* unit = member(sensor.node, "unit");
  const std::string where = "for " + std::string(driver.name);
  switch (driver.bus) {
    case BusKind::i2c:
      refuse_meaningless(sensor.node, "unit", where, "\"address\"", draft);
      return check_i2c_address(sensor, driver, address, draft);
    case BusKind::modbus:
      if (address != nullptr && unit != nullptr) {
        draft.reader.report_key(*unit,
                                "\"unit\" and \"address\" say the same, expected one of them");
      }
      return check_unit(sensor, address != nullptr ? address : unit, draft);
    default:
      refuse_meaningless(sensor.node, "address", where, "none", draft);
      refuse_meaningless(sensor.node, "unit", where, "none", draft);
  }
}

void check_pace(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  const Node* every = member(sensor.node, "every");
  const std::string name(driver.name);
  const bool is_streaming = driver.make_listener != nullptr;
  if (every == nullptr) {
    const std::string expected =
        ", expected a duration of at least " + duration_text(driver.shortest_period);
    if (!is_streaming) draft.reader.report(sensor.node, "\"every\" is missing" + expected);
    for (const std::string_view key : {"mean", "sleep_between"}) {
      const Node* node = member(sensor.node, key);
      if (!is_streaming || node == nullptr || node->text != "true") continue;
      draft.reader.report_key(*node, in_quotes(key) + " needs \"every\"" + expected);
    }
    return;
  }
  if (!sensor.settings.every) return;  // said already
  const milliseconds period = *sensor.settings.every;
  if (period < driver.shortest_period) {
    draft.reader.report(*every, in_quotes(every->text) + " is faster than " + name +
                                    " can measure, expected at least " +
                                    duration_text(driver.shortest_period));
  } else if (sensor.settings.sleep_between && driver.can_sleep && period <= driver.warm_up) {
    draft.reader.report(*every, in_quotes(every->text) + " leaves no time to sleep: " + name +
                                    " wakes " + duration_text(driver.warm_up) +
                                    " before each sample, expected more than that");
  }
}

void check_modes(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  const std::string name(driver.name);
  if (sensor.settings.sleep_between && !driver.can_sleep) {
    draft.reader.report(*member(sensor.node, "sleep_between"),
                        name + " cannot be put to sleep between samples, expected false");
  }
  if (sensor.settings.mean && driver.make_listener == nullptr) {
    draft.reader.report(*member(sensor.node, "mean"),
                        name + " is polled, so a sample is a single reading, expected false");
  }
  if (driver.bus != BusKind::serial && driver.bus != BusKind::modbus) {
    for (const auto& key : line_keys) {
      refuse_meaningless(sensor.node, key, "for " + name, "none", draft);
    }
  }
  if (sensor.entry.is_sound && driver.check != nullptr) {
    std::string problem = driver.check(sensor.settings.settings);
    if (!problem.empty()) draft.reader.report(sensor.node, std::move(problem));
  }
  if (sensor.entry.is_sound && driver.doubts != nullptr) {
    for (std::string& doubt : driver.doubts(sensor.settings.settings)) {
      draft.reader.warn(sensor.node, std::move(doubt));
    }
  }
}

void check_since(const Sensor& sensor, Draft& draft) {
  const std::string& since = sensor.settings.since;
  if (since.empty() || parse_local_time(since, draft.config.gateway.zone)) return;
  draft.reader.report(*member(sensor.node, "since"),
                      in_quotes(since) +
                          " is no time, expected a date such as \"2026-11-22\" or a time such as "
                          "\"2026-11-22T10:30+08:00\"");
}

// Where two devices would talk at once.
void check_clash(const Sensor& sensor, std::map<std::string, const Node*>& taken, Draft& draft) {
  if (sensor.bus == nullptr || sensor.entry.driver == nullptr) return;
  const BusKind kind = kind_of(*sensor.bus);
  std::string place = sensor.bus->id;
  if (kind == BusKind::i2c) place += "/" + hexadecimal(sensor.settings.device.address);
  if (kind != BusKind::i2c && kind != BusKind::serial) return;
  const auto [other, is_new] = taken.emplace(place, &sensor.node);
  if (is_new) return;
  const std::string by = " is taken by the sensor of " + in_line(*other->second);
  if (kind == BusKind::serial) {
    draft.reader.report(*member(sensor.node, "bus"), "the serial port " +
                                                         in_quotes(sensor.bus->id) + by +
                                                         ", expected one sensor for each port");
    return;
  }
  const Node* address = member(sensor.node, "address");
  draft.reader.report(address != nullptr ? *address : sensor.node,
                      "the address " + hexadecimal(sensor.settings.device.address) + " of " +
                          in_quotes(sensor.bus->id) + by + ", expected another address or bus");
}

}  // namespace

void check_devices(Draft& draft) {
  check_buses(draft);
  check_names(draft);
  std::map<std::string, const Node*> taken;
  for (std::size_t at = 0; at < draft.sensors.size(); ++at) {
    const Draft::Entry& entry = draft.sensors[at];
    const SensorSettings& settings = draft.config.sensors[at];
    const Sensor sensor{entry, *entry.node, settings, find_bus(*entry.node, settings.bus, draft)};
    check_since(sensor, draft);
    if (entry.driver == nullptr) continue;
    check_fit(sensor, *entry.driver, draft);
    check_address(sensor, *entry.driver, draft);
    check_pace(sensor, *entry.driver, draft);
    check_modes(sensor, *entry.driver, draft);
    check_clash(sensor, taken, draft);
  }
}

}  // namespace twinsky
