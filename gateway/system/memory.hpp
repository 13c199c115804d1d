// SPDX-License-Identifier: Apache-2.0
// How the C library keeps the daemon's memory: by default it makes an arena for every thread and
// raises its thresholds after each large piece, so that what a burst needed stays with the process.
#pragma once

#include <malloc.h>

namespace twinsky {

// Before the first thread starts.
inline void keep_little_memory() {
  constexpr int threshold_bytes = 64 << 10;
  // NOLINTBEGIN(concurrency-mt-unsafe): there are no other threads yet
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 2 * threshold_bytes);
  ::mallopt(M_TRIM_THRESHOLD, threshold_bytes);
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace twinsky
