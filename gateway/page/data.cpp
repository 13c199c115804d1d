// SPDX-License-Identifier: Apache-2.0
#include "gateway/page/data.hpp"

#include "gateway/compare/assessment.hpp"
#include "gateway/compare/comparison.hpp"
#include "gateway/compare/unit_change.hpp"
#include "gateway/hours/series.hpp"
#include "gateway/model/json.hpp"
#include "gateway/store/official.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <charconv>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr std::chrono::days longest_period{400};
constexpr std::size_t usual_points = 500;
constexpr std::size_t most_ledger_rows = 500;
constexpr hours shown_pairs{720};  // as the record is made of
constexpr hours longest_wait{3};   // for the reference

struct Period {
  UtcTime from{};
  UtcTime to{};
};

std::optional<Period> period_in(const PageTarget& target) {
  const auto from = parse_time(target.asked("from"), std::chrono::minutes(0));
  const auto to = parse_time(target.asked("to"), std::chrono::minutes(0));
  if (!from || !to || *from >= *to || *to - *from > longest_period) return std::nullopt;
  return Period{*from, *to};
}

PageAnswer wrong_period() {
  return refusal(400,
                 "expected \"from\" and \"to\" as 2026-11-22T02:30:00Z, at most 400 days apart");
}

PageAnswer wrong_quantity(std::string_view name) {
  return refusal(400, "there is no quantity \"" + std::string(name) + "\"");
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::int64_t milliseconds_of(UtcTime time) {
  return time.time_since_epoch().count();
}

int decimals_for(Quantity quantity) {
  return info_of(quantity).decimals + 1;  // of a mean, one more than of a reading
}

std::int64_t worst_of(const HourCounts& counts) {
  std::optional<Flag> worst_flag;
  const auto note = [&](std::int64_t count, Flag flag) {
    if (count > 0) worst_flag = worst_flag ? worst(*worst_flag, flag) : flag;
  };
  note(counts.pass, Flag::pass);
  note(counts.not_evaluated, Flag::not_evaluated);
  note(counts.suspect, Flag::suspect);
  note(counts.fail, Flag::fail);
  note(counts.missing, Flag::missing);
  return static_cast<std::int64_t>(worst_flag.value_or(Flag::missing));
}

// A channel's hours follow the rule of its sensor.
bool uses_suspect(const Config& config, std::string_view stream) {
  return std::ranges::any_of(config.sensors, [&](const SensorSettings& sensor) {
    const std::string own = "sensor/" + sensor.id;
    return sensor.quality.use_suspect && (stream == own || stream.starts_with(own + "-"));
  });
}

bool concerns(const LedgerRow& row, std::string_view stream, const Period& period) {
  return row.sink.empty() && (row.stream == "*" || row.stream == stream) && row.start < period.to &&
         row.end > period.from;
}

Json json_of(const LedgerRow& row) {
  Json entry = {{"cause", row.cause},      {"stream", row.stream}, {"start", iso8601(row.start)},
                {"end", iso8601(row.end)}, {"count", row.count},   {"estimated", row.estimated}};
  if (!row.sink.empty()) entry["sink"] = row.sink;
  return entry;
}

Json reference_of(const Comparison& comparison, const ReferenceStation* station) {
  Json reference = {{"feed", comparison.reference.feed},
                    {"station", comparison.reference.station},
                    {"name", station == nullptr ? comparison.reference.station : station->name_en}};
  if (const FeedInfo* const feed = feed_named(comparison.reference.feed)) {
    reference["publisher"] = feed->publisher;
    reference["licence"] = feed->licence;
    reference["licence_url"] = feed->licence_url;
    reference["attribution"] = feed->attribution;
  }
  return reference;
}

// The target's limits beside what was achieved of them, of the hours that the record was made of.
Json target_of(const StoredPairs& pairs, const Json& record) {
  const auto end = parse_time(record.value("window_end", ""));
  if (!end) return {};
  const Target target = TargetCatalogue().of(pairs.quantity, pairs.gas_reference_k);
  const Assessment seen = assess_for(target, pairs.rows, std::chrono::floor<hours>(*end));
  Json json = {{"slope", Json::array({target.lowest_slope, target.highest_slope})},
               {"intercept", target.intercept},
               {"r2", target.r2},
               {"rmse", target.rmse},
               {"nrmse", target.nrmse}};
  Json& achieved = json["achieved"] = Json::object();
  if (seen.line) {
    achieved["slope"] = seen.line->slope;
    achieved["intercept"] = seen.line->intercept;
    achieved["r2"] = seen.line->r2;
  }
  if (seen.errors) {
    achieved["rmse"] = seen.errors->rmse;
    achieved["nrmse"] = seen.errors->nrmse;
  }
  return json;
}

}  // namespace

StoreReader& PageData::reader() {
  if (!reader_) reader_ = sources_.store.reader();
  return *reader_;
}

PageAnswer PageData::series(const PageTarget& target) {
  const std::string stream(target.asked("stream"));
  const auto quantity = quantity_named(target.asked("quantity"));
  const auto period = period_in(target);
  const auto points = target.asked("points").empty()
                          ? usual_points
                          : number_in<std::size_t>(target.asked("points")).value_or(0);
  if (!stream.starts_with("sensor/")) return refusal(400, "expected \"stream\" as sensor/ID");
  if (!quantity) return wrong_quantity(target.asked("quantity"));
  if (!period) return wrong_period();
  if (points < 2 || points > most_series_points) {
    return refusal(400, "expected 2 to 2000 \"points\"");
  }
  const TimeSeries series =
      read_series(reader(), {.stream = stream,
                             .quantity = *quantity,
                             .from = period->from,
                             .to = period->to,
                             .most = points,
                             .use_suspect = uses_suspect(*sources_.config(), stream)});
  PageAnswer answer;
  JsonWriter out(answer.body);
  out.open().put("width_ms", series.width.count()).open_list("points");
  for (const SeriesPoint& point : series.points) {
    out.open_list().put({}, milliseconds_of(point.start));
    for (const auto& value : {point.value, point.minimum, point.maximum}) {
      out.put({}, value, decimals_for(*quantity));
    }
    out.put({}, worst_of(point.counts)).put({}, point.used).close_list();
  }
  out.close_list().open_list("gaps");
  for (const LedgerRow& gap : reader().ledger()) {
    if (!concerns(gap, stream, *period)) continue;
    out.open_list().put({}, milliseconds_of(gap.start)).put({}, milliseconds_of(gap.end));
    out.put({}, gap.cause).close_list();
  }
  out.close_list().close();
  answer.body += '\n';
  return answer;
}

PageAnswer PageData::official(const PageTarget& target) {
  const std::string stream = "ref/" + std::string(target.asked("station"));
  const auto quantity = quantity_named(target.asked("quantity"));
  const auto period = period_in(target);
  if (!quantity) return wrong_quantity(target.asked("quantity"));
  if (!period) return wrong_period();
  PageAnswer answer;
  JsonWriter out(answer.body);
  out.open().open_list("points");
  for (const OfficialRow& value : reader().official(stream, *quantity, period->from, period->to)) {
    out.open_list().put({}, milliseconds_of(value.start)).put({}, milliseconds_of(value.end));
    out.put({}, value.value.value, decimals_for(*quantity));
    out.put({}, static_cast<std::int64_t>(value.value.flag)).close_list();
  }
  out.close_list().close();
  answer.body += '\n';
  return answer;
}

PageAnswer PageData::comparison(const PageTarget& target) {
  const auto config = sources_.config();
  std::vector<Comparison> all = comparisons_of(*config);
  const auto found = std::ranges::find(all, target.asked("topic"), &Comparison::topic);
  if (found == all.end()) return refusal(404, "no such comparison is configured");
  Comparison& comparison = *found;
  const std::string unit = memory_of_unit(comparison.sensor);
  heed(comparison, unit_in(sources_.store.remembered(unit).value_or("")));
  const std::vector<Note> notes = read_notes(notes_file(config->store.path));
  const HourStart hour = std::chrono::floor<hours>(sources_.clock.utc());
  const StoredPairs pairs =
      read_pairs(reader(), comparison, notes, {hour - shown_pairs - longest_wait, hour});

  const Json remembered =
      Json::parse_or_null(sources_.store.remembered(comparison.topic()).value_or(""));
  Json document = {{"topic", comparison.topic()},
                   {"quantity", name_of(pairs.quantity)},
                   {"unit", info_of(pairs.quantity).ucum},
                   {"sensor", comparison.sensor},
                   {"serial_number", comparison.serial_number}};
  document["record"] = nullptr;
  if (const Json* const record = remembered.find("record")) {
    document["record"] = *record;
    document["targets"] = target_of(pairs, *record);
  }
  const ReferenceStation* const station =
      comparison.feed ? comparison.feed->station(comparison.reference.station) : nullptr;
  document["reference"] = reference_of(comparison, station);
  document["notes"] = Json::array();
  for (const Note& note : notes) {
    if (note.sensor != comparison.sensor) continue;
    document["notes"].push_back({{"kind", name_of(note.kind)},
                                 {"from", iso8601(note.from)},
                                 {"to", iso8601(note.to)},
                                 {"text", note.text}});
  }
  PageAnswer answer{.body = document.dump()};
  answer.body.pop_back();  // more members follow
  JsonWriter out(answer.body);
  out.open_list("pairs");
  const int decimals = decimals_for(pairs.quantity);
  for (const PairRow& pair : pairs.rows) {
    const auto why = withheld(pair, Series::raw, pairs.beginnings);
    out.open_list().put({}, milliseconds_of(UtcTime(pair.hour)));
    out.put({}, pair.sensor, decimals).put({}, pair.reference, decimals).put({}, why ? 0 : 1);
    out.put({}, pair.corrected, decimals).put({}, why ? name_of(*why) : std::string_view());
    out.put({}, pair.humidity, 1).close_list();
  }
  out.close_list().close();
  answer.body += '\n';
  return answer;
}

PageAnswer PageData::store() {
  const StoreStatus status = sources_.store.status();
  Json document = {{"path", sources_.config()->store.path},
                   {"rows", status.rows},
                   {"size_bytes", status.size_bytes},
                   {"bytes_written", status.bytes_written},
                   {"queued", status.queued},
                   {"queue_dropped", status.queue_dropped},
                   {"epoch", status.epoch},
                   {"disk_fault", nullptr},
                   {"offline_days", nullptr},
                   {"ledger", status.ledger_sums}};
  if (!status.disk_fault.empty()) document["disk_fault"] = status.disk_fault;
  if (status.offline_days) document["offline_days"] = *status.offline_days;
  Json& sinks = document["sinks"] = Json::object();
  for (const auto& [id, backlog] : status.sinks) {
    Json& sink = sinks[id] = {{"waiting", backlog.rows}, {"oldest", nullptr}};
    if (backlog.oldest) sink["oldest"] = iso8601(*backlog.oldest);
  }
  const std::vector<LedgerRow> rows = reader().ledger();
  const std::size_t shown = std::min(rows.size(), most_ledger_rows);
  Json& newest = document["newest_gaps"] = Json::array();
  for (std::size_t at = 1; at <= shown; ++at) newest.push_back(json_of(rows[rows.size() - at]));
  return {.body = document.dump() + "\n"};
}

PageAnswer PageData::log(const PageTarget& target) const {
  const std::string_view after = target.asked("after");
  const auto number = after.empty() ? 0 : number_in<std::uint64_t>(after);
  if (!number) return refusal(400, "expected \"after\" as a line's number");
  Json lines = Json::array();
  for (const LogLine& line : sources_.log.lines_after(*number)) {
    lines.push_back({{"number", line.number},
                     {"time", line.time},
                     {"level", name_of(line.level)},
                     {"subject", line.subject},
                     {"message", line.message}});
  }
  return {.body = Json{{"lines", lines}}.dump() + "\n"};
}

}  // namespace twinsky
