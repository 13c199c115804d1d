// SPDX-License-Identifier: Apache-2.0
// What the page says, for pages that are made here: the same texts (gateway/page/assets/en.json and
// its translations). Any thread.
#pragma once

#include "gateway/model/json.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace twinsky {

// With three digits that tell something; "–" where there is no number.
std::string figure(double value);
std::string figure(const Json& value);

class Words {
 public:
  using Values = std::initializer_list<std::pair<std::string_view, std::string>>;

  // "en", "zh-Hant", "zh-Hans"; throws std::invalid_argument for any other.
  explicit Words(std::string language);

  [[nodiscard]] const std::string& language() const { return language_; }
  // "{name}" in the text is replaced by that value; an unknown key is said as it is.
  [[nodiscard]] std::string say(std::string_view key, Values values = {}) const;
  // A code in words, never bare.
  [[nodiscard]] std::string code(std::string_view kind, std::string_view code,
                                 Values values = {}) const;

 private:
  std::string language_;
  Json texts_;
};

}  // namespace twinsky
