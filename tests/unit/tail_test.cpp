// SPDX-License-Identifier: Apache-2.0
// What readers find in memory: every row, whatever the sizes of commits and pages.
#include "gateway/store/tail.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

void commit(Tail& tail, RowId first, int rows) {
  for (RowId row = first; row < first + rows; ++row) {
    tail.stage(row, StreamId{1}, static_cast<std::uint64_t>(row), UtcTime{}, std::to_string(row));
  }
  tail.publish("a1b2c3d4");
}

std::vector<RowId> page(const Tail& tail, RowId after, std::size_t most) {
  std::vector<RowId> rows;
  for (const auto& piece : tail.after(after, most)) {
    for (const StoredRow& row : piece->rows) {
      EXPECT_EQ(row.body, std::to_string(row.row));
      if (row.row > after && rows.size() < most) rows.push_back(row.row);
    }
  }
  return rows;
}

TEST(tail, a_page_is_full_as_long_as_there_are_rows) {
  Tail tail;
  RowId next = 1;
  for (const int rows : {100, 1, 8, 100, 3, 50, 1, 1, 90}) {
    commit(tail, next, rows);
    next += rows;
  }
  const RowId last = next - 1;
  for (const std::size_t most : {1U, 7U, 64U, 512U}) {
    for (RowId after = 0; after < last; ++after) {
      const auto rows = page(tail, after, most);
      ASSERT_EQ(rows.size(), std::min<std::size_t>(most, static_cast<std::size_t>(last - after)));
      EXPECT_EQ(rows.front(), after + 1);
      EXPECT_EQ(rows.back(), after + static_cast<RowId>(rows.size()));
    }
  }
  EXPECT_TRUE(page(tail, last, 10).empty());
}

TEST(tail, holds_no_rows_with_a_gap_between_them) {
  Tail tail;
  commit(tail, 1, 10);
  tail.stage(11, StreamId{1}, 11, UtcTime{}, "11");
  tail.drop_staged();  // rolled back
  commit(tail, 12, 5);
  EXPECT_TRUE(tail.after(5, 100).empty());  // the disk knows
  EXPECT_EQ(page(tail, 11, 100).size(), 5U);
  tail.clear();
  EXPECT_TRUE(tail.after(11, 100).empty());
}

TEST(tail, forgets_the_oldest_when_it_is_full) {
  Tail tail;
  for (RowId row = 1; row <= 100'000; row += 10) commit(tail, row, 10);
  EXPECT_TRUE(tail.after(0, 10).empty());
  EXPECT_EQ(page(tail, 99'995, 10).size(), 5U);
}

}  // namespace
}  // namespace twinsky
