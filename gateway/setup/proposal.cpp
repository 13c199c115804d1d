// SPDX-License-Identifier: Apache-2.0
#include "gateway/setup/proposal.hpp"

#include "gateway/model/hexadecimal.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds usual_period = 10s;
constexpr std::string_view margin_of_entries = "    ";

// `wanted`, or with a number behind it.
std::string free_id(const std::string& wanted, std::set<std::string>& taken) {
  std::string id = wanted;
  for (int number = 2; !taken.insert(id).second; ++number)
    id = wanted + "-" + std::to_string(number);
  return id;
}

std::string dashed(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', '-');
  return text;
}

// A short name of the device itself, as "i2c-1"; else of its kind.
std::string bus_id(const BusInfo& kind, const std::string& address) {
  constexpr std::size_t longest = 16;
  const std::string name = std::filesystem::path(address).filename().string();
  const bool is_one = is_id(name) && name.size() <= longest && !kind.needs.files.empty();
  return is_one ? name : dashed(kind.name);
}

// Of what it is: its variant or map, else its driver.
std::string sensor_id(const ScannedDevice& device) {
  for (const auto& [name, value] : device.found.settings) {
    if (is_id(value)) return value;
  }
  return dashed(device.driver->name);
}

// What the bus and the driver would not know by themselves.
void add_line(const ScannedDevice& device, Json& entry) {
  const DriverInfo& driver = *device.driver;
  if (!declares(driver.bus->device_settings, "baud") || device.bus->needs.is_server) return;
  LineSettings usual = driver.line;
  if (driver.line_of != nullptr) usual = driver.line_of(settings_in(entry, driver));
  if (device.line.baud != usual.baud) entry["baud"] = device.line.baud;
  const char parity = device.line.parity;
  if (parity != usual.parity)
    entry["parity"] = parity == 'E' ? "even" : parity == 'O' ? "odd" : "none";
}

ProposedSensor sensor_of(const ScannedDevice& device, const std::string& bus,
                         std::set<std::string>& taken) {
  const DriverInfo& driver = *device.driver;
  ProposedSensor sensor{
      .entry = {{"id", free_id(sensor_id(device), taken)}, {"driver", driver.name}, {"bus", bus}},
      .about = about(device)};
  Json& entry = sensor.entry;
  if (device.address != 0) {
    const std::string_view key = driver.bus->device_addresses.front().name;
    const bool is_hexadecimal = device.bus->devices == BusInfo::Devices::each_at_its_address;
    entry[key] = is_hexadecimal ? Json("0x" + hexadecimal(static_cast<unsigned>(device.address), 2))
                                : Json(device.address);
  }
  entry["every"] = duration_text(std::max(usual_period, driver.shortest_period));
  for (const auto& [name, value] : device.found.settings) entry[std::string_view(name)] = value;
  for (const Setting& setting : driver.settings) {
    if (!setting.required || entry.contains(setting.name)) continue;
    entry[setting.name] = "";
    sensor.is_complete = false;
  }
  add_line(device, entry);
  if (!device.found.serial_number.empty()) entry["serial_number"] = device.found.serial_number;
  return sensor;
}

void append_comment(std::string& text, std::string_view comment) {
  text.append(margin_of_entries).append("// ").append(one_line(comment)).append("\n");
}

}  // namespace

std::string about(const ScannedDevice& device) {
  const Found& found = device.found;
  std::string text = found.model + " at " + device.bus_address;
  const std::string place = place_text(*device.bus, device.address);
  if (!place.empty()) text += " " + place;
  text += (found.is_certain ? ", known by " : ", likely by ") + found.evidence;
  if (!found.serial_number.empty()) text += "; serial number " + found.serial_number;
  if (!found.detail.empty()) text += "; " + found.detail;
  return text;
}

Json ProposedDevices::sensor_list() const {
  Json list = Json::array();
  for (const ProposedSensor& sensor : sensors) {
    if (sensor.is_complete) list.push_back(sensor.entry);
  }
  return list;
}

ProposedDevices proposal_of(const ScanReport& report) {
  ProposedDevices proposal;
  std::set<std::string> bus_ids;
  std::set<std::string> sensor_ids;
  std::string bus;
  for (const ScannedDevice& device : report.devices) {
    const std::string_view key = device.bus->name;
    const auto buses = proposal.buses.items();
    const auto known = std::ranges::find_if(buses, [&](const Json::Member& each) {
      return each.value.contains(key) && each.value.at(key) == device.bus_address;
    });
    if (known != buses.end()) {
      bus = known->key;
    } else {
      bus = free_id(bus_id(*device.bus, device.bus_address), bus_ids);
      Json made = Json::object();
      made[key] = device.bus_address;
      proposal.buses[std::string_view(bus)] = std::move(made);
    }
    proposal.sensors.push_back(sensor_of(device, bus, sensor_ids));
  }
  return proposal;
}

Result<ProposedDevices, std::string> proposal_in(std::string_view json) {
  try {
    const Json whole = Json::parse(json);
    const Json& configuration = whole.at("configuration");
    ProposedDevices proposal{.buses = configuration.at("buses")};
    for (const Json& sensor : configuration.at("sensors"))
      proposal.sensors.push_back({.entry = sensor});
    return proposal;
  } catch (const JsonError& problem) {
    return Unexpected{std::string("is not what `twinsky scan --json` prints: ") + problem.what()};
  }
}

Settings settings_in(const Json& entry, const DriverInfo& driver) {
  Settings settings = Settings::defaults(driver.settings);
  for (const Setting& setting : driver.settings) {
    const Json* const written = entry.find(setting.name);
    if (written == nullptr) continue;
    std::string problem;
    const std::string text = written->is_string() ? written->get<std::string>() : written->dump();
    if (auto value = read_setting(setting, text, problem)) {
      settings.set(std::string(setting.name), *std::move(value));
    }
  }
  return settings;
}

std::string spaced(const Json& json) {
  std::string text;
  const auto next = [&text] { text.append(text.size() > 1 ? ", " : ""); };
  if (json.is_object()) {
    text = "{";
    for (const auto& [key, value] : json.items()) {
      next();
      text.append(Json(key).dump()).append(": ").append(spaced(value));
    }
    return text + "}";
  }
  if (!json.is_array()) return json.dump();
  text = "[";
  for (const Json& value : json) {
    next();
    text += spaced(value);
  }
  return text + "]";
}

std::string bus_lines(const ProposedDevices& proposal) {
  std::string text;
  for (const auto& [id, bus] : proposal.buses.items()) {
    text.append(text.empty() ? "" : ",\n").append(margin_of_entries);
    text.append(Json(id).dump()).append(": ").append(spaced(bus));
  }
  return text.empty() ? text : text + "\n";
}

std::string sensor_lines(const ProposedDevices& proposal) {
  std::string text;
  const auto count = std::ranges::count(proposal.sensors, true, &ProposedSensor::is_complete);
  std::ptrdiff_t written = 0;
  for (const ProposedSensor& sensor : proposal.sensors) {
    if (!sensor.about.empty()) append_comment(text, sensor.about);
    if (!sensor.is_complete) {
      append_comment(
          text, "What it needs is for you to say (drivers/README.md): " + spaced(sensor.entry));
      continue;
    }
    const bool is_last = ++written == count;
    text.append(margin_of_entries).append(spaced(sensor.entry)).append(is_last ? "\n" : ",\n");
  }
  return text;
}

}  // namespace twinsky
