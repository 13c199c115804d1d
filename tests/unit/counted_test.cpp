// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/counted.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(counted, one_is_not_several) {
  EXPECT_EQ(counted(0, "sink"), "0 sinks");
  EXPECT_EQ(counted(1, "sink"), "1 sink");
  EXPECT_EQ(counted(2, "bus", "buses"), "2 buses");
  EXPECT_EQ(counted(1, "sample is", "samples are"), "1 sample is");
}

}  // namespace
}  // namespace twinsky
