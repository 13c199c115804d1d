// SPDX-License-Identifier: Apache-2.0
// A link to somebody who is not known: nothing goes through but what the driver that asks has
// declared.
#pragma once

#include "drivers/driver.hpp"

#include <memory>

namespace twinsky {

class GuardedLink {
 public:
  // Both outlive it.
  GuardedLink(Link& link, const DriverInfo& driver);
  ~GuardedLink();
  GuardedLink(const GuardedLink&) = delete;
  GuardedLink& operator=(const GuardedLink&) = delete;

  // A link of the same kind; what was not declared is a fault of the program.
  [[nodiscard]] Link& link() noexcept;
  // Has anybody acknowledged or said anything?
  [[nodiscard]] bool was_answered() const noexcept { return was_answered_; }

 private:
  class Transfers;
  class Stream;
  class Requests;
  bool was_answered_ = false;
  std::unique_ptr<Link> link_;
};

}  // namespace twinsky
