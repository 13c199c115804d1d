// SPDX-License-Identifier: Apache-2.0
// "'/home/pi/a b'": a word as a shell takes it; as it is where it needs no quotation marks.
#pragma once

#include <string>
#include <string_view>

namespace twinsky {

std::string shell_word(std::string_view word);

}  // namespace twinsky
