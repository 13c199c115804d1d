// SPDX-License-Identifier: Apache-2.0
// The text of a record: formatted once when a sample is accepted, stored as it is, and sent by
// putting a head before it. A record is the head's fields, then the body's:
//
//   {"gateway":"mk-roof","sensor":"roof-pm","epoch":"7f3a91c2","seq":184467,"ts":1795314600123,
//    "time":"2026-11-22T02:30:00.123Z","pm2_5":9.4,"pm10":11.0,"flag":2,"flags":{…},"meta":7}
//    `------------------------- head --------------------------´`------------ body ------------´
//
// Key order is fixed; numbers have fixed decimals; no locale is asked.
#pragma once

#include "gateway/model/sample.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace twinsky {

// How a stream prints a quantity.
struct Column {
  Quantity quantity{};
  int decimals = 1;
};
// What is printed: at least one digit after the point, unless the catalogue says integer.
int decimals_of(const Column& column) noexcept;

// A corrected value, which stands beside the raw one as <quantity>_corrected.
struct CorrectedReading {
  Quantity quantity{};
  std::optional<double> value;
  Flag flag = Flag::missing;
  std::string_view correction;  // "id@version"
};

// The stored part: a JSON object of the readings (in the order of `columns`, then any others), with
// `text`, `flag`, `flags`, `reasons`, `faults`, for official samples start, end, issued, fetched
// and gas_reference_k first, `"clock":"unset"` where asked, and `meta` last. `text`, `flags`,
// `reasons` and `faults` are left out when they would be empty. Readings of other channels than
// `channel` are left out. `members` are further members of the object, as they stand
// between its braces; they come before `meta`. Corrected values follow the readings, with
// `corrections` naming what made them; their flags stand in `flags`, but `flag` is that of what was
// measured.
std::string record_body(const Sample& sample, std::span<const Column> columns,
                        std::string_view channel, int meta_revision, bool clock_unset = false,
                        std::string_view members = {},
                        std::span<const CorrectedReading> corrected = {});

// What is constant for a stream, up to and including `"seq":` — e.g.
// `{"gateway":"mk-roof","sensor":"roof-pm","epoch":"7f3a91c2","seq":`.
// `stream` is "sensor/<id>", "ref/<feed>/<station>", "ledger", "event", …
std::string record_prefix(std::string_view gateway, std::string_view stream,
                          std::string_view epoch);

// Appends the whole record to `text`.
void append_record(std::string& text, std::string_view prefix, std::uint64_t seq, UtcTime time,
                   std::string_view body);

}  // namespace twinsky
