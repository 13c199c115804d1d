// SPDX-License-Identifier: Apache-2.0
// How Sensirion's I2C devices are talked with: a command of 16 bits, its time, then a read of words
// with a CRC-8 each (framing.hpp). Most of them measure by themselves from a command on until
// another one, and are only asked for the newest measurement.
#pragma once

#include "drivers/driver.hpp"
#include "drivers/framing.hpp"

#include <bit>

namespace twinsky {

// Writes a command and, after its time, reads the answer of so many words.
std::vector<std::byte> ask_sensirion(TransferLink& link, std::uint16_t command, milliseconds time,
                                     std::size_t words);

// The same for a setting, which throws when its answer is garbled.
std::uint16_t sensirion_setting(TransferLink& link, std::uint16_t command, milliseconds time);

// How one word of an answer is a reading.
struct SensirionWord {
  Quantity quantity{};
  double per_unit = 1;
  bool is_signed = false;
  bool may_be_unknown = true;  // the largest number says that there is no value yet
};

// The words of an answer, one after the other.
Result<Sample> decode_sensirion(Bytes answer, std::span<const SensirionWord> layout);

// Numbers of 32 bits in IEEE 754, which take two words each.
template <std::size_t count>
Result<std::array<float, count>> sensirion_floats(Bytes answer) {
  const auto words = sensirion_words<2 * count>(answer);
  if (!words) return Unexpected{words.error()};
  std::array<float, count> floats{};
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint32_t high = (*words)[2 * at];
    floats[at] = std::bit_cast<float>(high << 16 | (*words)[2 * at + 1]);
  }
  return floats;
}

// A device that measures by itself.
struct Measuring {
  std::uint16_t start = 0;
  std::optional<std::uint16_t> start_argument = {};
  milliseconds starting{0};                // until it takes another command
  std::optional<std::uint16_t> stop = {};  // before it is set up; none: it is set up as it runs
  milliseconds stopping{0};
  std::uint16_t is_ready = 0;         // whether there is a new measurement; 0: it does not say
  std::uint16_t ready_bits = 0xFFFF;  // of that answer
  std::uint16_t read = 0;
  std::size_t words = 0;
  milliseconds time{0};            // between a question and its answer
  std::uint16_t set_pressure = 0;  // of the air in hPa, while it measures; 0: it does not need it
  std::function<Result<Sample>(Bytes answer)> decode;
};

// What recorded exchanges with it say. That there was something new is a fact.
Decoded decode_measuring(std::span<const Exchange> exchanges, const Measuring& device);

// `prepare` reads and changes settings while it does not measure; what it gives is told with each
// sample.
std::unique_ptr<Driver> make_measuring(
    Measuring device, std::function<std::vector<Fact>(TransferLink&)> prepare = {});

}  // namespace twinsky
