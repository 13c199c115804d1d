// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/document.hpp"

#include <gtest/gtest.h>
#include <string>

namespace twinsky {
namespace {

std::vector<std::string> problems_of(std::string_view text) {
  Document document;
  std::vector<Problem> problems;
  document.read("f", text, problems);
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(text_of(problem));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(document, knows_where_everything_was_written) {
  Document document;
  std::vector<Problem> problems;
  const Node* root = document.read("f", R"(// comment "with" a \ in it
{"a\"b": [1, -2.5e3,true , null,"\\"],
 /* more */ "ö": "é", "c/d~": {"x": "µ\u00b5\n"}})",
                                   problems);
  ASSERT_TRUE(problems.empty()) << text_of(problems.front());
  const auto place = [](const Node& node) {
    return std::to_string(node.place.line) + ":" + std::to_string(node.place.column);
  };
  const Node& list = *member(*root, "a\"b");
  EXPECT_EQ(place(list), "2:10");
  const std::string places[] = {"2:11", "2:14", "2:21", "2:28", "2:33"};
  const std::string texts[] = {"1", "-2.5e3", "true", "", "\\"};
  for (std::size_t at = 0; at < 5; ++at) {
    EXPECT_EQ(place(*list.children[at]), places[at]) << at;
    EXPECT_EQ(list.children[at]->text, texts[at]) << at;
  }
  const Node& accented = *member(*root, "ö");
  EXPECT_EQ(accented.key_place.column, 13);
  EXPECT_EQ(place(accented), "3:18");
  const Node& inner = *member(*member(*root, "c/d~"), "x");
  EXPECT_EQ(place(inner), "3:37");
  EXPECT_EQ(inner.text, "µµ\n");
  EXPECT_EQ(pointer_of(inner), "/c~1d~0/x");
  EXPECT_EQ(pointer_of(*list.children[4]), "/a\"b/4");
  EXPECT_EQ(
      json_of(*root),
      "{\"a\\\"b\":[1,-2.5e3,true,null,\"\\\\\"],\"ö\":\"é\",\"c/d~\":{\"x\":\"µµ\\u000a\"}}");
}

TEST(document, accepts_a_byte_order_mark_and_windows_line_ends) {
  Document document;
  std::vector<Problem> problems;
  const Node* root = document.read("f", "\xEF\xBB\xBF{\"a\":\r\n 1}\r\n", problems);
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->place.column, 1);
  EXPECT_EQ(member(*root, "a")->place.line, 2);
}

TEST(document, finds_every_duplicate_key) {
  EXPECT_EQ(problems_of("{\"a\":1,\n\"a\":2,\"b\":{\"c\":1,\"c\":2}}"),
            (Lines{"f:2:1: /a: the key \"a\" is given twice, expected it once (the first is in "
                   "line 1)",
                   "f:2:18: /b/c: the key \"c\" is given twice, expected it once (the first is in "
                   "line 2)"}));
}

TEST(document, says_where_to_mend_the_syntax) {
  const struct {
    std::string_view text;
    std::string_view line;
  } rows[] = {
      {"", R"(f:1:1: the file is empty, expected an object: {"gateway": {…}, …})"},
      {"// nothing\n", R"(f:1:1: the file is empty, expected an object: {"gateway": {…}, …})"},
      {"[1]", R"(f:1:1: the file holds no object, expected {"gateway": {…}, …})"},
      {"{\"a\": 1,\n\n}",
       R"(f:1:8: the comma before the closing "}" is one too many, expected none: remove it)"},
      {"{\"a\": [1, 2, // two\n]}",
       R"(f:1:12: /a: the comma before the closing "]" is one too many, expected none: remove it)"},
      {"{\"a\": 1\n \"b\": 2}",
       R"(f:1:7: a comma is missing after this, expected "," before "\"b\"")"},
      {"{\"a\": [{}\n {}]}",
       R"(f:1:9: /a: a comma is missing after this, expected "," before "{")"},
      {"{\"a\" 1}", R"(f:1:6: "1" does not belong here, expected ":" after the key)"},
      {"{\"a\" = 1}", R"(f:1:6: "=" does not belong here, expected ":" after the key)"},
      {"{a: 1}", R"(f:1:2: the key "a" stands without quotation marks, expected "a")"},
      {"{\"a\": 1, b: 2}", R"(f:1:10: the key "b" stands without quotation marks, expected "b")"},
      {"{'a': 1}", R"(f:1:2: single quotation marks do not work in JSON, expected double ones)"},
      {"{\"a\": 'b'}",
       R"(f:1:7: single quotation marks do not work in JSON, expected double ones)"},
      {"{\"a\": True}",
       R"(f:1:7: "True" is not known, expected true, false, null, a number or a text in quotation marks)"},
      {"{\"a\": NaN}",
       R"(f:1:7: "NaN" is not known, expected true, false, null, a number or a text in quotation marks)"},
      {"{\"a\": 10s}",
       R"(f:1:7: "10s" is not known, expected true, false, null, a number or a text in quotation marks)"},
      {"{\"a\": 0x76}",
       R"(f:1:7: "0x76" stands without quotation marks, expected "0x76" with them)"},
      {"{\"a\": 010}",
       R"(f:1:7: "010" is not a number of JSON or too large, expected one such as 10, -0.5 or 1e3)"},
      {"{\"a\": .5}",
       R"(f:1:7: ".5" is not a number of JSON or too large, expected one such as 10, -0.5 or 1e3)"},
      {"{\"a\": 1e999}",
       R"(f:1:7: "1e999" is not a number of JSON or too large, expected one such as 10, -0.5 or 1e3)"},
      {"{\"a\": }", R"(f:1:7: "}" does not belong here, expected a value)"},
      {"{\"a\": 1; \"b\": 2}", R"(f:1:8: ";" does not belong here, expected "," or "}")"},
      {"{\"a\": \"b, \"c\": 1}",
       R"(f:1:7: a quotation mark is missing here or before, expected one at each end of a text)"},
      {"{\"a\": 1},",
       R"(f:1:9: the file goes on after its end, expected nothing after the closing "}")"},
      {"{\"a\": -}",
       R"(f:1:7: "-" is not known, expected true, false, null, a number or a text in quotation marks)"},
      {"{\"a\": 1]", R"(f:1:8: "]" does not belong here, expected "," or "}")"},
      {"{,}", R"(f:1:2: "," does not belong here, expected a key in quotation marks or "}")"},
      {"{\"a\": {\n\"b\": 1",
       R"(f:2:7: /a: the file ends here, but the object of line 1 is still open, expected "}")"},
      {"{\"a\": \"b\n}", R"(f:1:7: the text is not closed, expected a quotation mark at its end)"},
      {"{\"a\": \"C:\\dir\"}", R"(f:1:7: the text holds a lone backslash, expected it twice: \\)"},
      {"{\"a\": \"\\u12\"}",
       R"(f:1:7: the text holds a \u that is not the code of a character, expected four hexadecimal digits such as \u00b5)"},
      {"{\"a\": \"\\ud800\"}",
       R"(f:1:7: the text holds a \u that is not the code of a character, expected four hexadecimal digits such as \u00b5)"},
      {"{\"a\": \"b\tc\"}",
       R"(f:1:7: the text holds a tab or another control character, expected a blank or \t)"},
      {"{\"a\": 1} {",
       R"(f:1:10: the file goes on after its end, expected nothing after the closing "}")"},
      {"{\"a\": /* open", R"(f:1:7: the comment is not closed, expected "*/")"},
      {"gateway: {}", R"(f:1:1: "gateway" does not belong here, expected "{" first)"},
  };
  for (const auto& row : rows) {
    const auto lines = problems_of(row.text);
    ASSERT_EQ(lines.size(), 1U) << row.text;
    EXPECT_EQ(lines.front(), row.line) << row.text;
  }
}

TEST(document, stands_hostile_bytes) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(problems_of("{\"a\":" + deep).front().substr(0, 9), "f:1:37: /");
  EXPECT_NE(problems_of("{\"a\":" + deep).front().find("more than 32 deep"), std::string::npos);
  EXPECT_EQ(problems_of(std::string(5'000'000, ' ')),
            Lines{"f:1:1: the file is larger than 1MiB, expected a configuration of less"});
  EXPECT_EQ(problems_of(std::string_view("{\"a\":\n1}\0{", 10)),
            Lines{"f:2:3: there is a zero byte, expected text: the file may be damaged"});
  EXPECT_EQ(problems_of(R"({"a": "x\u0000y"})"),
            Lines{"f:1:7: /a: the text holds the character U+0000, expected none of it"});
  EXPECT_EQ(problems_of("\xFF\xFE{\0}\0"),
            Lines{"f:1:1: the file is written in UTF-16, expected UTF-8: save it so"});
  std::string many = "{\"a\":[1";
  for (int at = 0; at < 20'000; ++at) many += ",1";
  EXPECT_NE(problems_of(many + "]}").front().find("more than 20000 values"), std::string::npos);
  for (const auto* wrong : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xE2\x82", "é\xFF"}) {
    const auto lines = problems_of(std::string("{\"a\": \"") + wrong + "\"}");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines.front().find("is not UTF-8"), std::string::npos) << lines.front();
  }
}

// Every single byte of a good file is taken away, doubled and replaced: at most one syntax problem,
// never a crash, and always a place inside the file.
TEST(document, survives_any_slip) {
  const std::string good =
      "{\"a\": [1, -2.5, \"b\\n\"], // x\n \"c\": {\"d\": true, \"e\": null}}\n";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const std::string& put : {std::string(), std::string(2, good[at]), std::string("\""),
                                   std::string("}"), std::string(","), std::string("\\"),
                                   std::string("/"), std::string("\xC3"), std::string(1, '\0')}) {
      std::string text = good;
      text.replace(at, 1, put);
      Document document;
      std::vector<Problem> problems;
      const Node* root = document.read("f", text, problems);
      EXPECT_TRUE(root != nullptr || problems.size() == 1) << text;
      for (const auto& problem : problems) {
        EXPECT_TRUE(problem.line >= 1 && problem.line <= 3 && problem.column >= 1) << text;
      }
    }
  }
}

}  // namespace
}  // namespace twinsky
