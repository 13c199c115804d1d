// SPDX-License-Identifier: Apache-2.0
// Does a store's file hold what it should, all of it: its pages, its tables, and the sums that must
// come out even. Read at one moment of it, beside whoever keeps it; until it is done the WAL grows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace twinsky {

struct Proof {
  std::string subject;  // "pages", "tables", "rows", "numbers", "hours", "ledger", "sinks"
  bool holds = false;
  std::string text;  // what it has, or what is wrong
};

// Reads the whole file, minutes for a large one on a card; `each_row` is told how many rows of how
// many have been looked at. Throws StoreError when it cannot be read at all.
std::vector<Proof> verify_store(const std::string& path,
                                const std::function<void(std::uint64_t, std::uint64_t)>& each_row);

}  // namespace twinsky
