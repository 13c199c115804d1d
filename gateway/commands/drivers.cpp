// SPDX-License-Identifier: Apache-2.0
// `twinsky drivers`: what this program can read, from the registry: devices and official sources.
#include "drivers/registry.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/table.hpp"
#include "gateway/commands/terminal.hpp"
#include "gateway/model/json.hpp"

#include <iostream>
#include <memory>
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
  std::cout << "| driver | what it reads | devices | bus |\n| --- | --- | --- | --- |\n";
  for (const DriverInfo* info : driver_registry()) {
    std::cout << "| `" << info->name << "` | " << info->summary << " | " << info->makers << " | "
              << info->bus->name << " |\n";
  }
  std::cout << "\n| feed | what it reads | publisher |\n| --- | --- | --- |\n";
  for (const FeedInfo* info : feed_registry()) {
    std::cout << "| `" << info->name << "` | " << info->summary
              << (info->terms.empty() ? "" : " (terms to accept)") << " | " << info->publisher
              << " |\n";
  }
}

void add_drivers(Command& app, int& code) {
  Command* drivers =
      app.add_subcommand("drivers", "List the devices and official sources that it can read");
  // Shared with the callback, which outlives this call.
  const auto wants_json = std::make_shared<bool>(false);
  const auto wants_markdown = std::make_shared<bool>(false);
  const auto* const json =
      drivers->add_flag("--json", *wants_json, "Print JSON, with ranges, settings and licences");
  drivers->add_flag("--markdown", *wants_markdown, "Print the tables of the README")
      ->excludes(json);
  drivers->callback([wants_json, wants_markdown, &code] {
    *wants_json ? print_json() : *wants_markdown ? print_markdown() : print_tables();
    code = exit_good;
  });
}

}  // namespace

extern const Subcommand drivers_command = {.place = 4, .add = add_drivers};

}  // namespace twinsky
