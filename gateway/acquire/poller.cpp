// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/poller.hpp"

#include "gateway/acquire/task.hpp"
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <thread>
#include <utility>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// An unplugged device is back within five seconds of replugging.
constexpr milliseconds shortest_reopen = 500ms;
constexpr milliseconds longest_reopen = 3s;
// How long a listening thread is away from its other duties: changes and stops.
constexpr milliseconds longest_listen = 500ms;
constexpr milliseconds counters_every = 1s;

}  // namespace

class Poller::Thread {
 public:
  Thread(const BusSettings& bus, std::vector<SensorSettings> sensors, Intake& intake,
         const LatestValues& latest_values, Clock& clock, Log& log, const BusMaker& bus_maker)
      : id_(bus.id),
        intake_(intake),
        clock_(clock),
        log_(log),
        bus_(bus_maker(bus, {.clock = clock,
                             .stop = stop_.get_token(),
                             .nearby =
                                 [&latest_values, &clock](Quantity quantity) {
                                   return latest_values.nearby(quantity, clock.now());
                                 }})),
        guard_("bus " + id_, clock, log),
        changed_(std::move(sensors)),
        thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), ("bus " + id_).substr(0, 15).c_str());
  }

  ~Thread() { request_stop(); }

  void request_stop() {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    woken_.notify_all();
  }

  [[nodiscard]] bool has_stopped() const { return has_stopped_; }

  void change(std::vector<SensorSettings> changed, std::vector<std::string> removed) {
    const std::lock_guard lock(mutex_);
    std::ranges::move(changed, std::back_inserter(changed_));
    std::ranges::move(removed, std::back_inserter(removed_));
    woken_.notify_all();
  }

  [[nodiscard]] std::map<std::string, SensorCounters> counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

  [[nodiscard]] const Guard& guard() const { return guard_; }

 private:
  void run() {
    const Presence presence(clock_);
    while (!stop_.stop_requested()) {
      if (!guard_.turn([this] { turn(); })) guard_.pause(stop_.get_token());
    }
    guard_.turn([this] {
      for (auto& task : tasks_) task->rest();
      bus_->close();
    });
    has_stopped_ = true;
  }

  void turn() {
    try {
      apply_changes();
      if (!is_open_ && !reopen()) return;
      do_what_is_due();
      publish_counters();
    } catch (const Stopped&) {
      // asked for
    }
  }

  // One thing, or a wait for it.
  void do_what_is_due() {
    const auto next = std::ranges::min_element(tasks_, {}, &Task::due);
    const MonotonicTime due = next == tasks_.end() ? MonotonicTime::max() : (*next)->due();
    if (due <= clock_.now()) {
      talk(**next, [](Task& task) { task.step(); });
      return;
    }
    const auto listening = std::ranges::find_if(tasks_, &Task::listens);
    if (listening == tasks_.end()) {
      wait_until(std::min(due, make_due_));
      return;
    }
    const auto until_due = std::chrono::ceil<milliseconds>(due - clock_.now());
    const milliseconds patience = std::clamp(until_due, 1ms, longest_listen);
    talk(**listening, [patience](Task& task) { task.listen(patience); });
  }

  // A defect of one driver is none of its neighbours on the bus.
  template <class Talk>
  void talk(Task& task, Talk&& with) {
    try {
      with(task);
    } catch (const BusError& problem) {
      lose_bus(problem.what());
    } catch (const Stopped&) {
      throw;
    } catch (const std::exception& problem) {
      guard_.caught();
      task.break_off(problem.what());
    }
  }

  void wait_until(MonotonicTime deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.empty() || !removed_.empty() || stop_.stop_requested()) return;
    clock_.wait(lock, woken_, deadline);
  }

  bool reopen() {
    try {
      bus_->open();
    } catch (const BusError& problem) {
      lose_bus(problem.what());
      const MonotonicTime again = clock_.now() + reopen_after_;
      reopen_after_ = std::min(2 * reopen_after_, longest_reopen);
      wait_until(again);
      return false;
    }
    if (is_lost_) log_.notice(id_, "open again");
    is_open_ = true;
    is_lost_ = false;
    reopen_after_ = shortest_reopen;
    return true;
  }

  void lose_bus(std::string_view why) {
    if (!is_lost_) log_.warning(id_, std::string(why) + "; tried again every few seconds");
    is_lost_ = true;
    is_open_ = false;
    bus_->close();
    for (auto& task : tasks_) task->lose_bus(why);
    publish_counters();
  }

  void apply_changes() {
    std::vector<SensorSettings> changed;
    std::vector<std::string> removed;
    {
      const std::lock_guard lock(mutex_);
      changed.swap(changed_);
      removed.swap(removed_);
    }
    for (const SensorSettings& sensor : changed) removed.push_back(sensor.id);
    for (const std::string& id : removed) {
      std::erase_if(unmade_, [&](const SensorSettings& sensor) { return sensor.id == id; });
      const auto ended = std::ranges::find(tasks_, id, &Task::id);
      if (ended == tasks_.end()) continue;
      (*ended)->rest();
      tasks_.erase(ended);
    }
    std::ranges::move(changed, std::back_inserter(unmade_));
    if (!changed.empty()) make_due_ = MonotonicTime::min();
    if (!unmade_.empty() && make_due_ <= clock_.now()) make_tasks();
  }

  // What cannot be made now (memory has run out) is tried again; the others begin.
  void make_tasks() {
    for (SensorSettings& sensor : std::exchange(unmade_, {})) {
      const bool is_made = guard_.turn([&] {
        tasks_.push_back(
            std::make_unique<Task>(sensor, bus_->link(sensor.device), intake_, clock_, log_));
      });
      if (!is_made) unmade_.push_back(std::move(sensor));
    }
    make_due_ = unmade_.empty() ? MonotonicTime::max() : clock_.now() + guard_.pause_length();
  }

  // For health and tests: a copy once in a while is enough.
  void publish_counters() {
    if (clock_.now() < counters_due_) return;
    counters_due_ = clock_.now() + counters_every;
    const std::lock_guard lock(mutex_);
    counters_.clear();
    for (const auto& task : tasks_) counters_[task->id()] = task->counters();
  }

  const std::string id_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;
  std::stop_source stop_;
  std::unique_ptr<Bus> bus_;
  Guard guard_;
  std::vector<std::unique_ptr<Task>> tasks_;  // of the thread alone, as all up to mutex_
  std::vector<SensorSettings> unmade_;        // sensors that shall have a task
  MonotonicTime make_due_ = MonotonicTime::max();
  bool is_open_ = false;
  bool is_lost_ = false;
  milliseconds reopen_after_ = shortest_reopen;
  MonotonicTime counters_due_{};

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<SensorSettings> changed_;             // guarded by mutex_
  std::vector<std::string> removed_;                // guarded by mutex_
  std::map<std::string, SensorCounters> counters_;  // guarded by mutex_
  std::atomic<bool> has_stopped_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

Poller::Poller(const BusSettings& bus, std::vector<SensorSettings> sensors, Intake& intake,
               const LatestValues& latest_values, Clock& clock, Log& log, const BusMaker& bus_maker)
    : thread_(std::make_unique<Thread>(bus, std::move(sensors), intake, latest_values, clock, log,
                                       bus_maker)) {}
Poller::~Poller() = default;

void Poller::change(std::vector<SensorSettings> changed, std::vector<std::string> removed) {
  thread_->change(std::move(changed), std::move(removed));
}
std::string Poller::name() const {
  return thread_->guard().name();
}
GuardStatus Poller::guard_status() const {
  return thread_->guard().status();
}
void Poller::request_stop() {
  thread_->request_stop();
}
bool Poller::has_stopped() const {
  return thread_->has_stopped();
}
std::map<std::string, SensorCounters> Poller::counters() const {
  return thread_->counters();
}

}  // namespace twinsky
