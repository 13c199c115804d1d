// SPDX-License-Identifier: Apache-2.0
// The columns of the Hong Kong Observatory's CSV files: what a header cell of any edition says.
#pragma once

#include "drivers/driver.hpp"
#include "drivers/feeds/csv.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct HkoColumn {
  std::size_t at = 0;  // place in the row
  Quantity quantity{};
  double factor = 1;       // into the catalogue's unit
  milliseconds length{0};  // of the interval that ends at the row's time
};

struct HkoTable {
  // "YYYYMMDDHHmm" in one column, or year, month, day, hour, minute, second, zone in seven.
  std::optional<std::size_t> time;
  std::array<std::optional<std::size_t>, 7> time_parts;
  std::optional<std::size_t> station;
  std::vector<HkoColumn> columns;
  std::vector<std::string> problems;  // columns that are not known, or there twice
  std::vector<std::string> unknown;   // the names of those that are not known

  // The time of a row in UTC; nullopt: it has none.
  [[nodiscard]] std::optional<UtcTime> time_of_row(const CsvRow& row) const;
};

// Fails with `grammar_changed` when there is no time, no station or no known quantity.
Result<HkoTable, FeedFailure> read_hko_header(const std::vector<std::string>& header);

}  // namespace twinsky
