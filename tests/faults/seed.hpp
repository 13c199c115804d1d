// SPDX-License-Identifier: Apache-2.0
// What a test that draws by lot begins with: new each run, or SEED of the environment.
#pragma once

#include <cstdlib>
#include <iostream>
#include <random>

namespace twinsky {

inline unsigned draw_seed() {
  const char* const wished = std::getenv("SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const unsigned seed = wished != nullptr ? static_cast<unsigned>(std::strtoul(wished, nullptr, 10))
                                          : std::random_device{}();
  std::cout << "once more with SEED=" << seed << '\n';
  return seed;
}

}  // namespace twinsky
