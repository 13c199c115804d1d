// SPDX-License-Identifier: Apache-2.0
// A Modbus device as data: which register holds which quantity, in which form. Read from the JSON
// files of drivers/maps/ (described in the first of them, renke-rs-fsxcs.json) or from a user's
// own.
#pragma once

#include "drivers/driver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

enum class RegisterType : std::uint8_t { u16, s16, u32, s32, f32 };

struct RegisterEntry {
  std::string name;
  std::optional<Quantity> quantity;  // none: a fact
  int function = 3;                  // 3 holding, 4 input registers
  int address = 0;                   // 0-based, as on the wire
  RegisterType type = RegisterType::u16;
  bool low_word_first = false;  // of 32 bits: CDAB instead of ABCD
  double scale = 1;             // value = number * scale + offset
  double offset = 0;
  std::vector<double> sentinels;  // numbers that mean "no value"
  std::optional<double> lower;    // what the instrument measures, as its data sheet prints it
  std::optional<double> upper;
  std::optional<int> decimals;

  // In registers.
  [[nodiscard]] int width() const noexcept {
    return type == RegisterType::u16 || type == RegisterType::s16 ? 1 : 2;
  }
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
  LineSettings line;
  std::vector<RegisterEntry> entries;  // in the order of the file
  int largest_gap = 0;    // registers that nobody wants and that may be read between others
  int largest_read = 32;  // registers in one request
  std::vector<std::string> doubts = {};  // what is most likely not meant as it is written
};

// `overrides` is a JSON object: name of an entry -> keys that replace the entry's own, or null for
// an element that this device does not have. The error says what is wrong, where, what is expected.
Result<RegisterMap, std::string> parse_register_map(std::string_view text,
                                                    std::string_view overrides);

// As few requests as the map's limits allow, by function and register.
std::vector<RegisterBlock> blocks_of(const RegisterMap& map);

// Adds what `data` (the registers of `block`, as sent) says to `sample`.
void read_block(const RegisterMap& map, const RegisterBlock& block, Bytes data, Sample& sample);

std::vector<DriverQuantity> quantities_of(const RegisterMap& map);

}  // namespace twinsky
