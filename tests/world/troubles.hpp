// SPDX-License-Identifier: Apache-2.0
// What may be the matter with a device for some time, whatever its kind: it is silent, its bytes
// change on their way, it answers late, it has no power.
#pragma once

#include "device.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace world {

// Is one of this name going on?
const Trouble* trouble_now(const std::vector<Trouble>& troubles, std::string_view is);
inline bool is_now(const std::vector<Trouble>& troubles, std::string_view is) {
  return trouble_now(troubles, is) != nullptr;
}

// How late each next answer of a device is: another time each, between the bounds of its trouble.
class Lateness {
 public:
  explicit Lateness(const std::vector<Trouble>& troubles) : troubles_(troubles) {}
  // Answers come in the order of their questions.
  Instant moment_of_next(Instant now);

 private:
  const std::vector<Trouble>& troubles_;
  unsigned random_ = 1;
  Instant last_{};
};

// Power cuts, one after another.
class PowerCuts {
 public:
  explicit PowerCuts(const std::vector<Trouble>& troubles);
  // Calls `power_up` with the moment at which power came back, once for each cut that is over.
  template <class PowerUp>
  void settle(Instant now, PowerUp&& power_up) {
    const Utc utc = utc_now();
    for (; next_ < ends_.size() && ends_[next_] <= utc; ++next_)
      power_up(now - (utc - ends_[next_]));
  }
  // When the next one is over.
  [[nodiscard]] std::optional<Instant> due() const;

 private:
  std::vector<Utc> ends_;
  std::size_t next_ = 0;
};

// The device with its troubles.
std::unique_ptr<SerialDevice> troubled(std::unique_ptr<SerialDevice> device,
                                       const std::vector<Trouble>& troubles);
std::unique_ptr<I2cDevice> troubled(std::unique_ptr<I2cDevice> device,
                                    const std::vector<Trouble>& troubles);

}  // namespace world
