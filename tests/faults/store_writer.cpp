// SPDX-License-Identifier: Apache-2.0
// Writes samples into a store until it is killed: `store_writer FILE`. The body of a sample says
// which one of its stream it is, so what is missing or doubled can be told; the newest committed
// row goes to standard output as soon as the store says so.
#include "gateway/store/store.hpp"

#include <array>
#include <iostream>
#include <map>
#include <unistd.h>

int main(int argc, char** argv) {
  using namespace twinsky;
  if (argc != 2) return 2;
  SystemClock clock(true);
  Log log(LogLevel::error);
  StoreSettings settings;
  settings.path = argv[1];
  settings.machine_id = "writer";
  settings.commit_every = milliseconds(2);
  settings.commit_rows = 50;
  settings.minimum_free_bytes = 0;
  Store store(settings, clock, log);
  store.on_commit([&store] {
    const std::string line = std::to_string(store.sendable()) + '\n';
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(1);
  });
  store.add_sink("city", true);

  constexpr std::array<const char*, 3> names = {"sensor/a", "sensor/b", "sensor/c"};
  std::map<StreamId, std::uint64_t> count;
  const auto reader = store.reader();
  for (RowId after = 0;;) {
    const auto& page = reader->page(after, 1000);
    if (page.empty()) break;
    for (const StoredRow& row : page) count[row.stream] = row.seq;
    after = page.back().row;
  }
  MonotonicTime next = clock.now();
  for (std::uint64_t turn = 0;; ++turn) {
    const StreamId stream = store.stream(names[turn % names.size()]);
    Entry entry;
    entry.stream = stream;
    entry.time = clock.utc();
    entry.body = R"({"n":)" + std::to_string(++count[stream]) + "}";
    store.append(std::move(entry));
    if (turn % 7 == 0) store.acknowledge("city", store.sendable() / 2);
    if (turn % 100 != 0) continue;
    next += milliseconds(3);
    clock.pause_until(next, {});
  }
}
