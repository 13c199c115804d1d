// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/task.hpp"

#include "gateway/acquire/frame_mean.hpp"
#include "gateway/checks/check_consistency.hpp"
#include "gateway/system/events.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr int failures_until_offline = 5;
constexpr int failures_until_restart = 3;  // of a device that answers, but never measures
constexpr milliseconds longest_back_off = 60s;
constexpr milliseconds longest_calm = 1h;
constexpr int most_not_ready = 20;   // questions within one period
constexpr int polls_of_jitter = 16;  // until then it is the mean of all there were
constexpr std::size_t most_frames = 600;
// Streaming devices keep their own, uneven pace (PMS5003: 0.2 to 2.3 s): less is no gap.
constexpr milliseconds pace_slack = 2500ms;
// A busy machine may hand over a frame so late.
constexpr milliseconds latest_listening = 1s;
// Who was heard so shortly before has not been off since.
constexpr milliseconds shortest_time_off = 10s;
constexpr milliseconds longest_time_unasked = 60s;
constexpr milliseconds shortest_sleep = 1s;        // less wears a fan more than it spares
constexpr std::string_view bus_busy = "bus_busy";  // another device held the bus's thread

// What each quantity of one sample is computed with, by the names under which they are published.
std::map<Quantity, std::vector<Quantity>> dependencies_of(std::span<const DriverQuantity> measured,
                                                          bool ambient) {
  std::map<Quantity, std::vector<Quantity>> made_of;
  for (const DriverQuantity& each : measured) {
    const Quantity quantity = published(each, ambient);
    std::vector<Quantity> sources(sources_of(quantity).begin(), sources_of(quantity).end());
    for (const Quantity source : each.made_of) {
      const auto found = std::ranges::find(measured, source, &DriverQuantity::quantity);
      if (found != measured.end()) sources.push_back(published(*found, ambient));
    }
    if (!sources.empty()) made_of.emplace(quantity, std::move(sources));
  }
  return made_of;
}

bool counts_as_silence(Fault fault) {
  return fault != Fault::sensor_fault && fault != Fault::unsupported;
}

}  // namespace

std::vector<StreamDescription> streams_of(const SensorSettings& sensor) {
  const DriverInfo& info = *driver_named(sensor.driver);
  StreamDescription main{.name = "sensor/" + sensor.id,
                         .title = sensor.id,
                         .status_of = "sensor/" + sensor.id,
                         .period = sensor.every.value_or(info.shortest_period),
                         .driver = sensor.driver,
                         .datasheet = std::string(info.datasheet),
                         .serial_number = sensor.serial_number,
                         .placement = sensor.placement,
                         .since = sensor.since,
                         .position = sensor.published_position,
                         .quality = sensor.quality};
  const std::vector<DriverQuantity> quantities = quantities_of(info, sensor.settings);
  main.made_of = dependencies_of(quantities, sensor.ambient);
  for (const DriverQuantity& each : quantities) {
    const Quantity quantity = published(each, sensor.ambient);
    main.columns.push_back({.quantity = quantity, .decimals = each.decimals});
    main.ranges[quantity] = {each.lower, each.upper};
  }
  std::vector<StreamDescription> streams{main};
  for (const std::string_view channel : info.channels) {
    streams.push_back(main);
    streams.back().name.append("-").append(channel);
    streams.back().title.append(" ").append(channel);
  }
  for (StreamDescription& stream : streams) {
    for (const CorrectionSettings& each : sensor.corrections) {
      if (stream.name == "sensor/" + each.sensor) stream.corrections.push_back(each.correction);
    }
  }
  return streams;
}

Task::Task(SensorSettings sensor, std::unique_ptr<Link> link, Intake& intake, Clock& clock,
           Log& log)
    : sensor_(std::move(sensor)),
      info_(*driver_named(sensor_.driver)),
      stream_("sensor/" + sensor_.id),
      link_(std::move(link)),
      intake_(intake),
      clock_(clock),
      log_(log) {
  if (info_.make_listener != nullptr) {
    listener_ = info_.make_listener(sensor_.settings);
    stream_link_ = &link_as<StreamLink>(*link_);
  } else {
    driver_ = info_.make(sensor_.settings);
  }
  for (const StreamDescription& stream : streams_of(sensor_)) intake_.open(stream);
  for (const DriverQuantity& each : quantities_of(info_, sensor_.settings)) {
    if (each.internal && !sensor_.ambient) internal_.push_back(each);
  }
  due_ = clock_.now();
  sample_due_ = due_;
  paced_until_ = due_;
}

Task::~Task() {
  if (failures_ == 0) return;
  if (has_own_pace()) {
    note_pace(silence_, (clock_.now() - paced_until_) / period());
  } else if (clock_.now() >= sample_due_) {
    skip_until(sample_due_ + ((clock_.now() - sample_due_) / period() + 1) * period(), silence_);
  }
}

SensorCounters Task::counters() const {
  SensorCounters counters = counters_;
  const Link::AnswerTimes times = link_->answer_times();
  counters.late_answers = times.late;
  counters.slowest_answer = times.slowest;
  return counters;
}

milliseconds Task::period() const {
  return std::max(pace_, own_period_);
}

milliseconds Task::configured_period() const {
  return sensor_.every.value_or(info_.shortest_period);
}

void Task::follow_pace() {
  if (!sensor_.every) return;
  const milliseconds wanted =
      std::min(configured_period(), std::max(intake_.longest_period(), info_.shortest_period));
  if (wanted == pace_) return;
  pace_ = wanted;
  for (StreamDescription& stream : streams_of(sensor_)) {
    stream.period = period();
    intake_.open(stream);
  }
}

void Task::step() {
  if (phase_ == Phase::awake) {
    skip_until(sample_due_ + (clock_.now() - sample_due_) / period() * period(), bus_busy);
  }
  try {
    if (phase_ != Phase::awake) {
      start();
    } else if (listener_) {
      take_newest_frame();
    } else {
      poll();
    }
  } catch (const LinkError& problem) {
    fail(problem.fault(), problem.what());
  } catch (const ShortFrame& problem) {
    fail(Fault::framing, problem.what());  // a decoder looked beyond what the device sent
  }
}

// A device that rests is woken early enough to be warm, and to have spoken since, when its sample
// is due.
milliseconds Task::wake_lead() const {
  return info_.warm_up + start_took_ + (listener_ ? pace_slack : milliseconds(0));
}

bool Task::is_warm() const {
  return clock_.now() >= warm_at_;
}

// What talks by itself is never silent for so long while it is on; what is asked may have left out
// an answer.
milliseconds Task::longest_pause_of_one_on() const {
  if (listener_) return 3 * info_.longest_pause + latest_listening;
  return std::clamp<milliseconds>(5 * period() / 2, shortest_time_off, longest_time_unasked);
}

// One that is asked and did not answer may have been without power meanwhile.
bool Task::was_mute() const {
  return driver_ && failures_ > 0 &&
         (silence_ == name_of(Fault::no_response) || silence_ == name_of(Fault::nack));
}

// It counts from when the device was surely awake. One that was heard just before it was started
// anew has not been off: it is as warm as it was.
void Task::begin_warm_up(bool was_asleep, MonotonicTime asked) {
  const bool was_on =
      !was_asleep && !was_mute() && alive_at_ && asked - *alive_at_ <= longest_pause_of_one_on();
  if (own_period_ > milliseconds(0)) {
    warm_at_ = clock_.now();  // it warms up by itself before it speaks
  } else if (!was_on) {
    warm_at_ = clock_.now() + info_.warm_up;
  }
}

void Task::follow_own_period() {
  const milliseconds found = listener_ ? listener_->own_period() : milliseconds(0);
  if (found == own_period_) return;
  const milliseconds before = period();
  own_period_ = found;
  paced_until_ = clock_.now();
  if (period() == before) return;
  log_.notice(sensor_.id, "the device speaks every " + duration_text(period()) +
                              ", as it was set up: that is how often there is a sample");
  for (StreamDescription& stream : streams_of(sensor_)) {
    stream.period = period();
    intake_.open(stream);
  }
}

void Task::start() {
  const MonotonicTime asked = clock_.now();
  const bool was_asleep = std::exchange(phase_, Phase::stopped) == Phase::asleep;
  if (listener_) {
    listener_->start(*stream_link_);
  } else {
    driver_->start(*link_);
  }
  started_at_ = clock_.now();
  failures_since_start_ = 0;
  has_spoken_cold_ = false;
  has_begun_anew_ = false;
  start_took_ = std::chrono::ceil<milliseconds>(clock_.now() - asked);
  phase_ = Phase::awake;
  heard_at_ = clock_.now();
  follow_own_period();
  begin_warm_up(was_asleep, asked);
  frames_.clear();
  cold_.reset();
  is_warming_up_ = false;
  if (!was_asleep) {
    ++counters_.restarts;
    MonotonicTime first_due = clock_.now();
    if (sensor_.sleep_between) first_due = asked + wake_lead();
    if (listener_ && sensor_.every) first_due = std::max(first_due, clock_.now() + period());
    if (counters_.restarts == 1) sample_due_ += first_due - clock_.now();  // nothing was due before
    skip_until(sample_due_ + (first_due - sample_due_) / period() * period(), silence_);
    // One that is asked keeps its schedule, so that none of its samples counts twice, as missed and
    // as taken a moment later; of one that talks by itself a period begins.
    if (listener_ || counters_.restarts == 1) sample_due_ = first_due;
    due_ = std::max(sample_due_, first_due);
  } else {
    // What took longer to start than last time is late once, and not cold.
    due_ = std::max(sample_due_, warm_at_);
  }
  if (has_own_pace()) due_ = clock_.now() + longest_silence();
}

void Task::poll() {
  const double jitter_ms =
      std::chrono::duration<double, std::milli>(clock_.now() - std::max(due_, sample_due_)).count();
  polls_ = std::min(polls_ + 1, polls_of_jitter);
  counters_.jitter_ms += (std::abs(jitter_ms) - counters_.jitter_ms) / polls_;
  counters_.worst_jitter_ms = std::max(counters_.worst_jitter_ms, std::abs(jitter_ms));
  if (info_.warm_up > milliseconds(0)) driver_->know_warm(is_warm());
  Result<Sample> result = driver_->sample(*link_);
  alive_at_ = clock_.now();
  if (!result) {
    // It was thought to be warm and says that it is not: it has been off.
    if (result.error() == Fault::warming_up && is_warm()) warm_at_ = clock_.now() + info_.warm_up;
    fail(result.error(), {});
    return;
  }
  result->time = clock_.utc();
  accept(std::move(*result), is_warm());
  schedule_next(true);
}

void Task::listen(milliseconds patience) {
  std::array<std::byte, 512> buffer{};
  try {
    const MonotonicTime asked = clock_.now();
    const std::size_t count = stream_link_->read(buffer, patience);
    quiet_ += clock_.now() - asked;
    if (count > 0) {
      const bool may_have_been_off = std::exchange(quiet_, {}) > longest_pause_of_one_on();
      if (may_have_been_off && own_period_ == milliseconds(0)) {
        warm_at_ = clock_.now() + info_.warm_up;
      }
      alive_at_ = clock_.now();
      listener_->know_warm(is_warm());
      accept_frames(listener_->feed(Bytes(buffer).first(count)));
    } else if (clock_.now() - heard_at_ > 3 * info_.shortest_period) {
      accept_frames(listener_->finish());  // the rest of a frame will not come any more
    }
  } catch (const LinkError& problem) {
    fail(problem.fault(), problem.what());
  } catch (const ShortFrame& problem) {
    fail(Fault::framing, problem.what());
  }
}

void Task::accept_frames(Decoded decoded) {
  for (const Fault fault : decoded.faults) {
    ++counters_.faults[std::string(name_of(fault))];
    if (fault == Fault::warming_up) note_warming_up();
  }
  for (Sample& frame : decoded.samples) {
    heard_at_ = clock_.now();
    listen_again();
    frame.time = clock_.utc();
    if (has_own_pace()) {
      accept_at_own_pace(std::move(frame), is_warm());
    } else if (is_warm()) {
      frames_.push_back(std::move(frame));
      if (frames_.size() > most_frames) frames_.erase(frames_.begin());
    } else {
      cold_ = std::move(frame);
    }
    has_spoken_cold_ = !is_warm();
  }
}

// Good frames that say that there is nothing to say yet: no silence, and no value. One that was
// thought to be warm has been off; one that had said something already while it warmed up most
// likely too, as when its own fan pulls its supply down. (Or the air is so clean that nothing else
// is said: that is waited for once.)
void Task::note_warming_up() {
  heard_at_ = clock_.now();
  is_warming_up_ = true;
  if (is_warm()) {
    warm_at_ = clock_.now() + info_.warm_up;
  } else if (has_spoken_cold_ && !std::exchange(has_begun_anew_, true)) {
    warm_at_ = clock_.now() + info_.warm_up;
    cold_.reset();
    const MonotonicTime latest = sample_due_ + period() - shortest_sleep;
    due_ = std::max(due_, std::min<MonotonicTime>(warm_at_ + pace_slack, latest));
  }
  listen_again();
  if (!has_own_pace()) return;
  note_pace(name_of(Fault::warming_up), (clock_.now() - paced_until_) / period());
  due_ = clock_.now() + longest_silence();
}

void Task::listen_again() {
  if (phase_ != Phase::stopped || counters_.restarts == 0) return;
  phase_ = Phase::awake;
  if (!has_own_pace()) due_ = sample_due_;
}

void Task::accept_at_own_pace(Sample frame, bool is_warm) {
  const milliseconds slack =
      failures_ > 0 ? period() / 2 : std::max<milliseconds>(period() / 2, pace_slack);
  const auto silence = clock_.now() - paced_until_;
  if (silence > period() + slack && (counters_.samples > 0 || failures_ > 0)) {
    const auto periods = std::chrono::round<milliseconds>(silence + period() / 2) / period();
    note_pace(failures_ > 0 ? silence_ : name_of(Fault::no_response), periods - 1);
  }
  paced_until_ = clock_.now();
  accept(std::move(frame), is_warm);
  due_ = clock_.now() + longest_silence();
}

milliseconds Task::longest_silence() const {
  return std::max<milliseconds>(3 * period(), 5s);
}

// Streaming: the period is over, or nothing came for too long.
void Task::take_newest_frame() {
  if (frames_.empty() && !cold_) {
    if (std::exchange(is_warming_up_, false)) {
      fail(Fault::warming_up, {});
    } else {
      fail(Fault::no_response, "no valid frame");
    }
    return;
  }
  is_warming_up_ = false;
  const bool is_warm = !frames_.empty();
  if (is_warm) counters_.superseded += frames_.size() - 1;
  Sample sample = !is_warm       ? *std::exchange(cold_, std::nullopt)
                  : sensor_.mean ? mean_of(frames_)
                                 : std::move(frames_.back());
  frames_.clear();
  cold_.reset();
  accept(std::move(sample), is_warm);
  schedule_next(true);
}

// What a device that answers refuses to tell is said at once; what it only left out, when that goes
// on.
void Task::tell_of_parts(const Sample& sample) {
  std::string lost;
  std::string reasons;
  bool is_unanswered = false;
  for (const Fact& fact : sample.facts) {
    if (fact.name == "tolerated") tell_of_quirks(std::get<std::string>(fact.value));
    const bool is_refused = fact.name == "refused";
    if (!is_refused && fact.name != "unanswered") continue;
    const auto& reason = std::get<std::string>(fact.value);
    if (!is_refused && answers_late(reason)) unanswered_ = 0;
    is_unanswered = is_unanswered || !is_refused;
    if (!is_refused && unanswered_ + 1 < failures_until_offline) continue;
    lost.append(lost.empty() ? "" : ", ").append(reason, 0, reason.find(':'));
    reasons.append(reasons.empty() ? "" : "; ").append(reason);
  }
  unanswered_ = is_unanswered ? unanswered_ + 1 : 0;
  if (lost == parts_lost_) return;
  if (lost.empty()) {
    const std::string message = parts_lost_ + ": answered again";
    log_event(log_, LogLevel::notice, "readings_back", sensor_.id, message);
    intake_.announce("readings_back", sensor_.id, message);
  } else {
    log_event(log_, LogLevel::warning, "readings_lost", sensor_.id,
              reasons + "; the other readings are taken");
    intake_.announce("readings_lost", sensor_.id, reasons);
  }
  parts_lost_ = lost;
}

// Once, and again when more of them have been met.
void Task::tell_of_quirks(const std::string& quirks) {
  if (quirks == quirks_told_) return;
  quirks_told_ = quirks;
  log_.notice(sensor_.id, "the device " + quirks + "; its map lets that pass");
}

void Task::accept(Sample sample, bool is_warm) {
  for (Reading& each : sample.readings) {
    for (const DriverQuantity& internal : internal_) {
      if (internal.quantity == each.quantity) each.quantity = published(internal, false);
    }
    if (!is_warm) each = absent(each.quantity, Fault::warming_up, each.channel);
    if (each.value && each.quantity == Quantity::wind_dir && sensor_.north_offset_deg != 0) {
      each.value = std::fmod(*each.value + sensor_.north_offset_deg + 360.0, 360.0);
    }
  }
  ++counters_.samples;
  if (state_ != SensorState::online || !has_spoken_) {
    if (state_ != SensorState::online) {
      const std::string message =
          "back after " + std::to_string(failures_) + " failed polls, " +
          duration_text(std::chrono::floor<std::chrono::seconds>(clock_.now() - silent_since_));
      log_event(log_, LogLevel::notice, "sensor_back", sensor_.id, message);
      intake_.announce("sensor_back", sensor_.id, message);
    } else {
      log_.notice(sensor_.id, is_warm ? "answers" : "answers, and warms up");
    }
    state_ = SensorState::online;
    has_spoken_ = true;
    intake_.set_state(stream_, state_);
  }
  failures_ = 0;
  silence_.clear();
  tell_of_parts(sample);
  for (const std::string_view channel : info_.channels) {
    intake_.take(stream_ + "-" + std::string(channel), sample, channel);
  }
  intake_.take(stream_, std::move(sample));
}

void Task::schedule_next(bool heard) {
  retried_ = false;
  not_ready_ = 0;
  if (!heard && !has_own_pace()) missed(silence_, sample_due_, 1);
  follow_pace();
  // Whole periods, so that the schedule never creeps; what is past already is not made up for.
  sample_due_ += period();
  if (const auto late = clock_.now() - sample_due_; late >= late.zero()) {
    skip_until(sample_due_ + (late / period() + 1) * period(), heard ? bus_busy : silence_);
  }
  due_ = sample_due_;
  if (!sensor_.sleep_between || !info_.can_sleep || has_own_pace()) return;
  const MonotonicTime wake = sample_due_ - wake_lead();
  if (wake - clock_.now() < shortest_sleep) return;
  rest();
  phase_ = Phase::asleep;
  alive_at_.reset();
  quiet_ = {};
  due_ = wake;
}

// What each fault asks for stands in gateway/model/fault.hpp.
void Task::fail(Fault fault, std::string_view detail) {
  const bool is_asked_again = fault == Fault::not_ready && state_ == SensorState::online &&
                              ++not_ready_ < most_not_ready && phase_ == Phase::awake;
  if (is_asked_again) {
    due_ = clock_.now() + std::clamp<milliseconds>(period() / 10, 10ms, 500ms);
    if (due_ < sample_due_ + period()) return;
  }
  ++counters_.faults[std::string(name_of(fault))];
  if (fault == Fault::warming_up) {
    silence_ = name_of(fault);
    if (phase_ == Phase::awake) schedule_next(false);
    return;
  }
  const bool garbled =
      fault == Fault::checksum || fault == Fault::truncated || fault == Fault::framing;
  if (garbled && !retried_ && driver_ && phase_ == Phase::awake) {
    retried_ = true;
    due_ = clock_.now();
    return;
  }
  if (answers_late(detail)) failures_ = 0;
  begin_silence();
  silence_ = name_of(fault);
  if (has_own_pace()) note_pace(silence_, (clock_.now() - paced_until_) / period());
  const bool is_lost =
      failures_ >= failures_until_offline || fault == Fault::unsupported || has_own_pace();
  const SensorState now = counts_as_silence(fault) ? SensorState::offline : SensorState::fault;
  if (is_lost || now == SensorState::fault) {
    std::string message(name_of(fault));
    if (!detail.empty()) message.append(": ").append(detail);
    if (state_ == SensorState::online) {
      const bool is_there = now == SensorState::fault;  // and says, or shows, that it is not well
      const std::string_view event = is_there ? "sensor_fault" : "sensor_lost";
      log_event(log_, LogLevel::warning, event, sensor_.id,
                is_there ? message : message + "; asked again at most every minute");
      intake_.announce(event, sensor_.id, message);
    }
    if (state_ != now || !has_spoken_) intake_.set_state(stream_, now, message);
    state_ = now;
    has_spoken_ = true;
  }
  if (phase_ == Phase::awake) schedule_next(false);
  if (phase_ == Phase::asleep) return;  // to wake it is to start it anew
  // A device that failed is started anew; one that only said something odd is so when it goes on
  // and on: it may have fallen idle, or lost what it was told. One that talks by itself may leave
  // out a period.
  const bool is_mute = fault == Fault::no_response || fault == Fault::nack;
  const bool is_stuck =
      failures_since_start_ >=
      (fault == Fault::not_ready ? failures_until_restart : failures_until_offline);
  const bool start_anew = fault == Fault::unsupported || phase_ != Phase::awake || is_stuck ||
                          (is_mute && (driver_ || is_lost));
  if (!start_anew) return;
  // One that could be started gets its time to measure first, and is started so often and no more.
  const bool is_there =
      phase_ == Phase::awake && is_stuck && !is_mute && fault != Fault::unsupported;
  phase_ = Phase::stopped;
  const int doublings = std::clamp(failures_ - failures_until_offline, 0, 10);
  milliseconds wait = std::min<milliseconds>(period() * (1 << doublings), longest_back_off);
  if (failures_ < failures_until_offline) wait = std::min<milliseconds>(period(), longest_back_off);
  due_ = is_there ? std::max(started_at_ + wait, clock_.now()) : clock_.now() + wait;
}

// Has an answer come since that was given up? Then it is there, and slow: that is told once, until
// nothing was late for an hour.
bool Task::answers_late(std::string_view detail) {
  const Link::AnswerTimes times = link_->answer_times();
  if (times.late <= late_answers_) return false;
  late_answers_ = times.late;
  const bool is_told = late_at_ && clock_.now() - *late_at_ <= longest_calm;
  late_at_ = clock_.now();
  if (is_told) return true;
  std::string message = "answers come too late and are not taken";
  if (!detail.empty()) message.append(": ").append(detail);
  log_event(log_, LogLevel::warning, "answers_late", sensor_.id, message);
  intake_.announce("answers_late", sensor_.id, message);
  return true;
}

void Task::begin_silence() {
  ++failures_since_start_;
  if (++failures_ == 1) silent_since_ = clock_.now();
}

void Task::skip_until(MonotonicTime time, std::string_view cause) {
  if (time <= sample_due_) return;
  const auto count = (time - sample_due_ + period() - MonotonicTime::duration(1)) / period();
  if (!has_own_pace()) missed(cause.empty() ? bus_busy : cause, sample_due_, count);
  sample_due_ += count * period();
}

void Task::note_pace(std::string_view cause, std::int64_t missing) {
  if (missing <= 0) return;
  missed(cause, paced_until_ + period(), missing);
  paced_until_ += missing * period();
}

void Task::missed(std::string_view cause, MonotonicTime first_due, std::int64_t count) {
  const auto samples = static_cast<std::uint64_t>(count);
  const bool is_counted = !has_own_pace();
  intake_.missed(stream_, cause, first_due, samples, is_counted);
  for (const std::string_view channel : info_.channels) {
    intake_.missed(stream_ + "-" + std::string(channel), cause, first_due, samples, is_counted);
  }
}

void Task::lose_bus(std::string_view why) {
  begin_silence();
  ++counters_.faults[std::string(name_of(Fault::no_response))];
  silence_ = name_of(Fault::no_response);
  if (has_own_pace()) note_pace(silence_, (clock_.now() - paced_until_) / period());
  if (state_ == SensorState::online) {
    // The bus's thread has told people; the journal's fields name the sensor.
    log_event(log_, LogLevel::debug, "sensor_lost", sensor_.id, why);
    intake_.announce("sensor_lost", sensor_.id, why);
    intake_.set_state(stream_, SensorState::offline, why);
    state_ = SensorState::offline;
    has_spoken_ = true;
  }
  phase_ = Phase::stopped;
  due_ = clock_.now();
}

void Task::break_off(std::string_view why) {
  fail(Fault::sensor_fault, why);
}

void Task::rest() noexcept {
  if (!info_.can_sleep || phase_ != Phase::awake) return;
  try {
    if (listener_) {
      listener_->stop(*stream_link_);
    } else {
      driver_->stop(*link_);
    }
  } catch (const std::exception& problem) {
    log_.debug(sensor_.id, problem.what());  // it stays awake; nothing is lost but its hours
  }
}

}  // namespace twinsky
