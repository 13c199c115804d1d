// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/task.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr int failures_until_offline = 5;
constexpr milliseconds longest_back_off = 60s;
constexpr int most_not_ready = 20;  // questions within one period
constexpr std::size_t most_frames = 600;
// Streaming devices keep their own, uneven pace (PMS5003: 0.2 to 2.3 s): less is no gap.
constexpr milliseconds pace_slack = 2500ms;
constexpr std::string_view bus_busy = "bus_busy";  // another device held the bus's thread

// What an instrument measures inside its own case says nothing about the air unless configured so.
Quantity as_published(Quantity quantity, const DriverInfo& info, bool ambient) {
  if (ambient) return quantity;
  const bool internal = std::ranges::any_of(info.quantities, [&](const DriverQuantity& each) {
    return each.internal && each.quantity == quantity;
  });
  if (internal && quantity == Quantity::temperature) return Quantity::internal_temperature;
  if (internal && quantity == Quantity::humidity) return Quantity::internal_humidity;
  return quantity;
}

// The mean of a period's frames: each quantity over the frames that have it.
Sample mean_of(const std::vector<Sample>& frames) {
  Sample mean = frames.back();
  for (Reading& each : mean.readings) {
    double sum = 0;
    int count = 0;
    for (const Sample& frame : frames) {
      for (const Reading& other : frame.readings) {
        if (other.quantity != each.quantity || other.channel != each.channel || !other.value)
          continue;
        sum += *other.value;
        ++count;
      }
    }
    if (count > 0) each = reading(each.quantity, sum / count, each.channel);
  }
  return mean;
}

bool counts_as_silence(Fault fault) {
  return fault != Fault::sensor_fault && fault != Fault::unsupported;
}

}  // namespace

std::vector<StreamDescription> streams_of(const SensorSettings& sensor) {
  const DriverInfo& info = *driver_named(sensor.driver);
  StreamDescription main{.name = "sensor/" + sensor.id,
                         .title = sensor.id,
                         .period = sensor.every.value_or(info.shortest_period),
                         .driver = sensor.driver,
                         .datasheet = std::string(info.datasheet),
                         .serial_number = sensor.serial_number,
                         .placement = sensor.placement,
                         .since = sensor.since,
                         .position = sensor.published_position,
                         .quality = sensor.quality};
  std::vector<DriverQuantity> quantities(info.quantities.begin(), info.quantities.end());
  if (info.quantities_of != nullptr) quantities = info.quantities_of(sensor.settings);
  for (const DriverQuantity& each : quantities) {
    const Quantity quantity = as_published(each.quantity, info, sensor.ambient);
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
  } else {
    driver_ = info_.make(sensor_.settings);
  }
  for (const StreamDescription& stream : streams_of(sensor_)) intake_.open(stream);
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

milliseconds Task::period() const {
  return sensor_.every.value_or(info_.shortest_period);
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
  } catch (const std::out_of_range& problem) {
    fail(Fault::framing, problem.what());  // a decoder looked beyond what the device sent
  }
}

void Task::start() {
  if (listener_) {
    listener_->start(*link_);
  } else {
    driver_->start(*link_);
  }
  const bool was_asleep = phase_ == Phase::asleep;
  phase_ = Phase::awake;
  heard_at_ = clock_.now();
  warm_at_ = clock_.now() + info_.warm_up;
  frames_.clear();
  if (!was_asleep) {
    ++counters_.restarts;
    MonotonicTime first_due = clock_.now();
    if (sensor_.sleep_between) first_due = warm_at_;
    if (listener_ && sensor_.every) first_due = std::max(first_due, clock_.now() + period());
    if (counters_.restarts == 1) sample_due_ += first_due - clock_.now();  // nothing was due before
    skip_until(sample_due_ + (first_due - sample_due_) / period() * period(), silence_);
    sample_due_ = first_due;
  }
  due_ = sample_due_;
  if (listener_ && !sensor_.every) due_ = clock_.now() + std::max<milliseconds>(3 * period(), 5s);
}

void Task::poll() {
  const double jitter_ms =
      std::chrono::duration<double, std::milli>(clock_.now() - std::max(due_, sample_due_)).count();
  counters_.jitter_ms += (std::abs(jitter_ms) - counters_.jitter_ms) / 16;
  counters_.worst_jitter_ms = std::max(counters_.worst_jitter_ms, std::abs(jitter_ms));
  Result<Sample> result = driver_->sample(*link_);
  if (!result) {
    fail(result.error(), {});
    return;
  }
  result->time = clock_.utc();
  accept(std::move(*result));
  schedule_next(true);
}

void Task::listen(milliseconds patience) {
  std::array<std::byte, 512> buffer{};
  try {
    const std::size_t count = link_->read(buffer, patience);
    if (count > 0) {
      accept_frames(listener_->feed(Bytes(buffer).first(count)));
    } else if (clock_.now() - heard_at_ > 3 * info_.shortest_period) {
      accept_frames(listener_->finish());  // the rest of a frame will not come any more
    }
  } catch (const LinkError& problem) {
    fail(problem.fault(), problem.what());
  } catch (const std::out_of_range& problem) {
    fail(Fault::framing, problem.what());
  }
}

void Task::accept_frames(Decoded decoded) {
  for (const Fault fault : decoded.faults) ++counters_.faults[std::string(name_of(fault))];
  for (Sample& frame : decoded.samples) {
    heard_at_ = clock_.now();
    frame.time = clock_.utc();
    if (sensor_.every) {
      frames_.push_back(std::move(frame));
      if (frames_.size() > most_frames) frames_.erase(frames_.begin());
    } else {
      const milliseconds slack =
          failures_ > 0 ? period() / 2 : std::max<milliseconds>(period() / 2, pace_slack);
      const auto silence = clock_.now() - paced_until_;
      if (silence > period() + slack && (counters_.samples > 0 || failures_ > 0)) {
        const auto periods = std::chrono::round<milliseconds>(silence + period() / 2) / period();
        note_pace(failures_ > 0 ? silence_ : name_of(Fault::no_response), periods - 1);
      }
      paced_until_ = clock_.now();
      accept(std::move(frame));
      due_ = clock_.now() + std::max<milliseconds>(3 * period(), 5s);
    }
  }
}

// Streaming: the period is over, or nothing came for too long.
void Task::take_newest_frame() {
  if (frames_.empty()) {
    fail(Fault::no_response, "no valid frame");
    return;
  }
  counters_.superseded += frames_.size() - 1;
  Sample sample = sensor_.mean ? mean_of(frames_) : std::move(frames_.back());
  frames_.clear();
  accept(std::move(sample));
  schedule_next(true);
}

void Task::accept(Sample sample) {
  const bool warm = clock_.now() >= warm_at_;
  for (Reading& each : sample.readings) {
    each.quantity = as_published(each.quantity, info_, sensor_.ambient);
    if (!warm) each = absent(each.quantity, Fault::warming_up, each.channel);
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
      log_.notice(sensor_.id, message);
      intake_.announce("sensor_back", sensor_.id, message);
    }
    state_ = SensorState::online;
    has_spoken_ = true;
    intake_.set_state(stream_, state_);
  }
  failures_ = 0;
  silence_.clear();
  for (const std::string_view channel : info_.channels) {
    intake_.take(stream_ + "-" + std::string(channel), sample, channel);
  }
  intake_.take(stream_, std::move(sample));
}

void Task::schedule_next(bool heard) {
  retried_ = false;
  not_ready_ = 0;
  if (!heard && !has_own_pace()) missed(silence_, sample_due_, 1);
  // Whole periods, so that the schedule never creeps; what is past already is not made up for.
  sample_due_ += period();
  if (const auto late = clock_.now() - sample_due_; late >= late.zero()) {
    skip_until(sample_due_ + (late / period() + 1) * period(), heard ? bus_busy : silence_);
  }
  due_ = sample_due_;
  if (!sensor_.sleep_between || !info_.can_sleep) return;
  rest();
  phase_ = Phase::asleep;
  due_ = std::max(sample_due_ - info_.warm_up, clock_.now());
}

// What each fault asks for stands in gateway/model/fault.hpp.
void Task::fail(Fault fault, std::string_view detail) {
  if (fault == Fault::not_ready && ++not_ready_ < most_not_ready && phase_ == Phase::awake) {
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
  begin_silence();
  silence_ = name_of(fault);
  if (has_own_pace()) note_pace(silence_, (clock_.now() - paced_until_) / period());
  const bool is_lost = failures_ >= failures_until_offline || fault == Fault::unsupported ||
                       (listener_ && !sensor_.every);
  const SensorState now = counts_as_silence(fault) ? SensorState::offline : SensorState::fault;
  if (is_lost || now == SensorState::fault) {
    if (state_ == SensorState::online) {
      std::string message(name_of(fault));
      if (!detail.empty()) message.append(": ").append(detail);
      log_.warning(sensor_.id, message + "; asked again at most every minute");
      intake_.announce("sensor_lost", sensor_.id, message);
    }
    if (state_ != now || !has_spoken_) intake_.set_state(stream_, now);
    state_ = now;
    has_spoken_ = true;
  }
  if (phase_ == Phase::awake) schedule_next(false);
  // A device that failed is started anew; one that only said something odd is not, nor one that
  // talks by itself and left out a period.
  const bool is_mute = fault == Fault::no_response || fault == Fault::nack;
  const bool start_anew =
      fault == Fault::unsupported || phase_ != Phase::awake || (is_mute && (driver_ || is_lost));
  if (!start_anew) return;
  phase_ = Phase::stopped;
  const int doublings = std::clamp(failures_ - failures_until_offline, 0, 10);
  milliseconds wait = std::min<milliseconds>(period() * (1 << doublings), longest_back_off);
  if (failures_ < failures_until_offline) wait = std::min<milliseconds>(period(), longest_back_off);
  due_ = clock_.now() + wait;
}

void Task::begin_silence() {
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
    intake_.announce("sensor_lost", sensor_.id, why);
    intake_.set_state(stream_, SensorState::offline);
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
      listener_->stop(*link_);
    } else {
      driver_->stop(*link_);
    }
  } catch (const std::exception& problem) {
    log_.debug(sensor_.id, problem.what());  // it stays awake; nothing is lost but its hours
  }
}

}  // namespace twinsky
