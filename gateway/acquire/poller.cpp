// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/poller.hpp"

#include "gateway/acquire/task.hpp"
#include "gateway/model/fast_clock.hpp"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <thread>

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
         const Board& board, Clock& clock, Log& log, const BusMaker& bus_maker)
      : id_(bus.id),
        intake_(intake),
        clock_(clock),
        log_(log),
        bus_(bus_maker(bus, {.clock = clock,
                             .stop = stop_.get_token(),
                             .nearby =
                                 [&board, &clock](Quantity quantity) {
                                   return board.nearby(quantity, clock.now());
                                 }})),
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

 private:
  void run() {
    const Presence presence(clock_);
    try {
      while (!stop_.stop_requested()) {
        apply_changes();
        if (!is_open_ && !reopen()) continue;
        turn();
        publish_counters();
      }
    } catch (const Stopped&) {
      // asked for
    }
    for (auto& task : tasks_) task->rest();
    bus_->close();
    has_stopped_ = true;
  }

  // One thing that is due, or a wait for it.
  void turn() {
    const auto next = std::ranges::min_element(tasks_, {}, &Task::due);
    const MonotonicTime due = next == tasks_.end() ? MonotonicTime::max() : (*next)->due();
    try {
      if (due <= clock_.now()) {
        (*next)->step();
        return;
      }
      const auto listening = std::ranges::find_if(tasks_, &Task::listens);
      if (listening == tasks_.end()) {
        wait_until(due);
        return;
      }
      const auto until_due = std::chrono::ceil<milliseconds>(due - clock_.now());
      (*listening)->listen(std::clamp(until_due, 1ms, longest_listen));
    } catch (const BusError& problem) {
      lose_bus(problem.what());
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
      const auto ended = std::ranges::find(tasks_, id, &Task::id);
      if (ended == tasks_.end()) continue;
      (*ended)->rest();
      tasks_.erase(ended);
    }
    for (SensorSettings& sensor : changed) {
      auto link = bus_->link(sensor.device);
      tasks_.push_back(
          std::make_unique<Task>(std::move(sensor), std::move(link), intake_, clock_, log_));
    }
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
  std::vector<std::unique_ptr<Task>> tasks_;  // of the thread alone, as all up to mutex_
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
               const Board& board, Clock& clock, Log& log, const BusMaker& bus_maker)
    : thread_(std::make_unique<Thread>(bus, std::move(sensors), intake, board, clock, log,
                                       bus_maker)) {}
Poller::~Poller() = default;

void Poller::change(std::vector<SensorSettings> changed, std::vector<std::string> removed) {
  thread_->change(std::move(changed), std::move(removed));
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
