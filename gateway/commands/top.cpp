// SPDX-License-Identifier: Apache-2.0
// `twinsky top`: how the gateway is, live, on the whole terminal and no more of it. Asks the
// running gateway once a second; the terminal is as it was when it ends, however it ends.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/overview_text.hpp"
#include "gateway/commands/running_gateway.hpp"
#include "gateway/commands/signals.hpp"
#include "gateway/commands/store_choice.hpp"
#include "gateway/commands/terminal.hpp"
#include "gateway/text/columns.hpp"
#include "gateway/text/one_line.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds redrawn_every = 1s;

constexpr std::string_view enter_screen = "\x1b[?1049h\x1b[?25l";  // the other one, no cursor
constexpr std::string_view leave_screen = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view clear_rest = "\x1b[K";
constexpr std::string_view clear_below = "\x1b[J";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view plain = "\x1b[0m";

struct TopOptions {
  std::shared_ptr<StoreChoice> store;
  int seconds = 0;
};

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

class Screen {
 public:
  Screen() { enter(); }
  ~Screen() { leave(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Keys come one by one and are not shown.
  void enter() {
    has_keys_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (has_keys_) {
      termios keys = before_;
      keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    write_all(enter_screen);
  }
  void leave() {
    write_all(leave_screen);
    if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  void draw(const std::string& store_path) {
    const auto [width, height] = terminal_size();
    auto running = ask_running_gateway(store_path);
    std::vector<std::string> lines;
    if (running) {
      lines = top_lines(running.value(), width, height);
    } else {
      lines = {cut_to("! the gateway cannot be asked: " + one_line(running.error()), width),
               cut_to("  It is tried again every second; q ends.", width)};
      lines.resize(std::min(lines.size(), height));
    }
    std::string text(home);
    for (std::size_t at = 0; at < lines.size(); ++at) {
      const bool is_wrong = lines[at].starts_with('!');
      text += has_colours_ && is_wrong ? red : has_colours_ && at == 0 ? bold : "";
      text.append(lines[at]).append(has_colours_ ? plain : "").append(clear_rest);
      if (at + 1 < lines.size()) text += "\r\n";
    }
    write_all(text.append(clear_below));
  }

 private:
  termios before_{};
  bool has_keys_ = false;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment
  const bool has_colours_ = std::getenv("NO_COLOR") == nullptr;
};

// Signals arrive as bytes, so that the screen is left in one place.
// False: it was asked to end.
bool obey_signals(int descriptor, Screen& screen) {
  signalfd_siginfo signal{};
  while (::read(descriptor, &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGWINCH) continue;  // drawn anew in any case
    if (signal.ssi_signo != SIGTSTP) return false;
    screen.leave();
    ::kill(::getpid(), SIGSTOP);
    screen.enter();
  }
  return true;
}

// False: q, or nobody can type any more.
bool obey_keys() {
  std::array<char, 64> keys{};
  const auto count = ::read(STDIN_FILENO, keys.data(), keys.size());
  if (count <= 0) return false;
  const std::string_view typed(keys.data(), static_cast<std::size_t>(count));
  return typed.find_first_of("qQ") == typed.npos;
}

int show(const TopOptions& options) {
  const auto chosen = chosen_store(*options.store);
  if (!chosen) return exit_configuration;
  if (::isatty(STDOUT_FILENO) == 0) {
    std::cerr << "top needs a terminal; elsewhere use: twinsky status\n";
    return exit_usage;
  }
  const SystemClock clock(true);
  const MonotonicTime end = options.seconds > 0
                                ? clock.now() + std::chrono::seconds(options.seconds)
                                : MonotonicTime::max();
  const int signals = signal_descriptor({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH});
  Screen screen;
  while (clock.now() < end) {
    screen.draw(chosen->path);
    std::array<pollfd, 2> waited{{{.fd = signals, .events = POLLIN, .revents = 0},
                                  {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
    if (::isatty(STDIN_FILENO) == 0) waited[1].fd = -1;
    ::poll(waited.data(), waited.size(), static_cast<int>(redrawn_every.count()));
    if (waited[0].revents != 0 && !obey_signals(signals, screen)) break;
    if (waited[1].revents != 0 && !obey_keys()) break;
  }
  return exit_good;
}

void add_top(Command& app, int& code) {
  auto* command =
      app.add_subcommand("top", "Show how the gateway is, live, as much as fits the terminal");
  auto options = std::make_shared<TopOptions>();
  options->store = add_store_choice(*command);
  command->add_option("--seconds", options->seconds, "End by itself after so many; else q ends it");
  command->callback([options, &code] { code = show(*options); });
}

}  // namespace

extern const Subcommand top_command = {.place = 10, .add = add_top};

}  // namespace twinsky
