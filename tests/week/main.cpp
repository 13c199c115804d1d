// SPDX-License-Identifier: Apache-2.0
// device_week CONFIGURATION SCENARIO FROM TO: the gateway of a user's configuration over the
// emulated devices of a scenario, from one time to another as fast as the work allows. At the end
// it prints one JSON line, how many seconds each laser was on, and goes on until it is told to
// stop.
#include "gateway/commands/assembly.hpp"
#include "gateway/config/config.hpp"
#include "lines.hpp"

#include <iostream>
#include <signal.h>
#include <time.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr timespec tick_every{.tv_sec = 0, .tv_nsec = 100'000'000};

class NoFetcher final : public Fetcher {
 public:
  FetchReply get(const FetchRequest&, const std::stop_token&) override { return {}; }
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

int run(const std::vector<std::string>& words) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto config = load_config(words.at(0));
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return 78;
  }
  FastClock clock(parse_time(words.at(2)).value(), parse_time(words.at(3)).value());
  rehearsed::begin(clock);
  rehearsed::connect(world::load_scenario(words.at(1)));
  SystemClock network_clock(true);
  Log log(LogLevel::info);
  Assembly assembly(std::move(*config), {.clock = clock,
                                         .network_clock = network_clock,
                                         .fetcher = std::make_unique<NoFetcher>(),
                                         .log = log,
                                         .bus_maker = rehearsed::make_rehearsed_bus});
  assembly.start();
  clock.begin();
  bool is_told = false;
  do {
    assembly.tick();
    if (!is_told && clock.utc() >= clock.end()) {
      std::cout << lasers() << std::endl;
      is_told = true;
    }
  } while (::sigtimedwait(&signals, nullptr, &tick_every) < 0);
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
