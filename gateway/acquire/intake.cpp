// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/intake.hpp"

#include "gateway/model/record.hpp"
#include "gateway/model/stable_hash.hpp"
#include "gateway/quality/check_settings.hpp"
#include "gateway/quality/stream_checks.hpp"
#include "gateway/store/official.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// Streaming devices keep their own, uneven pace (PMS5003: 0.2 to 2.3 s): less is no gap.
constexpr milliseconds pace_slack = 2500ms;
// A gap that lasts goes on record hour by hour, so that the ledger is never far behind.
constexpr milliseconds longest_open_gap = 1h;
// The humidity around changes slowly; a stream asks its neighbours for it so often.
constexpr milliseconds humidity_every = 30s;

// To be computed, or to know whether it is inside the hull.
bool asks(const Correction& correction, CorrectionInput input) {
  const auto inputs = inputs_of(correction.formula);
  return std::ranges::find(inputs, input) != inputs.end() ||
         std::ranges::find(correction.hull, input, &InputRange::input) != correction.hull.end();
}

// As configured, without a memory yet.
StreamChecks checks_of(const StreamDescription& description) {
  std::vector<StreamChecks::Checked> quantities;
  for (const Column& column : description.columns) {
    const auto range = description.ranges.find(column.quantity);
    std::optional<Interval> rated;
    if (range != description.ranges.end()) rated = {range->second.first, range->second.second};
    quantities.push_back({column.quantity, checks_of(column.quantity, description.quality, rated,
                                                     description.period)});
  }
  return {std::move(quantities), description.quality};
}

std::uint64_t content_hash(const Sample& sample, std::string_view members) {
  std::string content(members);
  for (const Reading& reading : sample.readings) {
    content += name_of(reading.quantity);
    if (reading.value) append_number(content, *reading.value, 6);
    content.append("\x1f").append(reading.text).append("\x1e");
  }
  return stable_hash(content);
}

}  // namespace

std::string_view name_of(SensorState state) noexcept {
  switch (state) {
    case SensorState::online:
      return "online";
    case SensorState::offline:
      return "offline";
    case SensorState::fault:
      break;
  }
  return "fault";
}

struct Intake::Stream {
  StreamDescription description;
  StreamId id{};
  int meta_revision = 0;
  std::vector<std::string> correction_names;  // "id@version", of the description's corrections
  std::optional<UtcTime> last;                // of the newest sample, of an earlier run too
  bool is_first = true;                       // since the gateway started
  std::string silent_cause;                   // empty: it speaks
  UtcTime silent_since{};
  std::optional<StreamChecks> checks;  // of a sensor's stream
  bool is_before_set = false;          // the sample before was stamped by a clock that was set
  std::optional<double> humidity_percent;
  MonotonicTime humidity_due = MonotonicTime::min();
  std::string members;  // of the newest official record
  UtcTime members_time{};
  std::optional<UtcTime> stale_at;  // when `state` will say null of what it now says
};

Intake::Intake(Store& store, Board& board, Bulletin& bulletin, Clock& clock)
    : Intake(store, board, bulletin, clock,
             [&store](StreamId stream, UtcTime since, const auto& each) {
               store.recall(stream, since, each);
             }) {}

Intake::Intake(Store& store, Board& board, Bulletin& bulletin, Clock& clock, Recall::Read read)
    : store_(store),
      board_(board),
      bulletin_(bulletin),
      clock_(clock),
      recall_(std::move(read), clock) {}

Intake::~Intake() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, stream] : streams_) settle_silence(*stream, clock_.utc());
}

void Intake::open(const StreamDescription& description) {
  if (!describe(description)) return;
  // Without the lock: others hand in samples meanwhile.
  Recalled recalled = recall_.of(store_.stream(description.name), checks_of(description));
  const std::lock_guard lock(mutex_);
  Stream* const stream = find(description.name);
  if (stream == nullptr) return;  // closed meanwhile
  stream->checks.emplace(std::move(recalled.checks));
  stream->is_before_set = stream->is_before_set || recalled.is_before_set;
}

// Answers whether its checks are to be made anew.
bool Intake::describe(const StreamDescription& description) {
  const std::lock_guard lock(mutex_);
  auto& stream = streams_[description.name];
  const bool is_new = !stream;
  const bool has_other_checks = is_new || stream->description.quality != description.quality ||
                                stream->description.period != description.period ||
                                stream->description.ranges != description.ranges;
  if (is_new) {
    stream = std::make_unique<Stream>();
    stream->id = store_.stream(description.name);
    stream->last = store_.last_time(stream->id);
  }
  stream->description = description;
  stream->correction_names.clear();
  for (const Correction& each : description.corrections) {
    stream->correction_names.push_back(name_of(each));
  }
  post_meta(*stream);
  return has_other_checks && description.name.starts_with("sensor/");
}

void Intake::post_meta(Stream& stream) {
  const StreamDescription& description = stream.description;
  stream.meta_revision = store_.meta_revision(stream.id, meta_content(description));
  bulletin_.post({.topic = description.name + "/meta",
                  .payload = meta_document(description, stream.meta_revision)});
}

void Intake::revise_meta() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, stream] : streams_) {
    if (!stream->last) stream->last = store_.last_time(stream->id);
    post_meta(*stream);
  }
}

void Intake::close(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  if (found == streams_.end()) return;
  settle_silence(*found->second, clock_.utc());
  streams_.erase(found);
  board_.remove(name);
  for (const auto* document : {"/meta", "/state", "/status"}) {
    bulletin_.withdraw(std::string(name) + document);
  }
}

// What the other sensors say of the air. A room says nothing of the street, nor the other way
// round.
std::optional<double> Intake::around(const Stream& stream, Quantity quantity, UtcTime time) const {
  const auto is_indoor = [](const Stream& one) { return one.description.placement == "indoor"; };
  return board_.nearby(quantity, time, [&](std::string_view name) {
    const auto other = streams_.find(name);
    return other != streams_.end() && is_indoor(*other->second) == is_indoor(stream);
  });
}

// What stands beside the raw readings, as the configuration names it.
std::vector<CorrectedReading> Intake::corrected(const Stream& stream, const Sample& sample,
                                                std::string_view channel) const {
  std::vector<CorrectedReading> readings;
  const auto own = [&](Quantity quantity) -> const Reading* {
    const auto found = std::ranges::find_if(sample.readings, [&](const Reading& each) {
      return each.quantity == quantity && each.channel == channel && each.value;
    });
    return found == sample.readings.end() ? nullptr : &*found;
  };
  for (std::size_t at = 0; at < stream.description.corrections.size(); ++at) {
    const Correction& correction = stream.description.corrections[at];
    CorrectionValues values;
    Flag doubt = Flag::pass;  // about what it is made of
    for (const auto& [input, quantity] : {std::pair(CorrectionInput::raw, correction.raw_quantity),
                                          {CorrectionInput::temperature, Quantity::temperature},
                                          {CorrectionInput::humidity, Quantity::humidity}}) {
      if (!asks(correction, input)) continue;
      auto& value = values[static_cast<std::size_t>(input)];
      if (const Reading* const here = own(quantity)) {
        value = here->value;
        if (here->flag != Flag::not_evaluated) doubt = worst(doubt, here->flag);
      } else if (input != CorrectionInput::raw) {
        value = around(stream, quantity, sample.time);
      }
    }
    const Corrected made = apply(correction, values, sample.time);
    readings.push_back({.quantity = correction.quantity,
                        .value = made.value,
                        .flag = made.value ? worst(made.flag, doubt) : made.flag,
                        .correction = stream.correction_names[at]});
  }
  return readings;
}

// Flags of the sample; what it shows of the one before goes out as an amendment of that.
void Intake::check(Stream& stream, Sample& sample, std::string_view channel, bool clock_set) {
  if (!stream.checks) return;
  if (stream.checks->asks_humidity() && clock_.now() >= stream.humidity_due) {
    stream.humidity_percent = around(stream, Quantity::humidity, sample.time);
    stream.humidity_due = clock_.now() + humidity_every;
  }
  const Sample* const before = stream.checks->check(sample, channel, stream.humidity_percent);
  if (before != nullptr && clock_set && stream.is_before_set) {
    store_.append(
        {.stream = stream.id,
         .time = before->time,
         .body = record_body(*before, stream.description.columns, channel, stream.meta_revision,
                             false, {}, corrected(stream, *before, channel)),
         .reference = {},
         .clock_unset = false,
         .amends = true});
  }
  stream.is_before_set = clock_set;
}

void Intake::take(std::string_view name, Sample sample, std::string_view channel) {
  const std::lock_guard lock(mutex_);
  Stream* const found = find(name);
  if (found == nullptr) return;  // removed from the configuration a moment ago
  Stream& stream = *found;
  const bool clock_set = clock_.is_set();
  if (clock_set) note_gap_before(stream, sample.time);
  stream.silent_cause.clear();
  stream.is_first = false;
  stream.last = clock_set ? std::optional(sample.time) : std::nullopt;
  check(stream, sample, channel, clock_set);
  store_.append(
      {.stream = stream.id,
       .time = sample.time,
       .body = record_body(sample, stream.description.columns, channel, stream.meta_revision,
                           !clock_set, {}, corrected(stream, sample, channel)),
       .reference = {},
       .clock_unset = !clock_set});
  board_.put(name, sample, channel);
  post_state(stream);
}

void Intake::take_official(std::string_view name, Sample sample, std::string_view document,
                           std::string_view members) {
  const std::lock_guard lock(mutex_);
  Stream* const found = find(name);
  if (found == nullptr) return;
  Stream& stream = *found;
  store_.append({.stream = stream.id,
                 .time = sample.time,
                 .body = record_body(sample, stream.description.columns, {}, stream.meta_revision,
                                     false, members),
                 .reference = ReferenceKey{.document = std::string(document),
                                           .start = sample.official->start,
                                           .end = sample.official->end,
                                           .content_hash = content_hash(sample, members)},
                 .clock_unset = false,
                 .official = values_kept_of(sample)});
  stream.is_first = false;
  stream.last = std::max(stream.last.value_or(sample.time), sample.time);
  board_.put(name, sample);
  if (sample.time >= stream.members_time) {
    stream.members = members;
    stream.members_time = sample.time;
  }
  post_state(stream);
}

void Intake::note_missed(std::string_view name, const Sample& oldest, std::string_view cause) {
  const std::lock_guard lock(mutex_);
  const Stream* const stream = find(name);
  if (stream == nullptr || !stream->last) return;
  const auto [start, end] = std::pair(oldest.official->start, oldest.official->end);
  const milliseconds length = end - start;
  if (length <= 0ms || length != stream->description.period || start < *stream->last + length) {
    return;
  }
  store_.note_gap({.cause = stream->is_first ? "gateway_off" : std::string(cause),
                   .stream = stream->description.name,
                   .start = *stream->last,
                   .end = start,
                   .count = static_cast<std::uint64_t>((start - *stream->last) / length)});
}

// What is missing between the newest sample and one at `time`.
void Intake::note_gap_before(Stream& stream, UtcTime time) {
  const milliseconds period = stream.description.period;
  if (period <= 0ms) return;
  if (!stream.silent_cause.empty()) {
    settle_silence(stream, time);
    return;
  }
  if (!stream.last || time <= *stream.last) return;
  const milliseconds step = time - *stream.last;
  const milliseconds slack = stream.is_first ? period / 2 : std::max(period / 2, pace_slack);
  if (step <= period + slack) return;
  const auto missing =
      std::llround(static_cast<double>(step.count()) / static_cast<double>(period.count())) - 1;
  if (missing <= 0) return;
  store_.note_gap(
      {.cause = stream.is_first ? "gateway_off" : std::string(name_of(Fault::no_response)),
       .stream = stream.description.name,
       .start = *stream.last + period,
       .end = time,
       .count = static_cast<std::uint64_t>(missing)});
}

// Puts a silence on record that ends, or is cut in two, at `end`.
void Intake::settle_silence(Stream& stream, UtcTime end) {
  const milliseconds period = stream.description.period;
  if (stream.silent_cause.empty() || period <= 0ms) return;
  const UtcTime start = stream.last ? *stream.last + period : stream.silent_since;
  const auto missing = end > start ? std::llround(static_cast<double>((end - start).count()) /
                                                  static_cast<double>(period.count()))
                                   : 0;
  if (missing > 0) {
    store_.note_gap({.cause = stream.silent_cause,
                     .stream = stream.description.name,
                     .start = start,
                     .end = end,
                     .count = static_cast<std::uint64_t>(missing)});
    stream.last = start + (missing - 1) * period;
  }
}

void Intake::silent(std::string_view name, std::string_view cause, UtcTime start) {
  const std::lock_guard lock(mutex_);
  Stream* const stream = find(name);
  if (stream == nullptr || !stream->silent_cause.empty()) return;
  stream->silent_cause = cause;
  stream->silent_since = start;
}

void Intake::set_state(std::string_view name, SensorState state) {
  bulletin_.post({.topic = std::string(name) + "/status", .payload = std::string(name_of(state))});
}

void Intake::announce(std::string_view event, std::string_view subject, std::string_view message) {
  store_.append({.stream = store_.stream("event"),
                 .time = clock_.utc(),
                 .body = event_body(event, subject, message),
                 .reference = {},
                 .clock_unset = !clock_.is_set()});
}

void Intake::refresh_states() {
  const UtcTime now = clock_.utc();
  const std::lock_guard lock(mutex_);
  for (auto& [name, stream] : streams_) {
    if (stream->stale_at && now > *stream->stale_at) post_state(*stream);
    if (!stream->silent_cause.empty() && now - stream->silent_since > longest_open_gap) {
      settle_silence(*stream, now);
      stream->silent_since = now;
    }
  }
}

Intake::Stream* Intake::find(std::string_view name) {
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Intake::post_state(Stream& stream) {
  const UtcTime now = clock_.utc();
  const std::vector<Latest> latest = board_.latest(stream.description.name);
  const milliseconds lifetime = std::max<milliseconds>(3 * stream.description.period, 1min);
  stream.stale_at.reset();
  for (const Latest& each : latest) {
    const UtcTime stale = each.time + 3 * stream.description.period;
    if (each.reading.value && stale >= now && (!stream.stale_at || stale < *stream.stale_at)) {
      stream.stale_at = stale;
    }
  }
  std::string document =
      state_document(stream.description, latest, now, store_.epoch(), clock_.is_set());
  const UtcTime members_stale = stream.members_time + 3 * stream.description.period;
  if (!stream.members.empty() && members_stale >= now) {
    document.back() = ',';
    document.append(stream.members).back() = '}';  // they end with a comma
    stream.stale_at = std::min(stream.stale_at.value_or(members_stale), members_stale);
  }
  bulletin_.post({.topic = stream.description.name + "/state",
                  .payload = std::move(document),
                  .retain = Retain::expiring,
                  .qos = 1,
                  .expiry = lifetime});
}

}  // namespace twinsky
