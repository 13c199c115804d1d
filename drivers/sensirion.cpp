// SPDX-License-Identifier: Apache-2.0
#include "drivers/sensirion.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace twinsky {
namespace {

// What the devices take for a pressure of the air; another number is none (kPa by mistake).
constexpr double lowest_hpa = 700;
constexpr double highest_hpa = 1200;

class MeasuringDriver final : public DriverOn<TransferLink> {
 public:
  MeasuringDriver(Measuring device, std::function<std::vector<Fact>(TransferLink&)> prepare)
      : device_(std::move(device)), prepare_(std::move(prepare)) {}

  void start(TransferLink& link) override {
    if (device_.stop) {
      try {
        link.write(sensirion_command(*device_.stop));  // it may go on from an earlier run
      } catch (const LinkError&) {
        // One that does not measure may refuse it; one that is not there fails below.
      }
      link.pause(device_.stopping);
    }
    if (prepare_) facts_ = prepare_(link);
    told_pressure_hpa_.reset();
    if (device_.start_argument) {
      link.write(sensirion_command(device_.start, *device_.start_argument));
    } else {
      link.write(sensirion_command(device_.start));
    }
    link.pause(device_.starting);
  }

  Result<Sample> sample(TransferLink& link) override {
    tell_pressure(link);
    if (device_.is_ready != 0) {
      const auto ready = sensirion_words<1>(ask_sensirion(link, device_.is_ready, device_.time, 1));
      if (!ready) return Unexpected{ready.error()};
      if (((*ready)[0] & device_.ready_bits) == 0) return Unexpected{Fault::not_ready};
    }
    auto sample = device_.decode(ask_sensirion(link, device_.read, device_.time, device_.words));
    if (sample) sample->facts.insert(sample->facts.end(), facts_.begin(), facts_.end());
    return sample;
  }

  void stop(TransferLink& link) override {
    if (device_.stop) link.write(sensirion_command(*device_.stop));
  }

 private:
  void tell_pressure(TransferLink& link) {
    if (device_.set_pressure == 0) return;
    const auto hpa = link.nearby(Quantity::pressure);
    if (!hpa || *hpa < lowest_hpa || *hpa > highest_hpa) return;
    const auto rounded = static_cast<std::uint16_t>(std::lround(*hpa));
    if (rounded == told_pressure_hpa_) return;
    link.write(sensirion_command(device_.set_pressure, rounded));
    link.pause(device_.time);
    told_pressure_hpa_ = rounded;
  }

  Measuring device_;
  std::function<std::vector<Fact>(TransferLink&)> prepare_;
  std::vector<Fact> facts_;
  std::optional<std::uint16_t> told_pressure_hpa_;
};

}  // namespace

std::vector<std::byte> ask_sensirion(TransferLink& link, std::uint16_t command, milliseconds time,
                                     std::size_t words) {
  std::vector<std::byte> answer(3 * words);
  link.write(sensirion_command(command));
  link.pause(time);
  link.read(answer);
  return answer;
}

std::uint16_t sensirion_setting(TransferLink& link, std::uint16_t command, milliseconds time) {
  const auto words = sensirion_words<1>(ask_sensirion(link, command, time, 1));
  if (!words) throw LinkError(words.error(), "a setting of the device arrives garbled");
  return (*words)[0];
}

Result<Sample> decode_sensirion(Bytes answer, std::span<const SensirionWord> layout) {
  std::vector<std::uint16_t> words(layout.size());
  if (const auto fault = read_sensirion_words(answer, words)) return Unexpected{*fault};
  Sample sample;
  for (std::size_t at = 0; at < layout.size(); ++at) {
    const SensirionWord& word = layout[at];
    const std::uint16_t unknown = word.is_signed ? 0x7FFF : 0xFFFF;
    if (word.may_be_unknown && words[at] == unknown) {
      sample.readings.push_back(absent(word.quantity, Fault::warming_up));
      continue;
    }
    const double number = word.is_signed ? double(signed16(words[at])) : double(words[at]);
    sample.readings.push_back(reading(word.quantity, number / word.per_unit));
  }
  return sample;
}

Decoded decode_measuring(std::span<const Exchange> exchanges, const Measuring& device) {
  Decoded decoded;
  Sample sample;
  for (const Exchange& exchange : exchanges) {
    const std::uint16_t command =
        exchange.written.size() < 2 ? std::uint16_t{0} : be16(exchange.written, 0);
    if (exchange.nack) {
      decoded.faults.push_back(Fault::nack);
    } else if (device.is_ready != 0 && command == device.is_ready) {
      const auto ready = sensirion_words<1>(exchange.answered);
      if (!ready || ((*ready)[0] & device.ready_bits) == 0) {
        decoded.faults.push_back(ready ? Fault::not_ready : ready.error());
      } else {
        sample.facts.push_back({"data_ready", true});
      }
    } else if (command == device.read) {
      if (auto measured = device.decode(exchange.answered)) {
        sample.readings = std::move(measured->readings);
        std::ranges::move(measured->facts, std::back_inserter(sample.facts));
        append(decoded, std::exchange(sample, {}));
      } else {
        decoded.faults.push_back(measured.error());
      }
    }
  }
  if (decoded.faults.empty()) append(decoded, std::move(sample));
  return decoded;
}

std::unique_ptr<Driver> make_measuring(Measuring device,
                                       std::function<std::vector<Fact>(TransferLink&)> prepare) {
  return std::make_unique<MeasuringDriver>(std::move(device), std::move(prepare));
}

}  // namespace twinsky
