// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/flight.hpp"

#include <gtest/gtest.h>
#include <map>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr StreamId a{1};
constexpr StreamId b{2};
const MonotonicTime start{1h};

Span span(StreamId stream, RowId first, RowId last) {
  return {.stream = stream,
          .first_row = first,
          .last_row = last,
          .records = static_cast<std::size_t>(last - first + 1)};
}

// Messages by number.
struct Flying : Flight {
  using Flight::abandoned;
  using Flight::Flight;
  void sent(int number, const Span& span) { Flight::sent(messages[number] = span); }
  void acknowledged(int number, MonotonicTime now) {
    Flight::acknowledged(messages.at(number), now);
  }
  void refused(int number, MonotonicTime now) { Flight::refused(messages.at(number), now); }
  void abandoned(int number, MonotonicTime now) { Flight::abandoned(messages.at(number), now); }
  std::map<int, Span> messages;
};

TEST(flight, the_cursor_is_the_highest_row_without_a_gap_before_it) {
  Flying flight(1);
  EXPECT_EQ(flight.cursor(40), 40);
  flight.sent(0, span(a, 1, 10));
  flight.sent(1, span(a, 11, 20));
  flight.sent(2, span(b, 21, 30));
  EXPECT_EQ(flight.cursor(40), 0);
  flight.acknowledged(1, start);
  EXPECT_EQ(flight.cursor(40), 0);
  flight.acknowledged(2, start);
  EXPECT_EQ(flight.cursor(40), 0);
  flight.acknowledged(0, start);
  EXPECT_EQ(flight.cursor(40), 40);
}

TEST(flight, interleaved_streams_share_one_cursor) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 19));
  flight.sent(1, span(b, 2, 20));
  flight.acknowledged(0, start);
  EXPECT_EQ(flight.cursor(20), 1);
  flight.acknowledged(1, start);
  EXPECT_EQ(flight.cursor(20), 20);
}

TEST(flight, what_is_not_under_way_changes_nothing) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.Flight::acknowledged(span(a, 11, 20), start);
  flight.Flight::refused(span(a, 11, 20), start);
  flight.Flight::refused(span(b, 1, 10), start);
  EXPECT_EQ(flight.cursor(10), 0);
  EXPECT_EQ(flight.held(), 0U);
}

TEST(flight, after_a_loss_only_what_did_not_arrive_goes_again) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.sent(1, span(b, 2, 11));
  flight.sent(2, span(b, 12, 20));
  flight.acknowledged(1, start);
  EXPECT_EQ(flight.connection_lost(20, start), 0);
  EXPECT_TRUE(flight.takes(a, 1));
  EXPECT_FALSE(flight.takes(b, 2));
  EXPECT_FALSE(flight.takes(b, 11));
  EXPECT_TRUE(flight.takes(b, 12));
  flight.acknowledged(0, start);  // belongs to the past
  EXPECT_EQ(flight.cursor(0), 0);
}

TEST(flight, an_acknowledgement_behind_a_missing_one_of_the_same_stream_does_not_count) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.sent(1, span(a, 11, 20));
  flight.acknowledged(1, start);
  EXPECT_EQ(flight.connection_lost(20, start), 0);
  EXPECT_TRUE(flight.takes(a, 11));  // in order, so again
}

TEST(flight, what_left_by_the_ledger_behind_a_missing_one_does_not_leave_twice) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.abandoned(span(a, 11, 11), start);
  flight.sent(1, span(a, 12, 12));
  flight.abandoned(1, start);
  flight.sent(2, span(a, 13, 20));
  EXPECT_EQ(flight.connection_lost(20, start), 0);
  EXPECT_TRUE(flight.takes(a, 1));
  EXPECT_FALSE(flight.takes(a, 11));
  EXPECT_FALSE(flight.takes(a, 12));
  EXPECT_TRUE(flight.takes(a, 13));
  flight.sent(3, span(a, 1, 10));
  flight.acknowledged(3, start);
  EXPECT_FALSE(flight.takes(a, 11));
  EXPECT_TRUE(flight.takes(a, 13));
}

TEST(flight, a_refusal_pauses_its_stream_drains_it_and_resumes_there) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.sent(1, span(a, 11, 20));
  flight.sent(2, span(a, 21, 30));
  flight.sent(3, span(b, 31, 40));
  flight.refused(1, start);
  EXPECT_FALSE(flight.takes(a, 41));
  EXPECT_TRUE(flight.takes(b, 41));
  EXPECT_FALSE(flight.due(start + 1h).has_value());  // two are still under way
  flight.acknowledged(2, start);
  flight.acknowledged(0, start);
  flight.acknowledged(3, start);
  EXPECT_EQ(flight.cursor(40), 10);
  ASSERT_LE(flight.next_due(), start + 1s);
  const auto retry = flight.due(start + 1s);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->stream, a);
  EXPECT_EQ(retry->resume, 11);

  flight.sent(0, span(a, 11, 20));
  EXPECT_FALSE(flight.due(start + 1h).has_value());
  flight.acknowledged(0, start + 2s);
  EXPECT_EQ(flight.cursor(40), 20);
  EXPECT_EQ(flight.due(start + 2s)->resume, 21);
  flight.skipped(a, 41);
  flight.release(a);
  EXPECT_EQ(flight.cursor(40), 40);
  EXPECT_TRUE(flight.takes(a, 41));
  EXPECT_EQ(flight.held(), 0U);
}

TEST(flight, repeated_refusals_back_off_to_a_minute) {
  Flying flight(1);
  MonotonicTime now = start;
  MonotonicTime::duration longest{};
  for (int attempt = 0; attempt < 50; ++attempt) {
    flight.sent(0, span(a, 1, 10));
    flight.refused(0, now);
    longest = std::max(longest, flight.next_due() - now);
    now = flight.next_due();
  }
  EXPECT_LE(longest, 60s);
  EXPECT_GT(longest, 30s);
  EXPECT_EQ(flight.held_since(start)->resume, 1);  // fifty attempts and no progress
  flight.sent(0, span(a, 1, 5));
  flight.acknowledged(0, now);
  EXPECT_FALSE(flight.held_since(now - 1s).has_value());
}

TEST(flight, a_held_stream_survives_a_loss) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.sent(1, span(b, 2, 20));
  flight.refused(0, start);
  EXPECT_EQ(flight.connection_lost(20, start), 1);
  EXPECT_EQ(flight.cursor(1), 0);
  EXPECT_TRUE(flight.takes(b, 2));
  EXPECT_FALSE(flight.takes(a, 1));
  flight.sent(0, span(a, 1, 10));
  EXPECT_EQ(flight.connection_lost(1, start), 1);
  EXPECT_EQ(flight.due(start + 1min)->resume, 1);
}

TEST(flight, what_left_by_the_ledger_does_not_hold_the_cursor) {
  Flying flight(1);
  flight.sent(0, span(a, 1, 10));
  flight.abandoned(span(a, 11, 11), start);
  flight.sent(1, span(a, 12, 20));
  EXPECT_EQ(flight.cursor(20), 0);
  flight.acknowledged(0, start);
  EXPECT_EQ(flight.cursor(20), 11);
  flight.acknowledged(1, start);
  EXPECT_EQ(flight.cursor(20), 20);
}

}  // namespace
}  // namespace twinsky
