// SPDX-License-Identifier: Apache-2.0
// Records of the store as one CF-netCDF file (cf_table.hpp).
#pragma once

#include "gateway/commands/exported_rows.hpp"
#include "gateway/commands/store_choice.hpp"

#include <iosfwd>

namespace twinsky {

// Every record that has a reading. Nothing is thrown for a file that rows left while it was
// written: false, and standard error says so.
bool export_netcdf(const StoreChoice& choice, const ChosenStore& store,
                   const RowSelection& selection, UnreadableRows& unreadable, std::ostream& out);

}  // namespace twinsky
