// SPDX-License-Identifier: Apache-2.0
// A device that does what a test wants of it.
#pragma once

#include "drivers/checksum.hpp"
#include "drivers/driver.hpp"
#include "gateway/config/config.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <new>

namespace twinsky {

// An SHT4x that is well, silent, garbled, cut short, on a bus that is gone, or that makes its
// driver throw what nobody expects, be it that memory runs out or that the driver is mistaken. The
// bus's thread and the test may look at it at once.
struct Device {
  enum class Mood { well, silent, garbled, cut_short, failed, gone, mad, mistaken };
  std::atomic<Mood> mood = Mood::well;
  std::atomic<int> measurements = 0;
  std::atomic<int> starts = 0;
};

class DeviceLink final : public TransferLink {
 public:
  explicit DeviceLink(Device& device) : device_(device) {}

  void write(Bytes tx) override {
    if (device_.mood == Device::Mood::gone) throw BusError("/dev/i2c-1: unplugged");
    if (device_.mood == Device::Mood::failed) {
      throw LinkError(Fault::sensor_fault, "an element is broken");
    }
    if (device_.mood == Device::Mood::mad) throw std::bad_alloc();
    if (device_.mood == Device::Mood::mistaken) throw std::out_of_range("vector::at");
    if (device_.mood == Device::Mood::silent) {
      throw LinkError(Fault::no_response, "0x44 does not answer");
    }
    if (u8(tx, 0) == 0xFD) ++device_.measurements;
    if (u8(tx, 0) == 0x94) ++device_.starts;
  }
  void read(std::span<std::byte> rx) override {
    auto words = bytes_of(0x66, 0x66, 0, 0x80, 0x00, 0);  // 25 degC, 56.5 %
    words[2] = static_cast<std::byte>(crc8_sensirion(Bytes(words).first(2)));
    words[5] = static_cast<std::byte>(crc8_sensirion(Bytes(words).subspan(3, 2)));
    if (device_.mood == Device::Mood::garbled) words[0] = std::byte{0};
    if (device_.mood == Device::Mood::cut_short) (void)u8(Bytes(words).first(2), 2);
    std::ranges::copy(words, rx.begin());
  }
  void exchange(Bytes, std::span<std::byte>) override {}
  void pause(milliseconds) override {}
  [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }

 private:
  Device& device_;
};

inline SensorSettings moody_sensor(milliseconds every = milliseconds(10'000),
                                   const std::string& id = "air", int address = 0x44) {
  SensorSettings settings{.id = id, .driver = "sht4x", .bus = "i2c-1", .every = every};
  settings.settings = Settings::defaults(driver_named("sht4x")->settings);
  settings.device.address = address;
  return settings;
}

}  // namespace twinsky
