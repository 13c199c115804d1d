// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/overview_text.hpp"

#include "gateway/model/clock.hpp"
#include "gateway/text/columns.hpp"
#include "gateway/text/counted.hpp"
#include "gateway/text/fault_words.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/one_line.hpp"
#include "gateway/text/roughly.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view gap = "  ";
constexpr double unknown_distance_m = 1e12;  // behind all that are known
constexpr std::string_view second_forms[] = {"_cf1", "_ppb", "_ppm"};

// ---- what may be missing in the answer of another version -----------------------------------

std::string text_of(const Json& object, std::string_view key) {
  return one_line(object.text_of(key));
}
std::optional<double> number_of(const Json& object, std::string_view key) {
  const Json* const found = object.find(key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->get<double>();
}
std::int64_t count_of(const Json& object, std::string_view key) {
  return static_cast<std::int64_t>(number_of(object, key).value_or(0));
}
const Json& list_of(const Json& object, std::string_view key) {
  static const Json none = Json::array();
  const Json* const found = object.find(key);
  return found != nullptr && found->is_array() ? *found : none;
}

// ---- words ------------------------------------------------------------------------------------

std::string with_blanks(std::string text) {
  std::ranges::replace(text, '_', ' ');
  return text;
}

// Times are told as at the gateway.
class LocalTime {
 public:
  explicit LocalTime(const Json& overview) : now_(parse_time(text_of(overview, "time"))) {
    if (const Json* const gateway = overview.find("gateway")) {
      offset_ = std::chrono::seconds(count_of(*gateway, "utc_offset_s"));
    }
  }
  // "14:05"; of another day "2026-11-21 14:05".
  [[nodiscard]] std::string operator()(const std::string& time) const {
    const auto utc = parse_time(time);
    if (!utc) return time;
    const std::string local = iso8601(*utc + offset_);
    const bool is_today = now_ && iso8601(*now_ + offset_).substr(0, 10) == local.substr(0, 10);
    return is_today ? local.substr(11, 5) : local.substr(0, 10) + " " + local.substr(11, 5);
  }
  // "3 h" since then.
  [[nodiscard]] std::string since(const std::string& time) const {
    const auto utc = parse_time(time);
    return utc && now_ ? roughly(*now_ - *utc) : "?";
  }

 private:
  std::optional<UtcTime> now_;
  std::chrono::seconds offset_{0};
};

bool is_second_form(std::string_view quantity) {
  return quantity.starts_with("n_") ||
         std::ranges::any_of(second_forms, [&](auto ending) { return quantity.ends_with(ending); });
}

// "pm2_5 9.4 µg/m³", "co2 - (warming up)", "pm10 900 µg/m³ (fail: range)"
std::string text_of_reading(const Json& reading) {
  std::string text = text_of(reading, "quantity");
  if (const std::string channel = text_of(reading, "channel"); !channel.empty()) {
    text += "@" + channel;
  }
  text += ' ';
  const auto value = number_of(reading, "value");
  if (const std::string printed = text_of(reading, "text"); !printed.empty()) {
    text += printed;
  } else if (value) {
    append_number(text, *value, static_cast<int>(count_of(reading, "decimals")));
  } else {
    text += "-";
  }
  const std::string unit = text_of(reading, "unit");
  if (value && unit != "1" && !unit.empty()) text += " " + unit;
  const std::string fault = with_blanks(text_of(reading, "fault"));
  if (!value && !fault.empty()) text += " (" + fault + ")";
  const std::int64_t flag = count_of(reading, "flag");
  constexpr std::int64_t suspect = 3;
  constexpr std::int64_t fail = 4;
  if (flag != suspect && flag != fail) return text;
  const std::string reason = text_of(reading, "reason");
  return text + " (" + text_of(reading, "flag_word") + (reason.empty() ? "" : ": " + reason) + ")";
}

std::string text_of_readings(const Json& readings, bool all) {
  std::string text;
  for (const Json& each : readings) {
    if (!all && is_second_form(text_of(each, "quantity"))) continue;
    text.append(text.empty() ? "" : gap).append(text_of_reading(each));
  }
  return text;
}

// ---- tables -------------------------------------------------------------------------------------

// Under a name; all columns but the last are as wide as their widest cell.
OverviewPart table(std::string_view name, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t at = 0; at < row.size(); ++at) {
      widths[at] = std::max(widths[at], columns_of(row[at]));
    }
  }
  OverviewPart part{.lines = {}, .further = name};
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at) {
      line.append(gap).append(at + 1 < row.size() ? padded_to(row[at], widths[at]) : row[at]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    part.lines.push_back(std::move(line));
  }
  return part;
}

OverviewPart problems_of(const Json& overview) {
  OverviewPart part{.lines = {}, .further = "problems"};
  for (const Json& problem : list_of(overview, "problems")) {
    const bool is_error = text_of(problem, "severity") == "error";
    part.lines.push_back((is_error ? "! " : "- ") + text_of(problem, "text"));
    const std::string remedy = text_of(problem, "remedy");
    if (!remedy.empty()) part.lines.push_back("    " + remedy);
  }
  return part;
}

OverviewPart modes_of(const Json& overview, const LocalTime& local) {
  OverviewPart part{.lines = {}, .further = "warning modes"};
  for (const Json& mode : list_of(overview, "modes")) {
    const std::string since = text_of(mode, "since");
    std::string line = "* warning mode " + text_of(mode, "id") + " since " + local(since) + " (" +
                       local.since(since) + ")";
    if (const std::string code = text_of(mode, "code"); !code.empty()) {
      const std::string name = text_of(mode, "name");
      line += ": " + code + " of " + text_of(mode, "feed") + " is in force" +
              (name.empty() ? "" : " (" + name + ")");
    }
    part.lines.push_back(std::move(line));
  }
  return part;
}

std::string state_of_sensor(const Json& sensor) {
  const std::string state = text_of(sensor, "state");
  const auto age = number_of(sensor, "age_ms");
  if (state == "lost" && age) {
    return "lost for " + roughly(milliseconds(static_cast<std::int64_t>(*age)));
  }
  return with_blanks(state);
}

OverviewPart sensors_of(const Json& overview, bool all) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& sensor : list_of(overview, "sensors")) {
    const std::string state = text_of(sensor, "state");
    std::string last = text_of_readings(list_of(sensor, "readings"), all);
    if (state == "lost") {
      const std::string detail = text_of(sensor, "detail");
      const std::string why = detail.empty() ? text_of(sensor, "cause") : detail;
      if (!why.empty()) last = with_fault_in_words(why) + (last.empty() ? "" : "; was " + last);
    }
    rows.push_back({text_of(sensor, "id"), state_of_sensor(sensor), last});
  }
  return table("sensors", rows);
}

// Our own first, then those nearest to us.
OverviewPart indices_of(const Json& overview, const LocalTime& local) {
  std::map<std::string, double> distances{{"own", -1}};
  for (const Json& each : list_of(overview, "stations")) {
    distances[text_of(each, "feed") + "/" + text_of(each, "station")] =
        number_of(each, "distance_m").value_or(unknown_distance_m);
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& index : list_of(overview, "indices")) {
    const bool is_own = text_of(index, "subject") == "own";
    const Json* const official = index.find("official");
    const bool is_official = official != nullptr && official->is_boolean() && official->get<bool>();
    if (!is_own && !is_official) continue;  // what we reckon beside what the agency printed
    std::string value = text_of(index, "text");
    if (const auto number = number_of(index, "value"); value.empty()) {
      value = number ? std::to_string(static_cast<int>(*number)) : "-";
    }
    std::string words = value;
    if (const std::string band = with_blanks(text_of(index, "band")); !band.empty()) {
      words += " " + band;
    }
    if (const std::string main = text_of(index, "main"); !main.empty()) words += ", by " + main;
    std::string subject = is_own ? "own" : text_of(index, "subject");
    if (const auto dashes = subject.find("--"); dashes != std::string::npos) {
      subject.replace(dashes, 2, "/");
    }
    rows.push_back({subject, text_of(index, "name"), local(text_of(index, "time")),
                    words + (is_own ? " (indicative, " + text_of(index, "edition") + ")" : "")});
  }
  std::ranges::stable_sort(rows, {}, [&](const auto& row) { return distances[row.front()]; });
  return table("indices", rows);
}

OverviewPart sinks_of(const Json& overview, const LocalTime& local) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& sink : list_of(overview, "sinks")) {
    std::string waiting = std::to_string(count_of(sink, "waiting")) + " waiting";
    if (const std::string oldest = text_of(sink, "oldest"); !oldest.empty()) {
      waiting += ", the oldest of " + local(oldest);
    }
    std::string state = text_of(sink, "detail");
    const std::string word = text_of(sink, "state");
    if (state.empty()) state = word;
    if (word == "refused" || word == "pausing") state = "not connected: " + state;
    if (word == "closed") waiting = "nothing may go there";
    if (word == "closed") state = word;
    rows.push_back({text_of(sink, "id"), state, waiting});
  }
  return table("sinks", rows);
}

OverviewPart feeds_of(const Json& overview, const LocalTime& local) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& feed : list_of(overview, "feeds")) {
    const std::string newest = text_of(feed, "newest");
    std::string words = counted(static_cast<std::uint64_t>(count_of(feed, "stations")), "station");
    if (!newest.empty()) words += ", newest of " + local(newest);
    if (const std::string detail = text_of(feed, "detail"); !detail.empty()) words = detail;
    rows.push_back({text_of(feed, "feed"), with_blanks(text_of(feed, "state")), words});
  }
  return table("feeds", rows);
}

OverviewPart comparisons_of(const Json& overview) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& each : list_of(overview, "comparisons")) {
    std::string summary = text_of(each, "summary");
    if (summary.empty()) summary = text_of(each, "quantity") + "  not evaluated yet";
    rows.push_back(
        {text_of(each, "sensor"), text_of(each, "feed") + "/" + text_of(each, "station"), summary});
  }
  return table("comparisons", rows);
}

std::string distance_text(const std::optional<double>& metres) {
  if (!metres) return {};
  std::string text;
  append_number(text, *metres / 1000, 1);
  return text + " km";
}

OverviewPart stations_of(const Json& overview, const LocalTime& local, bool all) {
  std::vector<const Json*> stations;
  for (const Json& each : list_of(overview, "stations")) stations.push_back(&each);
  std::ranges::stable_sort(stations, {}, [](const Json* each) {
    return number_of(*each, "distance_m").value_or(unknown_distance_m);
  });
  std::vector<std::vector<std::string>> rows;
  for (const Json* const each : stations) {
    std::string name = text_of(*each, "feed") + "/" + text_of(*each, "station");
    rows.push_back({name, distance_text(number_of(*each, "distance_m")),
                    local(text_of(*each, "end")),
                    text_of_readings(list_of(*each, "readings"), all)});
  }
  return table("stations", rows);
}

std::string store_of(const Json& overview) {
  const Json* const store = overview.find("store");
  if (store == nullptr || !store->is_object()) return {};
  std::string line = text_of(*store, "path") + ": " +
                     counted(static_cast<std::uint64_t>(count_of(*store, "rows")), "sample") + ", ";
  append_number(line, static_cast<double>(count_of(*store, "size_bytes")) / 1e6, 1);
  line += " MB";
  if (const auto days = number_of(*store, "offline_days")) {
    line += ", can stay offline for " + counted(static_cast<std::uint64_t>(*days), "day");
  }
  if (const std::string fault = text_of(*store, "disk_fault"); !fault.empty()) {
    line += "; disk: " + fault;
  }
  return line;
}

std::string ledger_of(const Json& overview) {
  const Json* const ledger = overview.find("ledger");
  if (ledger == nullptr || ledger->empty()) return "no gaps";
  std::string line;
  for (const auto& [cause, count] : ledger->items()) {
    if (!count.is_number()) continue;
    line.append(line.empty() ? "" : gap).append(one_line(cause)).append(" ");
    line += std::to_string(count.get<std::int64_t>());
  }
  return line;
}

std::string title_of(const Json& overview, const LocalTime& local) {
  const Json* const gateway = overview.find("gateway");
  const std::string started = text_of(overview, "started");
  std::string title = gateway == nullptr ? std::string() : text_of(*gateway, "id");
  title += ": running since " + local(started) + " (" + local.since(started) + "), version " +
           text_of(overview, "program");
  const auto& sensors = list_of(overview, "sensors");
  const auto fresh = std::ranges::count_if(
      sensors, [](const Json& each) { return text_of(each, "state") == "fresh"; });
  return title + ", " + std::to_string(fresh) + " of " + counted(sensors.size(), "sensor") +
         " fresh";
}

void append(std::vector<std::string>& lines, const OverviewPart& part) {
  if (part.lines.empty()) return;
  lines.emplace_back(part.further);
  lines.insert(lines.end(), part.lines.begin(), part.lines.end());
}

// As many lines of it as there may be, the last of them saying how many more there are.
void append_cut(std::vector<std::string>& lines, const OverviewPart& part, std::size_t most) {
  if (most == 0) return;
  if (part.lines.size() <= most) {
    lines.insert(lines.end(), part.lines.begin(), part.lines.end());
    return;
  }
  const auto shown = static_cast<std::ptrdiff_t>(most - 1);
  lines.insert(lines.end(), part.lines.begin(), part.lines.begin() + shown);
  lines.push_back("  … " + std::to_string(part.lines.size() - most + 1) + " more " +
                  std::string(part.further));
}

}  // namespace

bool has_errors(const Json& overview) {
  return std::ranges::any_of(list_of(overview, "problems"), [](const Json& problem) {
    return text_of(problem, "severity") == "error";
  });
}

OverviewText overview_text(const Json& overview, bool all) {
  const LocalTime local(overview);
  return {.title = title_of(overview, local),
          .modes = modes_of(overview, local),
          .problems = problems_of(overview),
          .sensors = sensors_of(overview, all),
          .indices = indices_of(overview, local),
          .sinks = sinks_of(overview, local),
          .feeds = feeds_of(overview, local),
          .comparisons = comparisons_of(overview),
          .stations = stations_of(overview, local, all),
          .store = store_of(overview),
          .ledger = ledger_of(overview)};
}

std::vector<std::string> status_lines(const Json& overview, bool all) {
  const OverviewText text = overview_text(overview, all);
  std::vector<std::string> lines{text.title};
  lines.insert(lines.end(), text.modes.lines.begin(), text.modes.lines.end());
  lines.insert(lines.end(), text.problems.lines.begin(), text.problems.lines.end());
  if (text.problems.lines.empty()) lines.emplace_back("all is well");
  append(lines, text.sensors);
  if (all) append(lines, text.indices);
  append(lines, text.sinks);
  append(lines, text.feeds);
  append(lines, text.comparisons);
  if (all) append(lines, text.stations);
  lines.push_back("store   " + text.store);
  lines.push_back("ledger  " + text.ledger);
  return lines;
}

// Sensors and problems come first; what is beside them gets what room is left.
std::vector<std::string> top_lines(const Json& overview, std::size_t width, std::size_t height) {
  const OverviewText text = overview_text(overview, false);
  std::vector<std::string> lines{text.title};
  const std::size_t end = 2;  // the last lines: store and ledger
  const auto room = [&] {
    return height > lines.size() + end ? height - lines.size() - end : std::size_t{0};
  };
  append_cut(lines, text.modes, std::min<std::size_t>(room(), 2));
  append_cut(lines, text.problems, std::min(room(), std::max<std::size_t>(4, height / 4)));
  append_cut(lines, text.sensors, room());
  append_cut(lines, text.sinks, std::min<std::size_t>(room(), 3));
  append_cut(lines, text.feeds, std::min<std::size_t>(room(), 5));
  const std::size_t wanted = text.stations.lines.size() + text.comparisons.lines.size();
  const std::size_t share = std::max<std::size_t>(room() / 2, room() - std::min(room(), wanted));
  append_cut(lines, text.indices, std::min(room(), share));
  append_cut(lines, text.comparisons,
             std::min<std::size_t>(room(), std::max(room() / 2, std::size_t{1})));
  append_cut(lines, text.stations, room());
  lines.resize(std::min(lines.size(), height > end ? height - end : height));
  if (height > lines.size()) lines.push_back("store   " + text.store);
  if (height > lines.size()) lines.push_back("ledger  " + text.ledger);
  for (std::string& line : lines) line = cut_to(line, width);
  return lines;
}

}  // namespace twinsky
