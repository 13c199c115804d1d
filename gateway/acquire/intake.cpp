// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/intake.hpp"

#include "gateway/checks/stream_checks.hpp"
#include "gateway/config/check_settings.hpp"
#include "gateway/model/placement.hpp"
#include "gateway/model/stable_hash.hpp"
#include "gateway/sinks/discovery.hpp"
#include "gateway/sinks/snapshot.hpp"
#include "gateway/store/official.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/record.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// A gap that lasts goes on record hour by hour, so that the ledger is never far behind.
constexpr milliseconds longest_open_gap = 1h;
// A slewed clock stays within it, a step does not.
constexpr milliseconds same_clock = 500ms;
constexpr const char* last_heard_name = "last_heard";
// The humidity around changes slowly; a stream asks its neighbours for it so often.
constexpr milliseconds humidity_every = 30s;

// To be computed, or to know whether it is inside the hull.
bool asks(const Correction& correction, CorrectionInput input) {
  const auto inputs = inputs_of(correction.formula);
  return std::ranges::find(inputs, input) != inputs.end() ||
         std::ranges::find(correction.hull, input, &InputRange::input) != correction.hull.end();
}

LastHeard as_remembered(const Store& store) {
  if (const auto text = store.remembered(last_heard_name)) {
    if (auto heard = read_last_heard(*text)) return *std::move(heard);
  }
  // A store of an earlier version: what it has was stamped by a clock that was set.
  LastHeard heard;
  heard.noted.is_attested = true;
  return heard;
}

std::uint64_t periods_in(milliseconds length, milliseconds period) {
  const auto periods =
      std::llround(static_cast<double>(length.count()) / static_cast<double>(period.count()));
  return static_cast<std::uint64_t>(std::max(periods, 0LL));
}

// As configured, without a memory yet.
StreamChecks checks_of(const StreamDescription& description) {
  std::vector<StreamChecks::Checked> quantities;
  for (const Column& column : description.columns) {
    const auto range = description.ranges.find(column.quantity);
    std::optional<Interval> rated;
    if (range != description.ranges.end()) rated = {range->second.first, range->second.second};
    const auto made = description.made_of.find(column.quantity);
    quantities.push_back(
        {column.quantity,
         checks_of(column.quantity, description.quality, rated, description.period),
         made == description.made_of.end() ? std::vector<Quantity>() : made->second});
  }
  return {std::move(quantities), description.quality};
}

std::uint64_t content_hash(const Sample& sample, std::string_view members) {
  std::string content(members);
  if (!members.empty()) content += ',';  // as it was when the hashes that stores have were made
  for (const Reading& reading : sample.readings) {
    content += name_of(reading.quantity);
    if (reading.value) append_number(content, *reading.value, 6);
    content.append("\x1f").append(reading.text).append("\x1e");
    if (reading.value && reading.flag != Flag::not_evaluated) content += reading.reason;
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

// Samples that were missed one after another and are not on record yet.
struct Silence {
  std::string cause;
  MonotonicTime since{};  // when the first was due
  std::uint64_t samples = 0;
  bool is_counted = true;
};

struct Intake::Stream {
  StreamDescription description;
  StreamId id{};
  int meta_revision = 0;
  std::vector<std::string> correction_names;  // "id@version", of the description's corrections
  std::optional<UtcTime> last;                // of the newest official interval
  bool is_first = true;                       // since the gateway started
  // Until then all is accounted for: the newest sample, or a missed one; of an earlier run too.
  std::optional<Moment> heard;
  // Of the pause before this run, until it is on record: what was heard last, what was due first.
  std::optional<Moment> heard_before;
  std::optional<MonotonicTime> resumed;
  Silence silence;
  std::optional<StreamChecks> checks;  // of a sensor's stream
  bool is_before_set = false;          // the sample before was stamped by a clock that was set
  std::optional<double> humidity_percent;
  MonotonicTime humidity_due = MonotonicTime::min();
  std::optional<SensorState> state;  // of a sensor's stream: as was said last, with why
  std::string trouble;
  std::string members;  // of the newest official record
  UtcTime members_time{};
  // When `state` will say null of what it now says: of own readings, of official intervals.
  std::optional<MonotonicTime> stale_after;
  std::optional<UtcTime> stale_at;
};

Intake::Intake(Store& store, LatestValues& latest_values, Bulletin& bulletin, Clock& clock,
               std::string boot_id, std::string gateway)
    : Intake(
          store, latest_values, bulletin, clock, std::move(boot_id),
          [&store](StreamId stream, UtcTime since, const auto& each) {
            store.recall(stream, since, each);
          },
          std::move(gateway)) {}

Intake::Intake(Store& store, LatestValues& latest_values, Bulletin& bulletin, Clock& clock,
               std::string boot_id, Recall::Read read, std::string gateway)
    : store_(store),
      latest_values_(latest_values),
      bulletin_(bulletin),
      clock_(clock),
      boot_id_(std::move(boot_id)),
      gateway_(std::move(gateway)),
      had_store_(store.is_open()),
      heard_before_(as_remembered(store)),
      recall_(std::move(read), clock) {}

Intake::~Intake() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, stream] : streams_) {
    record_pause(*stream, true);
    record_silence(*stream);
  }
  remember_last_heard(true);
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
                                stream->description.ranges != description.ranges ||
                                stream->description.made_of != description.made_of;
  if (is_new) {
    stream = std::make_unique<Stream>();
    stream->id = store_.stream(description.name);
    stream->last = store_.last_time(stream->id);
  }
  stream->description = description;
  if (is_new) recall_last_heard(*stream);
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
  if (gateway_.empty() || !is_discovered(description.name)) return;
  bulletin_.post({.topic = std::string(description.name).append(discovery_suffix),
                  .payload = discovery_document(gateway_, description)});
}

void Intake::revise_meta() {
  const std::lock_guard lock(mutex_);
  const bool is_first_store = !std::exchange(had_store_, true);
  if (is_first_store) heard_before_ = as_remembered(store_);
  for (auto& [name, stream] : streams_) {
    if (!stream->last) stream->last = store_.last_time(stream->id);
    if (is_first_store) recall_last_heard(*stream);
    post_meta(*stream);
  }
}

void Intake::close(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  if (found == streams_.end()) return;
  record_pause(*found->second, true);
  record_silence(*found->second);
  if (found->second->heard) {
    heard_before_.streams.insert_or_assign(found->first, *found->second->heard);
  }
  closed_.insert(found->first);
  streams_.erase(found);
  latest_values_.remove(name);
  for (const std::string_view document : documents_of_a_stream) {
    bulletin_.withdraw(std::string(name).append(document));
  }
}

// What the other sensors say of the air. A room says nothing of the street, nor the other way
// round.
std::optional<double> Intake::around(const Stream& stream, Quantity quantity) const {
  const Air here = air_of(stream.description.placement);
  if (here == Air::unknown) return std::nullopt;
  return latest_values_.nearby(quantity, clock_.now(), [&](std::string_view name) {
    const auto other = streams_.find(name);
    return other != streams_.end() && air_of(other->second->description.placement) == here;
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
        value = around(stream, quantity);
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
    stream.humidity_percent = around(stream, Quantity::humidity);
    stream.humidity_due = clock_.now() + humidity_every;
  }
  const Sample* const before = stream.checks->check(sample, channel, stream.humidity_percent);
  if (before != nullptr && clock_set && stream.is_before_set) {
    store_.append(
        {.stream = stream.id,
         .time = before->time,
         .body = record_body(*before, stream.description.columns, channel, stream.meta_revision,
                             false, {}, corrected(stream, *before, channel)),
         .official_key = {},
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
  watch_clock();
  resume(stream, clock_.now());
  record_pause(stream, false);
  record_silence(stream);
  stream.silence = {};
  stream.heard = moment_of(clock_, boot_id_, clock_.now());
  check(stream, sample, channel, clock_set);
  store_.append(
      {.stream = stream.id,
       .time = sample.time,
       .body = record_body(sample, stream.description.columns, channel, stream.meta_revision,
                           !clock_set, {}, corrected(stream, sample, channel)),
       .official_key = {},
       .clock_unset = !clock_set});
  latest_values_.put(name, sample, clock_.now(), channel);
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
                 .official_key = OfficialKey{.document = std::string(document),
                                             .start = sample.official->start,
                                             .end = sample.official->end,
                                             .content_hash = content_hash(sample, members)},
                 .clock_unset = false,
                 .official = values_kept_of(sample)});
  stream.is_first = false;
  stream.last = std::max(stream.last.value_or(sample.time), sample.time);
  latest_values_.put(name, sample, clock_.now());
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

void Intake::note_missing(std::string_view name, UtcTime since, UtcTime end, milliseconds period,
                          std::string_view cause) {
  const std::lock_guard lock(mutex_);
  Stream* const stream = find(name);
  const UtcTime start = stream != nullptr ? stream->last.value_or(since) : since;
  if (period <= 0ms || end < start + period) return;
  store_.note_gap({.cause = std::string(cause),
                   .stream = std::string(name),
                   .start = start,
                   .end = end,
                   .count = static_cast<std::uint64_t>((end - start) / period)});
  if (stream != nullptr) stream->last = end;
}

// The first that was due since the gateway started: the pause before it goes on record.
void Intake::resume(Stream& stream, MonotonicTime now) {
  stream.is_first = false;
  if (!stream.resumed) stream.resumed = now;
}

// Between two boots its length is known once the clock is set. When it never was, or was not before
// the pause, nobody knows how many are missing: the row says so with a count of 0.
void Intake::record_pause(Stream& stream, bool is_last_chance) {
  const milliseconds period = stream.description.period;
  if (!stream.heard_before || !stream.resumed || period <= 0ms) return;
  const Moment before = *stream.heard_before;
  const Moment after = moment_of(clock_, boot_id_, *stream.resumed);
  const auto length = elapsed(before, after);
  if (!length && before.is_attested && !after.is_attested && !is_last_chance) return;
  stream.heard_before.reset();
  if (length && *length <= period + period / 2) return;
  const bool was_closed = closed_.contains(stream.description.name);
  LedgerRow row{.cause = was_closed ? "not_configured" : "gateway_off",
                .stream = stream.description.name,
                .start = after.utc,
                .end = after.utc};
  if (length) {
    row.start = after.utc - *length + period;
    row.count = periods_in(*length, period) - 1;
  }
  store_.note_gap(std::move(row));
}

void Intake::record_silence(Stream& stream) {
  Silence& silence = stream.silence;
  if (silence.samples == 0) return;
  store_.note_gap({.cause = silence.cause,
                   .stream = stream.description.name,
                   .start = utc_of(silence.since, clock_),
                   .end = clock_.utc(),
                   .count = std::exchange(silence.samples, 0),
                   .estimated = !silence.is_counted});
}

void Intake::missed(std::string_view name, std::string_view cause, MonotonicTime first_due,
                    std::uint64_t samples, bool counted) {
  const std::lock_guard lock(mutex_);
  Stream* const found = find(name);
  if (found == nullptr || samples == 0) return;
  Stream& stream = *found;
  resume(stream, first_due);
  if (stream.silence.cause.empty()) stream.silence.cause = cause;
  if (stream.silence.samples == 0) {
    stream.silence.since = first_due;
    stream.silence.is_counted = true;
  }
  stream.silence.samples += samples;
  stream.silence.is_counted = stream.silence.is_counted && counted;
  const auto after_first = static_cast<std::int64_t>(samples - 1) * stream.description.period;
  stream.heard = moment_of(clock_, boot_id_, first_due + after_first);
}

void Intake::recall_last_heard(Stream& stream) {
  stream.heard_before = last_heard(heard_before_, stream.description.name, stream.last);
  if (!stream.heard) stream.heard = stream.heard_before;
}

// As of now, so that a restart knows how long the pause was. Where UTC was stepped meanwhile, what
// it was does not matter any more.
void Intake::remember_last_heard(bool is_end) {
  if (!had_store_) return;  // what it remembers of an earlier run is still to be read
  LastHeard heard = heard_before_;
  heard.noted = moment_of(clock_, boot_id_, clock_.now());
  heard.is_end = is_end;
  noted_ = heard.noted;
  for (const auto& [name, stream] : streams_) {
    if (!name.starts_with("sensor/") || !stream->heard) continue;
    Moment& moment = heard.streams.insert_or_assign(name, *stream->heard).first->second;
    if (moment.boot_id == boot_id_) moment = moment_of(clock_, boot_id_, moment.monotonic);
  }
  store_.remember(last_heard_name, text_of(heard));
}

// Samples that come from now on belong to another clock than the store remembers.
void Intake::watch_clock() {
  const Moment now = moment_of(clock_, boot_id_, clock_.now());
  const Moment before = noted_.value_or(now);
  const auto step = (now.utc - before.utc) - (now.monotonic - before.monotonic);
  const bool is_same =
      noted_ && noted_->is_attested == now.is_attested && std::chrono::abs(step) <= same_clock;
  if (!is_same) remember_last_heard(false);
}

void Intake::set_state(std::string_view name, SensorState state, std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    if (Stream* const stream = find(name)) {
      stream->state = state;
      stream->trouble = why;
    }
  }
  bulletin_.post({.topic = std::string(name) + "/status", .payload = std::string(name_of(state))});
}

void Intake::set_longest_period(std::optional<milliseconds> period) {
  longest_period_ = period.value_or(milliseconds::max()).count();
}

void Intake::announce(std::string_view event, std::string_view subject, std::string_view message) {
  store_.append({.stream = store_.stream("event"),
                 .time = clock_.utc(),
                 .body = event_body(event, subject, message),
                 .official_key = {},
                 .clock_unset = !clock_.is_set()});
}

std::map<std::string, StreamSnapshot> Intake::streams() const {
  std::map<std::string, StreamSnapshot> streams;
  const MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  for (const auto& [name, stream] : streams_) {
    StreamSnapshot& each = streams[name];
    each.columns = stream->description.columns;
    each.period = stream->description.period;
    each.members = stream->members;
    each.trouble = stream->trouble;
    each.silence = stream->silence.cause;
    if (stream->state) each.state = name_of(*stream->state);
    for (LatestValues::Kept& kept : latest_values_.latest(name)) {
      const auto age = std::chrono::floor<milliseconds>(now - kept.came);
      each.age = std::min(each.age.value_or(age), age);
      each.values.push_back({std::move(kept.latest), kept.start});
    }
  }
  return streams;
}

void Intake::refresh_states() {
  const UtcTime utc = clock_.utc();
  const MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  watch_clock();
  for (auto& [name, stream] : streams_) {
    const bool is_stale = (stream->stale_at && utc > *stream->stale_at) ||
                          (stream->stale_after && now > *stream->stale_after);
    if (is_stale) post_state(*stream);
    record_pause(*stream, false);
    if (now - stream->silence.since > longest_open_gap) record_silence(*stream);
  }
}

Intake::Stream* Intake::find(std::string_view name) {
  const auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Intake::post_state(Stream& stream) {
  const UtcTime now = clock_.utc();
  const milliseconds period = stream.description.period;
  const milliseconds lifetime = std::max<milliseconds>(3 * period, 1min);
  stream.stale_at.reset();
  stream.stale_after.reset();
  std::vector<Latest> latest;
  const bool is_own = stream.description.name.starts_with("sensor/");
  for (const LatestValues::Kept& kept : latest_values_.latest(stream.description.name)) {
    Latest& each = latest.emplace_back(kept.latest);
    if (is_own) {
      // Its age is what has passed since, whatever UTC was set to meanwhile.
      const MonotonicTime stale = kept.came + 3 * period;
      if (period > 0ms && clock_.now() > stale) {
        each.reading.value.reset();
        each.reading.flag = Flag::missing;
        each.reading.fault = fault_named(stream.silence.cause);
      } else if (each.reading.value) {
        stream.stale_after = std::min(stream.stale_after.value_or(stale), stale);
      }
      continue;
    }
    const UtcTime stale = each.time + 3 * period;
    if (each.reading.value && stale >= now) {
      stream.stale_at = std::min(stream.stale_at.value_or(stale), stale);
    }
  }
  UtcTime shown_at = now;
  if (is_own) {
    for (const Latest& each : latest) shown_at = std::min(shown_at, each.time);
  }
  std::string document =
      state_document(stream.description, latest, shown_at, store_.epoch(), clock_.is_set());
  const UtcTime members_stale = stream.members_time + 3 * stream.description.period;
  if (!stream.members.empty() && members_stale >= now) {
    document.pop_back();
    JsonWriter(document).members(stream.members).close();
    stream.stale_at = std::min(stream.stale_at.value_or(members_stale), members_stale);
  }
  bulletin_.post({.topic = stream.description.name + "/state",
                  .payload = std::move(document),
                  .retain = Retain::expiring,
                  .expiry = lifetime});
}

}  // namespace twinsky
