// SPDX-License-Identifier: Apache-2.0
// Reads a scenario file. Every key is known or refused, every quantity that somebody needs is
// there.
#include "scenario.hpp"

#include "device.hpp"
#include "products.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace world {

namespace {

using nlohmann::json;

// An object of the file with its place. What nobody asked for by the end is a mistake of the
// writer.
class Section {
 public:
  Section(const json& value, std::string place) : value_(value), place_(std::move(place)) {
    if (!value.is_object()) fail("must be an object {…}");
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  [[noreturn]] void fail(const std::string& what) const {
    throw ScenarioError(place_ + ": " + what);
  }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw ScenarioError(place_ + "/" + key + ": " + what);
  }
  [[nodiscard]] std::string place_of(const std::string& key) const { return place_ + "/" + key; }

  const json* find(const std::string& key) {
    asked_.insert(key);
    const auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }
  const json& need(const std::string& key) {
    const auto* found = find(key);
    if (found == nullptr) fail("\"" + key + "\" is missing");
    return *found;
  }
  double number(const std::string& key, double fallback) {
    const auto* found = find(key);
    if (found == nullptr) return fallback;
    if (!found->is_number()) fail(key, "must be a number");
    return found->get<double>();
  }
  std::string text(const std::string& key, const std::string& fallback) {
    const auto* found = find(key);
    if (found == nullptr) return fallback;
    if (!found->is_string()) fail(key, "must be a text");
    return found->get<std::string>();
  }
  bool truth(const std::string& key, bool fallback) {
    const auto* found = find(key);
    if (found == nullptr) return fallback;
    if (!found->is_boolean()) fail(key, "must be true or false");
    return found->get<bool>();
  }
  Utc time(const std::string& key) {
    const auto time = time_in(text(key, ""));
    if (!time) fail(key, "must be a time such as \"2026-10-05T06:00Z\"");
    return *time;
  }
  void finish() const {
    for (const auto& [key, value] : value_.items()) {
      if (!asked_.contains(key)) fail(key, "is not a key of a scenario here");
    }
  }

 private:
  const json& value_;
  std::string place_;
  std::set<std::string> asked_;
};

double second_of(const std::string& text, const std::string& place) {
  const bool shaped = text.size() == 5 && text[2] == ':' &&
                      std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; }) == 4;
  const int hour = shaped ? (text[0] - '0') * 10 + (text[1] - '0') : 99;
  const int minute = shaped ? (text[3] - '0') * 10 + (text[4] - '0') : 99;
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) {
    throw ScenarioError(place + ": \"" + text +
                        "\" is no time of day; expected HH:MM, Hong Kong time");
  }
  return hour * 3600.0 + minute * 60.0;
}

Series read_series(const std::string& name, const json& value, const std::string& place) {
  const bool degrees = name.ends_with("_dir");
  if (value.is_number()) return Series({{0, value.get<double>()}}, 0, degrees);
  Section section(value, place);
  const double wobble = section.number("wobble", 0);
  std::vector<Series::Point> points;
  const json& by_time = section.need("by_time");
  if (!by_time.is_object() || by_time.empty())
    section.fail("by_time", "must be {\"HH:MM\": number, …}");
  for (const auto& [time, number] : by_time.items()) {
    if (!number.is_number()) section.fail("by_time/" + time, "must be a number");
    points.push_back({second_of(time, section.place_of("by_time")), number.get<double>()});
  }
  std::ranges::sort(points, {}, &Series::Point::second_of_day);
  section.finish();
  return Series(std::move(points), wobble, degrees);
}

std::shared_ptr<const Truth> read_truth(const json& value, const std::string& place) {
  if (!value.is_object()) throw ScenarioError(place + ": must be an object of values");
  auto truth = std::make_shared<Truth>();
  for (const auto& [name, series] : value.items()) {
    truth->emplace(name, read_series(name, series, place + "/" + name));
  }
  return truth;
}

View read_view(const std::shared_ptr<const Truth>& truth, const json* value,
               const std::string& place) {
  std::map<std::string, View::Lens, std::less<>> lenses;
  if (value == nullptr) return {truth, {}};
  if (!value->is_object())
    throw ScenarioError(place + ": must be {quantity: {of, times, plus}, …}");
  for (const auto& [quantity, lens] : value->items()) {
    Section section(lens, place + "/" + quantity);
    View::Lens seen{section.text("of", quantity), section.number("times", 1),
                    section.number("plus", 0)};
    section.finish();
    if (!truth->contains(seen.of)) section.fail("there is no value \"" + seen.of + "\" in /values");
    lenses.emplace(quantity, std::move(seen));
  }
  return {truth, std::move(lenses)};
}

void demand(const View& view, const std::vector<std::string>& quantities, const std::string& who) {
  for (const auto& quantity : quantities) {
    if (view.knows(quantity)) continue;
    throw ScenarioError(who + " needs the value \"" + quantity +
                        "\": give it in /values, or name another one in \"sees\"");
  }
}

std::vector<Gap> read_gaps(const json* value, const std::string& place) {
  std::vector<Gap> gaps;
  if (value == nullptr) return gaps;
  if (!value->is_array()) throw ScenarioError(place + ": must be a list [{of, from, to, text}, …]");
  for (const auto& entry : *value) {
    Section section(entry, place + "/" + std::to_string(gaps.size()));
    Gap gap;
    const json& of = section.need("of");
    if (!of.is_array()) section.fail("of", "must be a list of quantities");
    for (const auto& quantity : of)
      gap.of.push_back(quantity.is_string() ? quantity.get<std::string>() : "");
    gap.from_second = second_of(section.text("from", "00:00"), section.place_of("from"));
    gap.to_second = second_of(section.text("to", "24:00"), section.place_of("to"));
    gap.text = section.text("text", "N/A");
    section.finish();
    gaps.push_back(std::move(gap));
  }
  return gaps;
}

// Calls `read` with each section of a list that may be absent.
template <class Read>
void read_list(const json* list, const std::string& place, Read read) {
  if (list == nullptr) return;
  if (!list->is_array()) throw ScenarioError(place + ": must be a list");
  for (std::size_t at = 0; at < list->size(); ++at) {
    Section section((*list)[at], place + "/" + std::to_string(at));
    read(section);
    section.finish();
  }
}

std::vector<Trouble> read_troubles(Section& device) {
  std::vector<Trouble> troubles;
  read_list(device.find("troubles"), device.place_of("troubles"), [&](Section& each) {
    Trouble trouble{.is = each.text("is", ""),
                    .from = each.time("from"),
                    .to = each.time("to"),
                    .least_s = each.number("least_s", 0),
                    .most_s = each.number("most_s", 0)};
    if (std::ranges::find(trouble_names(), trouble.is) == trouble_names().end()) {
      each.fail("is", "\"" + trouble.is + "\" is no trouble of a device");
    }
    troubles.push_back(std::move(trouble));
  });
  return troubles;
}

DeviceSpec read_device(const json& value, const std::string& place,
                       const std::shared_ptr<const Truth>& truth) {
  Section section(value, place);
  const std::string kind = section.text("kind", "");
  if (!is_kind(kind)) {
    section.fail("kind", "\"" + kind + "\" is not known; there are " + kind_names());
  }
  DeviceSpec spec{.name = section.text("name", kind),
                  .kind = kind,
                  .running_for_s = section.number("running_for_s", 0),
                  .spin_up_s = section.number("spin_up_s", 3),
                  .settles_s = section.number("settles_s", 0),
                  .work_period_min = static_cast<int>(section.number("work_period_min", 0)),
                  .frames_per_second = section.number("frames_per_second", 0),
                  .humidity_element = section.truth("humidity_element", true),
                  .tcp = static_cast<int>(section.number("tcp", -1)),
                  .mode = section.text("mode", ""),
                  .is_kernels = section.truth("kernel", false),
                  .troubles = read_troubles(section),
                  .view = read_view(truth, section.find("sees"), section.place_of("sees"))};
  if (spec.tcp >= 0 && kind != "renke") section.fail("tcp", "only a renke has it");
  if (spec.tcp >= 0) {
    spec.port.clear();
  } else if (is_serial_kind(kind)) {
    spec.port = section.text("port", spec.name);
  } else {
    spec.bus = section.text("bus", "i2c-1");
  }
  spec.address = static_cast<int>(section.number("address", address_of_kind(kind)));
  if (spec.port.find('/') != std::string::npos || spec.bus.find('/') != std::string::npos) {
    section.fail("a port or bus is a plain name without \"/\"");
  }
  section.finish();
  demand(spec.view, quantities_of_kind(kind), place + " (" + kind + ")");
  return spec;
}

void read_devices(Scenario& scenario, const json& list, const std::string& place) {
  if (!list.is_array()) throw ScenarioError(place + ": must be a list");
  std::set<std::string> names;
  std::set<std::pair<std::string, int>> places;
  for (const auto& value : list) {
    const std::string here = place + "/" + std::to_string(scenario.devices.size());
    auto spec = read_device(value, here, scenario.truth);
    if (!names.insert(spec.name).second) {
      throw ScenarioError(here + ": a second device \"" + spec.name + "\"; give it another name");
    }
    const std::string place_of_it = spec.tcp >= 0 ? spec.name : spec.port + ":" + spec.bus;
    if (!places.insert({place_of_it, spec.address}).second) {
      throw ScenarioError(here + ": port or bus and address of \"" + spec.name + "\" are taken");
    }
    scenario.devices.push_back(std::move(spec));
  }
}

void read_ports(Scenario& scenario, const json* value, const std::string& place) {
  for (const auto& device : scenario.devices) {
    if (!device.port.empty()) scenario.ports[device.port].baud = baud_of_kind(device.kind);
  }
  if (value == nullptr) return;
  if (!value->is_object())
    throw ScenarioError(place + ": must be {port: {baud, paced, echo, strict}, …}");
  for (const auto& [name, settings] : value->items()) {
    Section section(settings, place + "/" + name);
    const auto port = scenario.ports.find(name);
    if (port == scenario.ports.end()) section.fail("no device has this port");
    port->second.baud = static_cast<int>(section.number("baud", port->second.baud));
    port->second.paced = section.truth("paced", false);
    port->second.echo = section.truth("echo", false);
    port->second.strict = section.truth("strict", false);
    if (port->second.baud <= 0) section.fail("baud", "must be above 0");
    section.finish();
  }
}

void read_changes(StationSpec& station, Section& section) {
  read_list(section.find("revisions"), section.place_of("revisions"), [&](Section& each) {
    station.revisions.push_back({.quantity = each.text("of", ""),
                                 .hour_end = each.time("hour_end"),
                                 .plus = each.number("plus", 0),
                                 .from = each.time("from"),
                                 .to = each.time("to")});
  });
  read_list(section.find("late_rows"), section.place_of("late_rows"), [&](Section& each) {
    station.late_rows.push_back({.hour_end = each.time("hour_end"), .from = each.time("from")});
  });
  if (const auto* renamed = section.find("renamed")) {
    Section each(*renamed, section.place_of("renamed"));
    station.renamed = Renaming{.name = each.text("name", ""), .from = each.time("from")};
    each.finish();
  }
}

// A list of stations that all see the same quantities.
std::vector<StationSpec> read_stations(const std::shared_ptr<const Truth>& truth, const json& list,
                                       const std::string& place,
                                       const std::vector<std::string>& quantities) {
  if (!list.is_array()) throw ScenarioError(place + ": must be a list of stations");
  std::vector<StationSpec> stations;
  for (const auto& value : list) {
    Section section(value, place + "/" + std::to_string(stations.size()));
    StationSpec station{.name = section.text("name", ""),
                        .code = section.text("code", ""),
                        .roadside = section.truth("roadside", false),
                        .view = read_view(truth, section.find("sees"), section.place_of("sees")),
                        .gaps = read_gaps(section.find("gaps"), section.place_of("gaps"))};
    if (station.name.empty()) section.fail("\"name\" is missing");
    read_changes(station, section);
    section.finish();
    demand(station.view, quantities, section.place_of("") + station.name);
    stations.push_back(std::move(station));
  }
  return stations;
}

std::vector<WarningSpec> read_warnings(const json& list, const std::string& place) {
  if (!list.is_array()) throw ScenarioError(place + ": must be a list of warnings");
  std::vector<WarningSpec> warnings;
  for (const auto& value : list) {
    Section section(value, place + "/" + std::to_string(warnings.size()));
    WarningSpec warning{.name = section.text("name", ""),
                        .code = section.text("code", ""),
                        .type = section.text("type", "")};
    warning.from_second = second_of(section.text("from", "00:00"), section.place_of("from"));
    warning.to_second = second_of(section.text("to", "24:00"), section.place_of("to"));
    if (warning.code.empty()) section.fail("\"code\" is missing");
    section.finish();
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

void read_hko(Scenario& scenario, const json& value, const std::string& place) {
  Section section(value, place);
  const json none = json::object();
  const json* given = section.find("stations");
  const json& peculiar = given == nullptr ? none : *given;
  if (!peculiar.is_object()) section.fail("stations", "must be {name: {sees, gaps}, …}");
  std::set<std::string> named;
  for (const auto& [product, quantities] : hko_products()) {
    const json& names = section.need(product);
    if (!names.is_array()) section.fail(product, "must be a list of station names");
    for (const auto& name : names) {
      if (!name.is_string()) section.fail(product, "must be a list of station names");
      const auto station_name = name.get<std::string>();
      named.insert(station_name);
      const auto own = peculiar.find(station_name);
      Section station_section(own == peculiar.end() ? none : *own,
                              section.place_of("stations/" + station_name));
      StationSpec station{
          .name = station_name,
          .view = read_view(scenario.truth, station_section.find("sees"),
                            station_section.place_of("sees")),
          .gaps = read_gaps(station_section.find("gaps"), station_section.place_of("gaps"))};
      station_section.finish();
      demand(station.view, quantities, section.place_of(product) + "/" + station_name);
      scenario.hko[product].push_back(std::move(station));
    }
  }
  if (const auto* warnings = section.find("warnings")) {
    scenario.warnings = read_warnings(*warnings, section.place_of("warnings"));
  }
  for (const auto& [name, own] : peculiar.items()) {
    if (!named.contains(name))
      section.fail("stations/" + name, "is in none of the products' lists");
  }
  section.finish();
}

void read_faults(Scenario& scenario, const json& list, const std::string& place) {
  if (!list.is_array()) throw ScenarioError(place + ": must be a list [{after_s, do}, …]");
  for (const auto& value : list) {
    Section section(value, place + "/" + std::to_string(scenario.faults.size()));
    section.need("do");
    const double after_s = section.number("after_s", 0);
    scenario.faults.push_back(
        {std::chrono::milliseconds{static_cast<long>(after_s * 1000)}, section.text("do", "")});
    section.finish();
  }
}

}  // namespace

const std::string* StationSpec::gap(std::string_view quantity, Utc time) const {
  const double second = second_of_day(time);
  for (const auto& gap : gaps) {
    const bool now = second >= gap.from_second && second < gap.to_second;
    if (now && std::ranges::find(gap.of, quantity) != gap.of.end()) return &gap.text;
  }
  return nullptr;
}

const std::string& StationSpec::name_in(Utc issued) const {
  return renamed && issued >= renamed->from ? renamed->name : name;
}

bool StationSpec::has_row(Utc hour_end, Utc issued) const {
  return std::ranges::none_of(late_rows, [&](const LateRow& late) {
    return late.hour_end == hour_end && issued < late.from;
  });
}

double StationSpec::mean(const std::string& quantity, Utc hour_end, Utc issued) const {
  double value = view.mean(quantity, hour_end - std::chrono::hours{1}, hour_end);
  for (const Revision& revision : revisions) {
    if (revision.quantity == quantity && revision.hour_end == hour_end && issued >= revision.from &&
        issued < revision.to) {
      value += revision.plus;
    }
  }
  return value;
}

Scenario load_scenario(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw ScenarioError(file + ": cannot be read; give the path of a scenario file");
  json document;
  try {
    document = json::parse(stream, nullptr, true, true);
  } catch (const json::parse_error& error) {
    throw ScenarioError(file + ": is not JSON: " + error.what());
  }
  Section section(document, file + ": ");
  section.text("about", "");
  const bool has_journal = section.truth("journal", false);
  Scenario scenario;
  scenario.has_journal = has_journal;
  scenario.truth = read_truth(section.need("values"), section.place_of("values"));
  if (const auto* devices = section.find("devices")) {
    read_devices(scenario, *devices, section.place_of("devices"));
  }
  read_ports(scenario, section.find("ports"), section.place_of("ports"));
  const auto stations = [&](const char* agency, const std::vector<std::string>& quantities) {
    const auto* list = section.find(agency);
    if (list == nullptr) return std::vector<StationSpec>{};
    return read_stations(scenario.truth, *list, section.place_of(agency), quantities);
  };
  scenario.epd = stations("hk-epd", hourly_quantities());
  scenario.cnemc = stations("cn-cnemc", hourly_quantities());
  scenario.metar = stations("metar", metar_quantities());
  if (const auto* hko = section.find("hk-hko"))
    read_hko(scenario, *hko, section.place_of("hk-hko"));
  if (const auto* faults = section.find("faults")) {
    read_faults(scenario, *faults, section.place_of("faults"));
  }
  read_list(section.find("spells"), section.place_of("spells"), [&](Section& each) {
    scenario.spells.push_back({.agency = each.text("agency", ""),
                               .state = each.text("state", ""),
                               .from = each.time("from"),
                               .to = each.time("to")});
  });
  section.finish();
  return scenario;
}

}  // namespace world
