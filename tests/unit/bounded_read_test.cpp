// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/bounded_read.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

TEST(bounded_read, paho_reads_by_our_functions) {
  EXPECT_TRUE(reads_are_bounded());
}

TEST(bounded_read, refuses_what_is_larger_than_a_packet_and_leaves_it_where_it_is) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  ASSERT_EQ(::send(ends[0], "abc", 3, 0), 3);
  std::vector<char> room(largest_packet + 1, '-');
  EXPECT_EQ(::recv(ends[1], room.data(), room.size(), 0), -1);
  EXPECT_EQ(errno, EMSGSIZE);
  EXPECT_EQ(room[0], '-');
  EXPECT_EQ(::recv(ends[1], room.data(), largest_packet, 0), 3);
  EXPECT_EQ(room[0], 'a');
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace twinsky
