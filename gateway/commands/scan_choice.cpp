// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/scan_choice.hpp"

#include "gateway/commands/command_line.hpp"
#include "gateway/commands/progress.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/setup/proposal.hpp"
#include "gateway/text/columns.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace twinsky {
namespace {

std::string option_of(const BusInfo& kind) {
  std::string name = "--" + std::string(kind.name);
  std::ranges::replace(name, '_', '-');
  return name;
}

// "1-247"
std::pair<int, int> units_in(const std::string& text) {
  std::pair units(0, 0);
  const auto dash = std::min(text.find('-'), text.size());
  const auto number = [](std::string_view part, int& value) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc() && end == part.data() + part.size();
  };
  const std::string_view all = text;
  const bool is_one = number(all.substr(0, dash), units.first) &&
                      (dash == text.size() ? number(all, units.second)
                                           : number(all.substr(dash + 1), units.second)) &&
                      units.first >= 1 && units.first <= units.second && units.second <= 247;
  if (!is_one) {
    throw WrongUsage("--units",
                     in_quotes(text) + " is no range of units, expected one such as 1-247");
  }
  return units;
}

ScanWishes wishes_of(const ScanChoice& choice, const Machine& machine) {
  ScanWishes wishes;
  if (!choice.units.empty()) wishes.units = units_in(choice.units);
  for (const auto& [kind, addresses] : choice.addresses) {
    for (std::string address : addresses) {
      const std::string problem = kind->check == nullptr ? "" : kind->check(address);
      if (!problem.empty()) throw WrongUsage(option_of(*kind), problem);
      wishes.targets.push_back(target_at(*kind, std::move(address)));
    }
  }
  std::ranges::sort(wishes.targets, {}, [](const ScanTarget& target) {
    return std::pair(target.kinds.front()->place, target.address);
  });
  if (wishes.targets.empty()) wishes.targets = targets_of(machine);
  return wishes;
}

// Those that would end the program end the scan.
class Interruption {
 public:
  Interruption() {
    ::sigemptyset(&signals_);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, each);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    descriptor_ = ::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Interruption() {
    ::close(descriptor_);
    ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  [[nodiscard]] bool has_come() const {
    signalfd_siginfo signal{};
    return ::read(descriptor_, &signal, sizeof signal) == sizeof signal;
  }

 private:
  sigset_t signals_{};
  int descriptor_ = -1;
};

void append(std::string& text, const std::string& heading, const std::vector<ScanRemark>& remarks) {
  if (remarks.empty()) return;
  text += heading + "\n";
  for (const ScanRemark& remark : remarks) {
    text += "  " + remark.where + (remark.where.empty() ? "" : ": ") + one_line(remark.what) + "\n";
    if (!remark.mend.empty()) text += "    " + remark.mend + "\n";
  }
}

// Kinds of buses of which this machine has none, each kind of file once.
void add_missing(const std::vector<ScanTarget>& targets, ScanReport& report) {
  std::set<std::string_view> told;
  for (const BusInfo* kind : scannable_kinds()) {
    const BusNeeds& needs = kind->needs;
    const bool is_there = std::ranges::any_of(targets, [kind](const ScanTarget& target) {
      return std::ranges::find(target.kinds, kind) != target.kinds.end();
    });
    if (needs.files.empty() || is_there || !told.insert(needs.files).second) continue;
    std::string mend;
    if (needs.has_one_user) mend = "is its adapter plugged in? \"sudo dmesg | tail\" tells; ";
    if (!needs.switch_on.empty()) {
      mend += "on a Raspberry Pi: " + std::string(needs.switch_on) + " && sudo reboot";
    }
    report.closed.push_back({std::string(needs.files), "there is none", mend});
  }
}

}  // namespace

std::shared_ptr<ScanChoice> add_scan_choice(Command& command) {
  auto choice = std::make_shared<ScanChoice>();
  for (const BusInfo* kind : scannable_kinds()) {
    const std::string what = kind->needs.files.empty() ? "" : "Only this, and what else is named: ";
    command.add_option(option_of(*kind), choice->addresses[kind],
                       what + std::string(kind->documentation));
  }
  command.add_option("--units", choice->units,
                     "Units of Modbus that are asked, such as 1-247; without it 1-32");
  return choice;
}

ScanReport scan_with_progress(const ScanChoice& choice, const std::string& command) {
  const Machine machine = Machine::here();
  const ScanWishes wishes = wishes_of(choice, machine);
  SystemClock clock(true);
  const Interruption interruption;
  Progress progress(command);
  ScanReport report = scan(wishes, {.machine = machine,
                                    .clock = clock,
                                    .is_to_stop = [&] { return interruption.has_come(); },
                                    .tell = [&](std::string_view now) { progress.tell(now); }});
  const bool is_all =
      std::ranges::all_of(choice.addresses, [](const auto& each) { return each.second.empty(); });
  if (is_all) add_missing(wishes.targets, report);
  return report;
}

std::string text_of(const ScanReport& report) {
  std::string text;
  std::vector<std::array<std::string, 2>> rows;
  std::size_t width = 0;
  for (const ScannedDevice& device : report.devices) {
    rows.push_back({std::string(device.driver->name), about(device)});
    width = std::max(width, columns_of(rows.back()[0]));
  }
  if (!rows.empty()) text += "found\n";
  for (const auto& [driver, what] : rows) {
    text += "  " + padded_to(driver, width) + "  " + one_line(what) + "\n";
  }
  append(text, "answers, and nobody knows it", report.strangers);
  append(text, "could not be looked at", report.closed);
  append(text, "silent", report.silent);
  if (report.was_stopped) text += "stopped before its end: there may be more\n";
  if (report.devices.empty()) text += "no device was recognised\n";
  return text;
}

}  // namespace twinsky
