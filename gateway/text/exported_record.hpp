// SPDX-License-Identifier: Apache-2.0
// Records as `twinsky export` writes them, read again: lines of JSON, which are what subscribers
// get (record.hpp), and rows of CSV (csv.hpp).
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct ExportedRecord {
  std::string gateway;  // empty: the file does not say it
  std::string stream;
  std::string epoch;
  std::uint64_t seq = 0;
  UtcTime time{};
  std::string body;
};

// Why it is none, in words, where the line is not what append_record() writes.
Result<ExportedRecord, std::string> record_in_line(std::string_view line);

// The cells of one row (RFC 4180), which may have line breaks between quotation marks; nothing
// where these do not fit together.
std::vector<std::string> cells_of_row(std::string_view row);
// Does the row go on in the next line?
bool is_open_row(std::string_view row) noexcept;

class ExportedTable {
 public:
  // The words of the first row.
  static Result<ExportedTable, std::string> with_columns(std::vector<std::string> columns);
  [[nodiscard]] Result<ExportedRecord, std::string> record_in(
      const std::vector<std::string>& cells) const;

 private:
  std::vector<std::string> columns_;
};

}  // namespace twinsky
