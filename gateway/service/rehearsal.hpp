// SPDX-License-Identifier: Apache-2.0
// What a rehearsal changes: `twinsky run --rehearse FROM TO` goes through the time between as fast
// as the work allows. Devices must be recorded and agencies on loopback; brokers are real.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/system/fetch.hpp"

#include <memory>

namespace twinsky {

// Tells whoever is asked what time it is (header `Rehearsal-Time`, RFC 3339), so that an emulated
// agency answers as of then.
std::unique_ptr<Fetcher> telling_time(std::unique_ptr<Fetcher> fetcher, const Clock& clock);

}  // namespace twinsky
