// SPDX-License-Identifier: Apache-2.0
// device_week CONFIGURATION SCENARIO FROM TO: the gateway of a user's configuration over the
// emulated devices of a scenario, from one time to another as fast as the work allows. What its
// main loop does it does in that time too, now and then, so that what comes of it is the same in
// each run. At the end it prints one JSON line, how many seconds each laser was on, and time stands
// until it is told to stop: brokers get what there is for them. SIGUSR1 then says that they are
// there again: they are tried at once.
#include "gateway/config/config.hpp"
#include "gateway/service/assembly.hpp"
#include "gateway/service/rehearsal.hpp"
#include "lines.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <signal.h>
#include <time.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds tick_every = 5min;
// At a moment when nothing else is due: what comes first of two things would be left to chance.
constexpr milliseconds first_tick_after = 31'700ms;
constexpr milliseconds stopping = 1h;            // more than it ever takes
constexpr milliseconds longest_back_off = 1min;  // of a sink whose broker is away

// Real time, some of which can be passed over.
class NetworkClock final : public Clock {
 public:
  [[nodiscard]] UtcTime utc() const override { return system_.utc(); }
  [[nodiscard]] MonotonicTime now() const override { return system_.now() + passed_over_.load(); }
  [[nodiscard]] bool is_set() const override { return true; }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    const MonotonicTime until = deadline - passed_over_.load();
    system_.wait(lock, changed, std::min(system_.now() + look_every, until));
  }
  void pass_over(milliseconds duration) { passed_over_ = passed_over_.load() + duration; }

 private:
  static constexpr milliseconds look_every = 20ms;
  SystemClock system_{true};
  std::atomic<milliseconds> passed_over_{0ms};
};

std::string lasers() {
  std::string text = "{";
  for (const auto& [port, line] : rehearsed::wires().lines) {
    for (const auto& [name, device] : line.devices) {
      const std::chrono::duration<double> worked = device->worked(world::instant_now());
      text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + std::to_string(worked.count());
    }
  }
  return text + "}";
}

bool is_asked_to_stop(const sigset_t& signals) {
  constexpr timespec at_once{};
  return ::sigtimedwait(&signals, nullptr, &at_once) > 0;
}

// Until `end`, from when on this thread is at work until it is told to stop: so time stands.
void play(Assembly& assembly, FastClock& clock, UtcTime end, NetworkClock& network_clock,
          const sigset_t& signals) {
  clock.begin();
  UtcTime next = clock.utc() + first_tick_after;
  while (clock.utc() < end) {
    clock.pause_until(clock.now() + (std::min(next, end) - clock.utc()), {});
    assembly.tick();
    if (is_asked_to_stop(signals)) return;
    next += tick_every;
  }
  std::cout << lasers() << std::endl;
  while (::sigwaitinfo(&signals, nullptr) == SIGUSR1) network_clock.pass_over(longest_back_off);
}

int run(const std::vector<std::string>& words) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto config = load_config(words.at(0));
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return 78;
  }
  const UtcTime end = parse_time(words.at(3)).value();
  FastClock clock(parse_time(words.at(2)).value(), end + stopping);
  rehearsed::begin(clock);
  rehearsed::connect(world::load_scenario(words.at(1)));
  NetworkClock network_clock;
  Log log(LogLevel::info);
  Assembly assembly(std::move(*config),
                    {.clock = clock,
                     .network_clock = network_clock,
                     .fetcher = telling_time(make_fetcher("device_week"), clock),
                     .log = log,
                     .bus_maker = rehearsed::make_rehearsed_bus});
  assembly.start();
  const Presence presence(clock);
  play(assembly, clock, end, network_clock, signals);
  assembly.stop(clock.now() + 10s);
  return 0;
}

}  // namespace
}  // namespace twinsky

int main(int count, char** words) {
  if (count != 5) {
    std::cerr << "usage: device_week CONFIGURATION SCENARIO FROM TO\n";
    return 2;
  }
  return twinsky::run({words + 1, words + count});
}
