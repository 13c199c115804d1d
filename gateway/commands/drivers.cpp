// SPDX-License-Identifier: Apache-2.0
// `twinsky drivers`: what this program can read, from the registry: devices and official sources.
#include "drivers/registry.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/table.hpp"
#include "gateway/commands/terminal.hpp"
#include "gateway/model/json.hpp"

#include <iomanip>
#include <iostream>
#include <locale>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace twinsky {
namespace {

double seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Json json_of(const Setting& setting) {
  return {{"name", setting.name},
          {"documentation", setting.documentation},
          {"default", setting.fallback.empty() ? Json() : Json(setting.fallback)}};
}

Json json_of(const DriverQuantity& quantity) {
  return {{"quantity", name_of(quantity.quantity)},
          {"unit", info_of(quantity.quantity).ucum},
          {"lower", quantity.lower},
          {"upper", quantity.upper},
          {"decimals", quantity.decimals},
          {"internal", quantity.internal}};
}

template <class Values>
Json list_of(const Values& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(json_of(value));
  return list;
}

Json json_of(const DriverInfo& info) {
  Json driver{{"name", info.name},
              {"summary", info.summary},
              {"makers", info.makers},
              {"datasheet", info.datasheet},
              {"bus", info.bus->name},
              {"quantities", list_of(info.quantities)},
              {"channels", info.channels},
              {"warm_up_s", seconds(info.warm_up)},
              {"shortest_period_s", seconds(info.shortest_period)},
              {"can_sleep", info.can_sleep},
              {"addresses", info.addresses},
              {"settings", list_of(info.settings)}};
  if (declares(info.bus->device_settings, "baud")) driver["baud"] = info.line.baud;
  return driver;
}

Json json_of(const FeedInfo& info) {
  Json quantities = Json::array();
  for (const Quantity quantity : info.quantities) quantities.push_back(name_of(quantity));
  return {{"name", info.name},
          {"summary", info.summary},
          {"publisher", info.publisher},
          {"licence", info.licence},
          {"licence_url", info.licence_url},
          {"attribution", info.attribution},
          {"may_be_redistributed", info.may_be_redistributed},
          {"terms", info.terms},
          {"label", name_of(info.label)},
          {"zone", info.zone},
          {"gas_reference_k", info.gas_reference_k ? Json(*info.gas_reference_k) : Json()},
          {"base_url", info.base_url},
          {"cadence_s", seconds(info.cadence)},
          {"quantities", std::move(quantities)},
          {"settings", list_of(info.settings)}};
}

void print_json() {
  Json all{{"drivers", Json::array()}, {"feeds", Json::array()}};
  for (const DriverInfo* info : driver_registry()) all["drivers"].push_back(json_of(*info));
  for (const FeedInfo* info : feed_registry()) all["feeds"].push_back(json_of(*info));
  std::cout << all.dump(2) << '\n';
}

TableRow row_of(const DriverInfo& info) {
  std::string quantities;
  for (const DriverQuantity& quantity : info.quantities) {
    quantities.append(quantity.internal ? " internal_" : " ").append(name_of(quantity.quantity));
  }
  if (quantities.empty()) quantities = " as configured";
  return {.cells = {std::string(info.name), std::string(info.bus->name),
                    info.warm_up.count() == 0 ? "-" : duration_text(info.warm_up),
                    duration_text(info.shortest_period), std::string(info.makers)},
          .below = std::string(info.summary) + ":" + quantities};
}

TableRow row_of(const FeedInfo& info) {
  std::string quantities;
  for (const Quantity quantity : info.quantities) quantities.append(" ").append(name_of(quantity));
  return {
      .cells = {std::string(info.name), duration_text(info.cadence), std::string(info.publisher)},
      .below = std::string(info.summary) + ":" + quantities};
}

void print_tables() {
  std::vector<TableRow> drivers{
      {.cells = {"DRIVER", "BUS", "WARM-UP", "SHORTEST PERIOD", "DEVICES"}, .below = {}}};
  for (const DriverInfo* info : driver_registry()) drivers.push_back(row_of(*info));
  const std::size_t width = terminal_size().columns;
  print_table(drivers, width);
  std::vector<TableRow> feeds{{.cells = {"FEED", "EVERY", "PUBLISHER"}, .below = {}}};
  for (const FeedInfo* info : feed_registry()) feeds.push_back(row_of(*info));
  std::cout << '\n';
  print_table(feeds, width);
}

// The tables of README.md.
void print_markdown() {
  std::cout << "| bus | drivers |\n| --- | --- |\n";
  for (const BusInfo* bus : bus_registry()) {
    std::string names;
    for (const DriverInfo* info : driver_registry()) {
      if (info->bus != bus) continue;
      names.append(names.empty() ? "`" : ", `").append(info->name).append("`");
    }
    if (!names.empty()) std::cout << "| " << bus->name << " | " << names << " |\n";
  }
  std::cout << '\n';
  std::cout << "| feed | what it reads | publisher |\n| --- | --- | --- |\n";
  for (const FeedInfo* info : feed_registry()) {
    std::cout << "| `" << info->name << "` | " << info->summary
              << (info->terms.empty() ? "" : " (terms to accept)") << " | " << info->publisher
              << " |\n";
  }
}

// ---- the pages of devices -----------------------------------------------------------------------

std::string in_code(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    text.append(text.empty() ? "`" : ", `").append(word).append("`");
  }
  return text;
}

// As short as it says the same.
std::string number_text(double number) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::setprecision(10) << number;
  return text.str();
}

std::string measured_text(const DriverInfo& info) {
  std::string text;
  for (const DriverQuantity& each : info.quantities) {
    const std::string_view unit = info_of(each.quantity).display_unit;
    text.append(text.empty() ? "`" : ", `").append(each.internal ? "internal_" : "");
    text.append(name_of(each.quantity)).append("` ").append(number_text(each.lower));
    text.append(" to ").append(number_text(each.upper));
    if (!unit.empty()) text.append(" ").append(unit);
  }
  return text.empty() ? "what its map says" : text;
}

std::string setting_text(const Setting& setting) {
  std::string text = "`" + std::string(setting.name) + "`: " + std::string(setting.documentation);
  if (!setting.choices.empty()) text += " One of " + in_code(setting.choices) + ".";
  if (!setting.fallback.empty()) text += " Without it `" + std::string(setting.fallback) + "`.";
  return text;
}

void print_page(const DriverInfo& info) {
  std::cout << "\n## `" << info.name << "`\n\n" << info.summary << ".\n\n| | |\n| --- | --- |\n";
  const auto say = [](std::string_view what, std::string_view text) {
    std::cout << "| " << what << " | " << text << " |\n";
  };
  say("devices", info.makers);
  say("measures", measured_text(info));
  std::string bus = "`" + std::string(info.bus->name) + "`";
  if (!info.addresses.empty()) bus += ", address " + in_code(info.addresses);
  if (declares(info.bus->device_settings, "baud")) {
    bus += ", " + std::to_string(info.line.baud) + " baud";
  }
  say("bus", bus);
  if (info.warm_up.count() != 0) say("warms up for", duration_text(info.warm_up));
  say("shortest period", duration_text(info.shortest_period));
  if (info.can_sleep) say("between samples", "rests where `sleep_between` is set");
  for (const Setting& setting : info.settings) say("setting", setting_text(setting));
  say("`twinsky scan`", info.unrecognisable.empty()
                            ? "finds it"
                            : "does not find it: " + std::string(info.unrecognisable));
  say("data sheet", info.datasheet);
  say("tested",
      "on bytes of the data sheet or of others, and on an emulated one; never on hardware");
}

// drivers/devices/README.md
void print_pages() {
  std::cout
      << "# Supported devices\n\n"
         "For those who choose a device, or have one. Made by `twinsky drivers --pages`: what\n"
         "is said here is what each driver says of itself. How they are connected says\n"
         "[the first sensor](../sensors/README.md), where their cases are [how drivers are\n"
         "written](../README.md).\n\n"
         "| driver | what it reads | devices | bus |\n| --- | --- | --- | --- |\n";
  for (const DriverInfo* info : driver_registry()) {
    std::cout << "| [`" << info->name << "`](#" << info->name << ") | " << info->summary << " | "
              << info->makers << " | " << info->bus->name << " |\n";
  }
  for (const DriverInfo* info : driver_registry()) print_page(*info);
}

void add_drivers(Command& app, int& code) {
  Command* drivers =
      app.add_subcommand("drivers", "List the devices and official sources that it can read");
  // Shared with the callback, which outlives this call.
  const auto wants_json = std::make_shared<bool>(false);
  const auto wants_markdown = std::make_shared<bool>(false);
  const auto wants_pages = std::make_shared<bool>(false);
  const auto* const json =
      drivers->add_flag("--json", *wants_json, "Print JSON, with ranges, settings and licences");
  const auto* const markdown =
      drivers->add_flag("--markdown", *wants_markdown, "Print the tables of the README")
          ->excludes(json);
  drivers->add_flag("--pages", *wants_pages, "Print the page of the devices in Markdown")
      ->excludes(json)
      ->excludes(markdown);
  drivers->callback([wants_json, wants_markdown, wants_pages, &code] {
    *wants_json       ? print_json()
    : *wants_markdown ? print_markdown()
    : *wants_pages    ? print_pages()
                      : print_tables();
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand drivers_command = {.place = 4, .add = add_drivers};

}  // namespace twinsky
