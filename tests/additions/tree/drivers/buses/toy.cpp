// SPDX-License-Identifier: Apache-2.0
// A wire that does not exist, for the test that a kind of bus is one file. Whatever is asked on it
// is answered by the bytes that are its address, again and again.
#include "drivers/buses/i2c.hpp"

#include <stdexcept>
#include <vector>

namespace twinsky {
namespace {

class ToyLink final : public TransferLink {
 public:
  ToyLink(const BusSurroundings& surroundings, const std::vector<std::byte>& answer)
      : surroundings_(surroundings), answer_(answer) {}
  void write(Bytes) override {}
  void read(std::span<std::byte> rx) override {
    for (std::size_t at = 0; at < rx.size(); ++at) rx[at] = answer_[at % answer_.size()];
  }
  void exchange(Bytes, std::span<std::byte> rx) override { read(rx); }
  void pause(milliseconds duration) override {
    Clock& clock = surroundings_.clock;
    if (!clock.pause_until(clock.now() + duration, surroundings_.stop)) throw Stopped();
  }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  const BusSurroundings& surroundings_;
  const std::vector<std::byte>& answer_;
};

class ToyBus final : public Bus {
 public:
  ToyBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)), answer_(from_hex(settings.address).value()) {}
  void open() override {}
  void close() noexcept override {}
  std::unique_ptr<Link> link(const DeviceSettings&) override {
    return std::make_unique<ToyLink>(surroundings_, answer_);
  }

 private:
  const BusSurroundings surroundings_;
  const std::vector<std::byte> answer_;
};

constexpr auto settings = std::to_array<Setting>({
    {.name = "colour", .kind = SettingKind::text, .documentation = "What it looks like."},
});

}  // namespace

extern const BusInfo toy_bus = {
    .name = "toy",
    .address_form = SettingKind::text,
    .documentation = "The answer to everything, in hexadecimal digits.",
    .place = 9,
    .same_as = &i2c_bus,
    .settings = settings,
    .check = [](std::string& address) -> std::string {
      const auto bytes = from_hex(address);
      return bytes && !bytes->empty() ? "" : in_quotes(address) + " is no answer, expected digits";
    },
    .make = [](const BusSettings& bus, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<ToyBus>(bus, std::move(surroundings));
    },
};

}  // namespace twinsky
