// SPDX-License-Identifier: Apache-2.0
#include "drivers/register_map.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace twinsky {
namespace {

// All registers of an entry as one number, the most significant byte first.
std::uint64_t bits_of(const RegisterEntry& entry, Bytes words) {
  std::uint64_t bits = 0;
  for (int at = 0; at < entry.width(); ++at) {
    const int from = entry.low_word_first ? entry.width() - 1 - at : at;
    const std::size_t place = 2 * static_cast<std::size_t>(from);
    const auto word = entry.low_byte_first ? le16(words, place) : be16(words, place);
    bits = bits << 16U | word;
  }
  return bits;
}

// The highest bit is the sign of the others.
double magnitude_with_sign(std::uint64_t bits, int width) {
  const std::uint64_t sign = std::uint64_t{1} << static_cast<unsigned>(width - 1);
  const auto magnitude = static_cast<double>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

// As many digits as a step of the device has: a scale of 0.01 prints 2.
int decimals_of(const RegisterEntry& entry) {
  const int usual = info_of(*entry.quantity).decimals;
  if (entry.decimals) return *entry.decimals;
  if (entry.type == RegisterType::f32 || entry.type == RegisterType::f64) return usual;
  const int digits = static_cast<int>(std::ceil(-std::log10(std::abs(entry.scale)) - 1e-9));
  return std::max(digits, std::min(usual, 1));
}

}  // namespace

int width_of(RegisterType type) noexcept {
  switch (type) {
    case RegisterType::u32:
    case RegisterType::s32:
    case RegisterType::f32:
    case RegisterType::m32:
      return 2;
    case RegisterType::u64:
    case RegisterType::s64:
    case RegisterType::f64:
      return 4;
    default:
      return 1;
  }
}

double number_of(const RegisterEntry& entry, Bytes words) {
  const std::uint64_t bits = bits_of(entry, words);
  switch (entry.type) {
    case RegisterType::s16:
      return static_cast<std::int16_t>(bits);
    case RegisterType::s32:
      return static_cast<std::int32_t>(bits);
    case RegisterType::f32:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case RegisterType::s64:
      return static_cast<double>(static_cast<std::int64_t>(bits));
    case RegisterType::f64:
      return std::bit_cast<double>(bits);
    case RegisterType::m16:
      return magnitude_with_sign(bits, 16);
    case RegisterType::m32:
      return magnitude_with_sign(bits, 32);
    case RegisterType::u8_high:
      return static_cast<std::uint8_t>(bits >> 8U);
    case RegisterType::u8_low:
      return static_cast<std::uint8_t>(bits);
    case RegisterType::s8_high:
      return static_cast<std::int8_t>(bits >> 8U);
    case RegisterType::s8_low:
      return static_cast<std::int8_t>(bits);
    default:
      return static_cast<double>(bits);
  }
}

std::vector<RegisterBlock> halves_of(const RegisterMap& map, const RegisterBlock& block) {
  std::vector<const RegisterEntry*> ordered;
  for (const auto& entry : map.entries) {
    if (block.holds(entry)) ordered.push_back(&entry);
  }
  std::ranges::sort(ordered, {}, [](const auto* entry) { return entry->address; });
  // Halves of a register, and entries that share one, stay together.
  std::vector<std::size_t> cuts;
  int end = block.first;
  for (std::size_t at = 0; at < ordered.size(); ++at) {
    if (at > 0 && ordered[at]->address >= end) cuts.push_back(at);
    end = std::max(end, ordered[at]->address + ordered[at]->width());
  }
  if (cuts.empty()) return {};
  const std::size_t cut = cuts[cuts.size() / 2];
  std::vector<RegisterBlock> halves;
  for (const auto& [from, to] : {std::pair{std::size_t{0}, cut}, std::pair{cut, ordered.size()}}) {
    RegisterBlock half{.function = block.function, .first = ordered[from]->address, .count = 0};
    for (std::size_t at = from; at < to; ++at) {
      half.count = std::max(half.count, ordered[at]->address + ordered[at]->width() - half.first);
    }
    halves.push_back(half);
  }
  return halves;
}

std::vector<RegisterBlock> blocks_of(const RegisterMap& map) {
  std::vector<const RegisterEntry*> ordered;
  for (const auto& entry : map.entries) ordered.push_back(&entry);
  std::ranges::sort(ordered, [](const auto* a, const auto* b) {
    return std::pair(a->function, a->address) < std::pair(b->function, b->address);
  });
  std::vector<RegisterBlock> blocks;
  for (const auto* entry : ordered) {
    const int end = entry->address + entry->width();
    if (!blocks.empty()) {
      auto& last = blocks.back();
      if (entry->function == last.function &&
          entry->address - (last.first + last.count) <= map.largest_gap &&
          end - last.first <= map.largest_read) {
        last.count = std::max(last.count, end - last.first);
        continue;
      }
    }
    blocks.push_back(
        {.function = entry->function, .first = entry->address, .count = entry->width()});
  }
  return blocks;
}

void read_block(const RegisterMap& map, const RegisterBlock& block, Bytes data, Sample& sample) {
  for (const auto& entry : map.entries) {
    if (!block.holds(entry)) continue;
    const auto at = 2 * static_cast<std::size_t>(entry.address - block.first);
    const double number = number_of(entry, data.subspan(at));
    const bool is_absent = std::ranges::find(entry.sentinels, number) != entry.sentinels.end();
    const double value = number * entry.scale + entry.offset;
    if (entry.quantity) {
      sample.readings.push_back(is_absent ? absent(*entry.quantity, Fault::sensor_fault)
                                          : reading(*entry.quantity, value));
    } else if (is_absent || !std::isfinite(value)) {
      sample.facts.push_back({entry.name, std::monostate()});
    } else {
      sample.facts.push_back({entry.name, value});
    }
  }
}

std::vector<DriverQuantity> quantities_of(const RegisterMap& map) {
  std::vector<DriverQuantity> quantities;
  for (const auto& entry : map.entries) {
    if (!entry.quantity) continue;
    const auto& info = info_of(*entry.quantity);
    quantities.push_back({.quantity = *entry.quantity,
                          .lower = entry.lower.value_or(info.lower),
                          .upper = entry.upper.value_or(info.upper),
                          .decimals = decimals_of(entry)});
  }
  return quantities;
}

}  // namespace twinsky
