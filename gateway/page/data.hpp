// SPDX-License-Identifier: Apache-2.0
// What the page asks of the past: points of a sensor, official values, a comparison with its pairs,
// the outboxes and the ledger, the log. Each answer is bounded whatever the store holds. One
// thread.
#pragma once

#include "gateway/page/request.hpp"
#include "gateway/page/sources.hpp"

namespace twinsky {

class PageData {
 public:
  explicit PageData(const PageSources& sources) : sources_(sources) {}

  PageAnswer series(const PageTarget& target);
  PageAnswer official(const PageTarget& target);
  PageAnswer comparison(const PageTarget& target);
  PageAnswer store();
  [[nodiscard]] PageAnswer log(const PageTarget& target) const;

 private:
  StoreReader& reader();

  const PageSources& sources_;
  std::unique_ptr<StoreReader> reader_;  // nullptr: nobody has asked yet
};

}  // namespace twinsky
