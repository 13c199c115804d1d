// SPDX-License-Identifier: Apache-2.0
// Plantower PMSA003I (data manual V2.6, appendix I): a plain read yields the newest frame. It takes
// no commands, so it acknowledges no byte that is written.
#include "i2c_devices.hpp"
#include "plantower.hpp"

namespace world {

namespace {

class Pmsa003i : public I2cDevice {
 public:
  explicit Pmsa003i(const DeviceSpec& spec) : view_(spec.view) {}
  bool write(ByteSpan bytes, Instant) override { return bytes.empty(); }
  std::optional<Frame> read(Instant) override { return Frame{plantower_frame(view_, 1), true}; }
  void power_up(Instant) override {}

 private:
  View view_;
};

}  // namespace

std::unique_ptr<I2cDevice> make_pmsa003i(const DeviceSpec& spec, Instant) {
  return std::make_unique<Pmsa003i>(spec);
}

}  // namespace world
