// SPDX-License-Identifier: Apache-2.0
#include "gateway/setup/scan.hpp"

#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/joined.hpp"
#include "gateway/setup/guarded_link.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// As many good frames say that it is a device and no accident.
constexpr std::size_t several = 3;
// What a device may be late, and the port.
constexpr milliseconds margin = 500ms;
constexpr std::size_t most_kept = 512;  // of the bytes that nobody knows

std::vector<const DriverInfo*> drivers_for(const BusInfo& kind) {
  std::vector<const DriverInfo*> drivers;
  for (const DriverInfo* driver : driver_registry()) {
    if (driver->bus == &kind_of(kind)) drivers.push_back(driver);
  }
  return drivers;
}

// A line of text where it is one, else the first bytes.
std::string excerpt_of(Bytes heard) {
  std::string text;
  for (const std::byte each : heard) text += static_cast<char>(each);
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || c == '\r' || c == '\n'; };
  if (static_cast<std::size_t>(std::ranges::count_if(text, is_text)) < text.size()) {
    return "such as " + to_hex(heard.first(std::min<std::size_t>(heard.size(), 16)));
  }
  // The first line may have begun before we listened.
  const auto begin = text.find('\n');
  if (begin != text.npos && begin + 1 < text.size()) text.erase(0, begin + 1);
  text.erase(std::min(text.find_first_of("\r\n"), text.size()));
  return "such as " + in_quotes(text);
}

// Who keeps us from looking; nothing: nobody.
std::optional<ScanRemark> keeper_of(const ScanTarget& target, const Machine& machine) {
  const BusNeeds& needs = target.kinds.front()->needs;
  if (needs.files.empty()) return std::nullopt;
  struct stat file {};
  if (::stat(target.address.c_str(), &file) != 0) {
    return ScanRemark{target.address, "is not there", "ls -l " + std::string(needs.files)};
  }
  const auto by = [&](const RunningProcess& process) {
    return ScanRemark{target.address, "is in use by " + text_of(process),
                      process.is_gateway
                          ? "sudo systemctl stop twinsky, scan, and start it again"
                          : "end it (sudo kill " + std::to_string(process.id) + ") and scan again"};
  };
  const auto holders = holders_of(machine, file);
  if (!holders.empty()) return by(holders.front());
  // Of another user's process nobody but root sees what it has open.
  for (const RunningProcess& process : processes_named(machine, "twinsky")) {
    std::error_code hidden;
    const std::string open = machine.proc + "/" + std::to_string(process.id) + "/fd";
    const std::filesystem::directory_iterator look(open, hidden);
    if (process.is_gateway && hidden) return by(process);
  }
  if (needs.has_one_user && is_console(machine, target.address)) {
    return ScanRemark{target.address, "is the kernel's console",
                      "sudo raspi-config nonint do_serial_cons 1 && sudo reboot"};
  }
  if (::access(target.address.c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
    return ScanRemark{target.address,
                      "is closed to you: it wants members of the group " + std::string(needs.group),
                      "scan with sudo, or: sudo usermod -aG " + std::string(needs.group) +
                          " $USER, and log in again"};
  }
  return std::nullopt;
}

// Who listens to a port that talks by itself.
struct Ear {
  const DriverInfo* driver;
  std::unique_ptr<Listener> listener;
  std::vector<Sample> samples = {};
  std::size_t damaged = 0;
  bool is_starting = false;  // nothing but zeros while its fan spins up
};

// One wire, on a thread of its own.
class Look {
 public:
  Look(const ScanTarget& target, const ScanWishes& wishes, const Machine& machine,
       BusSurroundings surroundings, std::function<void(std::string_view)> tell)
      : target_(target),
        wishes_(wishes),
        machine_(machine),
        surroundings_(std::move(surroundings)),
        tell_(std::move(tell)) {}

  void run();

  ScanReport report;
  std::exception_ptr failure;  // of the program

 private:
  void look_as(const BusInfo& kind);
  // Port of one device: listens, then asks. True: somebody talks there.
  bool look_at_stream(const BusInfo& kind);
  bool listen(const BusInfo& kind, const LineSettings& line);
  bool judge(const BusInfo& kind, const LineSettings& line, std::vector<Ear>& ears, Bytes heard);
  void look_at_addresses(const BusInfo& kind);
  void look_at_address(const BusInfo& kind, Bus& bus, int address);
  void look_at_units(const BusInfo& kind);
  void ask_units(const BusInfo& kind, const DriverInfo& driver, const Approach& approach,
                 std::pair<int, int> units);

  std::unique_ptr<Bus> opened(const BusInfo& kind) {
    auto bus = make_bus({.id = {},
                         .info = &kind,
                         .address = target_.address,
                         .settings = Settings::defaults(kind.settings)},
                        surroundings_);
    bus->open();
    return bus;
  }
  void note(const BusInfo& kind, const DriverInfo& driver, int address, const LineSettings& line,
            Found found) {
    report.devices.push_back({.bus = &kind,
                              .bus_address = target_.address,
                              .driver = &driver,
                              .address = address,
                              .line = line,
                              .found = std::move(found)});
  }
  [[nodiscard]] std::string at(const BusInfo& kind, int address) const {
    const std::string place = place_text(kind, address);
    return place.empty() ? target_.address : target_.address + " " + place;
  }

  const ScanTarget& target_;
  const ScanWishes& wishes_;
  const Machine& machine_;
  const BusSurroundings surroundings_;
  const std::function<void(std::string_view)> tell_;
  std::string tried_;  // in vain, a sentence for each kind
  std::string hint_;
};

void Look::run() {
  try {
    if (auto closed = keeper_of(target_, machine_)) {
      report.closed.push_back(*std::move(closed));
      return;
    }
    for (const BusInfo* kind : target_.kinds) {
      look_as(*kind);
      if (!report.devices.empty() || !report.strangers.empty()) return;
    }
    report.silent.push_back({target_.address, tried_, hint_});
  } catch (const Stopped&) {
    report.was_stopped = true;
  } catch (const BusError& problem) {
    report.closed.push_back({{}, problem.what(), {}});  // it begins with the address
  } catch (...) {
    failure = std::current_exception();
  }
}

void Look::look_as(const BusInfo& kind) {
  switch (kind.devices) {
    case BusInfo::Devices::one:
      look_at_stream(kind);
      break;
    case BusInfo::Devices::each_at_its_address:
      look_at_addresses(kind);
      break;
    case BusInfo::Devices::any:
      look_at_units(kind);
      break;
  }
}

// ---- a port of one device ----

bool Look::look_at_stream(const BusInfo& kind) {
  std::vector<LineSettings> lines;
  for (const DriverInfo* driver : drivers_for(kind)) {
    if (driver->recognise == nullptr || std::ranges::find(lines, driver->line) != lines.end())
      continue;
    lines.push_back(driver->line);
    if (listen(kind, driver->line)) return true;
  }
  std::set<std::string> asked;
  for (const DriverInfo* driver : drivers_for(kind)) {
    if (driver->probe == nullptr) continue;
    tell_(target_.address + ": asks for " + std::string(driver->name));
    asked.emplace(driver->name);
    const auto bus = opened(kind);
    const auto link = bus->link({.line = driver->line});
    GuardedLink guarded(*link, *driver);
    try {
      if (auto found = driver->probe(guarded.link())) {
        note(kind, *driver, 0, driver->line, *std::move(found));
        return true;
      }
    } catch (const LinkError&) {
    }
  }
  tried_ = "nothing is heard" + (asked.empty() ? "" : ", nor an answer as of " + joined(asked));
  hint_ = "look at its supply, and whether TX is at RX";
  return false;
}

// True: somebody talks, known or not.
bool Look::listen(const BusInfo& kind, const LineSettings& line) {
  tell_(target_.address + ": listens at " + std::to_string(line.baud) + " baud");
  std::vector<Ear> ears;
  milliseconds pause{0};
  milliseconds warm_up{0};
  for (const DriverInfo* driver : drivers_for(kind)) {
    if (driver->recognise == nullptr || driver->line != line) continue;
    ears.push_back({driver, driver->make_listener(Settings::defaults(driver->settings))});
    pause = std::max(pause, driver->longest_pause);
    warm_up = std::max(warm_up, driver->warm_up);
  }
  const auto bus = opened(kind);
  const auto link = bus->link({.line = line});
  auto& stream = link_as<StreamLink>(*link);
  const Clock& clock = surroundings_.clock;
  const MonotonicTime begin = clock.now();
  std::array<std::byte, 256> buffer{};
  std::vector<std::byte> heard;
  while (true) {
    milliseconds whole = heard.empty() ? pause : pause * static_cast<int>(several);
    if (std::ranges::any_of(ears, &Ear::is_starting)) whole += warm_up;
    const auto left = std::chrono::ceil<milliseconds>(begin + whole + margin - clock.now());
    if (left <= 0ms) break;
    const Bytes chunk = Bytes(buffer).first(stream.read(buffer, left));
    if (heard.size() < most_kept) heard.insert(heard.end(), chunk.begin(), chunk.end());
    for (Ear& ear : ears) {
      Decoded decoded = ear.listener->feed(chunk);
      std::ranges::move(decoded.samples, std::back_inserter(ear.samples));
      for (const Fault fault : decoded.faults) {
        ear.is_starting = ear.is_starting || fault == Fault::warming_up;
        if (fault == Fault::checksum) ++ear.damaged;
      }
      if (ear.samples.size() < several) continue;
      if (auto found = ear.driver->recognise(ear.samples)) {
        note(kind, *ear.driver, 0, line, *std::move(found));
        return true;
      }
    }
  }
  return judge(kind, line, ears, heard);
}

// What was heard, and is of nobody.
bool Look::judge(const BusInfo&, const LineSettings& line, std::vector<Ear>& ears, Bytes heard) {
  if (heard.empty()) return false;
  ScanRemark remark{target_.address, {}, "what is it? `twinsky drivers` lists what can be read"};
  for (const Ear& ear : ears) {
    const std::string name(ear.driver->name);
    if (ear.is_starting && ear.samples.empty()) {
      remark.what = "sends zeros like a " + name + " that starts up";
      remark.mend = "scan again in half a minute";
    } else if (ear.damaged > 0 && ear.samples.size() < several) {
      remark.what = "sends what looks like " + name + ", with wrong checks";
      remark.mend = "look at its cable, ground and supply";
    }
  }
  if (remark.what.empty()) {
    remark.what = "talks by itself at " + std::to_string(line.baud) +
                  " baud or another speed, and no driver knows it: " + excerpt_of(heard);
  }
  report.strangers.push_back(std::move(remark));
  return true;
}

// ---- devices at their own addresses ----

void Look::look_at_addresses(const BusInfo& kind) {
  const auto bus = opened(kind);
  for (int address = kind.sweep.first; address <= kind.sweep.last; ++address) {
    if (kind.sweep.spared != nullptr && !kind.sweep.spared(address).empty()) continue;
    tell_(at(kind, address));
    look_at_address(kind, *bus, address);
  }
  tried_ = "nobody answers from " + place_text(kind, kind.sweep.first) + " to " +
           place_text(kind, kind.sweep.last);
  hint_ = "look at supply, SDA and SCL";
}

void Look::look_at_address(const BusInfo& kind, Bus& bus, int address) {
  const auto link = bus.link({.address = address});
  auto& transfers = link_as<TransferLink>(*link);
  if (const std::string user = transfers.other_user(); !user.empty()) {
    report.closed.push_back({at(kind, address), "is not asked: " + user + " has it", {}});
    return;
  }
  std::set<std::string> asked;
  bool is_there = false;
  for (const DriverInfo* driver : drivers_for(kind)) {
    const bool is_its_own =
        !driver->addresses.empty() && kind.check_device(address, *driver).empty();
    if (driver->probe == nullptr || !is_its_own) continue;
    asked.emplace(driver->name);
    GuardedLink guarded(transfers, *driver);
    try {
      if (auto found = driver->probe(guarded.link())) {
        note(kind, *driver, address, {}, *std::move(found));
        return;
      }
    } catch (const LinkError&) {
    }
    is_there = is_there || guarded.was_answered();
  }
  try {
    std::array<std::byte, 1> byte{};
    if (!is_there) transfers.read(byte);  // what cannot be harmful, whoever it is
  } catch (const LinkError&) {
    return;
  }
  report.strangers.push_back(
      {at(kind, address),
       asked.empty() ? "answers; no driver knows a device of this address"
                     : "answers, but not as of " + joined(asked),
       "is it a sensor? its data sheet says which, `twinsky drivers` what can be read"});
}

// ---- devices by number, all of them asked ----

void Look::look_at_units(const BusInfo& kind) {
  const auto [first, last] = wishes_.units.value_or(std::pair(kind.sweep.first, kind.sweep.usual));
  const std::pair units(std::max(first, kind.sweep.first), std::min(last, kind.sweep.last));
  std::set<std::string> speeds;
  for (const DriverInfo* driver : drivers_for(kind)) {
    if (driver->approaches == nullptr) continue;
    for (const Approach& approach : driver->approaches()) {
      if (kind.needs.is_server && approach.is_repeated) continue;
      speeds.insert(std::to_string(approach.line.baud));
      ask_units(kind, *driver, approach, units);
    }
  }
  // Who answers to every number is one device.
  const auto asked = static_cast<std::size_t>(std::max(0, units.second - units.first + 1));
  if (asked > several && report.devices.size() == asked) {
    report.devices.resize(1);
    report.devices.front().found.detail += "; it answers to every unit";
  }
  std::ranges::sort(report.devices, {}, &ScannedDevice::address);
  tried_.append(tried_.empty() ? "" : "; ")
      .append("no unit from " + std::to_string(units.first) + " to " +
              std::to_string(units.second) + " answers");
  if (!kind.needs.is_server) tried_ += " at " + joined(speeds) + " baud";
  if (units.second < kind.sweep.last) {
    hint_.append(hint_.empty() ? "" : "; ")
        .append("--units 1-" + std::to_string(kind.sweep.last) + " asks all units");
  }
}

void Look::ask_units(const BusInfo& kind, const DriverInfo& driver, const Approach& approach,
                     std::pair<int, int> units) {
  // A new one: whoever was silent is asked again, at another speed or for something else.
  const auto bus = opened(kind);
  for (int unit = units.first; unit <= units.second; ++unit) {
    if (std::ranges::find(report.devices, unit, &ScannedDevice::address) != report.devices.end())
      continue;
    tell_(at(kind, unit) +
          (kind.needs.is_server ? "" : " at " + std::to_string(approach.line.baud) + " baud"));
    const auto link = bus->link({.address = unit, .line = approach.line});
    GuardedLink guarded(*link, driver);
    if (auto found = approach.ask(guarded.link(), kind.sweep.patience)) {
      note(kind, driver, unit, approach.line, *std::move(found));
    }
  }
}

}  // namespace

std::string place_text(const BusInfo& bus, int address) {
  if (address == 0 || bus.devices == BusInfo::Devices::one) return {};
  if (bus.devices == BusInfo::Devices::each_at_its_address) {
    return "0x" + hexadecimal(static_cast<unsigned>(address), 2);
  }
  return std::string(kind_of(bus).device_addresses.front().name) + " " + std::to_string(address);
}

ScanReport scan(const ScanWishes& wishes, const ScanSurroundings& surroundings) {
  std::mutex mutex;
  std::condition_variable has_ended;
  std::size_t running = wishes.targets.size();  // guarded by mutex
  const auto tell = [&](std::string_view now) {
    const std::lock_guard lock(mutex);
    surroundings.tell(now);
  };
  std::stop_source stop;
  std::vector<std::unique_ptr<Look>> looks;
  std::vector<std::jthread> threads;
  for (const ScanTarget& target : wishes.targets) {
    looks.push_back(std::make_unique<Look>(
        target, wishes, surroundings.machine,
        BusSurroundings{
            .clock = surroundings.clock, .stop = stop.get_token(), .nearby = {}, .is_guest = true},
        tell));
  }
  for (const auto& look : looks) {
    threads.emplace_back([&mutex, &has_ended, &running, &look] {
      look->run();
      const std::lock_guard lock(mutex);
      --running;
      has_ended.notify_all();
    });
  }
  {
    constexpr auto now_and_then = 100ms;
    std::unique_lock lock(mutex);
    while (running > 0) {
      has_ended.wait_for(lock, now_and_then);
      if (surroundings.is_to_stop()) stop.request_stop();
    }
  }
  threads.clear();  // joins them
  ScanReport whole;
  for (const auto& look : looks) {
    if (look->failure) std::rethrow_exception(look->failure);
    std::ranges::move(look->report.devices, std::back_inserter(whole.devices));
    std::ranges::move(look->report.strangers, std::back_inserter(whole.strangers));
    std::ranges::move(look->report.closed, std::back_inserter(whole.closed));
    std::ranges::move(look->report.silent, std::back_inserter(whole.silent));
    whole.was_stopped = whole.was_stopped || look->report.was_stopped;
  }
  return whole;
}

}  // namespace twinsky
