// SPDX-License-Identifier: Apache-2.0
// What is there to be asked for, and what each request is answered with. One thread.
#pragma once

#include "gateway/page/changes.hpp"
#include "gateway/page/data.hpp"
#include "gateway/page/gate.hpp"
#include "gateway/page/request.hpp"
#include "gateway/page/sources.hpp"

#include <memory>

namespace twinsky {

class PageServer;

class PageSite {
 public:
  explicit PageSite(PageSources sources);
  PageSite(const PageSite&) = delete;
  PageSite& operator=(const PageSite&) = delete;

  PageAnswer answer(const PageRequest& request);

 private:
  PageAnswer answer_path(const PageRequest& request);
  PageAnswer change(const PageRequest& request);
  [[nodiscard]] PageAnswer health() const;
  [[nodiscard]] PageAnswer readiness() const;

  const PageSources sources_;
  PageGate gate_;
  PageData data_;
  PageChanges changes_;
};

// The local page as the configuration has it. nullptr: nothing is served, and the log says why
// where that is not what was asked for.
std::unique_ptr<PageServer> serve_page(PageSources sources);

}  // namespace twinsky
