// SPDX-License-Identifier: Apache-2.0
// `twinsky note`: what somebody did to a sensor, and when. Works with and without a daemon.
#include "gateway/acquire/poller.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/compare/notes.hpp"
#include "gateway/config/config.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <iostream>

namespace twinsky {
namespace {

struct NoteOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string sensor;
  std::string kind;
  std::string from;
  std::string to;
  std::string text;
  bool list = false;
};

// As it would be typed: "2026-11-01T00:00+08:00".
std::string local_text(UtcTime time, const Zone& zone) {
  const auto offset = std::chrono::floor<std::chrono::minutes>(zone.offset_at(time));
  constexpr std::size_t to_the_minute = 16;
  std::string text = iso8601(time + offset).substr(0, to_the_minute);
  const auto minutes = offset.count() < 0 ? -offset.count() : offset.count();
  const auto two_digits = [](auto number) { return std::to_string(100 + number).substr(1); };
  return text + (offset.count() < 0 ? "-" : "+") + two_digits(minutes / 60) + ":" +
         two_digits(minutes % 60);
}

void print(const Note& note, const Zone& zone) {
  std::cout << one_line(note.sensor) << "  " << name_of(note.kind) << "  "
            << local_text(note.from, zone) << " to " << local_text(note.to, zone)
            << (note.text.empty() ? "" : "  " + one_line(note.text)) << '\n';
}

// The sensors and channels that the configuration has.
std::vector<std::string> sensors_of(const Config& config) {
  std::vector<std::string> names;
  for (const SensorSettings& sensor : config.sensors) {
    for (const StreamDescription& stream : streams_of(sensor)) {
      names.push_back(stream.name.substr(std::string_view("sensor/").size()));
    }
  }
  return names;
}

int take_note(const NoteOptions& options) {
  const UtcTime now = SystemClock().utc();
  Note note{.sensor = options.sensor, .noted = now, .text = options.text};
  if (!options.list) {
    if (options.sensor.empty() || options.kind.empty()) {
      throw WrongUsage("SENSOR", "expected with --kind, or else --list");
    }
    note.kind = *note_kind_named(options.kind);
  }
  const auto config = load_config(options.config);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  const Zone& zone = config->gateway.zone;
  if (!options.list) {
    note.from = time_option("--from", options.from, zone).value_or(now);
    note.to = time_option("--to", options.to, zone).value_or(std::max(now, note.from));
    if (note.to < note.from) throw WrongUsage("--to", "is before --from");
  }
  const std::string file = notes_file(config->store.path);
  if (options.list) {
    std::vector<Note> notes = read_notes(file);
    std::erase_if(notes, [&options](const Note& each) {
      return !options.sensor.empty() && each.sensor != options.sensor;
    });
    for (const Note& each : notes) print(each, zone);
    if (notes.empty()) std::cerr << "twinsky note: nothing was noted yet in " << file << '\n';
    return exit_good;
  }
  const std::vector<std::string> known = sensors_of(*config);
  if (std::ranges::find(known, note.sensor) == known.end()) {
    std::cerr << "twinsky note: there is no sensor " << note.sensor << "; there are:";
    for (const std::string& name : known) std::cerr << ' ' << name;
    std::cerr << '\n';
    return exit_failed;
  }
  append_note(file, note);
  print(note, zone);
  return exit_good;
}

void add_note(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "note", "Note that a sensor was worked on, moved, or stood beside the reference");
  auto options = std::make_shared<NoteOptions>();
  command->add_option("--config", options->config, "The configuration file")->shows_default();
  command->add_option("SENSOR", options->sensor, "Its id");
  command
      ->add_option("--kind", options->kind,
                   "maintenance and cleaned: these hours never pair; collocation: what the unit "
                   "does when it is right; moved: comparisons begin anew")
      ->one_of({"maintenance", "collocation", "moved", "cleaned"});
  command->add_option(
      "--from", options->from,
      "Since when: 10:30 (of today), 2026-11-22T10:30; in the gateway's zone unless it has an "
      "offset; without it now");
  command->add_option("--to", options->to, "Until when; without it now");
  command->add_option("--text", options->text, "In your words");
  command->add_flag("--list", options->list, "Show what was noted");
  command->callback([options, &code] { code = take_note(*options); });
}

}  // namespace

extern const Subcommand note_command = {.place = 5, .add = add_note};

}  // namespace twinsky
