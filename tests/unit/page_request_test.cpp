// SPDX-License-Identifier: Apache-2.0
// What strangers ask for, before anybody has looked at it.
#include "gateway/page/request.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

TEST(page_request, a_target_is_a_path_and_what_is_asked) {
  const auto target = parse_target(
      "/api/v1/series?stream=sensor%2Froof-pm&from=2026-11-22T02:30:00%2B08:00&a+b=c+d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/v1/series");
  EXPECT_EQ(target->asked("stream"), "sensor/roof-pm");
  EXPECT_EQ(target->asked("from"), "2026-11-22T02:30:00+08:00");
  EXPECT_EQ(target->asked("a b"), "c d");
  EXPECT_EQ(target->asked("to"), "");
  EXPECT_EQ(parse_target("/a?")->query.size(), 0U);
  EXPECT_EQ(parse_target("/a?&x&")->asked("x"), "");
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");
}

TEST(page_request, what_is_no_target_is_refused) {
  for (const std::string_view text :
       {"", "*", "a", "http://127.0.0.1/", "/%", "/%4", "/%zz", "/%00", "/a%0d%0ab", "/%ff",
        "/%c0%af", "/?a=1&a=2", "/?a=%80", "/\x01", "/\x7f"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
  EXPECT_FALSE(parse_target("/" + std::string(2048, 'a')));
  std::string many = "/?";
  for (int key = 0; key < 17; ++key) many += "k" + std::to_string(key) + "=1&";
  EXPECT_FALSE(parse_target(many));
}

TEST(page_request, a_refusal_is_json_whatever_it_quotes) {
  EXPECT_EQ(refusal(400, "no \"such\"\nthing").body,
            "{\"error\":\"no \\\"such\\\"\\u000athing\"}\n");
}

}  // namespace
}  // namespace twinsky
