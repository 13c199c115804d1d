// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/places.hpp"

namespace twinsky {

std::string tests_directory() {
  return TESTS_DIRECTORY;
}

std::string twinsky_binary() {
  return TWINSKY_BINARY;
}

}  // namespace twinsky
