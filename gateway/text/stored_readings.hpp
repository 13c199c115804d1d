// SPDX-License-Identifier: Apache-2.0
// The readings of a stored record, read back from its body without building a document: an hour has
// thousands of them.
#pragma once

#include "gateway/model/sample.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace twinsky {

struct StoredReadings {
  std::optional<std::uint64_t> amends;  // the record that this one replaces
  bool clock_unset = false;             // its time is not to be trusted
  std::vector<Reading> readings;
};

// Reads what record_body() wrote, and what the store put before it, into `stored`, whose memory is
// used again; false when it is no such body. Corrected values (<quantity>_corrected) are left out.
bool read_body(std::string_view body, StoredReadings& stored);

// Only what stands at the very beginning: the record that this one replaces.
std::optional<std::uint64_t> amended_by(std::string_view body) noexcept;

}  // namespace twinsky
