// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/cell.hpp"

#include "drivers/feeds/stamp.hpp"
#include "drivers/feeds/text.hpp"
#include "gateway/model/zone.hpp"

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
        "1 2",      "0x10", "nan", "inf", "-inf",  "1e999", "+5",   "\u2014", "_"}) {
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
  // 24:00 is the midnight that ends the day.
  const auto midnight = parse_time("2026-04-08T16:00:00Z");
  EXPECT_EQ(rfc822_time("Wed, 08 Apr 2026 24:00:00 +0800", {}), midnight);
  EXPECT_EQ(compact_time("202604082400", china_offset), midnight);
  EXPECT_EQ(compact_time("202612312400", china_offset), parse_time("2026-12-31T16:00:00Z"));
  EXPECT_EQ(time_of(2026, 4, 8, 24, 0, 0, china_offset), midnight);
  EXPECT_EQ(time_of(2026, 4, 8, 24, 0, 1, china_offset), std::nullopt);
  EXPECT_EQ(compact_time("202604082401", china_offset), std::nullopt);
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

struct Read {
  std::string outcome;  // the text, or why there is none
  std::size_t problems = 0;
};

Read read(std::string_view body) {
  std::vector<std::string> problems;
  const auto text = readable_text(body, problems);
  return {text ? *text : std::string(name_of(text.error().fault)), problems.size()};
}

TEST(text, takes_off_marks_and_converts_what_is_marked) {
  EXPECT_EQ(read("a").outcome, "a");
  EXPECT_EQ(read("\xEF\xBB\xBF\xEF\xBB\xBF\u6E2F").outcome, "\u6E2F");
  EXPECT_EQ(read(std::string_view("\xFF\xFE\x2F\x6E\x61\x00", 6)).outcome,
            "\u6E2F"
            "a");
  EXPECT_EQ(read(std::string_view("\xFE\xFF\x6E\x2F\x00\x61", 6)).outcome,
            "\u6E2F"
            "a");
  EXPECT_EQ(read(std::string_view("\xFF\xFE\x3D\xD8\x00\xDE", 6)).outcome, "\U0001F600");
  EXPECT_EQ(read(std::string_view("\xFF\xFE\x3D\xD8\x00\xDE", 6)).problems, 0U);
  EXPECT_EQ(read("\xFF\xFE\x61").outcome, "truncated");
  EXPECT_EQ(read(std::string_view("\xFF\xFE\x3D\xD8", 4)).outcome, "truncated");
  EXPECT_EQ(read("{\"\xE6\xB8").outcome, "truncated") << "cut in a character of UTF-8";
}

TEST(text, infers_unmarked_encodings_and_says_so) {
  // 上海 in GB18030, and a character that only its four-byte form has
  const Read chinese = read("{\"\xC9\xCF\xBA\xA3\"}");
  EXPECT_EQ(chinese.outcome, "{\"\u4E0A\u6D77\"}");
  EXPECT_EQ(chinese.problems, 1U);
  EXPECT_EQ(read("\x95\x32\x82\x36").outcome, "\U00020000");
  EXPECT_EQ(read("{\"\xC9").outcome, "truncated") << "half a character";
  const Read wide = read(std::string_view("<\0a\0/\0>\0\x2F\x6E", 10));
  EXPECT_EQ(wide.outcome, "<a/>\u6E2F");
  EXPECT_EQ(wide.problems, 1U);
  for (const auto* wrong : {"\xFF", "\x80", "<a>\xE9</a>"}) {
    EXPECT_EQ(read(wrong).outcome, "grammar_changed");
  }
}

TEST(text, makes_full_width_forms_plain) {
  EXPECT_EQ(narrowed("２１：００　ＰＭ～"), "21:00 PM~");
  EXPECT_EQ(narrowed("港-\xEF"), "港-\xEF");
  EXPECT_EQ(number_in("３６．７"), 36.7);
}

TEST(stamp, reads_what_mainland_platforms_print) {
  const auto expected = parse_time("2026-10-05T14:00:00+08:00");
  for (const auto* written :
       {"2026-10-05T14:00:00", "2026-10-05 14:00", "2026/10/5 14:00:00", "2026年10月5日14时",
        "2026100514", "202610051400", "20261005140000", "/Date(1791180000000)/",
        "/Date(1791180000000+0800)/", "2026-10-05T14:00:00+08:00", "2026-10-05T06:00:00Z",
        "2026-10-05T14:00:00.000", "２０２６-10-05 14：00", " 2026-10-5 14点 "}) {
    EXPECT_EQ(mainland_time(written, china_offset), expected) << written;
  }
  EXPECT_EQ(mainland_time("2026-10-05 24:00", china_offset),
            parse_time("2026-10-06T00:00:00+08:00"));
  for (const auto* wrong :
       {"", "2026-10-05", "14:00", "2026-02-30 14:00", "2026-10-05 24:01", "/Date(x)/",
        "/Date(-1)/", "/Date(99999999999999999999)/", "2026-10-05 14:00 h", "99999999999999999999",
        "20261005", "2026-10-05T14:00:00.x"}) {
    EXPECT_FALSE(mainland_time(wrong, china_offset)) << wrong;
  }
}

}  // namespace
}  // namespace twinsky
