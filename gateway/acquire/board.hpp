// SPDX-License-Identifier: Apache-2.0
// The newest reading of every quantity of every stream: what `state` shows, and what a driver may
// ask of its neighbours (pressure into CO2 sensors, temperature and humidity into gas indices).
// Any thread.
#pragma once

#include "gateway/model/sample.hpp"
#include "gateway/publish/formats.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class Board {
 public:
  // Takes a sample's readings; a reading older than what is there changes nothing.
  void put(std::string_view stream, const Sample& sample, std::string_view channel = {});
  void remove(std::string_view stream);

  [[nodiscard]] std::vector<Latest> latest(std::string_view stream) const;
  // The newest good reading of a quantity in any sensor's stream, at most ten minutes old; of the
  // streams for which `counts` is true where it is given.
  [[nodiscard]] std::optional<double> nearby(
      Quantity quantity, UtcTime now,
      const std::function<bool(std::string_view stream)>& counts = {}) const;

 private:
  using Stream = std::map<Quantity, Latest>;
  mutable std::mutex mutex_;
  std::map<std::string, Stream, std::less<>> streams_;  // guarded by mutex_
};

}  // namespace twinsky
