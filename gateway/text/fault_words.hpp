// SPDX-License-Identifier: Apache-2.0
// A trouble as a thread tells it, for people.
#pragma once

#include <string>

namespace twinsky {

// "no_response: /dev/pm_1" -> "no response: /dev/pm_1"; text that begins with no fault stays.
std::string with_fault_in_words(std::string text);

}  // namespace twinsky
