// SPDX-License-Identifier: Apache-2.0
// `twinsky replay index FILE…`: computes the index of each case of a file again.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/indices/index.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/json.hpp"
#include "gateway/system/given_file.hpp"

#include <charconv>
#include <fstream>
#include <iostream>

namespace twinsky {
namespace {

IndexInputs inputs_of(const Json& input) {
  IndexInputs inputs;
  for (const auto& [name, concentration] : input.items()) {
    if (concentration.is_string()) {
      inputs[name] = concentration.get<std::string>();
    } else if (concentration.is_number()) {
      inputs[name] = concentration.dump();
    } else {
      inputs[name] = std::nullopt;
    }
  }
  return inputs;
}

Json china(const IndexEdition& edition, const std::string& kind, const IndexInputs& inputs) {
  if (kind == "iaqi") {
    const auto& [name, concentration] = *inputs.begin();
    return concentration ? Json(edition.part(name, *concentration)) : Json();
  }
  const IndexValue total = edition.total(kind == "aqi-daily" ? "daily" : "hourly", inputs);
  return {{"aqi", total.value}, {"primary", total.primary}, {"iaqi", total.parts}};
}

Json hong_kong(const IndexEdition& edition, const IndexInputs& inputs) {
  const IndexValue total = edition.total({}, inputs);
  if (!total.value) return {{"ar_percent", nullptr}, {"aqhi", nullptr}};
  return {{"ar_percent", *total.added_risk_percent}, {"aqhi", total.text}};
}

Json nowcast_of(const Json& input) {
  std::vector<std::optional<double>> hours;
  for (const Json& hour : input.at("newest_first")) {
    hours.push_back(hour.is_number() ? std::optional(hour.get<double>()) : std::nullopt);
  }
  return nowcast(hours);
}

// "cn-298.15K": the temperature that a reference state is named after.
double kelvin_of(std::string_view reference) {
  double kelvin = 0;
  reference.remove_prefix(std::min(reference.size(), reference.rfind('-') + 1));
  std::from_chars(reference.data(), reference.data() + reference.size(), kelvin);
  if (!(kelvin > 0)) throw std::runtime_error("no reference temperature in the case");
  return kelvin;
}

Json mass_of(const Json& input) {
  constexpr double standard_pressure_pa = 101325;
  const auto gas = quantity_named(input.at("gas").get<std::string>());
  const GasForms* const forms = gas ? gas_forms(*gas) : nullptr;
  if (forms == nullptr) throw std::runtime_error("unknown gas");
  return input.at("ppb").get<double>() *
         micrograms_per_ppb(forms->molar_mass_g,
                            kelvin_of(input.at("reference").get<std::string>())) *
         input.value("pressure_pa", standard_pressure_pa) / standard_pressure_pa;
}

Json value_of(const IndexCatalogue& catalogue, const Json& item) {
  const std::string index = item.at("index");
  const std::string kind = item.at("kind");
  const Json& input = item.at("input");
  if (kind == "ppb_to_ugm3") return mass_of(input);
  if (kind == "nowcast") return nowcast_of(input);
  const IndexEdition* const edition = catalogue.named(index);
  if (edition == nullptr) throw std::runtime_error("no edition \"" + index + "\"");
  const IndexInputs inputs = inputs_of(input);
  if (edition->family() == "cn-aqi") return china(*edition, kind, inputs);
  if (edition->family() == "hk-aqhi") return hong_kong(*edition, inputs);
  return edition->total({}, inputs).value;
}

// False when the file, or one of its cases, could not be computed.
bool replay(const IndexCatalogue& catalogue, const std::string& file) {
  if (const std::string problem = problem_of_given_file(file); !problem.empty()) {
    std::cerr << file << ": " << problem << '\n';
    return false;
  }
  std::ifstream stream(file);
  const Json document = Json::parse_or_null(stream);
  if (!document.is_object() || !document.contains("cases") || !document["cases"].is_array()) {
    std::cerr << file << ": no file of index cases (an object with a list \"cases\")\n";
    return false;
  }
  bool is_good = true;
  for (const Json& item : document["cases"]) {
    const std::string id = item.is_object() ? item.value("id", "?") : "?";
    try {
      const Json line{{"case", id}, {"value", value_of(catalogue, item)}};
      std::cout << line.dump() << '\n';
    } catch (const std::exception& problem) {
      std::cerr << file << ": case " << id << ": " << problem.what() << '\n';
      is_good = false;
    }
  }
  return is_good;
}

void add_replay_index(Command& replay_command, int& code) {
  auto files = std::make_shared<std::vector<std::string>>();
  Command* const command = replay_command.add_subcommand("index", "Air quality indices of cases");
  command->add_option("file", *files, "Files of index cases")->required();
  command->callback([files, &code] {
    const IndexCatalogue catalogue;
    for (const std::string& file : *files) {
      if (!replay(catalogue, file)) code = exit_failed;
    }
  });
}

}  // namespace

extern const Subcommand replay_index_command = {
    .of = "replay", .place = 3, .add = add_replay_index};

}  // namespace twinsky
