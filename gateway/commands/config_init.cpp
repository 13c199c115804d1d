// SPDX-License-Identifier: Apache-2.0
// `twinsky config init`: writes the first configuration: place, what a scan finds, official
// stations nearby with comparisons, broker. What no option says it asks for on a terminal.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/position_option.hpp"
#include "gateway/commands/scan_choice.hpp"
#include "gateway/config/sink_settings.hpp"
#include "gateway/config/trial.hpp"
#include "gateway/model/datum.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/placement.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/setup/neighbourhood.hpp"
#include "gateway/setup/proposal.hpp"
#include "gateway/system/put_file.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace twinsky {
namespace {

struct ConfigInitOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  bool force = false;
  std::string id;
  std::string name;
  std::string position;
  std::string datum = "wgs84";
  std::string city;
  std::string placement;
  std::string broker;
  std::string user;
  std::string password_file;
  std::vector<std::string> allow;
  std::vector<std::string> accept_terms;
  std::string scan;  // a file
  bool no_scan = false;
  std::shared_ptr<ScanChoice> choice;
};

// The input ended where an answer was expected.
class Ended final : public std::exception {};

std::string ask(const std::string& question, const std::string& otherwise = {}) {
  std::cout << question << (otherwise.empty() ? "" : " [" + otherwise + "]") << ": " << std::flush;
  std::string answer;
  if (!std::getline(std::cin, answer)) throw Ended();
  const auto end = answer.find_last_not_of(" \t\r");
  answer.erase(end == answer.npos ? 0 : end + 1);
  answer.erase(0, std::min(answer.find_first_not_of(" \t"), answer.size()));
  return answer.empty() ? otherwise : answer;
}

// Asks until the answer is none that `wrong` has something to say of.
template <class Wrong>
std::string ask_for(const std::string& question, const std::string& otherwise, const Wrong& wrong) {
  while (true) {
    std::string answer = ask(question, otherwise);
    const std::string problem = wrong(answer);
    if (problem.empty()) return answer;
    std::cout << "  " << problem << '\n';
  }
}

std::string wrong_id(const std::string& id) {
  return is_id(id) ? ""
                   : in_quotes(id) + " is no id, expected a to z, 0 to 9 and \"-\", at most 32";
}

std::string wrong_position(const std::string& text) {
  try {
    if (!text.empty()) (void)position_in("--position", text);
    return {};
  } catch (const WrongUsage& wrong) {
    return wrong.what();
  }
}

std::string wrong_placement(const std::string& word) {
  const bool is_one = word.empty() || std::ranges::find(placements, word) != placements.end();
  return is_one ? "" : in_quotes(word) + " is no kind of place, expected " + listed(placements);
}

// By the scheme of its address; one that wants more than that is none for a beginning.
const TransportInfo* transport_of(const std::string& address) {
  for (const TransportInfo* transport : transport_registry()) {
    if (std::ranges::any_of(transport->settings, &Setting::required)) continue;
    for (const std::string_view scheme : transport->schemes) {
      if (address.starts_with(std::string(scheme) + "://")) return transport;
    }
  }
  return nullptr;
}

std::string wrong_broker(const std::string& address) {
  if (address.empty() || transport_of(address) != nullptr) return {};
  return in_quotes(address) +
         " is no broker's address, expected one such as mqtts://broker.example.org:8883";
}

std::optional<Position> place_of(const ConfigInitOptions& options) {
  if (options.position.empty()) return std::nullopt;
  Position position = position_in("--position", options.position);
  position.datum = options.datum == "gcj02"  ? Datum::gcj02
                   : options.datum == "bd09" ? Datum::bd09
                                             : Datum::wgs84;
  return to_wgs84(position);
}

bool is_accepted(const ConfigInitOptions& options, const FeedInfo& feed) {
  return std::ranges::find(options.accept_terms, feed.name) != options.accept_terms.end();
}

// What a person says to what no option said.
void ask_for_the_rest(ConfigInitOptions& options) {
  if (options.name.empty()) options.name = ask("What do people call the place?", "My station");
  if (options.id.empty()) {
    const std::string likely = slug(options.name);
    options.id = ask_for("A short id of this gateway, for topics", is_id(likely) ? likely : "auto",
                         wrong_id);
  }
  if (options.position.empty()) {
    options.position = ask_for("Where is it: latitude,longitude (from a map; Enter: not said)", "",
                               wrong_position);
  }
  const auto place = place_of(options);
  if (options.city.empty()) {
    const std::string likely = place ? jurisdiction_at(*place) : "other";
    options.city =
        ask_for("Whose rules hold: hk, cn-sh or other?", likely, [](const std::string& city) {
          const bool is_one = city == "hk" || city == "cn-sh" || city == "other";
          return is_one ? std::string() : in_quotes(city) + " is none of them";
        });
  }
  if (options.placement.empty()) {
    options.placement = ask_for(
        "Where do the sensors hang (rooftop, balcony, roadside, indoor, …; Enter: outdoors)", "",
        wrong_placement);
  }
  if (place) {
    for (const FeedInfo* feed : feeds_near(*place)) {
      if (feed->terms.empty() || is_accepted(options, *feed)) continue;
      std::cout << feed->publisher << " has terms: " << feed->terms << '\n';
      if (ask("Do you accept them? yes or no", "no") == "yes")
        options.accept_terms.emplace_back(feed->name);
    }
  }
  if (options.broker.empty()) {
    options.broker =
        ask_for("The MQTT broker, such as mqtts://broker.example.org:8883 (Enter: none yet)", "",
                wrong_broker);
  }
  if (options.broker.empty()) return;
  if (options.user.empty()) options.user = ask("Your name there (Enter: it asks for none)");
  if (!options.user.empty() && options.password_file.empty()) {
    options.password_file =
        ask("The file that will hold the password, beside the configuration", "mqtt-password");
  }
}

void check(const ConfigInitOptions& options) {
  const auto refuse = [](const char* option, const std::string& problem) {
    if (!problem.empty()) throw WrongUsage(option, problem);
  };
  if (!options.id.empty()) refuse("--id", wrong_id(options.id));
  refuse("--position", wrong_position(options.position));
  refuse("--placement", wrong_placement(options.placement));
  refuse("--broker", wrong_broker(options.broker));
  for (const std::string& name : options.accept_terms) {
    const FeedInfo* const feed = feed_named(name);
    if (feed == nullptr || feed->terms.empty()) {
      refuse("--accept-terms",
             in_quotes(name) + " is no source with terms; `twinsky drivers --json` has them");
    }
  }
}

// ---- the text ----

std::string gateway_text(const ConfigInitOptions& options) {
  Json gateway = {{"id", options.id.empty() ? "auto" : options.id}};
  if (!options.name.empty()) gateway["name"] = options.name;
  gateway["jurisdiction"] = options.city;
  if (!options.position.empty()) {
    const Position position = position_in("--position", options.position);
    gateway["position"] = {{"datum", options.datum},
                           {"latitude", position.latitude_deg},
                           {"longitude", position.longitude_deg}};
  }
  return spaced(gateway);
}

std::string lines_of(const std::vector<Neighbour>& neighbours) {
  std::string text;
  for (const Neighbour& each : neighbours) {
    const bool is_last = &each == &neighbours.back();
    text += "    // " + each.about + "\n    " + spaced(each.entry) + (is_last ? "\n" : ",\n");
  }
  return text;
}

// Sources nearby whose terms nobody has accepted.
std::string terms_text(const ConfigInitOptions& options, const Position& place) {
  std::string text;
  for (const FeedInfo* feed : feeds_near(place)) {
    if (feed->terms.empty() || is_accepted(options, *feed)) continue;
    text += "    // " + std::string(feed->name) +
            " is near too, and has terms: " + std::string(feed->terms) +
            "\n    // Whoever agrees: `twinsky config init --accept-terms " +
            std::string(feed->name) + "`\n";
  }
  return text;
}

std::string sink_lines(const ConfigInitOptions& options) {
  const TransportInfo* const transport = transport_of(options.broker);
  if (transport == nullptr) {
    return "    // {\"id\": \"city\", \"mqtt\": \"mqtts://broker.example.org:8883\", \"username\": "
           "\"mk-roof\", \"password_file\": \"mqtt-password\"}\n";
  }
  Json sink = {{"id", "broker"}};
  sink[transport->name] = options.broker;
  if (!options.user.empty()) sink["username"] = options.user;
  if (!options.password_file.empty()) sink["password_file"] = options.password_file;
  if (!options.allow.empty()) sink["allow"] = Json(options.allow);
  std::string text;
  if (options.city == "cn-sh" && options.allow.empty()) {
    text =
        "    // In Shanghai nothing leaves that is not named, and without names this sink stays "
        "closed:\n"
        "    // \"allow\": [\"sensor/#\", \"info\", \"health\", \"event\", \"ledger\"]\n";
  }
  return text + "    " + spaced(sink) + "\n";
}

std::string text_with(const ConfigInitOptions& options, const ProposedDevices& proposal) {
  const auto place = place_of(options);
  const std::set<std::string> accepted(options.accept_terms.begin(), options.accept_terms.end());
  const Neighbourhood near = place ? neighbourhood_of(*place, proposal, accepted) : Neighbourhood();
  const std::vector<std::pair<std::string_view, std::string>> parts = {
      {"@gateway@", gateway_text(options)},
      {"@buses@", bus_lines(proposal)},
      {"@sensors@", sensor_lines(proposal)},
      {"@feeds@", (place ? terms_text(options, *place) : "") + lines_of(near.feeds)},
      {"@compare@", lines_of(near.comparisons)},
      {"@sinks@", sink_lines(options)}};
  std::string text(embedded_file("config/first.json"));
  for (const auto& [mark, part] : parts) text.replace(text.find(mark), mark.size(), part);
  return text;
}

// ---- what is there already ----

constexpr std::size_t longest_scan = std::size_t{1} << 22U;

// Why nothing may be written there; empty: it may. What the package brought is nobody's work.
std::string why_not(const ConfigInitOptions& options) {
  const auto there = read_plain_file(options.config, longest_scan);
  if (!there && there.error().is_missing) return {};
  if (options.force || (there && there->text == embedded_file("config/twinsky.json"))) return {};
  return "is there already; --force writes over it, --config names another file";
}

// Nothing: a scan was asked for and could not be had; it was said why.
std::optional<ProposedDevices> proposal_for(const ConfigInitOptions& options) {
  if (options.no_scan) return ProposedDevices();
  if (options.scan.empty()) {
    const ScanReport report = scan_with_progress(*options.choice, "twinsky config init");
    std::cout << text_of(report);
    if (report.was_stopped) return std::nullopt;
    return proposal_of(report);
  }
  const auto file = read_plain_file(options.scan, longest_scan);
  auto proposal = file ? proposal_in(file->text)
                       : Result<ProposedDevices, std::string>(
                             Unexpected{"cannot be read: " + file.error().reason});
  if (proposal) return *std::move(proposal);
  throw WrongUsage("--scan", options.scan + " " + proposal.error());
}

void tell_next_steps(const ConfigInitOptions& options) {
  const bool is_installed = options.config == "/etc/twinsky/twinsky.json";
  const std::string config = is_installed ? "" : " --config " + options.config;
  std::cout << "written to " << options.config << ". Next:\n";
  if (!options.password_file.empty()) {
    const auto file = std::filesystem::path(options.config).parent_path() / options.password_file;
    std::cout << "  sudo install -m 640 -g twinsky /dev/stdin " << file.string()
              << "   # type the password, then Ctrl-D\n";
  }
  std::cout << "  sudo twinsky read" << config << "   # what the sensors say now\n";
  if (is_installed) std::cout << "  sudo systemctl enable --now twinsky\n  sudo twinsky status\n";
}

int init(ConfigInitOptions options) {
  check(options);
  if (const std::string problem = why_not(options); !problem.empty()) {
    std::cerr << "twinsky config init: " << options.config << ' ' << problem << '\n';
    return exit_failed;
  }
  try {
    if (::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0) ask_for_the_rest(options);
  } catch (const Ended&) {
    std::cerr << "\ntwinsky config init: ended without an answer; nothing was written\n";
    return exit_failed;
  }
  const auto place = place_of(options);
  if (options.city.empty()) options.city = place ? jurisdiction_at(*place) : "other";
  auto proposal = proposal_for(options);
  if (!proposal) {
    std::cerr << "twinsky config init: stopped; nothing was written\n";
    return exit_failed;
  }
  for (ProposedSensor& sensor : proposal->sensors) {
    if (!options.placement.empty()) sensor.entry["placement"] = options.placement;
  }
  const std::string file = std::filesystem::absolute(options.config).string();
  const std::string text = text_with(options, *proposal);
  const auto config = try_config(file, {.file = file, .text = text});
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    std::cerr
        << "twinsky config init: with this the configuration would be wrong; nothing was written\n";
    return exit_configuration;
  }
  for (const Problem& problem : config->warnings) std::cout << text_of(problem) << '\n';
  if (const std::string problem = put_file(file, text); !problem.empty()) {
    std::cerr << "twinsky config init: " << file << " cannot be written (" << problem
              << "): try as root\n";
    return exit_failed;
  }
  tell_next_steps(options);
  return exit_good;
}

void add_config_init(Command& config, int& code) {
  auto* command = config.add_subcommand(
      "init",
      "Write the first configuration: place, what `scan` finds, official stations nearby with "
      "comparisons, broker. On a terminal it asks for what no option says");
  auto options = std::make_shared<ConfigInitOptions>();
  command->add_option("--config", options->config, "The file to write")->shows_default();
  command->add_flag("--force", options->force, "Write over a file that is there");
  command->add_option("--name", options->name, "What people call the place");
  command->add_option("--id", options->id,
                      "Names the gateway in every topic; auto: the machine's id");
  command->add_option("--position", options->position, "LATITUDE,LONGITUDE");
  command
      ->add_option("--datum", options->datum,
                   "Of the position: maps of mainland China use gcj02 or bd09")
      ->one_of({"wgs84", "gcj02", "bd09"})
      ->shows_default();
  command->add_option("--city", options->city, "Whose rules hold; without it by the position")
      ->one_of({"hk", "cn-sh", "other"});
  command->add_option("--placement", options->placement,
                      "What kind of place the sensors are in: rooftop, indoor, …");
  command->add_option("--broker", options->broker,
                      "The broker's address, such as mqtts://broker.example.org:8883");
  command->add_option("--user", options->user, "The name at the broker");
  command->add_option(
      "--password-file", options->password_file,
      "The file that holds the password: a name beside the configuration, or a path");
  command->add_option(
      "--allow", options->allow,
      "What may go to the broker, as topic filters such as sensor/#; in cn-sh nothing "
      "does that is not named");
  command->add_option("--accept-terms", options->accept_terms,
                      "A source whose terms you have read (`twinsky drivers --json`) and accept");
  auto* scan = command->add_option("--scan", options->scan,
                                   "Take what `twinsky scan --json` printed into this file");
  command->add_flag("--no-scan", options->no_scan, "Do not look for devices")->excludes(scan);
  options->choice = add_scan_choice(*command);
  command->callback([options, &code] { code = init(*options); });
}

}  // namespace

extern const Subcommand config_init_command = {.of = "config", .place = 2, .add = add_config_init};

}  // namespace twinsky
