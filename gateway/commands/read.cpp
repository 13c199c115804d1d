// SPDX-License-Identifier: Apache-2.0
// `twinsky read [SENSOR]`: reads once, prints, stores and publishes nothing. For the first minutes
// with a new sensor; with --learn several times, to tell which of several ways its model has.
#include "drivers/registry.hpp"
#include "gateway/commands/command.hpp"
#include "gateway/commands/command_line.hpp"
#include "gateway/config/config.hpp"
#include "gateway/model/hexadecimal.hpp"
#include "gateway/model/json.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds longest_read = 10s;

struct ReadOptions {
  std::string config = "/etc/twinsky/twinsky.json";
  std::string sensor;
  bool json = false;
  bool learn = false;
};

// Asks a polled device until it has something to say.
Result<Sample> poll(const DriverInfo& info, const Settings& settings, Link& link, Clock& clock) {
  const auto driver = info.make(settings);
  driver->start(link);
  const MonotonicTime deadline = clock.now() + longest_read;
  while (true) {
    Result<Sample> sample = driver->sample(link);
    if (sample || sample.error() != Fault::not_ready || clock.now() > deadline) return sample;
    link.pause(200ms);
  }
}

// Several samples of a polled device, the last of which is the answer, and what they say.
Result<Sample> learn(const DriverInfo& info, const Settings& settings, Link& link, Clock& clock,
                     std::vector<std::string>& learned) {
  constexpr int wanted = 10;
  const auto driver = info.make(settings);
  driver->start(link);
  std::vector<Sample> samples;
  Fault fault = Fault::no_response;
  for (int asked = 0; asked < wanted; ++asked) {
    if (asked > 0) clock.pause_until(clock.now() + info.shortest_period, {});
    Result<Sample> sample = driver->sample(link);
    if (sample) {
      samples.push_back(std::move(sample.value()));
    } else {
      fault = sample.error();
    }
  }
  if (samples.empty()) return Unexpected{fault};
  learned = info.learn(settings, samples);
  return std::move(samples.back());
}

// Listens for the first valid frame.
Result<Sample> listen(const DriverInfo& info, const Settings& settings, StreamLink& link,
                      Clock& clock) {
  const auto listener = info.make_listener(settings);
  listener->start(link);
  std::array<std::byte, 512> buffer{};
  Fault fault = Fault::no_response;
  for (const MonotonicTime deadline = clock.now() + longest_read; clock.now() < deadline;) {
    const std::size_t count = link.read(buffer, 500ms);
    Decoded decoded = count > 0 ? listener->feed(Bytes(buffer).first(count)) : listener->finish();
    if (!decoded.faults.empty()) fault = decoded.faults.back();
    if (!decoded.samples.empty()) return std::move(decoded.samples.back());
  }
  return Unexpected{fault};
}

// The drivers whose devices can have this address.
std::string drivers_at(int address, const BusInfo& kind) {
  std::string names;
  for (const DriverInfo* const driver : driver_registry()) {
    if (driver->addresses.empty() || !fits(kind, *driver->bus)) continue;
    if (!kind.check_device(address, *driver).empty()) continue;
    names.append(names.empty() ? "" : ", ").append(driver->name);
  }
  return names;
}

// Which of the addresses that drivers name answer where the configured one does not. A byte is read
// from each; nothing is written, for nobody knows what a foreign device would take it for.
std::string others_that_answer(Bus& bus, const BusSettings& settings,
                               const DeviceSettings& silent) {
  const BusInfo& kind = *settings.info;
  if (kind.devices != BusInfo::Devices::each_at_its_address) return {};
  constexpr int end = 0x78;  // of I2C's addresses
  std::string answering;
  for (int address = 1; address < end; ++address) {
    const std::string drivers = drivers_at(address, kind);
    if (drivers.empty() || address == silent.address) continue;
    try {
      std::array<std::byte, 1> byte{};
      link_as<TransferLink>(*bus.link({.address = address})).read(byte);
    } catch (const LinkError&) {
      continue;
    } catch (const BusError&) {
      return {};  // it has just gone
    }
    answering.append(answering.empty() ? "" : ", ").append("0x");
    append_hexadecimal(answering, static_cast<unsigned>(address), 2);
    answering.append(" (as ").append(drivers).append(" may)");
  }
  if (!answering.empty()) {
    return "; on this bus answers " + answering + ": is that its \"address\"?";
  }
  return "; of the other addresses that drivers know none answers a read: look at its power, SDA "
         "and SCL";
}

Json json_of(const std::string& sensor, const Sample& sample) {
  Json readings = Json::object();
  for (const Reading& each : sample.readings) {
    std::string key(name_of(each.quantity));
    if (!each.channel.empty()) key.append("@").append(each.channel);
    readings[key] = each.value ? Json(*each.value) : nullptr;
  }
  return {{"sensor", sensor}, {"readings", readings}};
}

void print(const Sample& sample, milliseconds warm_up) {
  for (const Reading& each : sample.readings) {
    const QuantityInfo& info = info_of(each.quantity);
    std::string name(info.name);
    if (!each.channel.empty()) name.append("@").append(each.channel);
    std::string value = "-";
    if (each.value) {
      value.clear();
      append_number(value, *each.value, info.decimals);
    } else if (each.fault) {
      value.append(" (").append(name_of(*each.fault)).append(")");
    }
    std::cout << "  " << std::left << std::setw(24) << name << std::right << std::setw(12) << value
              << ' ' << info.display_unit << '\n';
  }
  if (warm_up > 0ms) {
    std::cout << "  (the gateway lets this device warm up for " << duration_text(warm_up)
              << "; values before that are for looking only)\n";
  }
}

// True when the sensor gave a sample.
bool read_sensor(const SensorSettings& sensor, const BusSettings& bus_settings,
                 const ReadOptions& options) {
  SystemClock clock(true);
  const DriverInfo& info = *driver_named(sensor.driver);
  std::string problem;
  const auto bus = make_bus(bus_settings, {.clock = clock, .stop = {}, .nearby = [](Quantity) {
                                             return std::optional<double>();
                                           }});
  try {
    bus->open();
    const auto link = bus->link(sensor.device);
    std::vector<std::string> learned;
    const bool can_learn = options.learn && info.learn != nullptr;
    const Result<Sample> sample =
        info.make_listener != nullptr
            ? listen(info, sensor.settings, link_as<StreamLink>(*link), clock)
        : can_learn ? learn(info, sensor.settings, *link, clock, learned)
                    : poll(info, sensor.settings, *link, clock);
    if (sample) {
      if (options.json) {
        std::cout << json_of(sensor.id, *sample).dump() << '\n';
      } else {
        std::cout << sensor.id << " (" << sensor.driver << " on " << sensor.bus << ")\n";
        print(*sample, info.warm_up);
        if (options.learn && learned.empty())
          learned = {"nothing is left to be told by its values"};
        for (const std::string& sentence : learned) std::cout << "  " << sentence << '\n';
      }
      return true;
    }
    problem = "no valid answer: " + std::string(name_of(sample.error()));
    if (sample.error() == Fault::framing) {
      problem += ": bytes came, but not those of " + std::string(info.name) +
                 ": another port, device or baud rate?";
    }
  } catch (const LinkError& failure) {
    problem = failure.what();
    if (failure.fault() == Fault::no_response || failure.fault() == Fault::nack) {
      problem += others_that_answer(*bus, bus_settings, sensor.device);
    }
  } catch (const BusError& failure) {
    problem = failure.what();
  }
  std::cerr << sensor.id << " (" << sensor.driver << " on " << sensor.bus << "): " << problem
            << '\n';
  return false;
}

int read_all(const ReadOptions& options) {
  const auto config = load_config(options.config);
  if (!config) {
    for (const Problem& problem : config.error()) std::cerr << text_of(problem) << '\n';
    return exit_configuration;
  }
  bool any = false;
  bool all_good = true;
  for (const SensorSettings& sensor : config->sensors) {
    if (!options.sensor.empty() && sensor.id != options.sensor) continue;
    any = true;
    const auto bus = std::ranges::find(config->buses, sensor.bus, &BusSettings::id);
    all_good = read_sensor(sensor, *bus, options) && all_good;
  }
  if (any) return all_good ? exit_good : exit_failed;
  if (config->sensors.empty()) {
    std::cerr << options.config << ": no sensor is configured, expected one in \"sensors\"\n";
    return exit_failed;
  }
  std::cerr << options.config << ": there is no sensor \"" << options.sensor
            << "\", expected one of:";
  for (const SensorSettings& sensor : config->sensors) std::cerr << ' ' << sensor.id;
  std::cerr << '\n';
  return exit_failed;
}

void add_read(Command& app, int& code) {
  auto options = std::make_shared<ReadOptions>();
  Command* const command =
      app.add_subcommand("read", "Read sensors once and print; nothing is stored or published");
  command->add_option("sensor", options->sensor, "Only this sensor");
  command->add_option("--config", options->config, "Configuration file")->shows_default();
  auto* const json = command->add_flag("--json", options->json, "One JSON object per sensor");
  command
      ->add_flag("--learn", options->learn,
                 "Read ten times, and say which of the scales that a map knows for the model are "
                 "likely; nothing is changed")
      ->excludes(json);
  command->callback([options, &code] { code = read_all(*options); });
}

}  // namespace

extern const Subcommand read_command = {.place = 6, .add = add_read};

}  // namespace twinsky
