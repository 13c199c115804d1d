// SPDX-License-Identifier: Apache-2.0
// `twinsky scan`: what is connected, and a configuration that has it.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/scan_choice.hpp"
#include "gateway/setup/proposal.hpp"
#include "gateway/system/put_file.hpp"

#include <filesystem>
#include <iostream>

namespace twinsky {
namespace {

struct ScanOptions {
  std::shared_ptr<ScanChoice> choice;
  std::string output;
  bool json = false;
};

Json json_of(const std::vector<ScanRemark>& remarks) {
  Json list = Json::array();
  for (const ScanRemark& remark : remarks) {
    list.push_back({{"where", remark.where}, {"what", remark.what}, {"mend", remark.mend}});
  }
  return list;
}

Json json_of(const ScannedDevice& device) {
  Json settings = Json::object();
  for (const auto& [name, value] : device.found.settings) settings[std::string_view(name)] = value;
  return {{"bus", device.bus->name},
          {"device", device.bus_address},
          {"address", device.address == 0 ? Json() : Json(device.address)},
          {"driver", device.driver->name},
          {"model", device.found.model},
          {"settings", std::move(settings)},
          {"serial_number", device.found.serial_number},
          {"known_by", device.found.evidence},
          {"certain", device.found.is_certain},
          {"detail", device.found.detail}};
}

Json json_of(const ScanReport& report, const ProposedDevices& proposal) {
  Json found = Json::array();
  for (const ScannedDevice& device : report.devices) found.push_back(json_of(device));
  return {{"found", std::move(found)},
          {"strangers", json_of(report.strangers)},
          {"closed", json_of(report.closed)},
          {"silent", json_of(report.silent)},
          {"stopped", report.was_stopped},
          {"configuration",
           {{"gateway", {{"id", "auto"}, {"jurisdiction", "other"}}},
            {"buses", proposal.buses},
            {"sensors", proposal.sensor_list()}}}};
}

std::string configuration_of(const ProposedDevices& proposal) {
  return "// Of `twinsky scan`. `twinsky config init` asks for the rest: place, stations, broker.\n"
         "{\n"
         "  \"gateway\": {\"id\": \"auto\", \"jurisdiction\": \"other\"},\n"
         "  \"buses\": {\n" +
         bus_lines(proposal) + "  },\n  \"sensors\": [\n" + sensor_lines(proposal) + "  ]\n}\n";
}

// True: it is there now.
bool write(const std::string& file, const std::string& text) {
  std::error_code unknown;
  std::string problem = "it is there already; name another, or delete it";
  if (!std::filesystem::exists(file, unknown)) {
    problem = put_file(std::filesystem::absolute(file).string(), text);
  }
  if (problem.empty()) return true;
  std::cerr << "twinsky scan: " << file << " was not written: " << problem << '\n';
  return false;
}

int run_scan(const ScanOptions& options) {
  const ScanReport report = scan_with_progress(*options.choice, "twinsky scan");
  const ProposedDevices proposal = proposal_of(report);
  if (options.json) {
    std::cout << json_of(report, proposal).dump() << '\n';
  } else {
    std::cout << text_of(report);
  }
  const bool has_some = !report.devices.empty();
  if (!options.output.empty() && has_some) {
    if (!write(options.output, configuration_of(proposal))) return exit_failed;
  } else if (!options.json && has_some) {
    std::cout << '\n' << configuration_of(proposal);
  }
  return has_some && !report.was_stopped ? exit_good : exit_failed;
}

void add_scan(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "scan",
      "Look for what is connected, with a configuration for it. Nothing is written to a device but "
      "its driver's questions at its own addresses; I2C addresses 0x50 to 0x57 (memories) and "
      "those "
      "of the kernel's drivers are left alone. Ends with 1 where no device is recognised");
  auto options = std::make_shared<ScanOptions>();
  options->choice = add_scan_choice(*command);
  command->add_option("--output", options->output, "Write the configuration into this new file");
  command->add_flag("--json", options->json, "One JSON object; `config init --scan` takes it");
  command->callback([options, &code] { code = run_scan(*options); });
}

}  // namespace

extern const Subcommand scan_command = {.place = 5, .add = add_scan};

}  // namespace twinsky
