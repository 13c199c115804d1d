// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace twinsky {
namespace {

std::string number(double value, int decimals) {
  std::string text;
  append_number(text, value, decimals);
  return text;
}

std::string quoted(std::string_view raw) {
  std::string text;
  append_json_string(text, raw);
  return text;
}

// Digit by digit what the library makes of the same number, which is exact, also where the middle
// of two is near: 0.15 lies below it and 0.35 above, of which a product with 10 knows nothing.
TEST(json_writer, numbers_are_rounded_as_exactly_as_the_librarys) {
  const auto exact = [](double value, int decimals) {
    std::array<char, 400> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                   std::chars_format::fixed, decimals);
    const std::string text(digits.data(), end.ptr);
    return text.find_first_of("123456789") == std::string::npos && text[0] == '-' ? text.substr(1)
                                                                                  : text;
  };
  std::mt19937_64 random(20261201);
  std::uniform_real_distribution<double> mantissa(-1, 1);
  std::uniform_int_distribution<std::int64_t> whole(-4'000'000'000, 4'000'000'000);
  for (int n = 0; n < 200'000; ++n) {
    const int decimals = n % 7;
    const double unit = std::pow(10, decimals);
    const double middle = (static_cast<double>(whole(random) >> (n % 30)) + 0.5) / unit;
    for (const double value :
         {mantissa(random) * std::pow(10, n % 13), middle, std::nextafter(middle, 1e300),
          std::nextafter(middle, -1e300), middle + mantissa(random) * 3e-6 / unit}) {
      ASSERT_EQ(number(value, decimals), exact(value, decimals)) << n;
    }
  }
}

TEST(json_writer, numbers_have_fixed_decimals) {
  struct Case {
    double value;
    int decimals;
    const char* text;
  };
  const Case cases[] = {
      {9.4, 1, "9.4"},
      {11, 1, "11.0"},
      {412.4, 0, "412"},
      {-0.0, 1, "0.0"},
      {-0.04, 1, "0.0"},
      {-0.06, 1, "-0.1"},
      {0.125, 3, "0.125"},
      {-12.3456, 2, "-12.35"},
      {1e9, 0, "1000000000"},
      {0.1 + 0.2, 2, "0.30"},
      {1e21, 1, "1000000000000000000000.0"},
      {std::nan(""), 1, "null"},
      {std::numeric_limits<double>::infinity(), 1, "null"},
  };
  for (const Case& one : cases) EXPECT_EQ(number(one.value, one.decimals), one.text);
  EXPECT_EQ(number(std::numeric_limits<double>::lowest(), 99).size(), 1U + 309 + 1 + 17);
}

TEST(json_writer, strings_are_escaped_and_always_utf_8) {
  EXPECT_EQ(quoted("Mong Kok"), R"("Mong Kok")");
  EXPECT_EQ(quoted("旺角 µg/m³"), "\"旺角 µg/m³\"");
  EXPECT_EQ(quoted("a\"b\\c\n\x01"), R"("a\"b\\c\u000a\u0001")");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
  const std::string_view broken[] = {"\x80",         "\xC0\xAF",         "\xC3",
                                     "\xE0\x9F\xBF", "\xED\xA0\x80",     "\xF4\x90\x80\x80",
                                     "\xFF",         "\xF0\x8F\xBF\xBF", "\xE6\x97"};
  for (const std::string_view text : broken) {
    EXPECT_EQ(nlohmann::json::parse(quoted(text)).get<std::string>().substr(0, 3), "\xEF\xBF\xBD");
  }
  EXPECT_EQ(quoted("\xE6\x97x"), "\"\xEF\xBF\xBD\xEF\xBF\xBDx\"");  // goes on at the next good one
}

TEST(json_writer, writes_what_it_is_told_in_that_order_with_commas_where_they_belong) {
  std::string text = R"({"seq":)";
  JsonWriter json(text);
  json.put({}, 7U).put("ts", -5LL).put("ok", true).put("none", std::optional<int>());
  json.put("mean", 9.44, 1).put("slope", 1.0 / 3).put("lost", std::nan("")).put("zero", -0.0);
  json.put("time", parse_time("2026-11-22T02:30:00.123Z"));
  json.open("flags").put("pm10", 3).close().open_list("list");
  json.put({}, "a\"b").put({}, 2.5, 2).open().put_raw("json", "[1]").close();
  json.close_list().open("empty").close().members(R"("x":1,"y":2)").members("").null("end").close();
  EXPECT_EQ(text,
            R"({"seq":7,"ts":-5,"ok":true,"none":null,"mean":9.4,"slope":0.333333333,"lost":null,)"
            R"("zero":0,"time":"2026-11-22T02:30:00.123Z","flags":{"pm10":3},)"
            R"("list":["a\"b",2.50,{"json":[1]}],"empty":{},"x":1,"y":2,"end":null})");
}

TEST(json_writer, an_object_without_members_can_be_taken_out_again) {
  std::string text;
  JsonWriter json(text);
  json.open();
  for (const bool has_flags : {false, true}) {
    const std::size_t before = json.length();
    json.open("flags");
    if (has_flags) json.put("co2", 9);
    json.close_or_drop(before);
  }
  json.put("meta", 1).close();
  EXPECT_EQ(text, R"({"flags":{"co2":9},"meta":1})");
}

TEST(json_writer, keys_of_others_are_escaped_and_may_be_empty) {
  std::string text;
  JsonWriter json(text);
  json.open().key("a\"\n").put({}, 1).key("").open_list({}).close_list().close();
  EXPECT_EQ(text, R"({"a\"\u000a":1,"":[]})");
  EXPECT_TRUE(nlohmann::json::accept(text));
}

}  // namespace
}  // namespace twinsky
