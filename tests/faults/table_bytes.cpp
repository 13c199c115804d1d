// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/table_bytes.hpp"

#include <sqlite3.h>

#include <array>

namespace twinsky {

std::int64_t integer_of(const std::string& path, const std::string& query) {
  sqlite3* database = nullptr;
  std::int64_t value = -1;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
    sqlite3_exec(
        database, query.c_str(),
        [](void* to, int, char** values, char**) {
          if (values[0] != nullptr) *static_cast<std::int64_t*>(to) = std::stoll(values[0]);
          return 0;
        },
        &value, nullptr);
  }
  sqlite3_close(database);
  return value;
}

std::int64_t table_bytes(const std::string& path, Held table) {
  constexpr std::array names = {"'hours', 'hours_of_quantity'", "'official'", "'reference'",
                                "'ledger'"};
  return integer_of(
      path, std::string("SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN (") +
                names[static_cast<std::size_t>(table)] + ")");
}

}  // namespace twinsky
