// SPDX-License-Identifier: Apache-2.0
// Columns for a terminal: as wide as their widest cell, the last one wrapped in what is left.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace twinsky {

struct TableRow {
  std::vector<std::string> cells;
  std::string below = {};  // lines of its own
};

// Onto standard output, in lines of at most `width` columns, but for cells that leave no room.
void print_table(const std::vector<TableRow>& rows, std::size_t width);

}  // namespace twinsky
