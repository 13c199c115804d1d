// SPDX-License-Identifier: Apache-2.0
// What must fit together among buses and sensors.
#include "gateway/config/draft.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/hexadecimal.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace twinsky {
namespace {

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

void check_endpoint(const Node& bus, Draft& draft) {
  const auto given = endpoints_of(bus);
  if (given.empty()) {
    draft.reader.report(bus,
                        "the bus names no device, expected exactly " + listed(bus_endpoints()));
  }
  for (std::size_t at = 1; at < given.size(); ++at) {
    draft.reader.report_key(
        *given[at], "the bus names a second device, expected exactly " + listed(bus_endpoints()));
  }
}

// A device that is not there now may be plugged in, or belong to the machine that the file is for.
void check_device_file(const Node& node, const BusInfo& kind, const std::string& address,
                       Draft& draft) {
  const std::string files(kind.needs.files);
  if (files.empty()) return;
  if (!address.starts_with('/')) {
    draft.reader.warn(node, in_quotes(address) + " is no device's file, expected one such as " +
                                in_quotes(files));
    return;
  }
  std::error_code unknown;
  if (std::filesystem::exists(address, unknown) || unknown) return;
  draft.reader.note(node, in_quotes(address) + " is not there now; \"ls -l " + files +
                              "\" shows which are, and \"twinsky doctor\" looks for the reason");
}

void check_address(const Node& node, const BusInfo& kind, std::string& address, Draft& draft) {
  if (address.empty()) return;  // said already
  if (kind.doubt != nullptr) {
    std::string doubt = kind.doubt(address);
    if (!doubt.empty()) draft.reader.warn(node, std::move(doubt));
  }
  check_device_file(node, kind, address, draft);
  if (kind.check == nullptr) return;
  std::string problem = kind.check(address);
  if (!problem.empty()) draft.reader.report(node, std::move(problem));
}

// Keys that another kind of bus would have.
void check_additions(const Node& bus, Draft& draft) {
  const auto given = endpoints_of(bus);
  for (const Node* node : bus.children) {
    std::string with;
    bool has_meaning = bus_named(node->key) != nullptr;
    for (const BusInfo* kind : bus_registry()) {
      if (!declares(kind->settings, node->key)) continue;
      has_meaning = has_meaning || std::ranges::find(given, kind->name, &Node::key) != given.end();
      with.append(with.empty() ? "it with " : " or ").append(in_quotes(kind->name));
    }
    if (has_meaning || with.empty()) continue;
    refuse_meaningless(bus, node->key, "on this kind of bus", with, draft);
  }
}

void check_buses(Draft& draft) {
  std::map<std::string, const Node*> devices;
  for (std::size_t at = 0; at < draft.buses.size(); ++at) {
    const Node& node = *draft.buses[at].node;
    BusSettings& bus = draft.config.buses[at];
    if (node.kind != NodeKind::object) continue;  // said already
    check_endpoint(node, draft);
    check_additions(node, draft);
    for (const Node* given : endpoints_of(node)) {
      const BusInfo& kind = *bus_named(given->key);
      std::string second = text_or_none(draft.buses[at].values, kind.name);
      check_address(*given, kind, bus.info == &kind ? bus.address : second, draft);
    }
    if (bus.info == nullptr || bus.info->identity == nullptr) continue;
    const auto [taken, is_new] = devices.emplace(bus.info->identity(bus.address), &node);
    if (is_new) continue;
    draft.reader.report(node, in_quotes(bus.address) + " is the device of the bus " +
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
    return draft.buses[at].is_sound && bus.info != nullptr ? &bus : nullptr;
  }
  draft.reader.report(*member(sensor, "bus"),
                      "there is no bus " + in_quotes(id) + ", expected " +
                          (known.empty() ? "one in \"buses\"" : listed(known)),
                      nearest(id, known));
  return nullptr;
}

// Is it on a bus on which it can be? If not, it says so.
bool check_fit(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  if (sensor.bus == nullptr || fits(*sensor.bus->info, *driver.bus)) return true;
  std::vector<std::string_view> fitting;
  for (const BusSettings& bus : draft.config.buses) {
    if (bus.info != nullptr && fits(*bus.info, *driver.bus)) fitting.push_back(bus.id);
  }
  const std::string kind(driver.bus->name);
  draft.reader.report(*member(sensor.node, "bus"),
                      std::string(driver.name) + " is a device for a bus of kind " + kind +
                          ", but " + in_quotes(sensor.bus->id) + " is of kind " +
                          std::string(kind_of(*sensor.bus->info).name) + ", expected " +
                          (fitting.empty() ? "a bus of kind " + kind : listed(fitting)));
  return false;
}

// How the device is told from others on its bus, by whichever key.
void check_device_address(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  const BusInfo& kind = *driver.bus;
  const Node* given = nullptr;
  for (const Setting& key : kind.device_addresses) {
    const Node* node = member(sensor.node, key.name);
    if (node == nullptr) continue;
    if (given != nullptr) {
      draft.reader.report_key(*given, in_quotes(given->key) + " and " + in_quotes(key.name) +
                                          " say the same, expected one of them");
    }
    given = node;
  }
  const int address = sensor.settings.device.address;
  // A bus of another kind may take others than the one that the driver is made for.
  const bool has_own = sensor.bus != nullptr && sensor.bus->info->check_device != nullptr;
  const auto check = has_own ? sensor.bus->info->check_device : kind.check_device;
  if (given != nullptr && check != nullptr) {
    std::string problem = check(address, driver);
    if (!problem.empty()) draft.reader.report(*given, std::move(problem));
  } else if (given == nullptr && address == 0 && !kind.device_addresses.empty()) {
    draft.reader.report(sensor.node, in_quotes(kind.device_addresses.front().name) +
                                         " is missing, expected the device's " +
                                         std::string(kind.device_address_name));
  }
}

// A device that does not say which speeds it can have has one.
void check_speed(const Sensor& sensor, const DriverInfo& driver, const Draft& draft,
                 Reader& reader) {
  const bool has_one = declares(driver.bus->device_settings, "baud") && driver.line_of == nullptr;
  if (!has_one || sensor.bus == nullptr || sensor.bus->info->plays_any) return;
  const int baud = sensor.settings.device.line.baud;
  if (baud == driver.line.baud) return;
  const Node* given = member(sensor.node, "baud");
  for (const Draft::Entry& bus : draft.buses) {
    if (given == nullptr && bus.node->key == sensor.bus->id) given = member(*bus.node, "baud");
  }
  const std::string right = std::to_string(driver.line.baud);
  reader.warn(given == nullptr ? sensor.node : *given,
              std::to_string(baud) + " is no speed of " + std::string(driver.name) +
                  ", which says nothing that can be read then, expected " + right +
                  " or no \"baud\"");
}

// Keys that sensors on another kind of bus would have.
void check_device_settings(const Sensor& sensor, const DriverInfo& driver, Draft& draft) {
  const auto own = driver.bus->device_addresses;
  for (const Setting& setting : device_settings()) {
    if (declares(own, setting.name) || declares(driver.bus->device_settings, setting.name))
      continue;
    const bool is_address = std::ranges::any_of(bus_registry(), [&](const BusInfo* kind) {
      return declares(kind->device_addresses, setting.name);
    });
    refuse_meaningless(sensor.node, setting.name, "for " + std::string(driver.name),
                       is_address && !own.empty() ? in_quotes(own.front().name) : "none", draft);
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
  const BusInfo::Devices devices = sensor.bus->info->devices;
  if (devices == BusInfo::Devices::any) return;
  const bool is_port = devices == BusInfo::Devices::one;
  const std::string address =
      "0x" + hexadecimal(static_cast<unsigned>(sensor.settings.device.address), 2);
  const std::string& bus = sensor.bus->id;
  const auto [other, is_new] = taken.emplace(is_port ? bus : bus + "/" + address, &sensor.node);
  if (is_new) return;
  const std::string by = " is taken by the sensor of " + in_line(*other->second);
  if (is_port) {
    draft.reader.report(*member(sensor.node, "bus"), "the " + std::string(sensor.bus->info->name) +
                                                         " port " + in_quotes(bus) + by +
                                                         ", expected one sensor for each port");
    return;
  }
  const Node* node = member(sensor.node, sensor.bus->info->device_addresses.front().name);
  draft.reader.report(node != nullptr ? *node : sensor.node,
                      "the address " + address + " of " + in_quotes(bus) + by +
                          ", expected another address or bus");
}

}  // namespace

void check_devices(Draft& draft) {
  check_buses(draft);
  check_names(draft);
  std::map<std::string, const Node*> taken;
  for (std::size_t at = 0; at < draft.sensors.size(); ++at) {
    const Draft::Entry& entry = draft.sensors[at];
    const SensorSettings& settings = draft.config.sensors[at];
    Sensor sensor{entry, *entry.node, settings, find_bus(*entry.node, settings.bus, draft)};
    check_since(sensor, draft);
    if (entry.driver == nullptr) continue;
    // On the wrong bus it takes nobody's place there.
    if (!check_fit(sensor, *entry.driver, draft)) sensor.bus = nullptr;
    check_device_address(sensor, *entry.driver, draft);
    check_device_settings(sensor, *entry.driver, draft);
    check_speed(sensor, *entry.driver, draft, draft.reader);
    check_pace(sensor, *entry.driver, draft);
    check_modes(sensor, *entry.driver, draft);
    check_clash(sensor, taken, draft);
  }
}

}  // namespace twinsky
