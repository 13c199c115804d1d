// SPDX-License-Identifier: Apache-2.0
// What a table really takes of its file, with its indices: SQLite reads all of it to tell.
#pragma once

#include "gateway/store/tables.hpp"

#include <cstdint>
#include <string>

namespace twinsky {

// The one number that a query gives; -1 when it fails.
std::int64_t integer_of(const std::string& path, const std::string& query);
std::int64_t table_bytes(const std::string& path, Held table);

}  // namespace twinsky
