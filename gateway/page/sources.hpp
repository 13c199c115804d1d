// SPDX-License-Identifier: Apache-2.0
// What is shown is taken from here, on the page's thread: values that the main loop has published,
// what the store's readers see, and the log. None of it waits for sampling, and nothing can delay
// it.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/sinks/snapshot.hpp"
#include "gateway/store/store.hpp"
#include "gateway/system/log.hpp"

#include <functional>
#include <memory>
#include <string>

namespace twinsky {

struct PageSources {
  std::function<std::string()> now;  // how everything is, as JSON
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  std::function<std::shared_ptr<const Config>()> config;
  const Store& store;
  Clock& clock;
  Log& log;
};

}  // namespace twinsky
