// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/csv.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using Cells = std::vector<std::string>;

std::vector<Cells> rows_of(std::string_view text, char separator = ',') {
  const auto table = parse_csv(text, separator);
  if (!table) return {{std::string(name_of(table.error().fault)), table.error().detail}};
  std::vector<Cells> rows{table->header};
  for (const CsvRow& row : table->rows) rows.push_back(row.cells);
  return rows;
}

TEST(csv, reads_rows_as_rfc_4180_and_its_relatives_write_them) {
  const std::vector<Cells> two = {{"a", "b"}, {"1", "2"}};
  for (const auto* text :
       {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n\n1,2\n\n", "\"a\",b\n1,\"2\"\n"}) {
    EXPECT_EQ(rows_of(text), two) << text;
  }
  EXPECT_EQ(rows_of("a\tb\n1\t2\n", '\t'), two);
  EXPECT_EQ(rows_of("a,b\n\"1,\n\"\"x\"\"\",\n"),
            (std::vector<Cells>{{"a", "b"}, {"1,\n\"x\"", ""}}));
  EXPECT_EQ(rows_of("a,b\n1 \"x\" ,\r2\n"), (std::vector<Cells>{{"a", "b"}, {"1 \"x\" ", "\r2"}}));
  EXPECT_EQ(rows_of("a,b\n1,2,3\n4\n"), (std::vector<Cells>{{"a", "b"}, {"1", "2", "3"}, {"4"}}))
      << "the caller judges lengths";
}

TEST(csv, counts_lines_for_messages) {
  const auto table = parse_csv("a,b\n\n\"1\n\",2\n3,4\n");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows[0].line, 3);
  EXPECT_EQ(table->rows[1].line, 5);
}

TEST(csv, leaves_out_a_last_row_that_has_no_end) {
  for (const auto* text : {"a,b\n1,2\n3,4", "a,b\n1,2\n3,", "a,b\n1,2\n3", "a,b\n1,2\n3,4\r"}) {
    const auto table = parse_csv(text);
    ASSERT_TRUE(table) << text;
    EXPECT_TRUE(table->is_cut) << text;
    ASSERT_EQ(table->rows.size(), 1U) << text;
    EXPECT_EQ(table->rows[0].cells, (Cells{"1", "2"}));
  }
  EXPECT_FALSE(parse_csv("a,b\n1,2\n")->is_cut);
  for (const auto* text : {"a,b\n1,2", "a,b"}) {
    const auto table = parse_csv(text);
    ASSERT_TRUE(table) << text;
    EXPECT_TRUE(table->is_cut && table->rows.empty()) << text;
  }
}

TEST(csv, refuses_what_is_cut_or_too_large) {
  const auto first = [](std::string_view text) { return rows_of(text).front().front(); };
  EXPECT_EQ(first("a,b\n\"1,2\n"), "truncated");
  EXPECT_EQ(first(""), "empty");
  EXPECT_EQ(first("\r\n\n"), "empty");
  EXPECT_EQ(first("a,b\n1," + std::string(1001, 'x') + "\n"), "too_large");
  EXPECT_EQ(first("a,b\n" + std::string(200, ',') + "\n"), "too_large");
  std::string many = "a\n";
  for (int row = 0; row < 20'001; ++row) many += "1\n";
  EXPECT_EQ(first(many), "too_large");
}

}  // namespace
}  // namespace twinsky
