// SPDX-License-Identifier: Apache-2.0
// Nova Fitness SDS011, SDS018, SDS021: laser particle sensors with a fan.
// UART, 9600 8N1, 5 V supply, 3.3 V signals.
//
//   AA C0 D4 04 3A 0A A1 60 1D AB      AA C5 08 01 00 00 A1 60 0A AB
//   HH KK PPPPP QQQQQ IIIII SS TT      HH KK WW RR VV 00 IIIII SS TT
//
// H   header, T tail
// K   C0 a measurement, C5 the reply to a command
// P   PM2.5, Q PM10: little-endian, 0.1 ug/m3
// I   device id, big-endian: A160
// W   which setting: 02 reporting mode, 06 sleep, 07 firmware date, 08 work period
// R   0 it was asked for, 1 it was set; V its value
// S   low byte of the sum of the six bytes between K and S
//
// A command is AA B4 W R V, ten zeros, I (FFFF: any), S over what stands between B4 and S, AB.
//
// One frame a second; with a work period of n minutes one frame every n minutes, after 30 s of
// work. The laser is rated for 8000 hours, less than a year: a work period or sleep between samples
// is needed for years of use. Work period and reporting mode are kept in flash and are therefore
// written only when they differ. A work period that
// another program left there is read: it is how often there is a sample. Asleep, the device answers
// nothing but the command to wake. Both readings 0 is the fan spinning up; of a device that is
// warm, or has measured something before, it is clean air, but not a second after there were
// particles. Above about 70 % humidity water droplets count as particles.
//
// Data sheet: Nova Fitness, Laser Dust Sensor Control Protocol V1.3, section 3.
// Tested on frames that others captured from an SDS011.
#include "drivers/buses/serial.hpp"
#include "drivers/checksum.hpp"
#include "drivers/clean_air.hpp"
#include "drivers/framing.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

constexpr auto header = bytes_of(0xAA);
constexpr std::size_t frame_size = 10;
constexpr std::uint8_t measurement = 0xC0;
constexpr std::uint8_t reply = 0xC5;
constexpr std::uint8_t tail = 0xAB;

enum class Item : std::uint8_t { reporting_mode = 2, sleep = 6, firmware = 7, work_period = 8 };
constexpr std::uint8_t by_itself = 0;  // reporting mode
constexpr std::uint8_t asleep = 0;
constexpr std::uint8_t awake = 1;

std::size_t frame_length(Bytes beginning) {
  const std::uint8_t kind = u8(beginning, 1);
  return kind == measurement || kind == reply ? frame_size : 0;
}

std::optional<Fault> check_frame(Bytes frame) {
  if (u8(frame, 9) != tail) return Fault::framing;
  if (sum8(frame.subspan(2, 6)) != u8(frame, 8)) return Fault::checksum;
  return std::nullopt;
}

constexpr FrameRules rules{
    .header = header, .length_known_at = 2, .length = frame_length, .check = check_frame};

// A good frame: readings of a measurement, nothing of a reply.
Result<Sample> decode_sds011(Bytes frame, bool is_warm) {
  Sample sample;
  if (u8(frame, 1) != measurement) return sample;
  const std::uint16_t fine = le16(frame, 2);
  const std::uint16_t coarse = le16(frame, 4);
  if (fine == 0 && coarse == 0 && !is_warm) return Unexpected{Fault::warming_up};
  sample.readings = {reading(pm2_5, fine / 10.0), reading(pm10, coarse / 10.0)};
  sample.facts = {{"device_id", to_hex(frame.subspan(6, 2))}};
  return sample;
}

using DeviceId = std::array<std::byte, 2>;
constexpr DeviceId any_device = bytes_of(0xFF, 0xFF);

constexpr std::array<std::byte, 19> command(const DeviceId& id, Item item,
                                            std::optional<std::uint8_t> set) {
  auto bytes = bytes_of(0xAA, 0xB4, item, set.has_value(), set.value_or(0), 0, 0, 0, 0, 0, 0, 0, 0,
                        0, 0, id[0], id[1], 0, tail);
  unsigned sum = 0;
  for (const std::byte each : Bytes(bytes).subspan(2, 15)) sum += std::to_integer<unsigned>(each);
  bytes[17] = static_cast<std::byte>(sum);
  return bytes;
}

// Asks for an item, or sets it; the reply comes among the measurements that the device keeps
// sending. nullopt: it does not answer.
std::optional<std::array<std::byte, frame_size>> ask(StreamLink& link, const DeviceId& id,
                                                     Item item,
                                                     std::optional<std::uint8_t> set = {}) {
  std::optional<std::array<std::byte, frame_size>> found;
  const auto take_reply = [&found, item](Bytes frame) -> Result<Sample> {
    if (u8(frame, 1) == reply && u8(frame, 2) == static_cast<std::uint8_t>(item)) {
      std::ranges::copy(frame, found.emplace().begin());
    }
    return Sample{};
  };
  FrameScanner frames(rules);
  std::array<std::byte, 64> chunk{};
  std::size_t received = link.exchange(command(id, item, set), chunk, 500ms);
  for (std::size_t heard = received; received > 0; heard += received) {
    (void)frames.feed(Bytes(chunk).first(received), take_reply);
    if (found || heard > 4 * frame_size) break;
    received = link.read(chunk, 500ms);
  }
  return found;
}

class Sds011 final : public Listener {
 public:
  explicit Sds011(const Settings& settings) {
    const auto id = from_hex(settings.text("device_id"));
    if (id && id->size() == id_.size()) std::ranges::copy(*id, id_.begin());
    if (settings.has("work_period_min")) {
      work_period_min_ = static_cast<std::uint8_t>(settings.integer("work_period_min"));
    }
  }

  void start(StreamLink& link) override {
    clean_air_.know_warm(false);
    auto mode = ask(link, id_, Item::reporting_mode);
    if (!mode) {  // asleep, or only its TX is wired: then it talks without being asked
      ask(link, id_, Item::sleep, awake);
      mode = ask(link, id_, Item::reporting_mode);
    }
    if (mode && value_of(*mode) != by_itself) ask(link, id_, Item::reporting_mode, by_itself);
    if (work_period_min_) {
      set_work_period(link, *work_period_min_);
      own_period_ = std::chrono::minutes(*work_period_min_);
    } else if (mode) {
      const auto found = ask(link, id_, Item::work_period);
      if (found) own_period_ = std::chrono::minutes(value_of(*found));
    }
  }

  Decoded feed(Bytes chunk) override { return frames_.feed(chunk, decode()); }
  Decoded finish() override { return frames_.finish(decode()); }
  void know_warm(bool is_warm) override { clean_air_.know_warm(is_warm); }
  [[nodiscard]] milliseconds own_period() const override { return own_period_; }
  void stop(StreamLink& link) override { link.write(command(id_, Item::sleep, asleep)); }

 private:
  static std::uint8_t value_of(Bytes frame) { return u8(frame, 4); }

  void set_work_period(StreamLink& link, std::uint8_t wanted) const {
    const auto current = ask(link, id_, Item::work_period);
    if (!current) throw LinkError(Fault::no_response, "sds011: does not tell its work period");
    if (value_of(*current) == wanted) return;
    const auto confirmed = ask(link, id_, Item::work_period, wanted);
    if (!confirmed || value_of(*confirmed) != wanted) {
      throw LinkError(Fault::nack, "sds011: does not confirm its new work period");
    }
  }

  FrameDecoder decode() {
    return [this](Bytes frame) -> Result<Sample> {
      const bool is_ours = id_ == any_device || std::ranges::equal(frame.subspan(6, 2), id_);
      if (!is_ours) return Sample{};
      // Between two frames of one that rests the air may have changed.
      const bool is_rested = own_period_ > 0min;
      auto sample = decode_sds011(frame, is_rested || clean_air_.is_believed());
      clean_air_.note(sample);
      return sample;
    };
  }

  DeviceId id_ = any_device;
  std::optional<std::uint8_t> work_period_min_;
  milliseconds own_period_{0};
  CleanAir clean_air_;
  FrameScanner frames_{rules};
};

Found found_by(std::string evidence, std::string id) {
  return {.model = "Nova SDS011", .evidence = std::move(evidence), .serial_number = std::move(id)};
}

std::optional<Found> recognise(std::span<const Sample> samples) {
  const auto& id = samples.back().facts.front().value;  // every measurement has it
  return found_by("the checks of its frames", std::get<std::string>(id));
}

// One that is only asked answers; one that sleeps is woken for as long as it takes, and sleeps
// again.
std::optional<Found> probe(StreamLink& link) {
  auto firmware = ask(link, any_device, Item::firmware);
  const bool is_asleep = !firmware && ask(link, any_device, Item::sleep, awake);
  if (is_asleep) firmware = ask(link, any_device, Item::firmware);
  if (is_asleep) link.write(command(any_device, Item::sleep, asleep));
  if (!firmware) return std::nullopt;
  const Bytes date = Bytes(*firmware).subspan(3, 3);
  Found found = found_by("its answer", to_hex(Bytes(*firmware).subspan(6, 2)));
  found.detail = "firmware 20" + std::to_string(u8(date, 0)) + '-' + std::to_string(u8(date, 1)) +
                 '-' + std::to_string(u8(date, 2)) + (is_asleep ? "; it sleeps" : "");
  return found;
}

constexpr auto ask_firmware = command(any_device, Item::firmware, {});
constexpr auto call_awake = command(any_device, Item::sleep, awake);
constexpr auto send_to_sleep = command(any_device, Item::sleep, asleep);
constexpr std::array<Bytes, 3> questions{ask_firmware, call_awake, send_to_sleep};

std::string check(const Settings& settings) {
  if (settings.text("device_id").empty()) return {};
  const auto id = from_hex(settings.text("device_id"));
  if (id && id->size() == any_device.size()) return {};
  return "device_id: expected four hexadecimal digits, as \"a160\"";
}

constexpr auto quantities = std::to_array<DriverQuantity>({
    {pm2_5, 0, 999.9},
    {pm10, 0, 999.9},
});
constexpr auto settings = std::to_array<Setting>({
    {.name = "work_period_min",
     .kind = SettingKind::integer,
     .documentation = "One measurement every so many minutes, 0: continuously; kept in the device, "
                      "which is left as it is without this setting.",
     .lower = 0,
     .upper = 30},
    {.name = "device_id",
     .kind = SettingKind::text,
     .documentation = "Hear only the device with this id (four hexadecimal digits)."},
});

}  // namespace

extern const DriverInfo sds011_driver = {
    .name = "sds011",
    .summary = "Particles PM2.5 and PM10 by laser",
    .makers = "Nova Fitness SDS011, SDS018, SDS021",
    .datasheet = "Nova Fitness, Laser Dust Sensor Control Protocol V1.3, section 3",
    .bus = &serial_bus,
    .quantities = quantities,
    .warm_up = 30s,  // section 3, "set sleep and work"
    .longest_pause = 1s,
    .can_sleep = true,
    .settings = settings,
    .make_listener = [](const Settings& chosen) -> std::unique_ptr<Listener> {
      return std::make_unique<Sds011>(chosen);
    },
    .probe = probe_on<StreamLink, probe>,
    .recognise = recognise,
    .questions = questions,
    .check = check,
};

}  // namespace twinsky
