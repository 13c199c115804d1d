// SPDX-License-Identifier: Apache-2.0
// What is wrong with a text that is no JSON, in words, and where it is to be mended: seldom where a
// parser gives up.
#pragma once

#include "gateway/config/secret_keys.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

struct SyntaxProblem {
  std::size_t offset = 0;
  std::string message;
};

// What no parser needs to see: NUL bytes, UTF-16, text that is not UTF-8.
std::optional<SyntaxProblem> unreadable_text(std::string_view text);

// The first thing that is wrong with a text that a parser refused. What stands behind a secret's
// key is not repeated.
SyntaxProblem explain_syntax(std::string_view text, const SecretKeys& secret_keys = {});

}  // namespace twinsky
