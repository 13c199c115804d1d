// SPDX-License-Identifier: Apache-2.0
// The rows of a store that an export was asked for, in the order of the store; of a damaged file
// those that can be read.
#pragma once

#include "gateway/store/store.hpp"

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace twinsky {

struct RowSelection {
  std::set<std::string> streams;  // empty: all
  std::optional<UtcTime> from;
  std::optional<UtcTime> to;  // exclusive

  [[nodiscard]] bool has(const std::string& stream, UtcTime time) const {
    return (streams.empty() || streams.contains(stream)) && (!from || time >= *from) &&
           (!to || time < *to);
  }
};

// Rows that a damaged file does not give.
struct UnreadableRows {
  std::map<RowId, RowId> ranges;  // first, last
  std::string why;
};

struct ExportedRow {
  const std::string& stream;
  const std::string& epoch;
  const StoredRow& row;
};

constexpr RowId all_rows = std::numeric_limits<RowId>::max();

// Calls `each` with every selected record, up to the row `until`. Returns the last row.
RowId each_exported_row(const std::string& path, const RowSelection& selection, RowId until,
                        UnreadableRows& unreadable,
                        const std::function<void(const ExportedRow&)>& each);

}  // namespace twinsky
