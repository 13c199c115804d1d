// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger.hpp"

#include "gateway/text/json_writer.hpp"

namespace twinsky {

std::string ledger_body(const LedgerRow& row) {
  std::string text;
  JsonWriter json(text);
  json.open().put("cause", row.cause).put("stream", row.stream);
  json.put("start", row.start).put("end", row.end);
  json.put("count", row.count).put("estimated", row.estimated);
  if (!row.sink.empty()) json.put("sink", row.sink);
  if (row.first_seq != 0) json.put("first_seq", row.first_seq).put("last_seq", row.last_seq);
  if (!row.epoch.empty()) json.put("of_epoch", row.epoch);
  json.close();
  return text;
}

}  // namespace twinsky
