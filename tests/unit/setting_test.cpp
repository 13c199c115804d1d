// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/setting.hpp"

#include <array>
#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, 2> parities = {"none", "even"};
constexpr std::array<std::string_view, 2> brokers = {"mqtt", "mqtts"};

Setting of(SettingKind kind, double lower = 0, double upper = 0) {
  return {.name = "x", .kind = kind, .lower = lower, .upper = upper};
}
Setting choice() {
  return {.name = "x", .kind = SettingKind::choice, .choices = parities};
}
Setting address() {
  return {.name = "x",
          .kind = SettingKind::integer,

          .lower = 8,
          .upper = 119,
          .hexadecimal = true};
}
Setting broker() {
  return {.name = "x", .kind = SettingKind::url, .choices = brokers};
}

TEST(setting, reads_what_is_right) {
  using Kind = SettingKind;
  using Value = Settings::Value;
  const struct {
    Setting setting;
    std::string_view written;
    Value value;
  } rows[] = {
      {of(Kind::boolean), "true", true},
      {of(Kind::boolean), "false", false},
      {of(Kind::integer), "-5", std::int64_t{-5}},
      {of(Kind::integer), "5.0", std::int64_t{5}},
      {of(Kind::integer), "1e2", std::int64_t{100}},
      {of(Kind::integer, 1, 247), "247", std::int64_t{247}},
      {address(), "0x76", std::int64_t{0x76}},
      {address(), "118", std::int64_t{118}},
      {of(Kind::number), "-22.5", -22.5},
      {of(Kind::number), "1e-3", 0.001},
      {of(Kind::text), "", std::string()},
      {of(Kind::id), "roof-pm", std::string("roof-pm")},
      {choice(), "even", std::string("even")},
      {of(Kind::duration), "10s", milliseconds(10s)},
      {of(Kind::duration, 1000, 60000), "1min", milliseconds(1min)},
      {of(Kind::size), "1GB", std::int64_t{1'000'000'000}},
      {of(Kind::size), "500MB", std::int64_t{500'000'000}},
      {of(Kind::size), "64KiB", std::int64_t{65536}},
      {of(Kind::size), "1.5GiB", std::int64_t{1610612736}},
      {of(Kind::size), "0B", std::int64_t{0}},
      {of(Kind::path), "/dev/i2c-1", std::string("/dev/i2c-1")},
      {of(Kind::url), "https://example.org/a?b", std::string("https://example.org/a?b")},
      {broker(), "mqtts://[::1]:8883", std::string("mqtts://[::1]:8883")},
      {of(Kind::texts), R"(["a", "b\"c"])", std::vector<std::string>{"a", "b\"c"}},
      {of(Kind::texts), "[]", std::vector<std::string>{}},
      {of(Kind::table), R"({"a": {"b": 1}})", std::string(R"({"a": {"b": 1}})")},
  };
  for (const auto& row : rows) {
    std::string problem;
    EXPECT_EQ(read_setting(row.setting, row.written, problem), row.value)
        << row.written << ": " << problem;
  }
}

TEST(setting, says_what_was_expected) {
  using Kind = SettingKind;
  const struct {
    Setting setting;
    std::string_view written;
    std::string_view problem;
  } rows[] = {
      {of(Kind::boolean), "yes", R"("yes" is neither true nor false, expected true or false)"},
      {of(Kind::integer), "300.7", R"(300.7 is not a whole number, expected a whole number)"},
      {of(Kind::integer), "123456789012345678901234567890",
       R"(123456789012345678901234567890 is not a whole number, expected a whole number)"},
      {of(Kind::integer, 1, 247), "300",
       R"(300 is out of range, expected a whole number from 1 to 247)"},
      {of(Kind::integer, 1, 247), "-1",
       R"(-1 is out of range, expected a whole number from 1 to 247)"},
      {address(), "0xZZ",
       R"("0xZZ" is not a whole number, expected a whole number from 8 to 119 ("0x76" is good too))"},
      {of(Kind::integer), "0x76", R"("0x76" is not a whole number, expected a whole number)"},
      {of(Kind::number), "1e999", R"("1e999" is not a number, expected a number)"},
      {of(Kind::number), "nan", R"("nan" is not a number, expected a number)"},
      {of(Kind::number, -90, 90), "90.5",
       R"(90.5 is out of range, expected a number from -90 to 90)"},
      {of(Kind::id), "Roof PM",
       R"("Roof PM" is not an id, expected 1 to 32 of the characters a to z, 0 to 9 and "-")"},
      {choice(), "odd", R"("odd" is not known here, expected one of "none", "even")"},
      {of(Kind::duration), "10",
       R"("10" is not a duration, expected a number with its unit such as "10s", "5min", "2h" or "400d")"},
      {of(Kind::duration, 1000, 60000), "2min",
       R"("2min" is out of range, expected a number with its unit such as "10s", "5min", "2h" or "400d", from 1s to 1min)"},
      {of(Kind::size), "1G",
       R"("1G" is not a size, expected a number with its unit such as "500MB", "1GB" or "64KiB")"},
      {of(Kind::size), "-1GB",
       R"("-1GB" is not a size, expected a number with its unit such as "500MB", "1GB" or "64KiB")"},
      {of(Kind::size), "9999999TB",
       R"("9999999TB" is not a size, expected a number with its unit such as "500MB", "1GB" or "64KiB")"},
      {of(Kind::size, 1e6, 1e9), "1kB",
       R"("1kB" is out of range, expected a number with its unit such as "500MB", "1GB" or "64KiB", from 1MB to 1GB)"},
      {of(Kind::path), "", R"("" is not a path, expected the path of a file)"},
      {of(Kind::url), "example.org",
       R"("example.org" is not an address, expected an address such as "http://host" or "https://host")"},
      {broker(), "http://broker",
       R"("http://broker" begins with a scheme that does not fit here, expected an address such as "mqtt://host" or "mqtts://host")"},
      {broker(), "mqtt://:1883",
       R"("mqtt://:1883" is not an address, expected an address such as "mqtt://host" or "mqtts://host")"},
      {broker(), "mqtt://me:secret@broker",
       "the address holds a user name or a password, expected the address alone"},
      {of(Kind::texts), R"(["a", 1])",
       R"("[\"a\", 1]" is not a list of texts, expected a list of texts such as ["one", "two"])"},
      {of(Kind::table), "[]", R"("[]" is not an object, expected an object: {…})"},
  };
  for (const auto& row : rows) {
    std::string problem;
    EXPECT_EQ(read_setting(row.setting, row.written, problem), std::nullopt) << row.written;
    EXPECT_EQ(problem, row.problem);
  }
}

TEST(setting, fills_in_declared_defaults) {
  const Setting declared[] = {
      {.name = "every", .kind = SettingKind::duration, .fallback = "10s"},
      {.name = "note", .kind = SettingKind::text},
      {.name = "stations", .kind = SettingKind::texts},
      {.name = "limit", .kind = SettingKind::number},
  };
  const Settings settings = Settings::defaults(declared);
  EXPECT_EQ(settings.duration("every"), 10s);
  EXPECT_EQ(settings.text("note"), "");
  EXPECT_TRUE(settings.texts("stations").empty());
  EXPECT_FALSE(settings.has("limit"));
  EXPECT_THROW((void)settings.number("limit"), std::out_of_range);
}

TEST(setting, a_wrong_default_is_a_bug) {
  const Setting declared[] = {{.name = "every", .kind = SettingKind::duration, .fallback = "ten"}};
  EXPECT_THROW((void)Settings::defaults(declared), std::logic_error);
}

TEST(setting, shows_foreign_text_without_harm) {
  EXPECT_EQ(in_quotes("a\"b\\c\n\x1b[2J"), R"("a\"b\\c??[2J")");
  EXPECT_EQ(in_quotes(std::string(59, 'a') + "é" + "xyz"), "\"" + std::string(59, 'a') + "…\"");
}

TEST(setting, writes_sizes_short) {
  EXPECT_EQ(size_text(0), "0B");
  EXPECT_EQ(size_text(1'000'000'000), "1GB");
  EXPECT_EQ(size_text(65536), "64KiB");
  EXPECT_EQ(size_text(1'500'001), "1500001B");
}

}  // namespace
}  // namespace twinsky
