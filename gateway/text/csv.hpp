// SPDX-License-Identifier: Apache-2.0
// Record bodies as rows of a CSV file (RFC 4180): every key is a column, numbers stay as they were
// printed, null is an empty cell, an inner object its JSON text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// The shortest text that reads back as the same number; empty: there is none.
std::string exact_cell(const std::optional<double>& value);

class CsvColumns {
 public:
  // Makes the keys of a body known.
  void note(std::string_view body);

  // Each with a comma before: quantities in the order in which they came, then the other keys.
  void append_header(std::string& text) const;
  void append_cells(std::string& text, std::string_view body);

 private:
  std::map<std::string, std::size_t, std::less<>> places_;  // by key
  std::vector<std::string> quantities_;
  std::vector<std::string> others_;
  std::vector<std::string_view> cells_;
};

}  // namespace twinsky
