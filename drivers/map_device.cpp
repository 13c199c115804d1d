// SPDX-License-Identifier: Apache-2.0
#include "drivers/map_device.hpp"

#include "drivers/adu.hpp"
#include "gateway/model/embedded.hpp"
#include "gateway/model/joined.hpp"
#include "gateway/model/plain_file.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::size_t longest_map = std::size_t{1} << 20U;

// "registers 500 to 513", as they are on the wire.
std::string name_of(const RegisterBlock& block) {
  const std::string sort = block.function == 4 ? "input register" : "register";
  const std::string first = std::to_string(block.first);
  if (block.count == 1) return sort + " " + first;
  return sort + "s " + first + " to " + std::to_string(block.first + block.count - 1);
}

// Does it refuse what was asked for, rather than being busy or broken?
bool is_of_registers(const LinkError& error) {
  const auto* const refusal = dynamic_cast<const ModbusRefusal*>(&error);
  return refusal != nullptr && refusal->is_of_registers();
}

std::vector<std::byte> write_pdu(const RegisterSetting& setting) {
  const auto high = [](int word) { return static_cast<std::byte>(word >> 8 & 0xFF); };
  const auto low = [](int word) { return static_cast<std::byte>(word & 0xFF); };
  std::vector<std::byte> pdu{static_cast<std::byte>(setting.function), high(setting.address),
                             low(setting.address)};
  if (setting.function == 16) {
    for (const int byte : {0, 1, 2}) pdu.push_back(static_cast<std::byte>(byte));
  }
  pdu.push_back(high(setting.value));
  pdu.push_back(low(setting.value));
  return pdu;
}

}  // namespace

std::vector<std::string> shipped_maps() {
  constexpr std::string_view folder = "drivers/maps/";
  constexpr std::string_view ending = ".json";
  std::vector<std::string> maps;
  std::string_view left = embedded_file_names();
  while (!left.empty()) {
    std::string_view file = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), file.size() + 1));
    if (!file.starts_with(folder) || !file.ends_with(ending)) continue;
    file.remove_prefix(folder.size());
    file.remove_suffix(ending.size());
    maps.emplace_back(file);
  }
  return maps;
}

Result<RegisterMap, std::string> load_map(const Settings& chosen) {
  const std::string& name = chosen.text("map");
  std::string text(embedded_file("drivers/maps/" + name + ".json"));
  if (name.find('/') != std::string::npos) {
    auto file = read_plain_file(name, longest_map);
    if (!file) {
      return Unexpected{"map " + name + ": the file cannot be read (" + file.error().reason + ")"};
    }
    if (file->is_cut) return Unexpected{"map " + name + ": the file is larger than 1 MiB"};
    text = std::move(file->text);
  } else if (text.empty()) {
    return Unexpected{"no map \"" + name + "\" is shipped; expected one of " +
                      joined(shipped_maps()) + ", or a path with a slash"};
  }
  const std::string overrides = chosen.has("map_override") ? chosen.text("map_override") : "";
  auto map = parse_register_map(text, overrides);
  if (!map) return Unexpected{"map " + name + ": " + map.error()};
  return map;
}

MapDevice::MapDevice(const Settings& chosen)
    : map_(load_map(chosen)), answer_within_(chosen.duration("answer_within")) {
  if (!map_) return;
  for (const RegisterBlock& block : blocks_of(*map_)) parts_.push_back({.block = block});
}

void MapDevice::start(RequestLink& link) {
  if (!map_) throw LinkError(Fault::unsupported, map_.error());
  link.tolerate(map_->quirks);
  parts_.clear();
  for (const RegisterBlock& block : blocks_of(*map_)) parts_.push_back({.block = block});
  for (const RegisterSetting& setting : map_->device_settings) keep(link, setting);
}

Result<Sample> MapDevice::sample(RequestLink& link) {
  Round round;
  int answered = 0;
  for (const Part& part : parts_) answered += read(link, part, round);
  parts_ = std::move(round.parts);
  if (round.failure && answered == 0) throw *round.failure;
  if (std::string met = link.tolerated(); !met.empty()) {
    round.sample.facts.push_back({"tolerated", std::move(met)});
  }
  return std::move(round.sample);
}

int MapDevice::read(RequestLink& link, const Part& part, Round& round) const {
  if (round.failure && round.failure->fault() == Fault::no_response) {
    mark_absent(part.block, Fault::no_response, round.sample);
    round.parts.push_back(part);
    return 0;
  }
  try {
    ask(link, part.block, round.sample);
    round.parts.push_back({.block = part.block});
    return 1;
  } catch (const LinkError& error) {
    if (is_of_registers(error) && !part.is_refused_in_all_parts) {
      return read_halves(link, part, error, round);
    }
    give_up(part, error, round);
    return 0;
  }
}

// One that is refused in all its parts is asked for whole from then on, once a sample.
int MapDevice::read_halves(RequestLink& link, const Part& part, const LinkError& refusal,
                           Round& round) const {
  const auto halves = halves_of(*map_, part.block);
  Round parts{.sample = {}, .failure = round.failure, .parts = {}};
  int answered = 0;
  for (const RegisterBlock& half : halves) answered += read(link, {.block = half}, parts);
  if (answered == 0) {
    give_up(
        {.block = part.block, .is_refused_in_all_parts = !halves.empty()},
        parts.failure && parts.failure->fault() == Fault::no_response ? *parts.failure : refusal,
        round);
    return 0;
  }
  std::ranges::move(parts.sample.readings, std::back_inserter(round.sample.readings));
  std::ranges::move(parts.sample.facts, std::back_inserter(round.sample.facts));
  std::ranges::move(parts.parts, std::back_inserter(round.parts));
  if (parts.failure) round.failure = parts.failure;
  return answered;
}

void MapDevice::give_up(const Part& part, const LinkError& failure, Round& round) const {
  round.failure = failure;
  round.sample.facts.push_back({failure.fault() == Fault::exception ? "refused" : "unanswered",
                                std::string(failure.what())});
  mark_absent(part.block, failure.fault(), round.sample);
  round.parts.push_back(part);
}

void MapDevice::ask(RequestLink& link, const RegisterBlock& block, Sample& sample) const {
  std::array<std::byte, longest_pdu> buffer{};
  const auto request = read_registers_pdu(block.function, block.first, block.count);
  std::size_t length = 0;
  try {
    length = link.request(request, buffer, answer_within_);
  } catch (const ModbusRefusal& refusal) {
    throw refusal.about(name_of(block));
  } catch (const LinkError& error) {
    throw LinkError(error.fault(), name_of(block) + ": " + error.what());
  }
  const Bytes reply = Bytes(buffer).first(length);
  if (!answers(request, reply) || length == 2) {
    throw LinkError(Fault::framing, name_of(block) + ": answered something else");
  }
  read_block(*map_, block, reply.subspan(2), sample);
}

// Such registers lie in a flash that wears out.
void MapDevice::keep(RequestLink& link, const RegisterSetting& setting) const {
  std::array<std::byte, longest_pdu> buffer{};
  const auto question = read_registers_pdu(3, setting.address, 1);
  const std::size_t length = link.request(question, buffer, answer_within_);
  const Bytes reply = Bytes(buffer).first(length);
  if (!answers(question, reply) || length != 4) {
    throw LinkError(Fault::framing,
                    "register " + std::to_string(setting.address) + ": answered something else");
  }
  if (be16(reply, 2) == setting.value) return;
  const auto order = write_pdu(setting);
  const std::size_t written = link.request(order, buffer, answer_within_);
  if (!answers(order, Bytes(buffer).first(written))) {
    throw LinkError(Fault::framing,
                    "register " + std::to_string(setting.address) + ": the setting was not taken");
  }
}

void MapDevice::mark_absent(const RegisterBlock& block, Fault fault, Sample& sample) const {
  for (const auto& entry : map_->entries) {
    if (block.holds(entry) && entry.quantity) {
      sample.readings.push_back(absent(*entry.quantity, fault));
    }
  }
}

}  // namespace twinsky
