// SPDX-License-Identifier: Apache-2.0
// A bound for texts that others write.
#pragma once

#include <cstddef>
#include <string>

namespace twinsky {

// Cuts UTF-8 text to `most` bytes (at least three) between two characters, with "…" at its end to
// show it. True where it was longer.
bool shorten(std::string& text, std::size_t most);

}  // namespace twinsky
