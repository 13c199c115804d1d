// SPDX-License-Identifier: Apache-2.0
#include "gateway/indices/pollutant.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace twinsky {

const Pollutant& pollutant_named(std::string_view input) {
  const auto* const found =
      std::ranges::find(pollutants, input.substr(0, input.find('_')), &Pollutant::name);
  if (found == pollutants.end()) {
    throw std::runtime_error("index input " + std::string(input) + ": unknown pollutant");
  }
  return *found;
}

}  // namespace twinsky
