// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/cell.hpp"

#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/text.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(cell, only_a_number_is_a_number) {
  EXPECT_EQ(number_in("36.7"), 36.7);
  EXPECT_EQ(number_in(" 0 "), 0.0);
  EXPECT_EQ(number_in("-1.2"), -1.2);
  for (const auto* word :
       {"",         " ",    "-",   "--",  "---",   "N/A",   "N.A.", "NA",     "M",  "Calm",
        "Variable", "////", "***", "*",   "Trace", "<3",    ">500", "10+",    "3*", "1,5",
        "1 2",      "0x10", "nan", "inf", "-inf",  "1e999", "+5",   "\u2014", "_",  "\uFF11"}) {
    const Reading reading = reading_of(Quantity::pm2_5, word);
    EXPECT_FALSE(reading.value) << word;
    EXPECT_EQ(reading.flag, Flag::missing);
    EXPECT_EQ(reading.text, trimmed(word));
  }
}

TEST(cell, keeps_what_was_printed_beside_the_converted_value) {
  const Reading reading = reading_of(Quantity::wind_speed, " 18 ", 1 / 3.6);
  EXPECT_NEAR(*reading.value, 5, 1e-12);
  EXPECT_EQ(reading.text, "18");
  EXPECT_EQ(reading.flag, Flag::not_evaluated);
}

TEST(cell, knows_the_points_of_the_compass_in_three_writings) {
  const struct {
    const char* word;
    double degrees;
  } cases[] = {
      {"North", 0},
      {"Northeast", 45},
      {"East", 90},
      {"Southeast", 135},
      {"South", 180},
      {"Southwest", 225},
      {"West", 270},
      {"Northwest", 315},
      {"NORTH-NORTHEAST", 22.5},
      {"East Northeast", 67.5},
      {"ESE", 112.5},
      {"sse", 157.5},
      {"SSW", 202.5},
      {"WSW", 247.5},
      {"WNW", 292.5},
      {"NNW", 337.5},
      {"北", 0},
      {"東北", 45},
      {"东", 90},
      {"東南", 135},
      {"南", 180},
      {"西南", 225},
      {"西", 270},
      {"西北", 315},
      {"北北東", 22.5},
      {"东北偏东", 67.5},
  };
  for (const auto& [word, degrees] : cases) EXPECT_EQ(compass_degrees(word), degrees) << word;
  for (const auto* word : {"", "Calm", "Variable", "N/A", "無風", "風向不定", "northsouth", "NS",
                           "Northern", "90", "NNNE"}) {
    EXPECT_EQ(compass_degrees(word), std::nullopt) << word;
  }
}

TEST(stamp, reads_what_agencies_print) {
  const auto expected = parse_time("2026-04-08T10:30:00Z");
  EXPECT_EQ(rfc822_time("Wed, 08 Apr 2026 18:30:00 +0800", {}), expected);
  EXPECT_EQ(rfc822_time("8 Apr 2026 18:30 HKT", {}), expected);
  EXPECT_EQ(rfc822_time("Wed, 08 Apr 2026 10:30:00 GMT", china_offset), expected);
  EXPECT_EQ(rfc822_time("Wed, 08 Apr 2026 18:30:00", china_offset), expected);
  EXPECT_EQ(compact_time("202604081830", china_offset), expected);
  EXPECT_EQ(time_of(2026, 4, 8, 18, 30, 0, china_offset), expected);
  for (const auto* wrong : {"", "yesterday", "Wed, 31 Apr 2026 18:30:00 +0800", "Wed, 08 Apr 2026",
                            "Wed, 08 Apr 2026 24:30:00 +0800", "Wed, 08 Apr 2026 18:30:00 +08x0",
                            "Wed, 08 April 2026 18:30:00 +0800", "Wed, -8 Apr 2026 18:30:00 +0800",
                            "Wed, 08 Apr 2026 18.30.00 +0800"}) {
    EXPECT_EQ(rfc822_time(wrong, china_offset), std::nullopt) << wrong;
  }
  for (const auto* wrong : {"", "20260408183", "2026040818300", "202604081860", "202613081830",
                            "2026-04-0818", "+20604081830"}) {
    EXPECT_EQ(compact_time(wrong, china_offset), std::nullopt) << wrong;
  }
  EXPECT_EQ(zone_offset("UTC+8"), china_offset);
  EXPECT_EQ(zone_offset("UTC+08:00"), china_offset);
  EXPECT_EQ(zone_offset("-0330"), std::chrono::minutes(-210));
  for (const auto* wrong : {"", "+", "UTC", "8", "UTC+x", "+99"}) {
    EXPECT_EQ(zone_offset(wrong).value_or(std::chrono::minutes(0)), std::chrono::minutes(0))
        << wrong;
  }
}

TEST(text, takes_off_marks_and_refuses_other_encodings) {
  EXPECT_EQ(*readable_text("a"), "a");
  EXPECT_EQ(*readable_text("\xEF\xBB\xBF\xEF\xBB\xBF\u6E2F"), "\u6E2F");
  EXPECT_EQ(*readable_text(std::string_view("\xFF\xFE\x2F\x6E\x61\x00", 6)),
            "\u6E2F"
            "a");
  EXPECT_EQ(*readable_text(std::string_view("\xFE\xFF\x6E\x2F\x00\x61", 6)),
            "\u6E2F"
            "a");
  EXPECT_EQ(*readable_text(std::string_view("\xFF\xFE\x3D\xD8\x00\xDE", 6)), "\U0001F600");
  EXPECT_EQ(readable_text("\xFF\xFE\x61").error().fault, FeedFault::truncated);
  EXPECT_EQ(readable_text(std::string_view("\xFF\xFE\x3D\xD8", 4)).error().fault,
            FeedFault::truncated);
  for (const auto* wrong : {"\xE9", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE6\xB8"}) {
    EXPECT_EQ(readable_text(wrong).error().fault, FeedFault::grammar_changed);
  }
}

}  // namespace
}  // namespace twinsky
