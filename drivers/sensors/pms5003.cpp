// SPDX-License-Identifier: Apache-2.0
// Plantower PMS5003 and its family: laser particle counters with a fan.
// PMS1003, PMS3003, PMS5003, PMS5003T, PMS5003ST, PMS7003, PMSA003; also sold as G1…G7, G5ST.
// UART, 9600 8N1, 5 V supply but 3.3 V signals.
//
//   42 4D 00 1C 0023 003A 0047 001F 0030 003C 198F 0762 0192 0033 0009 0003 97 00 0454
//   HH HH LL LL  1    2    3    4    5    6    7    8    9    10   11   12  VV EE SSSS
//
// H   header "BM"
// L   bytes that follow: 0x1C here; 0x14 PMS3003 (24 bytes in all), 0x24 PMS5003ST (40 bytes),
//     0x04 the acknowledgement of a command (8 bytes)
// 1-3 PM1, PM2.5, PM10 as the factory calibrates (CF=1), ug/m3
// 4-6 PM1, PM2.5, PM10 "under atmospheric environment", ug/m3: what is published as PM
// 7-12 particles larger than 0.3, 0.5, 1, 2.5, 5, 10 um in 0.1 l; the PMS3003 has none.
//     PMS5003T: 11 is the temperature in 0.1 degC, signed, 12 the humidity in 0.1 %
// 13-15 PMS5003ST only, before V: formaldehyde in ug/m3, temperature, humidity as above; 16 unused
// V   firmware version; E error code, of which no public table exists: both are facts
// S   sum of all bytes before it
//
// While the fan spins up every word is 0, which is no reading of 0 ug/m3; of a device that is warm,
// or has measured something since it was started, it is clean air (a PMS3003 has no counts: in a
// clean room frames of 0 and 1 take turns), but not straight after a frame that had particles: then
// its supply was gone for a moment. The counts saturate at 65535. CF=1 and atmospheric
// words are equal below about 30 ug/m3. The Honeywell HPMA115 sends frames with the same header and
// length and other words. The laser lives for about three years of continuous work: let it sleep
// between samples where minutes are good enough.
//
// Data sheets: Plantower, PMS5003 series data manual V2.3, appendices I and II; PMS5003ST V2.6.
// Tested on frames that others captured from PMS5003 (versions 0x91, 0x97) and PMS5003T (0x9A).
#include "drivers/sensors/pms5003.hpp"

#include "drivers/buses/serial.hpp"
#include "drivers/checksum.hpp"
#include "drivers/clean_air.hpp"
#include "drivers/framing.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto header = bytes_of(0x42, 0x4D);
constexpr std::size_t acknowledgement = 8;
constexpr std::size_t short_frame = 24;  // PMS3003
constexpr std::size_t normal_frame = 32;
constexpr std::size_t long_frame = 40;  // PMS5003ST

// Appendix II: header, command, two bytes of argument, sum.
constexpr auto wake = bytes_of(0x42, 0x4D, 0xE4, 0x00, 0x01, 0x01, 0x74);
constexpr auto sleep = bytes_of(0x42, 0x4D, 0xE4, 0x00, 0x00, 0x01, 0x73);
constexpr auto read_now = bytes_of(0x42, 0x4D, 0xE2, 0x00, 0x00, 0x01, 0x71);
constexpr auto talk_by_itself = bytes_of(0x42, 0x4D, 0xE1, 0x00, 0x01, 0x01, 0x71);

std::size_t frame_length(Bytes beginning) {
  const std::size_t length = be16(beginning, 2) + 4U;
  const bool is_known = length == acknowledgement || length == short_frame ||
                        length == normal_frame || length == long_frame;
  return is_known ? length : 0;
}

constexpr FrameRules rules{
    .header = header, .length_known_at = 4, .length = frame_length, .check = check_plantower};

std::uint16_t word(Bytes frame, std::size_t number) {
  return be16(frame, 2 + 2 * number);
}

// Appends words `first`… as `quantities`, each divided by `divisor`.
void append_words(Sample& sample, Bytes frame, std::size_t first,
                  std::span<const Quantity> quantities, double divisor) {
  for (const Quantity quantity : quantities) {
    sample.readings.push_back(reading(quantity, word(frame, first++) / divisor));
  }
}

void append_climate(Sample& sample, Bytes frame, std::size_t first) {
  sample.readings.push_back(reading(temperature, signed16(word(frame, first)) / 10.0));
  sample.readings.push_back(reading(humidity, word(frame, first + 1) / 10.0));
}

}  // namespace

std::optional<Fault> check_plantower(Bytes frame) {
  if (frame.size() < acknowledgement) return Fault::truncated;
  if (!std::ranges::equal(frame.first(2), header)) return Fault::framing;
  if (frame_length(frame) != frame.size()) return Fault::framing;
  const std::size_t covered = frame.size() - 2;
  if (sum16(frame.first(covered)) != be16(frame, covered)) return Fault::checksum;
  return std::nullopt;
}

Result<Sample> decode_plantower(Bytes frame, PlantowerFrame kind, bool is_warm) {
  Sample sample;
  if (frame.size() == acknowledgement) return sample;

  constexpr std::array masses{pm1_cf1, pm2_5_cf1, pm10_cf1, pm1, pm2_5, pm10};
  constexpr std::array counts{n_above_0_3, n_above_0_5, n_above_1,
                              n_above_2_5, n_above_5,   n_above_10};
  const bool has_temperature =
      frame.size() == normal_frame && kind == PlantowerFrame::with_temperature;
  const std::size_t count_words = frame.size() == short_frame ? 0 : has_temperature ? 4 : 6;

  append_words(sample, frame, 1, masses, 1);
  // In 0.1 l; published per cm3.
  append_words(sample, frame, 7, std::span(counts).first(count_words), 100);
  const bool is_spinning_up = std::ranges::none_of(
      sample.readings, [](const Reading& particles) { return *particles.value > 0; });

  if (has_temperature) append_climate(sample, frame, 11);
  if (frame.size() == long_frame) {
    append_words(sample, frame, 13, std::array{formaldehyde}, 1);
    append_climate(sample, frame, 14);
  }
  if (is_spinning_up && !is_warm) return Unexpected{Fault::warming_up};

  if (frame.size() != short_frame) {
    const std::uint16_t last = be16(frame, frame.size() - 4);
    sample.facts.push_back({"version", static_cast<double>(last >> 8)});
    sample.facts.push_back({"error_code", static_cast<double>(last & 0xFF)});
  }
  return sample;
}

namespace {

class Pms5003 final : public Listener {
 public:
  explicit Pms5003(PlantowerFrame kind)
      : decode_([this, kind](Bytes frame) {
          auto sample = decode_plantower(frame, kind, clean_air_.is_believed());
          clean_air_.note(sample);
          return sample;
        }) {}

  // A device that was left asleep or in passive mode talks again.
  void start(StreamLink& link) override {
    clean_air_.know_warm(false);
    link.write(wake);
    link.pause(100ms);  // no data sheet says how soon it listens
    link.write(talk_by_itself);
  }
  Decoded feed(Bytes chunk) override { return frames_.feed(chunk, decode_); }
  Decoded finish() override { return frames_.finish(decode_); }
  void know_warm(bool is_warm) override { clean_air_.know_warm(is_warm); }
  void stop(StreamLink& link) override { link.write(sleep); }

 private:
  CleanAir clean_air_;
  FrameDecoder decode_;
  FrameScanner frames_{rules};
};

std::unique_ptr<Listener> make(const Settings& settings) {
  return std::make_unique<Pms5003>(settings.text("variant") == "pms5003t"
                                       ? PlantowerFrame::with_temperature
                                       : PlantowerFrame::particles);
}

double value_of(const Sample& sample, Quantity quantity) {
  const auto found = std::ranges::find(sample.readings, quantity, &Reading::quantity);
  return found == sample.readings.end() ? 0 : found->value.value_or(0);
}

bool has(const Sample& sample, Quantity quantity) {
  return std::ranges::find(sample.readings, quantity, &Reading::quantity) != sample.readings.end();
}

// Of larger particles there are never more: where there are, the last two words are temperature and
// humidity.
bool are_climate(const Sample& sample) {
  return value_of(sample, n_above_5) > value_of(sample, n_above_2_5) ||
         value_of(sample, n_above_10) > value_of(sample, n_above_5);
}

std::string variant_of(std::span<const Sample> samples) {
  const Sample& sample = samples.back();
  if (!has(sample, n_above_0_3)) return "pms3003";
  if (has(sample, formaldehyde)) return "pms5003st";
  return std::ranges::all_of(samples, are_climate) ? "pms5003t" : "pms5003";
}

struct Model {
  std::string_view variant;
  std::string_view name;
};
constexpr auto models = std::to_array<Model>({
    {"pms5003", "Plantower PMS5003 (or PMS1003, PMS7003, PMSA003)"},
    {"pms5003t", "Plantower PMS5003T"},
    {"pms5003st", "Plantower PMS5003ST"},
    {"pms3003", "Plantower PMS3003"},
});

Found found_by(std::string evidence, std::span<const Sample> samples) {
  const std::string variant = variant_of(samples);
  const auto* const model = std::ranges::find(models, variant, &Model::variant);
  return {.model = std::string(model->name),
          .evidence = std::move(evidence),
          .settings = {{"variant", variant}}};
}

std::optional<Found> recognise(std::span<const Sample> samples) {
  // A Honeywell has PM2.5 and PM10 in the second and third word, and zeros in all others.
  const auto is_of_another = [](const Sample& sample) {
    return value_of(sample, pm10) == 0 && value_of(sample, n_above_0_3) == 0 &&
           value_of(sample, pm10_cf1) > 0;
  };
  if (std::ranges::any_of(samples, is_of_another)) return std::nullopt;
  return found_by("the checks of its frames", samples);
}

// What comes within a frame's time; zeros count, since nobody but a Plantower answers so.
std::vector<Sample> answers_to(StreamLink& link, Bytes question, milliseconds patience) {
  FrameScanner frames(rules);
  std::array<std::byte, 2 * long_frame> chunk{};
  std::vector<Sample> samples;
  std::size_t received = link.exchange(question, chunk, patience);
  for (std::size_t heard = received; received > 0 && samples.empty(); heard += received) {
    const auto decode = [](Bytes frame) {
      return decode_plantower(frame, PlantowerFrame::particles, true);
    };
    samples = frames.feed(Bytes(chunk).first(received), decode).samples;
    if (heard > 4 * long_frame) break;
    received = samples.empty() ? link.read(chunk, patience) : 0;
  }
  return samples;
}

// One in passive mode answers; one that sleeps is woken for as long as it takes, and sleeps again.
std::optional<Found> probe(StreamLink& link) {
  auto samples = answers_to(link, read_now, 500ms);
  if (!samples.empty()) return found_by("its answer", samples);
  samples = answers_to(link, wake, 3000ms);
  if (samples.empty()) return std::nullopt;
  link.write(sleep);
  Found found = found_by("its answer", samples);
  found.detail = "it sleeps";
  return found;
}

constexpr std::array<Bytes, 3> questions{read_now, wake, sleep};

constexpr std::size_t mass_quantities = 6;
constexpr std::size_t quantities_of_5003t = 10;
constexpr auto climate = std::to_array<DriverQuantity>({
    {temperature, -10, 60, 1, true},
    {humidity, 0, 99, 1, true},
});

std::vector<DriverQuantity> quantities_of(const Settings& settings) {
  const std::string& variant = settings.text("variant");
  std::vector<DriverQuantity> those(plantower_quantities.begin(), plantower_quantities.end());
  if (variant == "pms3003") those.resize(mass_quantities);
  if (variant == "pms5003t") those.resize(quantities_of_5003t);
  if (variant == "pms5003st") those.push_back({formaldehyde, 0, 2000});
  if (variant == "pms5003t" || variant == "pms5003st") {
    those.insert(those.end(), climate.begin(), climate.end());
  }
  return those;
}

constexpr auto variants =
    std::to_array<std::string_view>({"pms5003", "pms5003t", "pms5003st", "pms3003"});
constexpr auto settings = std::to_array<Setting>({
    {.name = "variant",
     .kind = SettingKind::choice,
     .documentation =
         "Which member of the family it is; PMS1003, PMS7003 and PMSA003 are as pms5003.",
     .fallback = "pms5003",
     .choices = variants},
});

}  // namespace

extern const DriverInfo pms5003_driver = {
    .name = "pms5003",
    .summary = "Particles PM1, PM2.5, PM10 and counts by laser",
    .makers = "Plantower PMS1003, PMS3003, PMS5003, PMS5003T, PMS5003ST, PMS7003, PMSA003",
    .datasheet = "Plantower PMS5003 series data manual V2.3, appendices I and II",
    .bus = &serial_bus,
    .quantities = plantower_quantities,
    .warm_up = 30s,  // circuit attentions: until the fan runs steadily
    .longest_pause = 2300ms,
    .can_sleep = true,
    .settings = settings,
    .make_listener = make,
    .probe = probe_on<StreamLink, probe>,
    .recognise = recognise,
    .questions = questions,
    .quantities_of = quantities_of,
};

}  // namespace twinsky
