// SPDX-License-Identifier: Apache-2.0
// Plantower PMSA003I: the particle counter of the PMS5003 family on I2C; also Adafruit 4632.
// I2C address 0x12 (fixed), at most 100 kHz. It has no commands: a plain read of 32 bytes yields
// the newest frame, which is drawn in pms5003.cpp. A new one is there every second.
//
// It cannot be put to sleep by the bus, only by its SET pin. As it spins up, every word is 0.
//
// Data sheet: Plantower, PMSA003I data manual V2.6, appendix I.
// Tested on frame contents that others captured; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/clean_air.hpp"
#include "drivers/framing.hpp"
#include "drivers/sensors/pms5003.hpp"

#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::size_t frame_length = 32;

Result<Sample> decode_pmsa003i(Bytes frame, bool is_warm) {
  if (frame.size() < frame_length) return Unexpected{Fault::truncated};
  if (frame.size() > frame_length) return Unexpected{Fault::framing};
  if (const auto fault = check_plantower(frame)) return Unexpected{*fault};
  return decode_plantower(frame, PlantowerFrame::particles, is_warm);
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  CleanAir clean_air;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else {
      auto sample = decode_pmsa003i(exchange.answered, clean_air.is_believed());
      clean_air.note(sample);
      append(decoded, std::move(sample));
    }
  }
  return decoded;
}

class Pmsa003i final : public DriverOn<TransferLink> {
 public:
  Result<Sample> sample(TransferLink& link) override {
    std::array<std::byte, frame_length> frame{};
    link.read(frame);
    auto sample = decode_pmsa003i(frame, clean_air_.is_believed());
    clean_air_.note(sample);
    return sample;
  }
  void know_warm(bool is_warm) override { clean_air_.know_warm(is_warm); }

 private:
  CleanAir clean_air_;
};

// It is only read: nothing is written.
std::optional<Found> probe(TransferLink& link) {
  std::array<std::byte, frame_length> frame{};
  link.read(frame);
  if (check_plantower(frame)) return std::nullopt;
  return Found{"Plantower PMSA003I", "the check of its frame"};
}

constexpr auto addresses = std::to_array<std::string_view>({"0x12"});

}  // namespace

extern const DriverInfo pmsa003i_driver = {
    .name = "pmsa003i",
    .summary = "Particles PM1, PM2.5, PM10 and counts by laser",
    .makers = "Plantower PMSA003I; Adafruit 4632",
    .datasheet = "Plantower PMSA003I data manual V2.6, appendix I",
    .bus = &i2c_bus,
    .quantities = plantower_quantities,
    .warm_up = 30s,
    .addresses = addresses,
    .make = [](const Settings&) -> std::unique_ptr<Driver> { return std::make_unique<Pmsa003i>(); },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
};

}  // namespace twinsky
