// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/soundness.hpp"

#include "gateway/store/store.hpp"
#include "gateway/store/tables.hpp"

#include <exception>

namespace twinsky {

std::string damage_in_store(const std::string& path) {
  try {
    Tables tables(path, Tables::Access::read);
    return tables.is_sound() ? "" : "SQLite finds that its pages do not fit together";
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& problem) {
    if (fault_of(problem) != DiskFault::damaged) throw StoreError(problem.what());
    return problem.what();
  }
}

}  // namespace twinsky
