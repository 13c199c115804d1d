// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/epoch.hpp"

#include "tests/unit/store_fixture.hpp"

namespace twinsky {
namespace {

using epoch = StoreTest;

TEST_F(epoch, is_eight_random_hexadecimal_digits) {
  std::set<std::string> seen;
  for (int n = 0; n < 100; ++n) {
    const std::string made = random_epoch();
    EXPECT_EQ(made.size(), 8U);
    EXPECT_EQ(made.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_GE(made[0], 'a') << made << " may pass for a number";
    seen.insert(made);
  }
  EXPECT_GE(seen.size(), 99U);
}

TEST_F(epoch, stays_on_the_same_machine_and_changes_on_another) {
  open();
  fill("sensor/a", 2);
  const std::string first = store_->epoch();
  open();
  EXPECT_EQ(store_->epoch(), first);
  settings_.machine_id = "two";
  open();
  const std::string second = store_->epoch();
  EXPECT_NE(second, first);
  fill("sensor/a", 2);
  open();
  EXPECT_EQ(store_->epoch(), second);
  std::string seen;
  for (const Row& row : rows()) seen += row.epoch + std::to_string(row.seq) + ' ';
  EXPECT_EQ(seen, first + "1 " + first + "2 " + second + "1 " + second + "2 ");
}

TEST_F(epoch, a_new_one_begins_for_all_streams_and_rows_keep_theirs_after_a_crash) {
  open();
  fill("sensor/a", 2);
  fill("sensor/b", 1);
  const std::string first = store_->epoch();
  store_->start_new_epoch("the broker holds a higher seq");
  const std::string second = store_->epoch();
  fill("sensor/b", 2);
  crash();
  open();
  EXPECT_EQ(store_->epoch(), second);
  fill("sensor/a", 1);
  std::string seen;
  for (const Row& row : rows()) {
    seen += row.stream.back() + std::to_string(row.seq) + (row.epoch == first ? "-" : "+");
    EXPECT_TRUE(row.epoch == first || row.epoch == second);
  }
  EXPECT_EQ(seen, "a1-a2-b1-b1+b2+a1+");
}

}  // namespace
}  // namespace twinsky
