// SPDX-License-Identifier: Apache-2.0
// What a document of an agency has had, and is expected to have again: columns and stations, each
// with when it was last there. It is kept over a restart as a line of text; who was not there for a
// week is not expected any more after the next one.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/quantity.hpp"

#include <map>
#include <string>
#include <string_view>

namespace twinsky {

struct Expected {
  std::map<Quantity, UtcTime> columns;
  std::map<std::string, UtcTime, std::less<>> stations;

  // "pm2_5,pm10 mong-kok,north"; "-" for none.
  [[nodiscard]] std::string text(UtcTime now) const;
  // From such a text; all of it was there `now`, as far as anybody knows.
  static Expected of_text(std::string_view text, UtcTime now);
};

}  // namespace twinsky
