// SPDX-License-Identifier: Apache-2.0
// Sensirion SHT40, SHT41, SHT43, SHT45: temperature and humidity.
// I2C address 0x44 (type -B 0x45, -C 0x46), up to 1 MHz.
//
//   FD … 66 66 93 80 00 A2
//   KK   TTTTT CC RRRRR CC
//
// K   command: FD high, F6 medium, E0 low precision; after the measurement's time a separate read
// T   temperature = -45 + 175 * T / 65535 degC
// R   humidity = -6 + 125 * R / 65535 %, which the device leaves uncropped: cropped to 0..100
// C   CRC-8 of the word before it
//
// Until it has measured it does not acknowledge a read. After 89 the same two words are the serial
// number.
//
// Data sheet: Sensirion SHT4x, version 6: timings, command overview, conversion of signal output.
// Tested against Sensirion's own driver on computed words; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/framing.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::size_t answer_size = 6;
constexpr auto reset = bytes_of(0x94);
constexpr auto read_serial = bytes_of(0x89);

struct Precision {
  std::string_view name;
  std::uint8_t command;
  milliseconds duration;  // of the timings the maximum, rounded up
};
constexpr auto precisions = std::to_array<Precision>({
    {"high", 0xFD, 9ms},
    {"medium", 0xF6, 5ms},
    {"low", 0xE0, 2ms},
});

Result<Sample> decode_sht4x(Bytes answer) {
  const auto words = sensirion_words<2>(answer);
  if (!words) return Unexpected{words.error()};
  const auto [t, rh] = *words;
  Sample sample;
  sample.readings = {
      reading(temperature, -45 + 175.0 * t / 65535),
      reading(humidity, std::clamp(-6 + 125.0 * rh / 65535, 0.0, 100.0)),
  };
  return sample;
}

bool measures(Bytes command) {
  return command.size() == 1 &&
         std::ranges::find(precisions, u8(command, 0), &Precision::command) != precisions.end();
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (measures(exchange.written)) {
      append(decoded, decode_sht4x(exchange.answered));
    }
  }
  return decoded;
}

Result<std::uint32_t> serial_number(TransferLink& link) {
  std::array<std::byte, answer_size> answer{};
  link.write(read_serial);
  link.pause(1ms);
  link.read(answer);
  const auto words = sensirion_words<2>(answer);
  if (!words) return Unexpected{words.error()};
  return static_cast<std::uint32_t>((*words)[0]) << 16 | (*words)[1];
}

class Sht4x final : public DriverOn<TransferLink> {
 public:
  explicit Sht4x(const Settings& settings)
      : precision_(*std::ranges::find(precisions, settings.text("precision"), &Precision::name)) {}

  void start(TransferLink& link) override {
    link.write(reset);
    link.pause(1ms);
  }

  Result<Sample> sample(TransferLink& link) override {
    std::array<std::byte, answer_size> answer{};
    link.write(bytes_of(precision_.command));
    link.pause(precision_.duration);
    link.read(answer);
    return decode_sht4x(answer);
  }

 private:
  Precision precision_;
};

// At 44 and 45 also live SHT3x (commands of 16 bits: half a one is none), ISL29125, OPT3001 and
// INA219/226 (their register pointer moves; a register is written by two bytes more), PCA9685 (the
// same). None of them answers with the check of two words.
constexpr std::array<Bytes, 1> questions{read_serial};

std::optional<Found> probe(TransferLink& link) {
  const auto serial = serial_number(link);
  // The check of two zeros is not zero, so a line that is held low says nothing.
  if (!serial) return std::nullopt;
  return Found{.model = "Sensirion SHT4x",
               .evidence = "its serial number",
               .serial_number = std::to_string(*serial)};
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {temperature, -40, 125, 2},
    {humidity, 0, 100, 2},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x44", "0x45", "0x46"});
constexpr auto precision_names = std::to_array<std::string_view>({"high", "medium", "low"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "precision",
     .kind = SettingKind::choice,
     .documentation = "Repeatability of a measurement; high takes 9 ms, low 2 ms.",
     .fallback = "high",
     .choices = precision_names},
});

}  // namespace

extern const DriverInfo sht4x_driver = {
    .name = "sht4x",
    .summary = "Temperature and humidity",
    .makers = "Sensirion SHT40, SHT41, SHT43, SHT45",
    .datasheet = "Sensirion SHT4x data sheet, version 6: timings, commands, signal conversion",
    .bus = &i2c_bus,
    .quantities = quantities,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Sht4x>(chosen);
    },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
    .questions = questions,
};

}  // namespace twinsky
