// SPDX-License-Identifier: Apache-2.0
// `twinsky status`: how the gateway is, as the daemon says; where it does not run, what the store's
// file holds.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/overview_text.hpp"
#include "gateway/commands/running_gateway.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/columns.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

namespace twinsky {
namespace {

struct StatusOptions {
  std::shared_ptr<StoreChoice> store;
  bool all = false;
  bool json = false;
};

// What the file says, which is not how it is.
struct Stored {
  StoreStatus status;
  std::vector<StreamSummary> streams;
  std::vector<RememberedComparison> comparisons;
  std::vector<std::string> closed_sinks;  // nothing may go there; they have no outbox
};

Stored read_store(const std::string& path) {
  Stored stored{.status = read_store_status(path),
                .streams = read_streams(path),
                .comparisons = read_comparisons(path)};
  std::istringstream ids(read_remembered(path, "closed_sinks").value_or(""));
  for (std::string id; ids >> id;) stored.closed_sinks.push_back(id);
  return stored;
}

// Of the members of an overview those that a file can tell, and the newest of each stream.
Json as_json(const ChosenStore& chosen, const std::string& why, const Stored& stored) {
  Json json = {{"version", 1}, {"program", TWINSKY_VERSION}, {"running", false}, {"why", why}};
  json["gateway"] = {{"id", chosen.gateway}};
  json["sinks"] = Json::array();
  for (const auto& [id, backlog] : stored.status.sinks) {
    Json sink = {{"id", id}, {"state", nullptr}, {"waiting", backlog.rows}, {"oldest", nullptr}};
    if (backlog.oldest) sink["oldest"] = iso8601(*backlog.oldest);
    json["sinks"].push_back(std::move(sink));
  }
  for (const std::string& id : stored.closed_sinks) {
    json["sinks"].push_back({{"id", id}, {"state", "closed"}, {"waiting", 0}, {"oldest", nullptr}});
  }
  json["comparisons"] = Json::array();
  for (const RememberedComparison& each : stored.comparisons) {
    json["comparisons"].push_back({{"topic", each.topic},
                                   {"summary", each.summary},
                                   {"record", Json::parse_or_null(each.record)}});
  }
  json["store"] = {{"path", chosen.path},
                   {"rows", stored.status.rows},
                   {"size_bytes", stored.status.size_bytes},
                   {"epoch", stored.status.epoch},
                   {"clock_waiting", stored.status.clock_waiting}};
  json["ledger"] = Json::object();
  for (const auto& [cause, count] : stored.status.ledger_sums) json["ledger"][cause] = count;
  json["streams"] = Json::object();
  for (const StreamSummary& stream : stored.streams) {
    Json& entry = json["streams"][stream.name] = nullptr;
    if (stream.seq == 0) continue;
    entry = {{"seq", stream.seq},
             {"time", iso8601(stream.time)},
             {"record", Json::parse_or_null(stream.body)}};
  }
  return json;
}

void print(const ChosenStore& chosen, const std::string& why, const Stored& stored, bool all) {
  const StoreStatus& status = stored.status;
  std::cout << "The gateway cannot be asked (" << one_line(why)
            << "); this is what its store holds.\n";
  if (status.clock_waiting) std::cout << "The newest samples wait for the clock to be set.\n";
  std::vector<const StreamSummary*> shown;
  std::size_t width = 0;
  for (const StreamSummary& stream : stored.streams) {
    const bool is_hour = stream.name.ends_with("/hour");
    if (!all && (!stream.name.starts_with("sensor/") || is_hour)) continue;
    shown.push_back(&stream);
    width = std::max(width, columns_of(stream.name));
  }
  for (const StreamSummary* const stream : shown) {
    std::cout << "  " << padded_to(stream->name, width);
    if (stream->seq != 0) {
      std::cout << "  " << iso8601(stream->time) << "  " << one_line(stream->body);
    }
    std::cout << '\n';
  }
  for (const auto& [sink, backlog] : status.sinks) {
    std::cout << "sink " << sink << ": " << backlog.rows << " waiting";
    if (backlog.oldest) std::cout << ", the oldest of " << iso8601(*backlog.oldest);
    std::cout << '\n';
  }
  for (const std::string& sink : stored.closed_sinks) {
    std::cout << "sink " << sink << ": closed, nothing may go there\n";
  }
  for (const RememberedComparison& each : stored.comparisons) {
    std::cout << each.topic << ": "
              << (each.summary.empty() ? "not evaluated yet" : one_line(each.summary)) << '\n';
  }
  std::cout << "store   " << chosen.path << ": " << counted(status.rows, "sample") << ", "
            << status.size_bytes / 1000 << " kB, epoch " << status.epoch << '\n'
            << "ledger ";
  if (status.ledger_sums.empty()) std::cout << " no gaps";
  for (const auto& [cause, count] : status.ledger_sums) std::cout << ' ' << cause << ' ' << count;
  std::cout << '\n';
}

int show(const StatusOptions& options) {
  const auto chosen = chosen_store(*options.store);
  if (!chosen) return exit_configuration;
  auto running = ask_running_gateway(chosen->path);
  if (running) {
    Json& overview = running.value();
    if (options.json) {
      overview["running"] = true;
      std::cout << overview.dump() << '\n';
    } else {
      for (const std::string& line : status_lines(overview, options.all)) {
        std::cout << line << '\n';
      }
    }
    return has_errors(overview) ? exit_failed : exit_good;
  }
  const Stored stored = read_store(chosen->path);
  if (options.json) {
    std::cout << as_json(*chosen, running.error(), stored).dump() << '\n';
  } else {
    print(*chosen, running.error(), stored, options.all);
  }
  return exit_failed;
}

void add_status(Command& app, int& code) {
  auto* command = app.add_subcommand(
      "status",
      "Show how the gateway is, what is wrong and what to do; ends with 1 when something is");
  auto options = std::make_shared<StatusOptions>();
  options->store = add_store_choice(*command);
  command->add_flag("--all", options->all,
                    "Stations, indices and every quantity too; without the gateway, every stream");
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options, &code] { code = show(*options); });
}

}  // namespace

extern const Subcommand status_command = {.place = 9, .add = add_status};

}  // namespace twinsky
