// SPDX-License-Identifier: Apache-2.0
// One sensor on its bus's thread: when it is due, what it is doing, how it fails. Knows nothing of
// threads; the poller calls it when its time has come and the bus is open.
#pragma once

#include "drivers/driver.hpp"
#include "gateway/acquire/intake.hpp"
#include "gateway/config/config.hpp"

#include <memory>
#include <optional>
#include <string>

namespace twinsky {

class Task {
 public:
  Task(SensorSettings sensor, std::unique_ptr<Link> link, Intake& intake, Clock& clock, Log& log);
  // What it owes until now goes on record.
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] const std::string& id() const { return sensor_.id; }
  [[nodiscard]] SensorCounters counters() const;
  // A streaming device wants its bus's thread to listen while nothing else is due.
  [[nodiscard]] bool listens() const { return listener_ != nullptr && phase_ != Phase::asleep; }
  // When step() wants to be called next.
  [[nodiscard]] MonotonicTime due() const { return due_; }

  // Does what is due. Faults of the device are dealt with here; BusError and Stopped pass through.
  void step();
  // Streaming: listens for at most `patience`.
  void listen(milliseconds patience);
  // Something that nobody expected came out of the driver: as a fault of the device.
  void break_off(std::string_view why);
  // The bus has gone; the device starts anew when the bus is back.
  void lose_bus(std::string_view why);
  // Rests a device that can sleep, as far as it still answers.
  void rest() noexcept;

 private:
  enum class Phase {
    stopped,  // start() is due
    awake,    // samples are due
    asleep,   // duty cycle: start() is due warm_up before the next sample
  };

  void start();
  void poll();
  void take_newest_frame();
  void accept(Sample sample, bool is_warm);
  void tell_of_parts(const Sample& sample);
  void accept_frames(Decoded decoded);
  void accept_at_own_pace(Sample frame, bool is_warm);
  void note_warming_up();
  // Listening again to a device that was given up, because it speaks.
  void listen_again();
  [[nodiscard]] bool is_warm() const;
  [[nodiscard]] milliseconds longest_pause_of_one_on() const;
  void begin_warm_up(bool was_asleep, MonotonicTime asked);
  [[nodiscard]] bool was_mute() const;
  void follow_own_period();
  // An official warning may have us hurry.
  void follow_pace();
  [[nodiscard]] milliseconds configured_period() const;
  // How long before a sample a resting device is woken.
  [[nodiscard]] milliseconds wake_lead() const;
  [[nodiscard]] milliseconds longest_silence() const;
  void fail(Fault fault, std::string_view detail);
  void tell_of_quirks(const std::string& quirks);
  [[nodiscard]] bool answers_late(std::string_view detail);
  void begin_silence();
  void schedule_next(bool heard);
  // Polls that were due before `time` will not happen.
  void skip_until(MonotonicTime time, std::string_view cause);
  // The same of a device that speaks by itself, at its own pace.
  void note_pace(std::string_view cause, std::int64_t missing);
  // A sample is what the device says when it says it.
  [[nodiscard]] bool has_own_pace() const {
    return listener_ != nullptr && (!sensor_.every || own_period_ >= *sensor_.every);
  }
  void missed(std::string_view cause, MonotonicTime first_due, std::int64_t count);
  [[nodiscard]] milliseconds period() const;

  const SensorSettings sensor_;
  const DriverInfo& info_;
  const std::string stream_;  // "sensor/<id>"
  std::unique_ptr<Link> link_;
  StreamLink* stream_link_ = nullptr;  // the same, for a listener
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Listener> listener_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;

  Phase phase_ = Phase::stopped;
  SensorState state_ = SensorState::online;
  bool has_spoken_ = false;
  MonotonicTime due_{};         // of the next step
  MonotonicTime sample_due_{};  // the schedule: moves by whole periods
  MonotonicTime warm_at_{};
  MonotonicTime started_at_{};
  milliseconds start_took_{0};  // the last time
  milliseconds pace_ = configured_period();
  milliseconds own_period_{0};  // streaming: in which it was found to rest; 0: it does not
  MonotonicTime heard_at_{};    // streaming: the last valid frame
  std::optional<MonotonicTime> alive_at_;  // anything at all was heard, garbled or not
  MonotonicTime::duration quiet_{};        // streaming: listened to since, and nothing came
  bool is_warming_up_ = false;             // streaming: it says so, in this period
  bool has_spoken_cold_ = false;           // streaming: its newest frame was of before it was warm
  bool has_begun_anew_ = false;            // streaming: to warm up, since it was started
  int failures_ = 0;                       // in a row
  int failures_since_start_ = 0;           // the same
  int not_ready_ = 0;                      // in this period
  bool retried_ = false;                   // in this period
  MonotonicTime silent_since_{};
  MonotonicTime paced_until_{};           // own pace: until then all is accounted for
  std::string silence_ = {};              // why, as long as nothing is heard
  std::vector<Sample> frames_;            // streaming: of this period, of a device that is warm
  std::optional<Sample> cold_;            // streaming: the newest of this period from before that
  std::vector<DriverQuantity> internal_;  // of a case that is closed to the air
  std::uint64_t late_answers_ = 0;        // as far as they were looked at
  std::optional<MonotonicTime> late_at_;  // the newest of them
  int unanswered_ = 0;                    // samples in a row of which a part was not answered
  std::string quirks_told_;               // what it does otherwise than Modbus has it
  std::string parts_lost_;                // what is told of them: "registers 500 to 513, …"
  int polls_ = 0;                         // up to as many as jitter is made of
  SensorCounters counters_;
};

}  // namespace twinsky
