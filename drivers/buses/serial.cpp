// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/serial.hpp"

#include "drivers/buses/device_file.hpp"
#include "drivers/buses/line.hpp"
#include "drivers/buses/serial_port.hpp"
#include "drivers/buses/wire_time.hpp"

namespace twinsky {
namespace {

class SerialLink final : public StreamLink {
 public:
  SerialLink(SerialPort& port, const BusSurroundings& surroundings, const LineSettings& line)
      : port_(port), surroundings_(surroundings), line_(line) {}

  void write(Bytes tx) override {
    port_.use(line_);
    port_.write(tx);
  }
  std::size_t read(std::span<std::byte> rx, milliseconds patience) override {
    port_.use(line_);
    deadline_.start(patience);
    return port_.read(rx, deadline_);
  }
  std::size_t exchange(Bytes tx, std::span<std::byte> rx, milliseconds patience) override {
    port_.use(line_);
    port_.drop_input();
    port_.write(tx);
    deadline_.start(time_on_wire(line_, static_cast<double>(tx.size())) + patience);
    return port_.read(rx, deadline_);
  }
  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  SerialPort& port_;
  const BusSurroundings& surroundings_;
  const LineSettings line_;
  Timer deadline_;
};

class SerialBus final : public Bus {
 public:
  SerialBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)),
        port_(settings.address, surroundings_.stop, surroundings_.is_guest) {}

  void open() override { port_.open(); }
  void close() noexcept override { port_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<SerialLink>(port_, surroundings_, device.line);
  }

 private:
  const BusSurroundings surroundings_;
  SerialPort port_;
};

}  // namespace

extern const BusInfo serial_bus = {
    .name = "serial",
    .documentation =
        "The port of one streaming or query device; a name below /dev/serial/by-id "
        "stays the same after replugging.",
    .place = 2,
    .devices = BusInfo::Devices::one,
    .settings = line_settings,
    .device_settings = device_line_settings,
    .needs = line_needs,
    .identity = identity_of_device,
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<SerialBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
