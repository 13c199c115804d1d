// SPDX-License-Identifier: Apache-2.0
// Sensirion SGP40 and SGP41: VOC index, and of an SGP41 the NOx index, from metal oxide elements.
// I2C address 0x59 (fixed), up to 400 kHz.
//
//   26 19 80 00 A2 66 66 93 … 74 73 92 3C 2A DA
//   KKKKK RRRRR CC TTTTT CC   VVVVV CC NNNNN CC
//
// K   command: 260F measure (SGP40), 2619 measure (SGP41), 2612 condition (SGP41); after its time a
//     separate read
// R   humidity of the air in 65535ths of 100 %, T (temperature + 45) in 65535ths of 175 degC: those
//     of a neighbouring sensor, or else 50 % and 25 degC
// V N raw numbers of VOC and NOx, not to be compared between devices; gas_index.hpp makes indices
// C   CRC-8 of the word before it
//
// An SGP41 is conditioned for the first 10 s, and never longer: that destroys it. While it is,
// there is no NOx. The indices need a measurement at an even pace: as often as
// `sampling_interval_s` says, `every` must ask. After an interruption it takes 45 s to the next
// index, and what was learnt is kept as long as the gateway runs; after a restart of the gateway it
// is learnt anew.
//
// Data sheets: Sensirion SGP40, version 1.2, and SGP41, version 1.0, section 3; the algorithm's
// figures as in gas_index.hpp. Tested against Sensirion's own drivers and algorithm; never on a
// device.
#include "drivers/buses/i2c.hpp"
#include "drivers/gas_index.hpp"
#include "drivers/sensirion.hpp"

#include <algorithm>
#include <cmath>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr std::uint16_t measure_voc = 0x260F;
constexpr std::uint16_t measure_both = 0x2619;
constexpr std::uint16_t condition = 0x2612;
constexpr std::uint16_t heater_off = 0x3615;
constexpr auto measuring_voc = 30ms;
constexpr auto measuring_both = 50ms;
constexpr std::int64_t conditioning_s = 10;

// Raw numbers of VOC and, where the answer has two, of NOx.
Result<Sample> decode_sgp41(Bytes answer, bool has_nox) {
  std::array<std::uint16_t, 2> words{};
  const auto fault = read_sensirion_words(answer, std::span(words).first(has_nox ? 2 : 1));
  if (fault) return Unexpected{*fault};
  Sample sample;
  sample.facts.push_back({"sraw_voc", double(words[0])});
  if (has_nox) sample.facts.push_back({"sraw_nox", double(words[1])});
  return sample;
}

Decoded decode(std::span<const Exchange> exchanges, const Settings&) {
  Decoded decoded;
  for (const Exchange& exchange : exchanges) {
    const std::uint16_t command =
        exchange.written.size() < 2 ? std::uint16_t{0} : be16(exchange.written, 0);
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (command == measure_voc || command == measure_both || command == condition) {
      append(decoded, decode_sgp41(exchange.answered, command == measure_both));
    }
  }
  return decoded;
}

Reading index_reading(Quantity quantity, std::optional<int> index) {
  return index ? reading(quantity, *index) : absent(quantity, Fault::warming_up);
}

class Sgp41 final : public DriverOn<TransferLink> {
 public:
  explicit Sgp41(const Settings& settings)
      : has_nox_(settings.text("device") == "sgp41"),
        interval_s_(settings.integer("sampling_interval_s")),
        voc_(voc_kind, double(interval_s_)),
        nox_(nox_kind, double(interval_s_)) {}

  void start(TransferLink& link) override {
    link.write(sensirion_command(heater_off));
    link.pause(1ms);
    // Conditioning goes on until the next command.
    conditionings_ = has_nox_ ? conditioning_s / interval_s_ : 0;
    voc_.resume();
    nox_.resume();
  }

  Result<Sample> sample(TransferLink& link) override {
    const bool conditions = conditionings_ > 0;
    if (conditions) --conditionings_;
    const std::uint16_t command = !has_nox_ ? measure_voc : conditions ? condition : measure_both;
    const bool is_both = command == measure_both;
    link.write(sensirion_command(command, compensation(link)));
    link.pause(has_nox_ ? measuring_both : measuring_voc);
    std::array<std::byte, 6> answer{};
    const auto part = std::span(answer).first(is_both ? 6 : 3);
    link.read(part);
    auto sample = decode_sgp41(part, is_both);
    if (!sample) return sample;
    sample->readings.push_back(index_reading(voc_index, voc_.next(raw(*sample, 0))));
    if (is_both) {
      sample->readings.push_back(index_reading(nox_index, nox_.next(raw(*sample, 1))));
    } else if (has_nox_) {
      sample->readings.push_back(absent(nox_index, Fault::warming_up));
    }
    return sample;
  }

  void stop(TransferLink& link) override { link.write(sensirion_command(heater_off)); }

 private:
  static double raw(const Sample& sample, std::size_t at) {
    return std::get<double>(sample.facts.at(at).value);
  }
  static std::array<std::uint16_t, 2> compensation(const TransferLink& link) {
    const double percent = link.nearby(humidity).value_or(50);
    const double degrees = link.nearby(temperature).value_or(25);
    const auto word = [](double share) {
      return static_cast<std::uint16_t>(std::lround(std::clamp(share, 0.0, 1.0) * 65535));
    };
    return {word(percent / 100), word((degrees + 45) / 175)};
  }

  bool has_nox_;
  std::int64_t interval_s_;
  std::int64_t conditionings_ = 0;
  GasIndex voc_;
  GasIndex nox_;
};

constexpr auto quantities = std::to_array<DriverQuantity>({
    {voc_index, 1, 500, 0},
    {nox_index, 1, 500, 0},
});

std::vector<DriverQuantity> quantities_of(const Settings& settings) {
  std::vector<DriverQuantity> those(quantities.begin(), quantities.end());
  if (settings.text("device") == "sgp40") those.pop_back();
  return those;
}

constexpr auto addresses = std::to_array<std::string_view>({"0x59"});
constexpr auto devices = std::to_array<std::string_view>({"sgp40", "sgp41"});
constexpr Setting sampling_interval{
    .name = "sampling_interval_s",
    .kind = SettingKind::integer,
    .documentation =
        "How many seconds lie between two of its measurements; `every` must say the "
        "same, since the index learns by counting them.",
    .fallback = "1",
    .lower = 1,
    .upper = 10};
constexpr auto settings = std::to_array<Setting>({
    {.name = "device",
     .kind = SettingKind::choice,
     .documentation = "Which of the two it is: an SGP40 has no NOx.",
     .fallback = "sgp41",
     .choices = devices},
    sampling_interval,
});

// ---- the algorithm alone ---------------------------------------------------------------------

constexpr auto algorithms = std::to_array<std::string_view>({"voc", "nox"});
constexpr auto algorithm_settings = std::to_array<Setting>({
    {.name = "algorithm",
     .kind = SettingKind::choice,
     .documentation = "Of which raw numbers.",
     .fallback = "voc",
     .choices = algorithms},
    sampling_interval,
});

constexpr AlgorithmInfo gas_index{.name = "gas_index",
                                  .settings = algorithm_settings,
                                  .run = [](std::span<const double> input, const Settings& chosen) {
                                    GasIndex index(
                                        chosen.text("algorithm") == "nox" ? nox_kind : voc_kind,
                                        double(chosen.integer("sampling_interval_s")));
                                    std::vector<double> sequence;
                                    for (const double raw : input)
                                      sequence.push_back(index.next(raw).value_or(0));
                                    return sequence;
                                  }};

}  // namespace

extern const DriverInfo sgp41_driver = {
    .name = "sgp41",
    .summary = "VOC index and (SGP41) NOx index",
    .makers = "Sensirion SGP40, SGP41",
    .datasheet = "Sensirion SGP41 data sheet, version 1.0, section 3; gas-index-algorithm 3.2",
    .bus = &i2c_bus,
    .quantities = quantities,
    .warm_up = 46s,
    .addresses = addresses,
    .settings = settings,
    .make = [](const Settings& chosen) -> std::unique_ptr<Driver> {
      return std::make_unique<Sgp41>(chosen);
    },
    .decode = decode,
    .algorithm = &gas_index,
    .unrecognisable = "its commands of two bytes would change a register of others at its address",
    .quantities_of = quantities_of,
};

}  // namespace twinsky
