// SPDX-License-Identifier: Apache-2.0
// `twinsky status`: what the store holds, read from its file, whether the daemon runs or not.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/compare/comparer.hpp"
#include "gateway/model/json.hpp"
#include "gateway/store/store.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace twinsky {
namespace {

// Sinks to which nothing may go; they have no outbox.
std::vector<std::string> closed_sinks(const std::string& path) {
  std::istringstream ids(read_remembered(path, "closed_sinks").value_or(""));
  std::vector<std::string> closed;
  for (std::string id; ids >> id;) closed.push_back(id);
  return closed;
}

Json as_json(const std::string& path, const StoreStatus& status,
             const std::vector<StreamSummary>& streams,
             const std::vector<RememberedComparison>& comparisons) {
  Json answer = {{"store", path},
                 {"rows", status.rows},
                 {"last_row", status.last_row},
                 {"size_bytes", status.size_bytes},
                 {"epoch", status.epoch},
                 {"clock_waiting", status.clock_waiting}};
  answer["sinks"] = Json::object();
  for (const auto& [sink, backlog] : status.sinks) {
    auto& entry = answer["sinks"][sink];
    entry = {{"cursor", backlog.cursor}, {"waiting", backlog.rows}};
    entry["oldest"] = nullptr;
    if (backlog.oldest) entry["oldest"] = iso8601(*backlog.oldest);
  }
  answer["closed_sinks"] = closed_sinks(path);
  answer["ledger"] = status.ledger_sums;
  answer["streams"] = Json::object();
  for (const StreamSummary& stream : streams) {
    auto& entry = answer["streams"][stream.name];
    entry = nullptr;
    if (stream.seq == 0) continue;
    entry = {{"seq", stream.seq},
             {"time", iso8601(stream.time)},
             {"record", Json::parse_or_null(stream.body)}};
  }
  answer["comparisons"] = Json::object();
  for (const RememberedComparison& comparison : comparisons) {
    auto& entry = answer["comparisons"][comparison.topic];
    entry = Json::parse_or_null(comparison.record);
  }
  return answer;
}

void print(const std::string& path, const StoreStatus& status,
           const std::vector<StreamSummary>& streams,
           const std::vector<RememberedComparison>& comparisons) {
  std::cout << path << ": " << status.rows << " samples, " << status.size_bytes / 1000
            << " kB, epoch " << status.epoch << '\n';
  if (status.clock_waiting) std::cout << "The newest samples wait for the clock to be set.\n";
  for (const auto& [sink, backlog] : status.sinks) {
    std::cout << "sink " << sink << ": " << backlog.rows << " waiting";
    if (backlog.oldest) std::cout << ", the oldest of " << iso8601(*backlog.oldest);
    std::cout << '\n';
  }
  for (const std::string& sink : closed_sinks(path)) {
    std::cout << "sink " << sink << ": closed, nothing may go there\n";
  }
  std::cout << "ledger:";
  if (status.ledger_sums.empty()) std::cout << " no gaps";
  for (const auto& [cause, count] : status.ledger_sums) std::cout << ' ' << cause << ' ' << count;
  std::cout << '\n';
  std::size_t width = 0;
  for (const StreamSummary& stream : streams) width = std::max(width, stream.name.size());
  for (const StreamSummary& stream : streams) {
    std::cout << std::left << std::setw(static_cast<int>(width)) << stream.name;
    if (stream.seq != 0) {
      std::cout << "  " << iso8601(stream.time) << "  " << one_line(stream.body);
    }
    std::cout << '\n';
  }
  for (const RememberedComparison& comparison : comparisons) {
    const std::string& summary = comparison.summary;
    std::cout << comparison.topic << ": "
              << (summary.empty() ? "not evaluated yet" : one_line(summary)) << '\n';
  }
}

int show(const StoreChoice& choice, bool json) {
  const auto chosen = chosen_store(choice);
  if (!chosen) return exit_configuration;
  const StoreStatus status = read_store_status(chosen->path);
  const std::vector<StreamSummary> streams = read_streams(chosen->path);
  const std::vector<RememberedComparison> comparisons = read_comparisons(chosen->path);
  if (json) {
    // What came from outside may not be UTF-8.
    std::cout << as_json(chosen->path, status, streams, comparisons).dump() << '\n';
  } else {
    print(chosen->path, status, streams, comparisons);
  }
  return exit_good;
}

void add_status(Command& app, int& code) {
  auto* command = app.add_subcommand("status", "Show what the store holds and what waits in it");
  const auto choice = add_store_choice(*command);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object");
  command->callback([choice, json, &code] { code = show(*choice, *json); });
}

}  // namespace

extern const Subcommand status_command = {.place = 9, .add = add_status};

}  // namespace twinsky
