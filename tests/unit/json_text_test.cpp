// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/json_text.hpp"

#include "gateway/text/json_scanner.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace twinsky {
namespace {

bool is_object_for_nlohmann(const std::string& text) {
  const auto read = nlohmann::json::parse(text, nullptr, false);
  return read.is_object();
}

TEST(json_text, is_an_object_or_not_as_the_grammar_has_it) {
  const std::string deep = std::string(100, '{') + std::string(100, '}');
  for (const std::string text :
       {R"({})", R"( {"a" : [ ] , "b":{"c":[1,2]}} )", R"({"a":-0.5e+10,"b":0,"c":1E-2})",
        R"({"t":"10+ \" \\ \/ \b\f\n\r\t \u00e9 é 中 😀"})", R"({"a":null,"b":true,"c":false})"}) {
    EXPECT_TRUE(is_json_object(text)) << text;
    EXPECT_TRUE(is_object_for_nlohmann(text)) << text;
  }
  for (const std::string text : {R"()",
                                 R"(null)",
                                 R"([])",
                                 R"({)",
                                 R"({"a"})",
                                 R"({"a":})",
                                 R"({"a":1,})",
                                 R"({"a":01})",
                                 R"({"a":1.})",
                                 R"({"a":.5})",
                                 R"({"a":-})",
                                 R"({"a":1e})",
                                 R"({"a":nul})",
                                 R"({a:1})",
                                 R"({"a":1}})",
                                 R"({"a":1}x)",
                                 R"({"a":"\x"})",
                                 R"({"a":"\u12g4"})",
                                 "{\"a\":\"\n\"}",
                                 "{\"a\":\"\xC3\"}",
                                 "{\"a\":\"\xED\xA0\x80\"}",
                                 R"({"a":"})",
                                 R"({"a":[1 2]})"}) {
    EXPECT_FALSE(is_json_object(text)) << text;
    EXPECT_FALSE(is_object_for_nlohmann(text)) << text;
  }
  EXPECT_FALSE(is_json_object(deep));
}

// Bytes that change in a record, as they would on a disk.
TEST(json_text, is_judged_as_by_a_whole_parser_whatever_bytes_change) {
  const std::string body =
      R"({"pm2_5":9.4,"pm10":-1.25e2,"aqhi":null,"text":{"aqhi":"10+","n":"é\u00e9"},"flag":2,)"
      R"("flags":{"pm2_5":2},"list":[1,true,false],"meta":1})";
  ASSERT_TRUE(is_json_object(body));
  std::mt19937 random(20261123);
  int good = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string changed = body;
    for (auto left = 1 + random() % 3; left > 0; --left) {
      const auto at = random() % changed.size();
      // As often a byte that means something.
      changed[at] = random() % 2 == 0 ? body[random() % body.size()] : static_cast<char>(random());
    }
    // A surrogate alone is within the grammar; the parser wants a pair.
    if (changed.find("\\uD") != changed.npos || changed.find("\\ud") != changed.npos) continue;
    ASSERT_EQ(is_json_object(changed), is_object_for_nlohmann(changed)) << changed;
    good += is_json_object(changed) ? 1 : 0;
  }
  EXPECT_GT(good, 1000);
}

// Text that we did not write ourselves has blanks, and keys without letters.
constexpr std::string_view some_object =
    R"({ "a" : 1.50 , "b":{"a":[1,{"a":2,"c":"}\""}]},"" : null,"c":"{\"a\":3"})";

TEST(json_text, a_member_is_found_as_it_is_written_and_changed_alone) {
  EXPECT_EQ(member_of(some_object, "a"), "1.50");
  EXPECT_EQ(member_of(some_object, "b"), R"({"a":[1,{"a":2,"c":"}\""}]})");
  EXPECT_EQ(member_of(some_object, ""), "null");
  EXPECT_EQ(member_of(some_object, "d"), std::nullopt);
  EXPECT_EQ(member_of("[1]", "a"), std::nullopt);
  EXPECT_EQ(with_member(R"({"n":0,"m":{"n":0}})", "n", "12"), R"({"n":12,"m":{"n":0}})");
  EXPECT_EQ(with_member(R"({"n":0})", "m", "12"), R"({"n":0})");
  EXPECT_EQ(with_first_member(R"({"n":0})", "amends", "7"), R"({"amends":7,"n":0})");
  EXPECT_EQ(with_first_member("{}", "amends", "7"), R"({"amends":7})");
}

TEST(json_text, members_are_left_out_at_every_depth_and_nothing_else_is) {
  const auto without = [](std::string_view text, std::string_view key) {
    return without_members(text, [&](std::string_view one) { return one == key; });
  };
  EXPECT_EQ(without(some_object, "d"),
            R"({"a":1.50,"b":{"a":[1,{"a":2,"c":"}\""}]},"":null,"c":"{\"a\":3"})");
  EXPECT_EQ(without(some_object, "a"), R"({"b":{},"":null,"c":"{\"a\":3"})");
  EXPECT_EQ(without(some_object, "c"), R"({"a":1.50,"b":{"a":[1,{"a":2}]},"":null})");
  EXPECT_EQ(without(R"([{"a":1},{"a":2,"b":3}])", "a"), R"([{},{"b":3}])");
  EXPECT_EQ(without("online", "a"), "online");
  EXPECT_EQ(without(R"({"b":1,"a":2)", "a"), "{}");  // damaged: who knows what it was
}

TEST(json_scanner, numbers_are_those_of_the_grammar) {
  EXPECT_EQ(JsonScanner(" -1.5e2,").take_number(), -150);
  for (const char* text : {"nan", "-nan", "inf", "-inf", "+1", ".5", "-", ""}) {
    EXPECT_EQ(JsonScanner(text).take_number(), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace twinsky
