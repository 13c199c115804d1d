// SPDX-License-Identifier: Apache-2.0
// A device that does not exist, for the test that a driver is one file and its cases. I2C address
// 0x55; a measurement is asked for by 01 and is tenths of a degree, high byte first, with their
// sum:
//
//   00 E6 E6   23.0 degC
#include "drivers/buses/i2c.hpp"
#include "drivers/checksum.hpp"

#include <array>

namespace twinsky {
namespace {

using enum Quantity;

constexpr std::size_t answer_size = 3;

Result<Sample> decode_toy(Bytes answer, double offset) {
  if (answer.size() < answer_size) return Unexpected{Fault::truncated};
  if (sum8(answer.first(2)) != u8(answer, 2)) return Unexpected{Fault::checksum};
  Sample sample;
  sample.readings = {reading(temperature, be16(answer, 0) / 10.0 + offset)};
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings& settings) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    auto sample = decode_toy(exchange.answered, settings.number("offset"));
    if (sample) {
      decoded.samples.push_back(*std::move(sample));
    } else {
      decoded.faults.push_back(sample.error());
    }
  }
  return decoded;
}

class Toy final : public DriverOn<TransferLink> {
 public:
  explicit Toy(double offset) : offset_(offset) {}
  Result<Sample> sample(TransferLink& link) override {
    std::array<std::byte, answer_size> answer{};
    link.exchange(bytes_of(0x01), answer);
    return decode_toy(answer, offset_);
  }

 private:
  const double offset_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({{temperature, -40, 85}});
constexpr auto addresses = std::to_array<std::string_view>({"0x55"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "offset",
     .kind = SettingKind::number,
     .documentation = "Added to what it measures.",
     .fallback = "0",
     .lower = -5,
     .upper = 5},
});

}  // namespace

extern const DriverInfo toy_driver = {
    .name = "toy",
    .summary = "Temperature of a device that does not exist",
    .makers = "nobody",
    .datasheet = "this file",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Toy>(chosen.number("offset"));
    },
    .decode = decode,
    .unrecognisable = "It has no number of its own.",
};

}  // namespace twinsky
