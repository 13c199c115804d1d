// SPDX-License-Identifier: Apache-2.0
// What a record, or the document `state`, tells of each value of its stream, corrected ones too.
// Read from their text without building a document of it.
#pragma once

#include "gateway/model/clock.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace twinsky {

struct ToldValue {
  std::string_view name;  // of a quantity, or <quantity>_corrected
  std::optional<double> value = {};
  int flag = 1;  // as QARTOD has it: 1 pass … 9 missing
  // As they are written, escapes too.
  std::string_view reason = {};
  std::string_view fault = {};
  std::string_view text = {};
  std::optional<UtcTime> time = {};  // where it is another than the record's
};

struct ToldRecord {
  std::vector<ToldValue> values;
  std::optional<UtcTime> time;  // of `state`; a record's stands beside its text
  bool is_clock_set = true;
};

// Its memory is used again. What is no such text tells nothing more from where it is none.
void read_told(std::string_view text, ToldRecord& record);

}  // namespace twinsky
