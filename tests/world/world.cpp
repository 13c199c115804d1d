// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include "products.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <sstream>

namespace world {

namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_list =
    "unplug NAME, plug NAME, silence DEVICE, garble DEVICE, heal DEVICE, rate DEVICE N, "
    "feed AGENCY good|late|stale|503|html|empty|strange|truncated|cut|gone|silent, offered, "
    "written, quit";

const std::string done = "ok";

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string hex_text(const Bytes& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) (text += digits[byte >> 4]) += digits[byte & 15];
  return text;
}

json json_of(const Tally& tally) {
  json value{{"offered", tally.offered}, {"unheard", tally.unheard}};
  if (tally.offered > 0) {
    value["first"] = iso_text(tally.first);
    value["last"] = iso_text(tally.last);
  }
  return value;
}

}  // namespace

World::World(Loop& loop, Scenario scenario, const std::string& directory, int http_port)
    : loop_(loop),
      scenario_(std::move(scenario)),
      directory_(directory),
      agencies_(loop, scenario_, http_port, directory + "/requests") {
  for (const auto& [name, spec] : scenario_.ports) {
    auto& port = ports_.emplace(name, std::make_unique<Port>(loop, directory + "/" + name, spec))
                     .first->second;
    if (scenario_.has_journal) port->keep_journal();
  }
  for (const auto& spec : scenario_.devices) {
    if (spec.tcp >= 0) {
      servers_.emplace(spec.name, std::make_unique<ModbusServer>(loop, spec));
      continue;
    }
    if (!spec.port.empty()) {
      ports_.at(spec.port)->add(spec.name, make_serial_device(spec, instant_now()));
      continue;
    }
    auto& bus = buses_[spec.bus];
    if (!bus) bus = std::make_unique<I2cBus>();
    bus->add(spec.name, spec.address, make_i2c_device(spec, instant_now()));
    if (spec.is_kernels) bus->take(spec.address);
    if (scenario_.has_journal) bus->keep_journal();
  }
  if (!buses_.empty()) adapters_ = std::make_unique<I2cAdapters>(directory, buses_);
  for (auto& [name, port] : ports_) {
    loop.schedule([&port] { return port->due(); }, [&port](Instant now) { port->work(now); });
  }
  schedule_faults();
}

std::string World::description() const {
  json ports = json::object();
  for (const auto& [name, port] : ports_) ports[name] = port->link();
  json buses = json::object();
  for (const auto& [name, bus] : buses_) buses[name] = "/dev/" + name;
  json servers = json::object();
  for (const auto& [name, server] : servers_) {
    servers[name] = "127.0.0.1:" + std::to_string(server->port());
  }
  json devices = json::object();
  for (const auto& spec : scenario_.devices) devices[spec.name] = spec.kind;
  json feeds = json::object();
  const std::string base = "http://127.0.0.1:" + std::to_string(agencies_.port());
  for (const auto* agency : agencies) {
    if (agencies_.has(agency)) feeds[agency] = base;
  }
  json environment = json::object();
  if (adapters_) environment = adapters_->environment();
  const json ready{{"ready", true},         {"directory", directory_},
                   {"ports", ports},        {"i2c", buses},
                   {"modbus_tcp", servers}, {"environment", environment},
                   {"feeds", feeds},        {"control", directory_ + "/control"},
                   {"devices", devices}};
  return ready.dump();
}

std::string World::execute(const std::string& line) {
  try {
    return action_of(line)();
  } catch (const ScenarioError& error) {
    return std::string{"error: "} + error.what();
  }
}

World::Action World::action_of(const std::string& line) {
  const auto words = words_of(line);
  const auto is = [&](std::string_view verb, std::size_t count) {
    return words.size() == count && words[0] == verb;
  };
  if (is("offered", 1)) return [this] { return offered(); };
  if (is("written", 1)) return [this] { return written(); };
  if (is("quit", 1)) return [this] { return loop_.stop(), done; };
  if (is("unplug", 2)) return plug(words[1], false);
  if (is("plug", 2)) return plug(words[1], true);
  if (is("silence", 2)) return misbehave(words[1], {.silent = true});
  if (is("garble", 2)) return misbehave(words[1], {.garbled = true});
  if (is("heal", 2)) return misbehave(words[1], {});
  if (is("rate", 3)) return set_rate(words[1], words[2]);
  if (is("feed", 3)) return set_feed(words[1], words[2]);
  throw ScenarioError("\"" + line + "\" is not a command; there are: " + command_list);
}

std::string World::offered() {
  json answer = json::object();
  for (auto& [port_name, port] : ports_) {
    for (const auto& [name, attached] : port->devices()) {
      answer[name] = json_of(attached.tally);
      const std::chrono::duration<double> worked = attached.device->worked(instant_now());
      answer[name]["worked_s"] = worked.count();
    }
  }
  for (const auto& [name, server] : servers_) answer[name] = json_of(server->tally());
  for (const auto& [bus_name, bus] : buses_) {
    for (const auto& [name, tally] : bus->tallies()) answer[name] = json_of(tally);
  }
  for (const auto& [agency, counts] : agencies_.counts()) {
    answer[agency] = {{"requests", counts.requests},
                      {"documents", counts.documents},
                      {"not_modified", counts.not_modified}};
  }
  return answer.dump();
}

std::string World::written() {
  json answer = json::object();
  for (const auto& [name, port] : ports_) answer[name] = hex_text(port->journal());
  for (const auto& [name, bus] : buses_) {
    json list = json::array();
    for (const auto& [address, bytes] : bus->journal()) list.push_back({address, hex_text(bytes)});
    answer[name] = std::move(list);
  }
  return answer.dump();
}

Port* World::port_of(const std::string& subject) {
  for (auto& [name, port] : ports_) {
    if (name == subject || port->devices().contains(subject)) return port.get();
  }
  return nullptr;
}

World::Action World::plug(const std::string& subject, bool in) {
  if (auto* port = port_of(subject)) {
    return [port, in] { return in ? port->plug() : port->unplug(), done; };
  }
  for (auto& [name, bus] : buses_) {
    if (bus->has(subject)) return [&bus, subject, in] { return bus->plug(subject, in), done; };
  }
  throw ScenarioError("there is no device or port \"" + subject + "\"");
}

World::Action World::misbehave(const std::string& device, Misbehaviour misbehaviour) {
  for (auto& [name, port] : ports_) {
    const auto found = port->devices().find(device);
    if (found == port->devices().end()) continue;
    return [&attached = found->second, misbehaviour] {
      attached.misbehaviour = misbehaviour;
      return done;
    };
  }
  for (auto& [name, bus] : buses_) {
    if (bus->has(device)) {
      return [&bus, device, misbehaviour] { return bus->misbehave(device, misbehaviour), done; };
    }
  }
  throw ScenarioError("there is no device \"" + device + "\"");
}

World::Action World::set_rate(const std::string& device, const std::string& frames_per_second) {
  double rate = 0;
  const auto* end = frames_per_second.data() + frames_per_second.size();
  const auto [rest, error] = std::from_chars(frames_per_second.data(), end, rate);
  if (error != std::errc{} || rest != end || !(rate > 0) || rate > 100'000) {
    throw ScenarioError("\"" + frames_per_second +
                        "\" is no rate; expected frames a second, above 0");
  }
  auto* port = port_of(device);
  if (port == nullptr || !port->devices().contains(device)) {
    throw ScenarioError("there is no serial device \"" + device + "\"");
  }
  auto& serial_device = *port->devices().at(device).device;
  if (!serial_device.speaks_by_itself()) {
    throw ScenarioError("\"" + device + "\" speaks only when asked: it has no rate of its own");
  }
  constexpr std::size_t longest_frame = 32;
  const auto most = port->most_frames_per_second(longest_frame);
  if (most && rate > *most) {
    throw ScenarioError("this line is paced and carries at most " +
                        std::to_string(static_cast<int>(*most)) +
                        " frames a second; give its port \"paced\": false");
  }
  return [&serial_device, rate] { return serial_device.set_rate(rate), done; };
}

World::Action World::set_feed(const std::string& agency, const std::string& fault) {
  if (!agencies_.has(agency)) throw ScenarioError("the scenario has no agency \"" + agency + "\"");
  if (!AgencyServer::is_fault(fault)) {
    throw ScenarioError("\"" + fault + "\" is no state of a feed; there are: " + command_list);
  }
  return [this, agency, fault] { return agencies_.set_fault(agency, fault), done; };
}

void World::schedule_faults() {
  for (const auto& [after, command] : scenario_.faults) {
    faults_.push_back({after, command, action_of(command)});
  }
  std::ranges::stable_sort(faults_, {}, &Fault::after);
  const Instant start = instant_now();
  loop_.schedule(
      [this, start]() -> std::optional<Instant> {
        if (faults_done_ == faults_.size()) return std::nullopt;
        return start + faults_[faults_done_].after;
      },
      [this](Instant) {
        const auto& fault = faults_[faults_done_++];
        std::cerr << "world: " << fault.command << ": " << fault.action() << std::endl;
      });
}

}  // namespace world
