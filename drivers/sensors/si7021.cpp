// SPDX-License-Identifier: Apache-2.0
// Silicon Labs Si7021, TE HTU21D and the devices that follow the Sensirion SHT2x: temperature and
// humidity. I2C address 0x40 (fixed), up to 400 kHz.
//
//   F5 … 4E 85 6B     F3 … 68 3A 7C
//   KK   RRRRR CC     KK   TTTTT CC
//
// K   command: F5 humidity, F3 temperature; the clock is not stretched; after its time a separate
//     read
// R   humidity = -6 + 125 * R / 65536 %, which the device leaves uncropped: cropped to 0..100
// T   temperature = -46.85 + 175.72 * T / 65536 degC
// C   CRC-8 of the word before it, with the initial value 0 (Sensirion's later devices: FF)
//
// The two lowest bits of a word are its status and belong to no number. A line that is held low
// passes this check: a word of zeros, colder than the device can measure, is a failed element.
// Until it has measured it does not acknowledge a read.
//
// Data sheets: Silicon Labs Si7021-A20, revision 1.2, section 5.1; TE HTU21D(F), HPC199_4, pages 10
// to 14, whose three examples of the check hold. Tested on these; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/checksum.hpp"
#include "drivers/framing.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto soft_reset = bytes_of(0xFE);
constexpr auto resetting = 15ms;
constexpr auto measure_humidity = bytes_of(0xF5);
constexpr auto measure_temperature = bytes_of(0xF3);
// The longest of both makers; an Si7021 measures the temperature before each humidity.
constexpr auto measuring_humidity = 23ms;
constexpr auto measuring_temperature = 50ms;
constexpr std::size_t answer_size = 3;
constexpr std::uint16_t status_bits = 0x0003;

Result<double> decode_word(Bytes answer) {
  if (answer.size() < answer_size) return Unexpected{Fault::truncated};
  if (answer.size() > answer_size) return Unexpected{Fault::framing};
  if (crc8_from_zero(answer.first(2)) != u8(answer, 2)) return Unexpected{Fault::checksum};
  const unsigned raw = be16(answer, 0) & ~status_bits;
  if (raw == 0) return Unexpected{Fault::sensor_fault};
  return raw / 65536.0;
}

Reading humidity_of(double share) {
  return reading(humidity, std::clamp(-6 + 125 * share, 0.0, 100.0));
}
Reading temperature_of(double share) {
  return reading(temperature, -46.85 + 175.72 * share);
}

// Nothing of a sample with a wrong check is kept.
Result<Sample> decode_si7021(Bytes humidity_answer, Bytes temperature_answer) {
  const auto rh = decode_word(humidity_answer);
  if (!rh) return Unexpected{rh.error()};
  const auto t = decode_word(temperature_answer);
  if (!t) return Unexpected{t.error()};
  Sample sample;
  sample.readings = {temperature_of(*t), humidity_of(*rh)};
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  Sample sample;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
      continue;
    }
    const bool is_humidity = std::ranges::equal(exchange.written, measure_humidity);
    if (!is_humidity && !std::ranges::equal(exchange.written, measure_temperature)) continue;
    const auto share = decode_word(exchange.answered);
    if (!share) {
      decoded.faults.push_back(share.error());
    } else {
      sample.readings.push_back(is_humidity ? humidity_of(*share) : temperature_of(*share));
    }
  }
  if (decoded.faults.empty()) append(decoded, std::move(sample));
  return decoded;
}

class Si7021 final : public DriverOn<TransferLink> {
 public:
  void start(TransferLink& link) override {
    link.write(soft_reset);
    link.pause(resetting);
  }

  Result<Sample> sample(TransferLink& link) override {
    const auto rh = ask(link, measure_humidity, measuring_humidity);
    const auto t = ask(link, measure_temperature, measuring_temperature);
    return decode_si7021(rh, t);
  }

 private:
  static std::array<std::byte, answer_size> ask(TransferLink& link, Bytes command,
                                                milliseconds time) {
    std::array<std::byte, answer_size> answer{};
    link.write(command);
    link.pause(time);
    link.read(answer);
    return answer;
  }
};

constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, -40, 125, 2},
    {humidity, 0, 100, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x40"});

}  // namespace

extern const DriverInfo si7021_driver = {
    .name = "si7021",
    .summary = "Temperature and humidity",
    .makers =
        "Silicon Labs Si7013, Si7020, Si7021; TE HTU20D, HTU21D; Sensirion SHT20, SHT21, SHT25",
    .datasheet = "Silicon Labs Si7021-A20 data sheet, revision 1.2, section 5.1",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .make = [](const Settings&) -> std::unique_ptr<Driver> { return std::make_unique<Si7021>(); },
    .decode = decode,
    .unrecognisable = "it has no id that all of its makers have, and others share its address",
};

}  // namespace twinsky
