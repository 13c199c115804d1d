// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/csv.hpp"

#include <utility>

namespace twinsky {
namespace {

constexpr std::size_t most_rows = 20'000;
constexpr std::size_t most_columns = 100;
constexpr std::size_t longest_cell = 1'000;

// Walks over the text row by row.
class Rows {
 public:
  Rows(std::string_view text, char separator) : text_(text), separator_(separator) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool is_row_ended() const { return is_row_ended_; }
  [[nodiscard]] bool is_quote_open() const { return is_quote_open_; }
  [[nodiscard]] bool is_too_large() const { return is_too_large_; }

  CsvRow next() {
    CsvRow row{line_, {}};
    is_row_ended_ = false;
    do {
      row.cells.push_back(cell());
      is_too_large_ |= row.cells.back().size() > longest_cell || row.cells.size() > most_columns;
    } while (!is_too_large_ && take(separator_));
    take('\r');
    if (take('\n')) {
      ++line_;
      is_row_ended_ = true;
    }
    return row;
  }

 private:
  bool take(char expected) {
    if (at_end() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] bool at_cell_end() const {
    if (at_end()) return true;
    const char c = text_[at_];
    return c == separator_ || c == '\n' || (c == '\r' && text_.substr(at_).starts_with("\r\n"));
  }

  std::string cell() {
    std::string cell = take('"') ? quoted_part() : std::string();
    const std::size_t begin = at_;
    while (!at_cell_end()) ++at_;
    return cell.append(text_.substr(begin, at_ - begin));
  }

  std::string quoted_part() {
    std::string part;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"' && !take('"')) return part;  // a doubled quote is one quote of the text
      if (c == '\n') ++line_;
      part += c;
    }
    is_quote_open_ = true;
    return part;
  }

  const std::string_view text_;
  const char separator_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool is_row_ended_ = false;
  bool is_quote_open_ = false;
  bool is_too_large_ = false;
};

bool is_blank(const CsvRow& row) {
  return row.cells.size() == 1 && row.cells.front().empty();
}

Unexpected<FeedFailure> failure(FeedFault fault, const CsvRow& row, std::string_view what) {
  return Unexpected{
      FeedFailure{fault, "line " + std::to_string(row.line).append(": ").append(what)}};
}

}  // namespace

Result<CsvTable, FeedFailure> parse_csv(std::string_view text, char separator) {
  CsvTable table;
  Rows rows(text, separator);
  while (!rows.at_end()) {
    CsvRow row = rows.next();
    if (rows.is_quote_open()) {
      return failure(FeedFault::truncated, row, "a quotation mark is not closed");
    }
    if (rows.is_too_large() || table.rows.size() == most_rows) {
      return failure(FeedFault::too_large, row, "more rows, columns or text than any table here");
    }
    if (is_blank(row)) continue;
    table.is_cut = !rows.is_row_ended();
    if (table.header.empty()) {
      table.header = std::move(row.cells);
    } else if (!table.is_cut) {
      table.rows.push_back(std::move(row));
    }
  }
  if (table.header.empty()) return Unexpected{FeedFailure{FeedFault::empty, "no header"}};
  return table;
}

}  // namespace twinsky
