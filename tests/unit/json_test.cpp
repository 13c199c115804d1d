// SPDX-License-Identifier: Apache-2.0
// Our JSON value beside the library behind it: what is written, read and refused is the same; the
// words of a refusal are our own.
#include "gateway/model/json.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace twinsky {
namespace {

using Library = nlohmann::ordered_json;

template <class Document>
Document sample() {
  const std::vector<std::string> words = {"a", "b"};
  const std::map<std::string, std::uint64_t> counts = {{"x", 1}, {"y", 18446744073709551615U}};
  Document document = {{"text", "\"\n\xe9\x83\xbd"},
                       {"whole", -3},
                       {"real", 0.1},
                       {"even", 2.0},
                       {"far", 1e300},
                       {"yes", true},
                       {"nothing", nullptr},
                       {"pair", {1, 2}},
                       {"pair of texts", {"a", "b"}},
                       {"words", words},
                       {"counts", counts},
                       {"empty", Document::array()}};
  document["more"]["deeper"] = {{"one", 1}};
  document["whole"] = 4;
  document["list"].push_back("first");
  return document;
}

template <class Act>
std::string complaint(Act act) {
  try {
    act();
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "none";
}

TEST(json, is_written_as_the_library_writes_it) {
  EXPECT_EQ(sample<Json>().dump(), sample<Library>().dump());
  EXPECT_EQ(sample<Json>().dump(2), sample<Library>().dump(2));
}

TEST(json, is_read_and_written_again) {
  for (const char* text : {R"({"b":1,"a":[-0.0,1e5,12345678901234567890,-5],"b":{"c":[]}})", "3",
                           "\"x\"", "[]", "{}", "null"}) {
    EXPECT_EQ(Json::parse(text).dump(), Library::parse(text).dump()) << text;
    std::istringstream stream(text);
    EXPECT_EQ(Json::parse(stream).dump(), Library::parse(text).dump()) << text;
  }
}

TEST(json, has_null_where_there_is_none) {
  EXPECT_EQ(Json(std::optional<int>()).dump(), "null");
  EXPECT_EQ(Json(std::optional<int>(0)).dump(), "0");
  EXPECT_EQ(
      Json({{"text", std::optional<std::string>("a")}, {"number", std::optional<double>()}}).dump(),
      R"({"text":"a","number":null})");
}

TEST(json, says_where_text_is_none) {
  const auto says = [](const char* text) { return complaint([&] { Json::parse(text); }); };
  EXPECT_EQ(says("x"), "is no JSON from line 1, column 1 on");
  EXPECT_EQ(says("{\n  \"a\" 1}"), "is no JSON from line 2, column 7 on");
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "\"\xff\"", "1e999"}) {
    EXPECT_NE(complaint([&] { return Library::parse(text); }), "none") << text;
    EXPECT_EQ(says(text).find("is no JSON from line 1, column "), 0U) << text;
    EXPECT_TRUE(Json::parse_or_null(text).is_null()) << text;
  }
}

// Users read it, in whatever command came to it.
TEST(json, says_in_plain_words_what_was_asked_for_and_not_there) {
  const Json json = sample<Json>();
  const auto says = [&](auto question) { return complaint([&] { question(json); }); };
  EXPECT_EQ(says([](const Json& it) { return it.at("absent").is_null(); }),
            "\"absent\" is missing");
  EXPECT_EQ(says([](const Json& it) { return it.at("text").at("deeper").is_null(); }),
            "expected an object with \"deeper\", found text");
  EXPECT_EQ(says([](const Json& it) { return it.at("words").at(2).is_null(); }),
            "item 3 of the list is missing");
  EXPECT_EQ(says([](const Json& it) { return it.at("text").at(2).is_null(); }),
            "expected a list, found text");
  EXPECT_EQ(says([](const Json& it) { return it.at("text").get<double>(); }),
            "expected a number, found text");
  EXPECT_EQ(says([](const Json& it) { return it.at("whole").get<std::string>(); }),
            "expected text, found a number");
  EXPECT_EQ(says([](const Json& it) { return it.at("nothing").get<bool>(); }),
            "expected true or false, found null");
  EXPECT_EQ(says([](const Json& it) { return it.at("more").get<std::vector<double>>(); }),
            "expected a list, found an object");
  EXPECT_EQ(says([](const Json& it) { return it.at("words").value("key", 1); }),
            "expected an object with \"key\", found a list");
  EXPECT_EQ(says([](const Json& it) { return it.value("text", 1); }),
            "expected a number, found text");
}

TEST(json, bytes_that_are_not_utf8_are_replaced) {
  EXPECT_EQ(Json("a\xff").dump(), "\"a\xef\xbf\xbd\"");
}

TEST(json, comments_only_where_they_may_be) {
  EXPECT_EQ(Json::parse("[1 /* one */]", {.has_comments = true}).dump(), "[1]");
  EXPECT_THROW(Json::parse("[1 /* one */]"), JsonError);
}

TEST(json, depth_is_limited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(Json::parse(nested(33), {.deepest = 32}).dump(), nested(33));
  EXPECT_THROW(Json::parse(nested(34), {.deepest = 32}), JsonTooDeep);
  EXPECT_TRUE(Json::parse_or_null(nested(1'000'000)).is_null());
}

TEST(json, members_by_key) {
  const Json json = Json::parse(R"({"b":1,"a":2})");
  ASSERT_EQ(json.items_by_key().size(), 2U);
  EXPECT_EQ(json.items()[0].key, "b");
  EXPECT_EQ(json.items_by_key()[0].key, "a");
  EXPECT_EQ(json.items_by_key()[0].value.get<int>(), 2);
}

}  // namespace
}  // namespace twinsky
