// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/embedded.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace twinsky {
namespace {

TEST(embedded, the_program_carries_the_page_and_its_charts) {
  EXPECT_TRUE(embedded_file("gateway/page/assets/index.html").starts_with("<!DOCTYPE html>"));
  const std::string_view charts = embedded_file("gateway/page/assets/dygraph.min.js");
  EXPECT_NE(charts.find("Dygraph"), std::string_view::npos);
  EXPECT_FALSE(embedded_file("gateway/page/assets/dygraph.min.css").empty());
}

TEST(embedded, a_file_is_whole_whatever_bytes_it_has) {
  const std::string_view words = embedded_file("gateway/page/assets/zh-Hant.json");
  EXPECT_NE(words.find("感測器"), std::string_view::npos);
  EXPECT_TRUE(words.ends_with("}\n"));
}

TEST(embedded, names_are_sorted_and_each_has_its_file) {
  std::vector<std::string> names;
  std::string_view left = embedded_file_names();
  while (!left.empty()) {
    const auto end = left.find('\n');
    ASSERT_NE(end, std::string_view::npos);
    names.emplace_back(left.substr(0, end));
    left.remove_prefix(end + 1);
  }
  EXPECT_TRUE(std::ranges::is_sorted(names));
  for (const std::string& name : names) EXPECT_FALSE(embedded_file(name).empty()) << name;
}

}  // namespace
}  // namespace twinsky
