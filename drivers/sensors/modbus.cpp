// SPDX-License-Identifier: Apache-2.0
// Any Modbus device whose registers a map describes (drivers/maps/, or a file of the user): weather
// stations on RS-485, monitors and gateways on TCP. RTU and TCP differ in the bus alone.
//
//   01 03 01F4 000E 8400  ->  01 03 1C 00D5 0002 0003 0089 … 000C 81EF
//   UU FF AAAA NNNN CCCC      UU FF LL RRRR RRRR RRRR RRRR     RRRR CCCC
//
// U  unit 1..254
// F  function: 3 reads holding registers, 4 input registers; with bit 7 set an exception
// A  first register, counted from 0
// N  number of registers
// L  bytes that follow
// R  registers, high byte first
// C  CRC-16, low byte first (RTU)
//
// Registers that lie near each other come in one request, so that their readings are of one time.
//
// Specification: MODBUS Application Protocol V1.1b3, 6.3 and 6.4; MODBUS over Serial Line V1.02.
// Tested against libmodbus; the shipped maps never on a device.
#include "drivers/buses/modbus.hpp"

#include "drivers/adu.hpp"
#include "drivers/learned_scale.hpp"
#include "drivers/map_device.hpp"
#include "drivers/register_map.hpp"
#include "gateway/model/joined.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr auto settings = std::to_array<Setting>({
    {.name = "map",
     .kind = SettingKind::text,
     .documentation = "Which registers the device has: the name of a shipped map, or a file of "
                      "your own in the same form (a path with a slash).",
     .required = true},
    {.name = "map_override",
     .kind = SettingKind::table,
     .documentation = "What is different in this device: name of a map's entry to the keys that "
                      "replace its own, or to null where the device lacks the element.",
     .fallback = "{}"},
    {.name = "answer_within",
     .kind = SettingKind::duration,
     .documentation = "How long the device may take to answer a request.",
     .fallback = "500ms",
     .lower = 10,
     .upper = 10'000},
});
constexpr std::array<std::string_view, 1> units = {"1"};

// One recorded request with its answer, as whole RTU frames; adds to `sample` and `outcome`.
std::optional<Fault> decode_exchange(const Exchange& exchange, const RegisterMap& map,
                                     Sample& sample, std::vector<Fact>& outcome) {
  if (exchange.answered.empty()) return Fault::no_response;
  constexpr std::size_t request_frame = 8;
  if (exchange.written.size() != request_frame) return Fault::framing;
  const Bytes request = Bytes(exchange.written).subspan(1, request_frame - 3);
  const auto reply = find_rtu_reply(u8(exchange.written, 0), request, exchange.answered);
  if (!reply) return reply.error();
  if (!exception_text(*reply).empty()) {
    outcome.push_back({"exception_code", static_cast<double>(u8(*reply, 1))});
    return Fault::exception;
  }
  const RegisterBlock block{
      .function = u8(request, 0), .first = be16(request, 1), .count = be16(request, 3)};
  read_block(map, block, reply->subspan(2), sample);
  return std::nullopt;
}

Decoded decode_modbus(std::span<const Exchange> exchanges, const Settings& chosen) {
  Decoded decoded;
  const auto map = load_map(chosen);
  if (!map) {
    decoded.faults.push_back(Fault::unsupported);
    return decoded;
  }
  Sample sample;
  for (const auto& exchange : exchanges) {
    if (const auto fault = decode_exchange(exchange, *map, sample, decoded.facts)) {
      decoded.faults.push_back(*fault);
    }
  }
  if (!sample.readings.empty() || !sample.facts.empty())
    decoded.samples.push_back(std::move(sample));
  return decoded;
}

// ---- recognition: only reads, and nothing that a map does not name but register 0 ----

constexpr auto read_holding = bytes_of(0x03);
constexpr auto read_input = bytes_of(0x04);
constexpr std::array<Bytes, 2> questions{read_holding, read_input};

// Any answer says that somebody is there, a refusal too.
bool is_answered(RequestLink& link, const RegisterBlock& block, milliseconds patience) {
  std::array<std::byte, longest_pdu> buffer{};
  try {
    link.request(read_registers_pdu(block.function, block.first, block.count), buffer, patience);
    return true;
  } catch (const ModbusRefusal& refusal) {
    return !refusal.is_of_gateway();
  } catch (const LinkError&) {
    return false;
  }
}

Settings settings_for(const std::string& map) {
  Settings chosen = Settings::defaults(settings);
  chosen.set("map", map);
  return chosen;
}

// Are all readings what the map's instrument can measure? Zeros throughout say nothing.
bool is_plausible(const RegisterMap& map, const Sample& sample) {
  int telling = 0;
  for (const DriverQuantity& wanted : quantities_of(map)) {
    const auto found = std::ranges::find(sample.readings, wanted.quantity, &Reading::quantity);
    if (found == sample.readings.end() || !found->value) return false;
    if (*found->value < wanted.lower || *found->value > wanted.upper) return false;
    if (*found->value != 0) ++telling;
  }
  return telling >= 2;
}

// The maps that fit, `likely` tried first. After a silence the device owes an answer, so that it
// cannot be asked any more: those that were not tried are tried by approaches of their own.
std::vector<std::string> fitting_maps(RequestLink& link, const std::string& likely) {
  std::vector<std::string> names = shipped_maps();
  std::ranges::stable_partition(names, [&](const std::string& name) { return name == likely; });
  std::vector<std::string> fitting;
  for (const std::string& name : names) {
    const Settings chosen = settings_for(name);
    const auto map = load_map(chosen);
    if (!map) continue;
    try {
      const auto sample = MapDevice(chosen).sample(link);
      if (sample && is_plausible(*map, *sample)) fitting.push_back(name);
    } catch (const LinkError& failure) {
      if (failure.fault() == Fault::no_response) break;
    }
  }
  return fitting;
}

// One map alone is a likelihood; of several, or none, only the user knows which.
Found found_with(const std::vector<std::string>& maps) {
  Found found{.model = "Modbus device", .evidence = "it answers", .is_certain = false};
  if (maps.empty()) {
    found.detail = "no shipped map fits it";
  } else if (maps.size() > 1) {
    found.detail = "maps that fit: " + joined(maps);
  } else {
    found.detail = "the map " + maps.front() + " fits";
    found.evidence = "plausible values of all registers of a map";
    found.settings = {{"map", maps.front()}};
  }
  return found;
}

Approach approach(const LineSettings& line, const RegisterBlock& block, const std::string& map) {
  return {line, [=](Link& any, milliseconds patience) -> std::optional<Found> {
            auto& link = link_as<RequestLink>(any);
            if (!is_answered(link, block, patience)) return std::nullopt;
            return found_with(fitting_maps(link, map));
          }};
}

// First what maps name that are sought, since many devices are silent when they are asked for a
// register that they do not have; then, at the usual speeds, what nearly all have or refuse.
std::vector<Approach> approaches() {
  std::vector<Approach> all;
  for (const std::string& name : shipped_maps()) {
    const auto map = load_map(settings_for(name));
    if (map && map->is_sought) all.push_back(approach(map->line, blocks_of(*map).front(), name));
  }
  for (const int baud : {9600, 4800, 19200}) {
    all.push_back(approach({.baud = baud}, {.function = 3, .first = 0, .count = 1}, {}));
    all.back().is_repeated = baud != 9600;
  }
  return all;
}

}  // namespace

extern const DriverInfo modbus_driver = {
    .name = "modbus",
    .summary = "Any Modbus RTU or TCP device that a register map describes",
    .makers =
        "28 instruments by maps that are shipped, Renke RS-FSXCS-N01 and Teledyne T640 among "
        "them, or a map of your own",
    .datasheet = "MODBUS Application Protocol V1.1b3, 6.3 and 6.4; the device's own register list",
    .bus = &modbus_bus,
    .quantities = {},  // of the map
    .shortest_period = 1s,
    .addresses = units,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<MapDevice>(chosen);
    },
    .decode = decode_modbus,
    .approaches = approaches,
    .questions = questions,
    .quantities_of = [](const Settings& chosen) -> std::vector<DriverQuantity> {
      const auto map = load_map(chosen);
      return map ? quantities_of(*map) : std::vector<DriverQuantity>();
    },
    .line_of = [](const Settings& chosen) -> LineSettings {
      const auto map = load_map(chosen);
      return map ? map->line : LineSettings();
    },
    .check = [](const Settings& chosen) -> std::string {
      const auto map = load_map(chosen);
      return map ? std::string() : map.error();
    },
    .doubts = [](const Settings& chosen) -> std::vector<std::string> {
      const auto map = load_map(chosen);
      return map ? map->doubts : std::vector<std::string>();
    },
    .learn = [](const Settings& chosen,
                std::span<const Sample> samples) -> std::vector<std::string> {
      const auto map = load_map(chosen);
      return map ? learned_scales(*map, samples) : std::vector<std::string>();
    },
};

}  // namespace twinsky
