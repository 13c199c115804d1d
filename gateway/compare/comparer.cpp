// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/comparer.hpp"

#include "gateway/compare/neighbours.hpp"
#include "gateway/compare/unit_change.hpp"
#include "gateway/hours/hour.hpp"
#include "gateway/model/fast_clock.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/json_text.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <sstream>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;

// The longest window, and what hysteresis looks back beyond it.
constexpr hours looked_back{720 + hysteresis_memory};
// After the hour's end: the last samples and the hours made of them are there.
constexpr milliseconds late_within = 2min;
constexpr milliseconds look_every = 1min;
constexpr milliseconds commit_within = 10s;
constexpr const char* list_name = "comparisons";  // the topics that have a record

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What of a record tells that something was found out: not the time at which it was.
std::string content_of(std::string_view json) {
  return without_members(json, [](std::string_view key) {
    return key == "computed_at" || key == "revision" || key == "age_h";
  });
}

std::string remembered_text(int revision, std::string_view summary, std::string_view record) {
  std::string text;
  JsonWriter(text)
      .open()
      .put("revision", revision)
      .put("summary", summary)
      .put_raw("record", record)
      .close();
  return text;
}

std::optional<Verdict> verdict_named(std::string_view name) {
  for (auto at = 0; at <= static_cast<int>(Verdict::agrees); ++at) {
    const auto verdict = static_cast<Verdict>(at);
    if (name_of(verdict) == name) return verdict;
  }
  return std::nullopt;
}

}  // namespace

ComparisonMaker::ComparisonMaker(Store& store, Clock& clock, std::string notes_file,
                                 ComparisonOutlet outlet)
    : store_(store),
      clock_(clock),
      notes_file_(std::move(notes_file)),
      outlet_(std::move(outlet)),
      reader_(store.reader()) {}

void ComparisonMaker::configure(std::vector<Comparison> comparisons,
                                const std::string& config_hash) {
  config_hash_ = config_hash;
  kept_.clear();
  looked_around_.reset();
  are_units_known_ = false;
  std::string topics;
  for (Comparison& comparison : comparisons) {
    topics += comparison.topic() + "\n";
    kept_.push_back({.comparison = std::move(comparison)});
    take_up(kept_.back());
  }
  for (const std::string& topic : lines_of(store_.remembered(list_name).value_or(""))) {
    const auto is_it = [&](const Kept& each) { return each.comparison.topic() == topic; };
    if (std::ranges::any_of(kept_, is_it)) continue;
    outlet_.withdraw(topic);
    store_.remember(topic, "");
  }
  store_.remember(list_name, topics);
}

// Goes on counting where an earlier run, or the configuration before, had come to.
void ComparisonMaker::take_up(Kept& kept) const {
  const auto text = store_.remembered(kept.comparison.topic());
  const auto json = Json::parse_or_null(text.value_or(""));
  if (!json.is_object() || !json.contains("record")) return;
  const auto& record = json["record"];
  const auto end = parse_time(record.value("window_end", ""));
  kept.revision = json.value("revision", 0);
  kept.summary = json.value("summary", "");
  kept.verdict = verdict_named(record.value("verdict", ""));
  if (end) kept.window_end = std::chrono::floor<hours>(*end);
  const auto neighbours = record.find("neighbours");
  kept.is_far = neighbours != nullptr && neighbours->is_object() &&
                neighbours->value("flag", 0) == static_cast<int>(Flag::suspect);
  const auto heating = record.find("self_heating");
  kept.is_warm = heating != nullptr && heating->is_object();
  // As it was written, which the parser need not give back: numbers.
  kept.content = content_of(member_of(*text, "record").value_or(""));
}

void ComparisonMaker::step(const std::stop_token& stop) {
  look_at_notes();
  look_at_units();
  look_around();
  bool is_committed = false;
  for (Kept& kept : kept_) {
    if (stop.stop_requested()) return;
    const Stamp stamp = stamp_of(kept);
    if (kept.stamp == stamp) continue;
    // What the stamp counts may still wait for its commit.
    if (!is_committed && !store_.flush(clock_.now() + commit_within)) return;
    is_committed = true;
    make(kept);
    kept.stamp = stamp;
  }
}

std::map<std::string, ComparisonSnapshot> ComparisonMaker::summaries() const {
  std::map<std::string, ComparisonSnapshot> summaries;
  for (const Kept& kept : kept_) {
    if (kept.summary.empty() || !kept.verdict) continue;
    summaries[kept.comparison.topic()] = {std::string(name_of(*kept.verdict)), kept.summary};
  }
  return summaries;
}

void ComparisonMaker::look_at_notes() {
  std::error_code not_there;
  const auto time = std::filesystem::last_write_time(notes_file_, not_there);
  const auto size = not_there ? 0 : std::filesystem::file_size(notes_file_, not_there);
  if (time == notes_time_ && size == notes_size_) return;
  notes_ = read_notes(notes_file_);
  notes_time_ = time;
  notes_size_ = size;
  for (Kept& kept : kept_) kept.stamp.reset();
}

// Once the clock is right: another serial number counts from now on.
void ComparisonMaker::look_at_units() {
  if (are_units_known_) return;
  for (Kept& kept : kept_) {
    Comparison& comparison = kept.comparison;
    const std::string name = memory_of_unit(comparison.sensor);
    const Unit before = unit_in(store_.remembered(name).value_or(""));
    const Unit now = unit_now(before, comparison.serial_number, clock_.utc());
    if (!now.serial_number.empty()) store_.remember(name, text_of(now));
    if (now.since != before.since) {
      outlet_.announce("sensor_replaced", comparison.sensor,
                       "serial number " + before.serial_number + " -> " + now.serial_number +
                           ": its comparisons begin anew");
    }
    heed(comparison, now);
  }
  are_units_known_ = true;
}

// Which stations there are changes seldom; streams are asked for them once an hour.
void ComparisonMaker::look_around() {
  const UtcTime hour = hour_of(clock_.utc());
  if (looked_around_ == hour) return;
  const std::vector<std::string> streams = reader_->streams();
  for (Kept& kept : kept_) kept.neighbours = neighbours_of(kept.comparison, streams);
  looked_around_ = hour;
}

ComparisonMaker::Stamp ComparisonMaker::stamp_of(const Kept& kept) const {
  const Comparison& comparison = kept.comparison;
  const auto changes = [&](const std::string& stream) {
    return stream.empty() ? 0 : store_.changes_of_hours(stream);
  };
  std::uint64_t around = 0;
  for (const std::string& stream : kept.neighbours) around += changes(stream);
  return {.sensor = changes(comparison.sensor_stream()),
          .reference = changes(comparison.reference_stream()),
          .surroundings = around + changes(comparison.humidity_stream) +
                          (comparison.correction ? changes(comparison.temperature_stream) : 0),
          .hour = hour_of(clock_.utc() - late_within)};
}

// Made of the hours as long as they are kept, remembered beyond that.
std::optional<Commissioning> ComparisonMaker::commissioning(const Comparison& comparison) {
  const std::string name = "commissioning/" + comparison.subject();
  const auto window = commissioning_window(*reader_, comparison, notes_);
  std::optional<Commissioning> known;
  const auto json = Json::parse_or_null(store_.remembered(name).value_or(""));
  if (json.is_object()) {
    const auto from = parse_time(json.value("from", ""));
    const auto to = parse_time(json.value("to", ""));
    if (from && to) {
      known = {{json.value("gain", 1.0), json.value("offset", 0.0)},
               {std::chrono::floor<hours>(*from), std::chrono::floor<hours>(*to)}};
    }
  }
  const auto placed = placed_since(comparison, notes_);
  const bool is_of_this_place = known && (!placed || known->window.begin >= *placed);
  const bool has_noted = noted_collocation(comparison, notes_).has_value();
  const bool is_gone = window && known && known->window.begin < window->begin;
  if (is_of_this_place && !has_noted && (is_gone || !window)) return known;
  if (!window) return std::nullopt;
  const StoredPairs pairs = read_pairs(*reader_, comparison, notes_, *window);
  const auto made = commissioning_of(pairs.rows, *window);
  if (made) {
    const Json text = {{"from", iso8601(made->window.begin)},
                       {"to", iso8601(made->window.end)},
                       {"gain", made->match.gain},
                       {"offset", made->match.offset}};
    store_.remember(name, text.dump());
  }
  return made;
}

void ComparisonMaker::make(Kept& kept) {
  const Comparison& comparison = kept.comparison;
  const UtcTime now = clock_.utc();
  Window window{std::chrono::floor<hours>(now) - looked_back, std::chrono::ceil<hours>(now)};
  if (const auto placed = placed_since(comparison, notes_)) {
    window.begin = std::max(window.begin, std::min(*placed, window.end));
  }
  const StoredPairs pairs = read_pairs(*reader_, comparison, notes_, window);
  ComparisonInput input{
      .identity = {.sensor = comparison.sensor,
                   .quantity = pairs.quantity,
                   .gas_reference_k = pairs.gas_reference_k,
                   .correction = comparison.correction ? name_of(*comparison.correction) : "",
                   .config_hash = config_hash_,
                   .revision = 0,
                   .is_indoor = comparison.is_indoor,
                   .zone = comparison.zone,
                   .is_time_trusted = clock_.is_set()},
      .reference = comparison.reference,
      .rows = pairs.rows,
      .beginnings = pairs.beginnings,
      .commissioning = commissioning(comparison),
      .floor = read_floor(*reader_, comparison, pairs.quantity, window),
      .neighbours = read_neighbours(*reader_, comparison, pairs, kept.neighbours,
                                    window_end(pairs.rows, now)),
      .now = now};
  const ComparisonRecord record = writer_.write(input);

  std::string content = content_of(record.json);
  const HourStart end = window_end(pairs.rows, now);
  if (end != kept.window_end) {
    kept.revision = 1;
  } else if (content != kept.content) {
    ++kept.revision;
  }
  kept.window_end = end;
  kept.content = std::move(content);
  kept.summary = record.summary;
  std::string json = with_member(record.json, "revision", std::to_string(kept.revision));
  store_.remember(comparison.topic(), remembered_text(kept.revision, record.summary, json));
  outlet_.post(comparison.topic(), std::move(json));
  announce_changes(kept, record, input.neighbours);
}

void ComparisonMaker::announce_changes(Kept& kept, const ComparisonRecord& record,
                                       const std::optional<NeighbourCheck>& neighbours) const {
  const std::string subject = kept.comparison.subject();
  if (kept.verdict && *kept.verdict != record.verdict) {
    outlet_.announce("verdict_changed", subject,
                     std::string(name_of(*kept.verdict)) + " -> " + record.summary);
  }
  kept.verdict = record.verdict;
  const bool is_far = neighbours ? neighbours->flag == Flag::suspect : kept.is_far;
  if (is_far != kept.is_far) {
    outlet_.announce(is_far ? "neighbours_differ" : "neighbours_agree", subject, record.summary);
  }
  kept.is_far = is_far;
  const bool is_warm = record.self_heating.has_value();
  if (is_warm != kept.is_warm) {
    outlet_.announce(is_warm ? "self_heating" : "self_heating_over", subject, record.summary);
  }
  kept.is_warm = is_warm;
}

class Comparer::Thread {
 public:
  Thread(Store& store, const Config& config, ComparisonOutlet outlet, Clock& clock, Log& log)
      : clock_(clock),
        guard_("comparisons", clock, log),
        maker_(store, clock, notes_file(config.store.path), std::move(outlet)),
        next_(config),
        thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), "compare");
  }
  ~Thread() { request_stop(); }

  void change(const Config& config) {
    const std::lock_guard lock(mutex_);
    next_ = config;
    woken_.notify_all();
  }
  void request_stop() {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    woken_.notify_all();
  }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }
  [[nodiscard]] std::map<std::string, ComparisonSnapshot> summaries() const {
    const std::lock_guard lock(mutex_);
    return summaries_;
  }

 private:
  void run() {
    const Presence presence(clock_);
    while (!stop_.stop_requested()) {
      if (!guard_.turn([this] { turn(); })) guard_.pause(stop_.get_token());
    }
    has_stopped_ = true;
  }

  void turn() {
    std::optional<Config> next;
    {
      const std::lock_guard lock(mutex_);
      next = next_;
    }
    if (next) {
      maker_.configure(comparisons_of(*next), next->hash);
      const std::lock_guard lock(mutex_);
      if (next_->hash == next->hash) next_.reset();  // done; else another has come meanwhile
    }
    if (clock_.is_set()) maker_.step(stop_.get_token());
    std::unique_lock lock(mutex_);
    summaries_ = maker_.summaries();
    if (stop_.stop_requested() || next_) return;
    clock_.wait(lock, woken_, clock_.now() + look_every);
  }

  Clock& clock_;
  Guard guard_;
  ComparisonMaker maker_;  // of the thread alone
  std::stop_source stop_;
  std::atomic<bool> has_stopped_ = false;
  mutable std::mutex mutex_;
  std::optional<Config> next_;                           // guarded by mutex_
  std::map<std::string, ComparisonSnapshot> summaries_;  // guarded by mutex_
  std::condition_variable woken_;
  std::jthread thread_;  // last: it uses all of the above
};

Comparer::Comparer(Store& store, const Config& config, ComparisonOutlet outlet, Clock& clock,
                   Log& log)
    : thread_(std::make_unique<Thread>(store, config, std::move(outlet), clock, log)) {}
Comparer::~Comparer() = default;

void Comparer::change(const Config& config) {
  thread_->change(config);
}
void Comparer::request_stop() {
  thread_->request_stop();
}
bool Comparer::has_stopped() const {
  return thread_->has_stopped();
}
GuardStatus Comparer::guard_status() const {
  return thread_->guard_status();
}
std::map<std::string, ComparisonSnapshot> Comparer::summaries() const {
  return thread_->summaries();
}

std::vector<RememberedComparison> read_comparisons(const std::string& store_path) {
  std::vector<RememberedComparison> comparisons;
  for (const std::string& topic : lines_of(read_remembered(store_path, list_name).value_or(""))) {
    const auto text = read_remembered(store_path, topic);
    const auto json = Json::parse_or_null(text.value_or(""));
    RememberedComparison made{.topic = topic};
    if (json.is_object()) {
      made.revision = json.value("revision", 0);
      made.summary = json.value("summary", "");
      made.record = json["record"].dump();
    }
    comparisons.push_back(std::move(made));
  }
  return comparisons;
}

}  // namespace twinsky
