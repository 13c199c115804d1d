// SPDX-License-Identifier: Apache-2.0
// The band of an index, in the colour in which its authority shows it. Pure; any thread.
#pragma once

#include <string_view>

namespace twinsky {

struct IndexBand {
  std::string_view code;    // "moderate"; what a page translates
  std::string_view colour;  // "#ff7e00"
};

// `family` as IndexEdition names it. Of a family that is not known: both empty.
IndexBand band_of(std::string_view family, double value) noexcept;

}  // namespace twinsky
