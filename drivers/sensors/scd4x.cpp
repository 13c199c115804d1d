// SPDX-License-Identifier: Apache-2.0
// Sensirion SCD40, SCD41, SCD43: CO2 by photoacoustic NDIR, with temperature and humidity of its
// own case. I2C address 0x62 (fixed), up to 100 kHz.
//
//   EC 05 … 01 F4 33 66 67 A2 5E B9 3C
//   KKKKK   GGGGG CC TTTTT CC RRRRR CC
//
// K   command, big-endian; after its time a separate read
// G   CO2 in ppm; 0 means that only temperature and humidity were measured
// T   temperature = -45 + 175 * T / 65535 degC, warmed by the device itself
// R   humidity = 100 * R / 65535 %
// C   CRC-8 of the word before it
//
// It measures every 5 s by itself; E4B8 asks whether there is a new measurement (low 11 bits not
// 0). Reading without one is not acknowledged. While it measures it takes only few commands, so it
// is configured before. The reading falls with the air pressure by about 0.1 % per hPa: the
// pressure of a neighbouring barometer is passed on, else the configured altitude holds. The
// automatic self-calibration takes the lowest CO2 of a week for 400 ppm: wrong in rooms that are
// never aired. It is kept in EEPROM, which bears 2000 writes and is written only when different.
//
// Data sheet: Sensirion SCD4x, version 1.3, sections 3.4 (all commands) to 3.10.
// Tested against Sensirion's own driver and the data sheet's example; never on a device.
#include "drivers/buses/i2c.hpp"
#include "drivers/sensirion.hpp"

#include <array>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

// Section 3.4, with the time that each takes.
constexpr std::uint16_t start_measuring = 0x21B1;
constexpr std::uint16_t stop_measuring = 0x3F86;
constexpr auto stopping = 500ms;
constexpr std::uint16_t read_measurement = 0xEC05;
constexpr std::uint16_t is_data_ready = 0xE4B8;
constexpr std::uint16_t set_pressure = 0xE000;
constexpr std::uint16_t get_altitude = 0x2322;
constexpr std::uint16_t set_altitude = 0x2427;
constexpr std::uint16_t get_self_calibration = 0x2313;
constexpr std::uint16_t set_self_calibration = 0x2416;
constexpr std::uint16_t persist = 0x3615;
constexpr auto persisting = 800ms;
constexpr std::uint16_t get_serial_number = 0x3682;
constexpr auto short_command = 1ms;

Result<Sample> decode_measurement(Bytes answer) {
  const auto words = sensirion_words<3>(answer);
  if (!words) return Unexpected{words.error()};
  const auto [ppm, t, rh] = *words;
  Sample sample;
  sample.readings = {
      ppm == 0 ? absent(co2, Fault::not_ready) : reading(co2, ppm),
      reading(temperature, -45 + 175.0 * t / 65535),
      reading(humidity, 100.0 * rh / 65535),
  };
  return sample;
}

constexpr std::uint16_t ready_bits = 0x07FF;

Result<bool> decode_data_ready(Bytes answer) {
  const auto words = sensirion_words<1>(answer);
  if (!words) return Unexpected{words.error()};
  return ((*words)[0] & ready_bits) != 0;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  return decode_measuring(exchanges, {.is_ready = is_data_ready,
                                      .ready_bits = ready_bits,
                                      .read = read_measurement,
                                      .decode = decode_measurement});
}

std::vector<std::byte> ask(TransferLink& link, std::uint16_t command, std::size_t words) {
  return ask_sensirion(link, command, short_command, words);
}

std::uint16_t ask_word(TransferLink& link, std::uint16_t command) {
  return sensirion_setting(link, command, short_command);
}

class Scd4x final : public DriverOn<TransferLink> {
 public:
  explicit Scd4x(const Settings& settings) {
    if (settings.has("altitude_m")) {
      altitude_m_ = static_cast<std::uint16_t>(settings.integer("altitude_m"));
    }
    if (settings.has("automatic_self_calibration")) {
      wanted_self_calibration_ = settings.boolean("automatic_self_calibration");
    }
  }

  void start(TransferLink& link) override {
    link.write(sensirion_command(stop_measuring));  // it may go on from an earlier run
    link.pause(stopping);
    set_up_self_calibration(link);
    if (altitude_m_ && ask_word(link, get_altitude) != *altitude_m_) {
      // Not persisted: it is asked for after every power-up, so the EEPROM needs no write.
      link.write(sensirion_command(set_altitude, *altitude_m_));
      link.pause(short_command);
    }
    told_pressure_hpa_.reset();
    link.write(sensirion_command(start_measuring));
  }

  Result<Sample> sample(TransferLink& link) override {
    tell_pressure(link);
    const auto is_ready = decode_data_ready(ask(link, is_data_ready, 1));
    if (!is_ready) return Unexpected{is_ready.error()};
    if (!*is_ready) return Unexpected{Fault::not_ready};
    auto sample = decode_measurement(ask(link, read_measurement, 3));
    if (sample && self_calibrates_) {
      sample->facts.push_back({"automatic_self_calibration", *self_calibrates_});
    }
    return sample;
  }

  void stop(TransferLink& link) override { link.write(sensirion_command(stop_measuring)); }

 private:
  void set_up_self_calibration(TransferLink& link) {
    self_calibrates_.reset();
    try {
      self_calibrates_ = ask_word(link, get_self_calibration) != 0;
    } catch (const LinkError&) {
      if (wanted_self_calibration_) throw;  // what would only be reported stops no measurement
    }
    if (!wanted_self_calibration_ || wanted_self_calibration_ == self_calibrates_) return;
    link.write(sensirion_command(set_self_calibration, *wanted_self_calibration_ ? 1 : 0));
    link.pause(short_command);
    link.write(sensirion_command(persist));
    link.pause(persisting);
    self_calibrates_ = wanted_self_calibration_;
  }

  // Allowed while it measures; overrides the altitude (section 3.6.5).
  void tell_pressure(TransferLink& link) {
    const auto hpa = link.nearby(pressure);
    if (!hpa || *hpa < 700 || *hpa > 1200) return;
    const auto rounded = static_cast<std::uint16_t>(std::lround(*hpa));
    if (rounded == told_pressure_hpa_) return;
    link.write(sensirion_command(set_pressure, rounded));
    link.pause(short_command);
    told_pressure_hpa_ = rounded;
  }

  std::optional<std::uint16_t> altitude_m_;
  std::optional<bool> wanted_self_calibration_;
  std::optional<bool> self_calibrates_;
  std::optional<std::uint16_t> told_pressure_hpa_;
};

// At 62 also live MCP4725 (E4.. is none of its commands, but 36.. would set its output, so the
// serial number is asked for only when the check of the readiness was right), PCA9685 and
// LIDAR-Lite (no register E4 is documented of either). Readiness is told always, the serial number
// only while it does not measure.
constexpr auto ask_readiness = bytes_of(is_data_ready >> 8, is_data_ready & 0xFF);
constexpr auto ask_serial_number = bytes_of(get_serial_number >> 8, get_serial_number & 0xFF);
constexpr std::array<Bytes, 2> questions{ask_readiness, ask_serial_number};

std::optional<Found> probe(TransferLink& link) {
  if (!decode_data_ready(ask(link, is_data_ready, 1))) return std::nullopt;
  Found found{"Sensirion SCD4x", "the check of its answer"};
  try {
    const auto answer = ask(link, get_serial_number, 3);
    if (sensirion_words<3>(answer)) {
      found.serial_number = to_hex(Bytes(answer).first(2)) + to_hex(Bytes(answer).subspan(3, 2)) +
                            to_hex(Bytes(answer).subspan(6, 2));
    }
  } catch (const LinkError&) {
    found.detail = "it measures, and tells its serial number only when it does not";
  }
  return found;
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {co2, 0, 40000, 1},
    {temperature, -10, 60, 2, true},
    {humidity, 0, 100, 2, true},
});
constexpr auto addresses = std::to_array<std::string_view>({"0x62"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "automatic_self_calibration",
     .kind = SettingKind::boolean,
     .documentation =
         "Whether it takes the lowest CO2 of a week for 400 ppm; off for rooms that are "
         "never aired; left as it is without this setting."},
    {.name = "altitude_m",
     .kind = SettingKind::integer,
     .documentation = "Height above the sea in metres, for places without a barometer nearby.",
     .lower = 0,
     .upper = 3000},
});

}  // namespace

extern const DriverInfo scd4x_driver = {
    .name = "scd4x",
    .summary = "CO2, with temperature and humidity of its own case",
    .makers = "Sensirion SCD40, SCD41, SCD43",
    .datasheet = "Sensirion SCD4x data sheet, version 1.3, sections 3.4 to 3.10",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 5s,  // the first measurement of its periodic mode
    .shortest_period = 5s,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Scd4x>(chosen);
    },
    .decode = decode,
    .probe = probe_on<TransferLink, probe>,
    .questions = questions,
};

}  // namespace twinsky
