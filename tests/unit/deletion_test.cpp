// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/deletion.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

WantedRows one_sink(RowId cursor, RowId claimed) {
  WantedRows wanted;
  wanted.cursors["city"] = cursor;
  wanted.claimed["city"] = claimed;
  return wanted;
}

TEST(deletion, begins_with_the_oldest_and_ends_with_an_epoch) {
  WantedRows wanted;
  wanted.epochs = {{1, "a", "", {}, ""}, {501, "b", "", {}, ""}};
  EXPECT_EQ(next_piece({1, 2000, {}}, wanted, Sacrifice::unsent, 1000), (Piece{1, 500}));
  EXPECT_EQ(next_piece({501, 2000, {}}, wanted, Sacrifice::unsent, 1000), (Piece{501, 1500}));
  EXPECT_EQ(next_piece({2001, 2000, {}}, wanted, Sacrifice::unsent, 1000), std::nullopt);
  EXPECT_EQ(next_piece({1, 2000, {}}, wanted, Sacrifice::none, 1000), std::nullopt);
}

TEST(deletion, leaves_what_may_be_on_its_way_and_goes_on_behind_it) {
  // 1 to 100 are acknowledged, 101 to 300 may be under way.
  EXPECT_EQ(next_piece({1, 2000, {}}, one_sink(100, 300), Sacrifice::unsent, 1000),
            (Piece{1, 100}));
  EXPECT_EQ(next_piece({101, 2000, {}}, one_sink(100, 300), Sacrifice::unsent, 1000),
            (Piece{301, 1300, true}));
  // These are gone now.
  EXPECT_EQ(next_piece({101, 2000, {{301, 1300, "", false}}}, one_sink(100, 300), Sacrifice::unsent,
                       1000),
            (Piece{1301, 2000, true}));
  const KeptRows none_else{101, 2000, {{301, 2000, "", false}}};
  EXPECT_EQ(next_piece(none_else, one_sink(100, 300), Sacrifice::unsent, 1000), std::nullopt);
  EXPECT_EQ(next_piece(none_else, one_sink(100, 300), Sacrifice::under_way, 100),
            (Piece{101, 200, false, true}));
  // Another sink has its own.
  WantedRows two = one_sink(100, 300);
  two.cursors["other"] = 350;
  two.claimed["other"] = 400;
  EXPECT_EQ(next_piece({101, 2000, {}}, two, Sacrifice::unsent, 1000), (Piece{301, 350, true}));
  EXPECT_EQ(next_piece({101, 2000, {{301, 350, "", false}}}, two, Sacrifice::unsent, 1000),
            (Piece{401, 1400, true}));
}

TEST(deletion, gives_up_only_what_it_may) {
  EXPECT_EQ(next_piece({1, 2000, {}}, one_sink(100, 100), Sacrifice::acknowledged, 1000),
            (Piece{1, 100}));
  EXPECT_EQ(next_piece({101, 2000, {}}, one_sink(100, 100), Sacrifice::acknowledged, 1000),
            std::nullopt);
  EXPECT_EQ(next_piece({101, 2000, {}}, one_sink(100, 300), Sacrifice::acknowledged, 1000),
            std::nullopt);
}

TEST(deletion, makes_no_hole_while_rows_of_a_damaged_file_come_back) {
  const KeptRows rows{101, 2000, {{1, 50, "store.db.damaged", true}}};
  EXPECT_EQ(next_piece(rows, one_sink(100, 300), Sacrifice::unsent, 1000), std::nullopt);
  EXPECT_EQ(next_piece(rows, one_sink(100, 100), Sacrifice::unsent, 1000), (Piece{101, 1100}));
}

}  // namespace
}  // namespace twinsky
