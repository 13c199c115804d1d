// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word that is nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace twinsky {

// How many slips (a letter wrong, missing, too many, or two swapped) lie between two words,
// capitals aside.
std::size_t slips_between(std::string_view a, std::string_view b);

// The nearest of `known` within two slips, and fewer than half of the word; empty: none is.
std::string nearest(std::string_view word, std::span<const std::string_view> known);

// The id that a name or another spelling comes to: "mong-kok" for "Mong Kok"; empty: none.
std::string id_like(std::string_view name);

}  // namespace twinsky
