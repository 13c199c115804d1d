// SPDX-License-Identifier: Apache-2.0
// The sections `buses` and `sensors`.
#include "gateway/config/check_settings.hpp"
#include "gateway/config/draft.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/config/suggestion.hpp"
#include "gateway/model/placement.hpp"

#include <algorithm>

namespace twinsky {
namespace {

int whole(const Settings& values, std::string_view name) {
  return static_cast<int>(values.integer(name));
}

// Puts what was given into `line`.
void read_line(const Settings& values, LineSettings& line) {
  if (values.has("baud")) line.baud = whole(values, "baud");
  if (values.has("data_bits")) line.data_bits = whole(values, "data_bits");
  if (values.has("stop_bits")) line.stop_bits = whole(values, "stop_bits");
  if (values.has("parity")) {
    const std::string& parity = values.text("parity");
    line.parity = parity == "even" ? 'E' : parity == "odd" ? 'O' : 'N';
  }
}

bool is_same_word(std::string_view a, std::string_view b) {
  return slips_between(a, b) == 0;
}

// Is the device among those that the driver is made for, by what is printed on it?
bool is_for(const DriverInfo& driver, std::string_view device) {
  std::string_view names = driver.makers;
  while (!names.empty()) {
    const auto end = std::min(names.find_first_of(" ,;"), names.size());
    if (is_same_word(names.substr(0, end), device)) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

// How a driver's settings name one of its devices: `"variant": "bmp280"`; empty: they need not.
std::string choice_of(const DriverInfo& driver, std::string_view device) {
  for (const Setting& setting : driver.settings) {
    for (const std::string_view choice : setting.choices) {
      if (is_same_word(choice, device)) return in_quotes(setting.name) + ": " + in_quotes(choice);
    }
  }
  return {};
}

const DriverInfo* find_driver(const Node& sensor, Draft& draft) {
  const Node* name = member(sensor, "driver");
  if (name == nullptr || name->kind != NodeKind::text) return nullptr;
  const auto drivers = draft.vocabulary.drivers;
  const auto found = std::ranges::find(drivers, name->text, &DriverInfo::name);
  if (found != drivers.end()) return *found;
  std::vector<std::string_view> known;
  for (const DriverInfo* info : drivers) known.push_back(info->name);
  std::string suggestion = nearest(name->text, known);
  for (const DriverInfo* info : drivers) {
    if (is_same_word(info->name, name->text) || !is_for(*info, name->text)) continue;
    suggestion = info->name;
    const std::string choice = choice_of(*info, name->text);
    if (choice.empty()) continue;
    draft.reader.report(*name, in_quotes(name->text) + " is a device of another driver, expected " +
                                   "\"driver\": " + in_quotes(info->name) + ", " + choice);
    return nullptr;
  }
  const std::string expected = suggestion.empty() ? listed(known) + " (see \"twinsky drivers\")"
                                                  : "one that \"twinsky drivers\" lists";
  draft.reader.report(*name,
                      "there is no driver " + in_quotes(name->text) + ", expected " + expected,
                      std::move(suggestion));
  return nullptr;
}

// A driver's own text of an address, such as "0x76".
int address_of(std::string_view text) {
  std::string problem;
  const auto value =
      read_setting({.kind = SettingKind::integer, .hexadecimal = true}, text, problem);
  return value ? static_cast<int>(std::get<std::int64_t>(*value)) : 0;
}

// The driver's defaults, then what the bus says, then what the sensor says.
DeviceSettings device_of(const Settings& values, const std::string& bus, const DriverInfo& driver,
                         const LineSettings& line, const Draft& draft) {
  DeviceSettings device{.line = line};
  if (!driver.addresses.empty()) device.address = address_of(driver.addresses.front());
  for (const Setting& key : driver.bus->device_addresses) {
    if (values.has(key.name)) device.address = whole(values, key.name);
  }
  const auto wire =
      std::ranges::find(draft.buses, bus, [](const auto& at) { return at.node->key; });
  if (wire != draft.buses.end()) read_line(wire->values, device.line);
  read_line(values, device.line);
  device.settings = values.only(driver.bus->device_settings);
  return device;
}

// `quality` of a sensor: settings for all of its checks, and an object for each quantity.
QualitySettings read_quality(const Node& sensor, Draft& draft) {
  QualitySettings quality;
  const Node* node = member(sensor, "quality");
  if (node == nullptr || node->kind != NodeKind::object) return quality;
  const Settings values =
      draft.reader.read(*node, quality_settings(), Reader::UnknownKeys::ignored);
  quality.amend = values.boolean("amend");
  quality.use_suspect = values.boolean("use_suspect");
  quality.humid_above_percent = values.number("humid_above");
  quality.twin = values.boolean("twin");
  std::vector<std::string_view> known;
  for (const Setting& setting : quality_settings()) known.push_back(setting.name);
  const std::size_t general = known.size();
  for (const QuantityInfo& info : quantity_catalogue()) known.push_back(info.name);
  for (const Node* entry : node->children) {
    const auto found = std::ranges::find(known, std::string_view(entry->key));
    if (found == known.end()) {
      draft.reader.refuse_key(*entry, known, Reader::UnknownKeys::refused);
    } else if (found - known.begin() >= static_cast<std::ptrdiff_t>(general) &&
               draft.reader.expect(*entry, NodeKind::object,
                                   R"(an object such as {"spike_suspect": 200})")) {
      Settings checks = draft.reader.read(*entry, check_settings());
      const CheckProblem problem = problem_of_checks(checks);
      if (problem.setting.empty()) {
        quality.quantities.emplace(*quantity_named(entry->key), std::move(checks));
      } else {
        const Node* at = member(*entry, problem.setting);
        draft.reader.report(at == nullptr ? *entry : *at, problem.message);
      }
    }
  }
  // Nothing else of it asks for the time of day.
  const bool is_of_seasons = std::ranges::any_of(
      quality.quantities, [](const auto& each) { return each.second.has("climatology"); });
  if (is_of_seasons) quality.zone = draft.config.gateway.zone;
  return quality;
}

// A word that nobody knows was outdoors for earlier versions; a gateway goes on with it, and takes
// it for neither indoors nor outdoors.
void check_placement(const Node& sensor, const std::string& placement, Draft& draft) {
  if (air_of(placement) != Air::unknown) return;
  std::string meant(placement_meant_by(placement));
  if (meant.empty()) meant = nearest(placement, placements);
  draft.reader.warn(*member(sensor, "placement"),
                    in_quotes(placement) +
                        " is no kind of place, so it counts neither as indoors "
                        "nor as outdoors, expected " +
                        listed(placements),
                    std::move(meant));
}

void read_address(const Node& endpoint, const Settings& values, BusSettings& bus,
                  const Draft& draft) {
  bus.address = text_or_none(values, endpoint.key);
  if (bus.address.empty()) return;  // said already
  bus.info = bus_named(endpoint.key);
  if (bus.info->is_our_file) bus.address = resolved(draft, bus.address);
  bus.settings = values.only(bus.info->settings);
}

}  // namespace

std::vector<const Node*> endpoints_of(const Node& bus) {
  std::vector<const Node*> given;
  std::ranges::copy_if(bus.children, std::back_inserter(given),
                       [](const Node* node) { return bus_named(node->key) != nullptr; });
  return given;
}

void read_bus(const Node& node, Draft& draft) {
  const auto problems = draft.reader.count();
  if (!is_id(node.key)) {
    draft.reader.report_key(
        node,
        in_quotes(node.key) + " is not an id, expected " + expectation({.kind = SettingKind::id}),
        id_like(node.key));
  }
  BusSettings bus;
  bus.id = node.key;
  Settings values;
  if (draft.reader.expect(node, NodeKind::object, R"(an object such as {"i2c": "/dev/i2c-1"})")) {
    values = draft.reader.read(node, bus_settings());
    const auto given = endpoints_of(node);
    if (given.size() == 1) read_address(*given.front(), values, bus, draft);
    for (const Setting& setting : bus_settings()) {
      const bool has_meaning = bus.info == nullptr || declares(bus.info->settings, setting.name);
      if (!has_meaning) draft.reader.leave_out_default(node, setting.name);
    }
  }
  draft.config.buses.push_back(std::move(bus));
  draft.buses.push_back(
      {.node = &node, .values = std::move(values), .is_sound = draft.reader.count() == problems});
}

void read_sensor(const Node& node, Draft& draft) {
  if (!draft.reader.expect(node, NodeKind::object, R"(an object such as {"id": "roof-pm", …})")) {
    return;
  }
  const auto problems = draft.reader.count();
  const DriverInfo* driver = find_driver(node, draft);
  std::vector<Setting> declared(sensor_settings().begin(), sensor_settings().end());
  if (driver != nullptr) {
    declared.insert(declared.end(), driver->settings.begin(), driver->settings.end());
  }
  Settings values = draft.reader.read(
      node, declared,
      driver != nullptr ? Reader::UnknownKeys::refused : Reader::UnknownKeys::ignored);
  SensorSettings sensor;
  sensor.id = text_or_none(values, "id");
  sensor.driver = text_or_none(values, "driver");
  sensor.bus = text_or_none(values, "bus");
  if (values.has("every")) sensor.every = values.duration("every");
  sensor.placement = text_or_none(values, "placement");
  sensor.since = values.text("since");
  sensor.serial_number = values.text("serial_number");
  sensor.position = read_position(node, draft);
  sensor.north_offset_deg = values.number("north_offset_deg");
  sensor.ambient = values.boolean("ambient");
  sensor.sleep_between = values.boolean("sleep_between");
  sensor.mean = values.boolean("mean");
  sensor.quality = read_quality(node, draft);
  check_placement(node, sensor.placement, draft);
  if (driver != nullptr) {
    sensor.settings = values.only(driver->settings);
    resolve_paths(draft, driver->settings, sensor.settings);
    const bool asks_settings = driver->line_of != nullptr && draft.reader.count() == problems;
    const LineSettings line = asks_settings ? driver->line_of(sensor.settings) : driver->line;
    sensor.device = device_of(values, sensor.bus, *driver, line, draft);
  }
  draft.config.sensors.push_back(std::move(sensor));
  draft.sensors.push_back({.node = &node,
                           .values = std::move(values),
                           .is_sound = draft.reader.count() == problems,
                           .driver = driver});
}

}  // namespace twinsky
