// SPDX-License-Identifier: Apache-2.0
// Anchor: the gateway that one writes on the first evening. Every sample is one transaction of
// SQLite as it comes (rollback journal, default pragmas) and one publish that is waited for; then
// its row is deleted, so that what is left is what has still to be sent. With `keep` rows stay, and
// nothing tells which of them the broker has.
//
//   naive PORT TOPIC COUNT DATABASE [keep]
#include "tests/bench/cost.hpp"

#include <mqtt/async_client.h>
#include <sqlite3.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const bool keeps = argc > 5 && std::string_view(argv[5]) == "keep";
  const long count = std::atol(argv[3]);
  sqlite3* database = nullptr;
  if (sqlite3_open(argv[4], &database) != SQLITE_OK) return 1;
  sqlite3_exec(database, "CREATE TABLE samples (seq INTEGER PRIMARY KEY, body TEXT)", nullptr,
               nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_stmt* erase = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO samples (seq, body) VALUES (?, ?)", -1, &insert,
                     nullptr);
  sqlite3_prepare_v2(database, "DELETE FROM samples WHERE seq = ?", -1, &erase, nullptr);
  const auto play = [database](sqlite3_stmt* statement) {
    const bool is_done = sqlite3_step(statement) == SQLITE_DONE;
    if (!is_done) std::cerr << "naive: " << sqlite3_errmsg(database) << '\n';
    sqlite3_reset(statement);
    return is_done;
  };
  mqtt::async_client client(std::string("tcp://127.0.0.1:") + argv[1], "naive");
  client.connect(mqtt::connect_options_builder().clean_session(true).finalize())->wait();
  bench::report("start");
  for (long seq = 1; seq <= count; ++seq) {
    const std::string text =
        "{\"gateway\":\"bench\",\"sensor\":\"one\",\"epoch\":\"00000000\",\"seq\":" +
        std::to_string(seq) +
        ",\"ts\":1795314600123,\"time\":\"2026-11-22T02:30:00.123Z\",\"pm2_5\":9.4,\"flag\":2}";
    sqlite3_bind_int64(insert, 1, seq);
    sqlite3_bind_text(insert, 2, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    if (!play(insert)) return 1;
    client.publish(argv[2], text.data(), text.size(), 1, false)->wait();
    if (keeps) continue;
    sqlite3_bind_int64(erase, 1, seq);
    if (!play(erase)) return 1;
  }
  bench::report("end");
  client.disconnect()->wait();
  sqlite3_finalize(insert);
  sqlite3_finalize(erase);
  sqlite3_close(database);
}
