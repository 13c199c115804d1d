// SPDX-License-Identifier: Apache-2.0
// Aosong AHT20, AHT21 and AHT25: temperature and humidity. I2C address 0x38 (fixed), up to 400 kHz.
//
//   AC 33 00 … 1C 91 68 75 F1 AA 43
//   KKKKKKKK   SS RRRRRRTTTTTTTT CC
//
// K   command: measure; after 80 ms a separate read
// S   status: bit 7 it still measures, bit 3 it is calibrated
// R   humidity = 100 * R / 2^20 %, 20 bits
// T   temperature = 200 * T / 2^20 - 50 degC, the 20 bits after them
// C   CRC-8 of the six bytes before it
//
// One that is not calibrated after it got its supply is told to be (BE 08 00).
//
// Data sheet: Aosong AHT20, version 1.1, sections 5.3, 5.4, 6.1 and 6.2. Tested on computed bytes
// against a second implementation; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/checksum.hpp"
#include "drivers/framing.hpp"

#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto ask_status = bytes_of(0x71);
constexpr auto calibrate = bytes_of(0xBE, 0x08, 0x00);
constexpr auto calibrating = 10ms;
constexpr auto measure = bytes_of(0xAC, 0x33, 0x00);
constexpr auto measuring = 80ms;
constexpr std::uint8_t is_busy = 0x80;
constexpr std::uint8_t is_calibrated = 0x08;
constexpr std::size_t answer_size = 7;
constexpr double full_scale = 1048576;

Result<Sample> decode_aht20(Bytes answer) {
  if (answer.size() < answer_size) return Unexpected{Fault::truncated};
  if (answer.size() > answer_size) return Unexpected{Fault::framing};
  if (crc8_sensirion(answer.first(6)) != u8(answer, 6)) return Unexpected{Fault::checksum};
  const std::uint8_t status = u8(answer, 0);
  if ((status & is_busy) != 0) return Unexpected{Fault::not_ready};
  if ((status & is_calibrated) == 0) return Unexpected{Fault::sensor_fault};
  const std::uint32_t raw_humidity = be32(answer, 1) >> 12;
  const std::uint32_t raw_temperature = be32(answer, 2) & 0xFFFFF;
  Sample sample;
  sample.readings = {
      reading(temperature, 200 * raw_temperature / full_scale - 50),
      reading(humidity, 100 * raw_humidity / full_scale),
  };
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (!exchange.written.empty() && exchange.written[0] == measure[0]) {
      append(decoded, decode_aht20(exchange.answered));
    }
  }
  return decoded;
}

class Aht20 final : public DriverOn<TransferLink> {
 public:
  void start(TransferLink& link) override {
    std::array<std::byte, 1> status{};
    link.exchange(ask_status, status);
    if ((u8(status, 0) & is_calibrated) != 0) return;
    link.write(calibrate);
    link.pause(calibrating);
  }

  Result<Sample> sample(TransferLink& link) override {
    std::array<std::byte, answer_size> answer{};
    link.write(measure);
    link.pause(measuring);
    link.read(answer);
    return decode_aht20(answer);
  }
};

constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, -40, 85, 2},
    {humidity, 0, 100, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x38"});

}  // namespace

extern const DriverInfo aht20_driver = {
    .name = "aht20",
    .summary = "Temperature and humidity",
    .makers = "Aosong (ASAIR) AHT20, AHT21, AHT25",
    .datasheet = "Aosong AHT20 data sheet, version 1.1, sections 5.3, 5.4, 6.1 and 6.2",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .make = [](const Settings&) -> std::unique_ptr<Driver> { return std::make_unique<Aht20>(); },
    .decode = decode,
    .unrecognisable = "its only id is the answer to a command that would be a write to others",
};

}  // namespace twinsky
