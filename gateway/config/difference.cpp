// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/difference.hpp"

#include <algorithm>

namespace twinsky {
namespace {

template <class Settings>
const Settings* with_id(const std::vector<Settings>& all, const std::string& id) {
  const auto found = std::ranges::find(all, id, &Settings::id);
  return found == all.end() ? nullptr : &*found;
}

template <class Settings>
Difference::Part<Settings> compare_parts(const std::vector<Settings>& running,
                                         const std::vector<Settings>& wanted) {
  Difference::Part<Settings> part;
  for (const Settings& settings : wanted) {
    const Settings* before = with_id(running, settings.id);
    if (before == nullptr) {
      part.added.push_back(settings);
    } else if (*before != settings) {
      part.changed.push_back(settings);
    }
  }
  for (const Settings& settings : running) {
    if (with_id(wanted, settings.id) == nullptr) part.removed.push_back(settings.id);
  }
  return part;
}

std::vector<SensorSettings> sensors_on(const Config& config, const std::string& bus) {
  std::vector<SensorSettings> sensors;
  std::ranges::copy_if(config.sensors, std::back_inserter(sensors),
                       [&bus](const SensorSettings& sensor) { return sensor.bus == bus; });
  return sensors;
}

bool gateway_differs(GatewaySettings running, const GatewaySettings& wanted) {
  running.id = wanted.id;  // judged by themselves
  running.clock = wanted.clock;
  return running != wanted;
}

std::vector<Problem> find_impossible(const Config& running, const Config& wanted) {
  std::vector<Problem> problems;
  const auto refuse = [&](std::string_view pointer, std::string_view reason) {
    problems.push_back({.file = wanted.files.empty() ? std::string() : wanted.files.front(),
                        .pointer = std::string(pointer),
                        .message = "cannot change while the gateway runs: " + std::string(reason) +
                                   ", expected a restart for it",
                        .suggestion = {}});
  };
  if (running.gateway.id != wanted.gateway.id) {
    refuse("/gateway/id", "it is in every topic and every stored record");
  }
  if (running.gateway.clock != wanted.gateway.clock) {
    refuse("/gateway/clock", "samples are waiting for the clock as it is");
  }
  StoreSettings store = running.store;
  store.path = wanted.store.path;
  if (running.store.path != wanted.store.path) {
    refuse("/store/path", "the outbox of every sink is in the open file");
  }
  if (store != wanted.store) {
    refuse("/store", "the store reads its settings when it is opened");
  }
  return problems;
}

template <class Settings>
std::string list_of(const Difference::Part<Settings>& part) {
  std::string text;
  const auto append = [&text](const std::string& id, std::string_view what) {
    text.append(text.empty() ? "" : ", ").append(id).append(" ").append(what);
  };
  for (const auto& settings : part.added) append(settings.id, "added");
  for (const auto& settings : part.changed) append(settings.id, "changed");
  for (const auto& id : part.removed) append(id, "removed");
  return text;
}

}  // namespace

bool Difference::empty() const {
  return !gateway && buses.empty() && sensors.empty() && !feeds && !compare && !warning_modes &&
         sinks.empty() && !serve && impossible.empty();
}

Difference difference(const Config& running, const Config& wanted) {
  Difference found;
  found.gateway = gateway_differs(running.gateway, wanted.gateway);
  found.buses = compare_parts(running.buses, wanted.buses);
  for (const BusSettings& bus : wanted.buses) {
    const BusSettings* before = with_id(running.buses, bus.id);
    if (before == nullptr || *before != bus) continue;
    auto part = compare_parts(sensors_on(running, bus.id), sensors_on(wanted, bus.id));
    if (!part.empty()) found.sensors.emplace(bus.id, std::move(part));
  }
  found.feeds = running.feeds != wanted.feeds;
  found.compare = running.compare != wanted.compare;
  found.warning_modes = running.warning_modes != wanted.warning_modes;
  found.sinks = compare_parts(running.sinks, wanted.sinks);
  found.serve = running.serve != wanted.serve;
  found.impossible = find_impossible(running, wanted);
  return found;
}

std::string summary_of(const Difference& difference) {
  std::string text;
  const auto append = [&text](const std::string& what) {
    if (!what.empty()) text.append(text.empty() ? "" : "; ").append(what);
  };
  const auto append_list = [&append](std::string_view name, const std::string& list) {
    if (!list.empty()) append(std::string(name) + ": " + list);
  };
  if (difference.gateway) append("gateway changed");
  append_list("buses", list_of(difference.buses));
  for (const auto& [bus, part] : difference.sensors) append_list("sensors", list_of(part));
  if (difference.feeds) append("feeds changed");
  if (difference.warning_modes) append("warning modes changed");
  if (difference.compare) append("comparisons changed");
  append_list("sinks", list_of(difference.sinks));
  if (difference.serve) append("local page changed");
  return text.empty() ? "nothing changed" : text;
}

}  // namespace twinsky
