// SPDX-License-Identifier: Apache-2.0
// `twinsky run`: the daemon. Its main loop holds signals, timers, the watchdog and the reload;
// everything that can block lives on other threads.
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/commands/signals.hpp"
#include "gateway/commands/time_option.hpp"
#include "gateway/config/watch.hpp"
#include "gateway/model/fast_clock.hpp"
#include "gateway/service/assembly.hpp"
#include "gateway/service/rehearsal.hpp"
#include "gateway/system/memory.hpp"
#include "gateway/system/notify.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdlib>
#include <iostream>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace twinsky {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr milliseconds tick_every = 1s;
constexpr milliseconds tick_while_changing = 50ms;
constexpr milliseconds leave_within = 1800ms;

struct RunOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  bool verbose = false;
  std::vector<std::string> rehearsal;  // from, to
};

// Signals arrive at a file descriptor of the main loop; no thread is ever interrupted.
// A gateway that ran before an upgrade runs after it too.
void warn_of(const Config& config, Log& log) {
  for (const auto* const list : {&config.warnings, &config.notes}) {
    for (const Problem& problem : *list) log.warning("config", text_of(problem));
  }
}

class MainLoop {
 public:
  MainLoop(int signals, Assembly& assembly, std::string file, Clock& clock, Log& log,
           std::optional<UtcTime> rehearsal_end)
      : assembly_(assembly),
        file_(std::move(file)),
        clock_(clock),
        log_(log),
        watch_(file_),
        signals_(loop_, signals),
        changes_(loop_, ::dup(watch_.descriptor())),
        ticker_(loop_),
        quiet_(loop_),
        alive_(loop_),
        watchdog_(watchdog_period()),
        rehearsal_end_(rehearsal_end) {}

  // Runs until a signal asks for the end.
  void run() {
    wait_for_signal();
    wait_for_change();
    tick();
    if (watchdog_) feed_watchdog();
    notify_ready();
    loop_.run();
  }

 private:
  void wait_for_signal() {
    signals_.async_wait(asio::posix::stream_descriptor::wait_read, [this](auto error) {
      if (error) return;
      signalfd_siginfo signal{};
      while (::read(signals_.native_handle(), &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGHUP) {
          assembly_.guard().turn([this] { reload(); });
        } else {
          loop_.stop();
        }
      }
      wait_for_signal();
    });
  }

  void wait_for_change() {
    changes_.async_wait(asio::posix::stream_descriptor::wait_read, [this](auto error) {
      if (error) return;
      if (watch_.drain()) {
        quiet_.expires_after(ConfigWatch::quiet_time);
        quiet_.async_wait([this](auto cancelled) {
          if (!cancelled) assembly_.guard().turn([this] { reload(); });
        });
      }
      wait_for_change();
    });
  }

  void reload() {
    notify_reloading();
    auto next = load_config(file_);
    if (next && next->hash != assembly_.config().hash) warn_of(*next, log_);
    if (!next) {
      assembly_.refuse(next.error());
    } else if (next->hash != assembly_.config().hash) {
      if (const auto problems = assembly_.apply(std::move(*next)); !problems.empty()) {
        assembly_.refuse(problems);
      }
    }
    notify_ready();
    tick();
  }

  // What it throws is counted, and the next tick comes all the same.
  void tick() {
    assembly_.guard().turn([this] { look_around(); });
    ticker_.expires_after(assembly_.is_changing() ? tick_while_changing : tick_every);
    ticker_.async_wait([this](auto error) {
      if (!error) tick();
    });
  }

  void look_around() {
    assembly_.tick();
    if (rehearsal_end_ && clock_.utc() >= *rehearsal_end_) {
      rehearsal_end_.reset();
      log_.notice("clock", "the rehearsal has come to its end; from here on time runs as usual");
    }
    if (status_ != assembly_.summary()) notify_status(status_ = assembly_.summary());
  }

  void feed_watchdog() {
    if (assembly_.is_alive()) notify_alive();
    alive_.expires_after(*watchdog_);
    alive_.async_wait([this](auto error) {
      if (!error) feed_watchdog();
    });
  }

  Assembly& assembly_;
  const std::string file_;
  std::string status_;  // as systemd knows it
  Clock& clock_;
  Log& log_;
  ConfigWatch watch_;
  asio::io_context loop_{1};
  asio::posix::stream_descriptor signals_;
  asio::posix::stream_descriptor changes_;
  asio::steady_timer ticker_;
  asio::steady_timer quiet_;
  asio::steady_timer alive_;
  const std::optional<milliseconds> watchdog_;
  std::optional<UtcTime> rehearsal_end_;  // until it is reached
};

// Ends what runs. What hangs is left behind: its destructors would wait for it.
void leave(Assembly& assembly, Clock& clock, Log& log, int code) {
  notify_stopping();
  const auto hung = assembly.stop(clock.now() + leave_within);
  if (hung.empty()) return;
  std::string names;
  for (const std::string& name : hung) names.append(names.empty() ? "" : ", ").append(name);
  log.warning("stop", "left without waiting any longer for: " + names);
  ::_exit(code);
}

// Of the two times after --rehearse. Wrong usage is told to the user as such.
std::unique_ptr<FastClock> rehearsal_clock(const std::vector<std::string>& words,
                                           const Zone& zone) {
  const auto start = time_option("--rehearse", words.at(0), zone);
  const auto end = time_option("--rehearse", words.at(1), zone);
  if (!start || !end || *start >= *end) {
    throw WrongUsage("--rehearse", "expected two times, the earlier first");
  }
  return std::make_unique<FastClock>(*start, *end);
}

int run(const RunOptions& options) {
  keep_little_memory();
  const int signals = signal_descriptor({SIGINT, SIGTERM, SIGHUP});  // before the first thread
  ::signal(SIGPIPE, SIG_IGN);  // a peer that closes is an error of write(), not our end
  auto config = load_config(options.config);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before the first thread
  const char* const runtime_directory = std::getenv("RUNTIME_DIRECTORY");
  Log log(options.verbose ? LogLevel::debug : LogLevel::info);
  warn_of(*config, log);
  SystemClock system_clock(config->gateway.clock == "system");
  AttestedClock attested_clock(system_clock);
  std::unique_ptr<FastClock> fast_clock;
  std::string remark;
  auto fetcher = make_fetcher("twinsky/" TWINSKY_VERSION);
  if (!options.rehearsal.empty()) {
    fast_clock = rehearsal_clock(options.rehearsal, config->gateway.zone);
    remark = ", a rehearsal: what is measured and published is not of now";
    const std::string end = iso8601(fast_clock->end());
    log.warning("clock", remark.substr(2) + "; after " + end +
                             " it goes on as usual, until it is told to stop");
    fetcher = telling_time(std::move(fetcher), *fast_clock);
  }
  Clock& clock = fast_clock ? static_cast<Clock&>(*fast_clock) : attested_clock;
  std::unique_ptr<Assembly> assembly;
  try {
    assembly = std::make_unique<Assembly>(std::move(*config),
                                          Surroundings{.clock = clock,
                                                       .network_clock = attested_clock,
                                                       .fetcher = std::move(fetcher),
                                                       .log = log,
                                                       .attested_clock = &attested_clock,
                                                       .remark = remark,
                                                       .runtime_directory = runtime_directory});
  } catch (const StoreError& problem) {
    log.error("store", problem.what());
    return exit_failed;
  }
  try {
    assembly->start();
  } catch (const std::exception& problem) {
    log.error("start", std::string(problem.what()) + ": the gateway cannot start");
    leave(*assembly, clock, log, exit_failed);
    return exit_failed;
  }
  std::optional<UtcTime> rehearsal_end;
  if (fast_clock) {
    fast_clock->begin();
    rehearsal_end = fast_clock->end();
  }
  MainLoop(signals, *assembly, options.config, clock, log, rehearsal_end).run();

  leave(*assembly, clock, log, exit_good);
  return exit_good;
}

void add_run(Command& app, int& code) {
  auto options = std::make_shared<RunOptions>();
  Command* const command = app.add_subcommand("run", "Run the gateway until it is told to stop");
  command->add_option("--config", options->config, "Configuration file")->shows_default();
  command->add_flag("--verbose", options->verbose, "Log what is said to devices and brokers too");
  command
      ->add_option("--rehearse", options->rehearsal,
                   "Go from one time to another as fast as the work allows, and on from there as "
                   "usual until "
                   "it is told to stop: for tests with recorded devices and emulated agencies")
      ->takes(2, "FROM TO");
  command->callback([options, &code] { code = run(*options); });
}

}  // namespace

extern const Subcommand run_command = {.place = 1, .add = add_run};

}  // namespace twinsky
