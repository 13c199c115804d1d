// SPDX-License-Identifier: Apache-2.0
// The encodings that the two cities' documents come in.
#pragma once

#include "drivers/driver.hpp"

#include <string>
#include <string_view>

namespace twinsky {

struct Utf8 {
  std::string text;  // without byte order marks
  // Not empty where the encoding was neither UTF-8 nor marked, and had to be inferred: a sentence
  // for FeedContent::problems.
  std::string inference;
};

// A mark decides; else strict UTF-8 is UTF-8, every other byte of ASCII being 0 is UTF-16LE, and
// what is left is GB18030. Fails with `truncated` where the last character is cut, and with
// `grammar_changed` when the bytes are none of these.
Result<Utf8, FeedFailure> as_utf8(std::string_view body);

}  // namespace twinsky
