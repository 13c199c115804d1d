// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger.hpp"

#include "gateway/text/record.hpp"

namespace twinsky {

std::string ledger_body(const LedgerRow& row) {
  std::string text = R"({"cause":)";
  append_json_string(text, row.cause);
  text += R"(,"stream":)";
  append_json_string(text, row.stream);
  text += R"(,"start":")";
  append_iso8601(text, row.start);
  text += R"(","end":")";
  append_iso8601(text, row.end);
  text += R"(","count":)" + std::to_string(row.count);
  text += row.estimated ? R"(,"estimated":true)" : R"(,"estimated":false)";
  if (!row.sink.empty()) {
    text += R"(,"sink":)";
    append_json_string(text, row.sink);
  }
  if (row.first_seq != 0) {
    text += R"(,"first_seq":)" + std::to_string(row.first_seq);
    text += R"(,"last_seq":)" + std::to_string(row.last_seq);
  }
  if (!row.epoch.empty()) {
    text += R"(,"of_epoch":)";
    append_json_string(text, row.epoch);
  }
  text += '}';
  return text;
}

}  // namespace twinsky
