// SPDX-License-Identifier: Apache-2.0
// The emulated world: reads a scenario, serves its devices and agencies, obeys commands on the unix
// socket DIRECTORY/control, and ends with its parent, on SIGTERM, SIGINT or "quit".
#include "control.hpp"
#include "world.hpp"

#include <charconv>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace world {

namespace {

constexpr const char* usage =
    "usage: world SCENARIO DIRECTORY [--port N] [--stdin]\n"
    "  SCENARIO   a file like tests/world/two-cities-day.json\n"
    "  DIRECTORY  where the ports' links, the control socket and the I2C testbed go; made if "
    "needed\n"
    "  --port N   the agencies' port on 127.0.0.1 (default: any free one)\n"
    "  --stdin    commands come on standard input too; its end ends the world\n";

struct Options {
  std::string scenario;
  std::string directory;
  int port = 0;
  bool standard_input = false;
};

Options options_of(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> places;
  for (std::size_t index = 0; index < words.size(); ++index) {
    const auto& word = words[index];
    if (word == "--stdin") {
      options.standard_input = true;
    } else if (word == "--port") {
      const std::string value = index + 1 < words.size() ? words[++index] : "";
      const auto* end = value.data() + value.size();
      const auto [rest, error] = std::from_chars(value.data(), end, options.port);
      if (error != std::errc{} || rest != end || options.port < 0 || options.port > 65535) {
        throw ScenarioError("--port needs a number from 0 to 65535, not \"" + value + "\"");
      }
    } else if (word.starts_with("-")) {
      throw ScenarioError("unknown option \"" + word + "\"");
    } else {
      places.push_back(word);
    }
  }
  if (places.size() != 2) throw ScenarioError("expected a SCENARIO and a DIRECTORY");
  options.scenario = places[0];
  options.directory = places[1];
  return options;
}

std::string prepared_directory(const std::string& wanted) {
  if (::mkdir(wanted.c_str(), 0700) != 0 && errno != EEXIST) throw_system_error(wanted);
  char* resolved = ::realpath(wanted.c_str(), nullptr);
  if (resolved == nullptr) throw_system_error(wanted);
  std::string directory = resolved;
  ::free(resolved);
  // The longest socket below it is umockdev.XXXXXX/ioctl/dev/i2c-1; a socket's path has 107 bytes.
  if (directory.size() > 70) {
    throw ScenarioError(directory +
                        ": is too long for the unix sockets in it; take one of at most "
                        "70 characters");
  }
  return directory;
}

// Signals end the loop; a parent that died is one of them.
Descriptor watch_signals(Loop& loop, const sigset_t& signals) {
  Descriptor descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  loop.watch(descriptor.get(), EPOLLIN, [&loop](std::uint32_t) { loop.stop(); });
  return descriptor;
}

int run(const Options& options) {
  const pid_t parent = ::getppid();
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before libumockdev starts its thread
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) return 0;

  Loop loop;
  const Descriptor signal_descriptor = watch_signals(loop, signals);
  Scenario scenario = load_scenario(options.scenario);
  const std::string directory = prepared_directory(options.directory);
  World world(loop, std::move(scenario), directory, options.port);
  Control control(loop, directory + "/control", options.standard_input,
                  [&world](const std::string& line) { return world.execute(line); });
  std::cout << world.description() << std::endl;
  loop.run();
  return 0;
}

}  // namespace

}  // namespace world

int main(int count, char** words) {
  try {
    return world::run(world::options_of({words + 1, words + count}));
  } catch (const world::ScenarioError& error) {
    std::cerr << "world: " << error.what() << "\n" << (count < 3 ? world::usage : "");
    return count < 3 ? 2 : 1;
  }
}
