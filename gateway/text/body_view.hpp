// SPDX-License-Identifier: Apache-2.0
// A stored record's body (record.hpp), or the document `state`, as other formats write it on: each
// value as it is printed, with what is said of it beside it, without a document being made of it.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/quantity.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace twinsky {

struct BodyView {
  struct Value {
    Quantity quantity{};
    std::string_view name;    // "pm2_5", "pm2_5_corrected"
    std::string_view number;  // as it is written; empty: there is none
    int flag = 1;             // 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing
    bool is_corrected = false;
    // As they are written, escapes too.
    std::string_view reason = {};
    std::string_view fault = {};
    std::string_view text = {};
    std::optional<UtcTime> time = {};  // where `state` has another than its own

    [[nodiscard]] std::optional<double> value() const noexcept;  // of `number`
  };

  std::vector<Value> values;
  int flag = 9;
  bool clock_unset = false;
  std::optional<UtcTime> time;  // of `state`; a record's stands beside its body
  std::string_view amends;      // the number of the record that it replaces; empty: none
  std::string_view revision;    // of an official value; empty: none
  std::string_view start;       // of the interval that it holds for, as iso8601(); empty: a moment
  std::string_view end;

  // nullptr: it has no number of that quantity.
  [[nodiscard]] const Value* measured(Quantity quantity) const noexcept;
};

// Reads a body into `view`, whose memory is used again and whose texts live as long as the body;
// false when it is no such body.
bool view_body(std::string_view body, BodyView& view);

}  // namespace twinsky
