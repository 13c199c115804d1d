// SPDX-License-Identifier: Apache-2.0
// The newest reading of every quantity of every stream: what `state` shows, and what a driver may
// ask of its neighbours (pressure into CO2 sensors, temperature and humidity into gas indices).
// Any thread.
#pragma once

#include "gateway/model/sample.hpp"
#include "gateway/sinks/documents.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class LatestValues {
 public:
  // Takes a sample's readings. An own one that came later is newer, however UTC was set between
  // them; of an official one its interval tells.
  void put(std::string_view stream, const Sample& sample, MonotonicTime came,
           std::string_view channel = {});
  void remove(std::string_view stream);

  struct Kept {
    Latest latest;
    MonotonicTime came{};
    std::optional<UtcTime> start = {};  // of an official value's interval
  };
  [[nodiscard]] std::vector<Kept> latest(std::string_view stream) const;
  // The newest good reading of a quantity in any sensor's stream, at most ten minutes old; of the
  // streams for which `counts` is true where it is given.
  [[nodiscard]] std::optional<double> nearby(
      Quantity quantity, MonotonicTime now,
      const std::function<bool(std::string_view stream)>& counts = {}) const;

 private:
  using Stream = std::map<Quantity, Kept>;
  mutable std::mutex mutex_;
  std::map<std::string, Stream, std::less<>> streams_;  // guarded by mutex_
};

}  // namespace twinsky
