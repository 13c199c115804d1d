// SPDX-License-Identifier: Apache-2.0
// What must never be. Thrown where this program itself is wrong: nothing that it does from there on
// may be trusted, so the process ends and systemd starts it again with nothing lost (guard.hpp).
// The standard library's own logic errors are not of this kind: `at()` and `stoi` throw them of
// what a stranger sent, too.
#pragma once

#include <stdexcept>

namespace twinsky {

class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace twinsky
