// SPDX-License-Identifier: Apache-2.0
// A Modbus device as data: which register holds which quantity, in which form. Read from the JSON
// files of drivers/maps/ (drivers/maps/README.md has all keys) or from a user's own.
#pragma once

#include "drivers/driver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// In the order of their names in a map: whole numbers without and with a sign (two's complement, or
// "m": a sign bit and a magnitude), IEEE 754, and the halves of a register.
enum class RegisterType : std::uint8_t {
  u16,
  s16,
  u32,
  s32,
  f32,
  u64,
  s64,
  f64,
  m16,
  m32,
  u8_high,
  u8_low,
  s8_high,
  s8_low,
};
int width_of(RegisterType type) noexcept;  // in registers

// What one model does in several ways, of which `read --learn` finds the likely one.
struct RegisterAlternative {
  double scale = 1;
  double offset = 0;
  std::string note;
};

struct RegisterEntry {
  std::string name;
  std::optional<Quantity> quantity;  // none: a fact
  int function = 3;                  // 3 holding, 4 input registers
  int address = 0;                   // 0-based, as on the wire
  RegisterType type = RegisterType::u16;
  bool low_word_first = false;  // of 32 bits: CDAB instead of ABCD
  bool low_byte_first = false;  // within a register: BADC
  double scale = 1;             // value = number * scale + offset
  double offset = 0;
  std::vector<double> sentinels;  // numbers that mean "no value"
  std::optional<double> lower;    // what the instrument measures, as its data sheet prints it
  std::optional<double> upper;
  std::optional<int> decimals;
  std::vector<RegisterAlternative> alternatives = {};
  // What is likely to be read at commissioning: between these, or a wind of this Beaufort number.
  std::optional<double> likely_lower = {};
  std::optional<double> likely_upper = {};
  std::string beaufort = {};  // the name of the entry that has it

  // In registers.
  [[nodiscard]] int width() const noexcept { return width_of(type); }
};

// A setting that is kept in the device: read first, and written only when it differs.
struct RegisterSetting {
  int address = 0;
  int value = 0;
  int function = 6;  // that writes: 6 one register, 16 several
};

// What one request reads.
struct RegisterBlock {
  int function = 3;
  int first = 0;
  int count = 0;

  [[nodiscard]] bool holds(const RegisterEntry& entry) const noexcept {
    return entry.function == function && entry.address >= first &&
           entry.address + entry.width() <= first + count;
  }
};

struct RegisterMap {
  std::string device;
  std::string makers = {};  // as lists name it
  std::string source = {};  // where its registers can be looked up
  LineSettings line = {};
  std::vector<RegisterEntry> entries = {};  // in the order of the file
  int largest_gap = 0;     // registers that nobody wants and that may be read between others
  int largest_read = 32;   // registers in one request
  bool is_sought = false;  // `scan` asks for its first registers, beside register 0
  ModbusQuirks quirks = {};
  std::vector<RegisterSetting> device_settings = {};
  std::vector<std::string> doubts = {};  // what is most likely not meant as it is written
};

// `overrides` is a JSON object: name of an entry -> keys that replace the entry's own, or null for
// an element that this device does not have. The error says what is wrong, where, what is expected.
Result<RegisterMap, std::string> parse_register_map(std::string_view text,
                                                    std::string_view overrides);

// As few requests as the map's limits allow, by function and register.
std::vector<RegisterBlock> blocks_of(const RegisterMap& map);

// A block as two, between entries; empty: it has one entry alone.
std::vector<RegisterBlock> halves_of(const RegisterMap& map, const RegisterBlock& block);

// The number that the registers hold, before scale and offset.
double number_of(const RegisterEntry& entry, Bytes words);

// Adds what `data` (the registers of `block`, as sent) says to `sample`.
void read_block(const RegisterMap& map, const RegisterBlock& block, Bytes data, Sample& sample);

std::vector<DriverQuantity> quantities_of(const RegisterMap& map);

}  // namespace twinsky
