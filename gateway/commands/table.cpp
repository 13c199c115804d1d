// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/table.hpp"

#include "gateway/text/columns.hpp"

#include <algorithm>
#include <iostream>

namespace twinsky {
namespace {

// From the column on where the cursor stands; the lines after the first begin at `indent`.
void print_wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  constexpr std::size_t narrowest = 20;
  const auto lines = wrapped_to(text, std::max(width, indent + narrowest) - indent);
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (at > 0) std::cout << std::string(indent, ' ');
    std::cout << lines[at] << '\n';
  }
}

}  // namespace

void print_table(const std::vector<TableRow>& rows, std::size_t width) {
  if (rows.empty()) return;
  std::vector<std::size_t> widths(rows.front().cells.size());
  for (const TableRow& row : rows) {
    for (std::size_t at = 0; at < row.cells.size(); ++at) {
      widths[at] = std::max(widths[at], columns_of(row.cells[at]));
    }
  }
  for (const TableRow& row : rows) {
    std::size_t column = 0;
    for (std::size_t at = 0; at + 1 < row.cells.size(); ++at) {
      std::cout << padded_to(row.cells[at], widths[at] + 2);
      column += widths[at] + 2;
    }
    print_wrapped(row.cells.back(), column, width);
    if (row.below.empty()) continue;
    constexpr std::size_t indent = 4;
    std::cout << std::string(indent, ' ');
    print_wrapped(row.below, indent, width);
  }
}

}  // namespace twinsky
