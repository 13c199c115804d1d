// SPDX-License-Identifier: Apache-2.0
// Tables as text (RFC 4180): quoted cells, LF or CRLF. Rows, columns and cells are capped, so a
// hostile file costs bounded memory.
#pragma once

#include "drivers/driver.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct CsvRow {
  int line = 0;  // of the file, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // empty lines are left out
  // The text stops without a line end: nobody knows whether its last cell is whole ("3" of "31"),
  // so the last row is not among `rows`.
  bool is_cut = false;
};

// `text` is UTF-8 without a mark. A quote that is never closed is `truncated`: the rest can
// be fetched again. Too many rows, columns or bytes in a cell are `too_large`; without a header it
// is `empty`.
Result<CsvTable, FeedFailure> parse_csv(std::string_view text, char separator = ',');

}  // namespace twinsky
