// SPDX-License-Identifier: Apache-2.0
// A fixed amount of our own work, for counting instead of timing: samples are formatted, kept in
// commits of a hundred, read back as messages, acknowledged, and the cursor is kept. No broker, no
// device, and a clock that stands still, so that what is executed does not depend on the machine's
// load.
//
//   fixed_work DATABASE COMMITS
//
// Answers one line of JSON: how many bytes it wrote by system calls, which the file system's state
// does not change either.
#include "gateway/sinks/outbox.hpp"
#include "gateway/store/store.hpp"
#include "tests/bench/sample.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using namespace twinsky;

constexpr long per_commit = 100;
constexpr const char* sink = "bench";

// Of this process: bytes handed to write() and its like.
long long written_bytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  long long value = 0;
  while (io >> name >> value) {
    if (name == "wchar:") return value;
  }
  throw std::runtime_error("/proc/self/io says nothing of written bytes");
}

void keep(Store& store, ManualClock& clock, StreamId stream, long first) {
  for (long number = first; number < first + per_commit; ++number) {
    const UtcTime time = clock.utc() + std::chrono::seconds(number);
    store.append(
        {.stream = stream, .time = time, .body = bench::body(bench::sample(time, number))});
  }
  if (!store.flush(clock.now() + 30s)) throw std::runtime_error("a commit did not end");
  clock.settle(1);  // the writer waits again
}

// Answers how many records went out.
std::size_t send(Store& store, Outbox& outbox, MonotonicTime now) {
  std::size_t records = 0;
  while (const auto message = outbox.take(store.sendable(), now)) {
    outbox.acknowledged(message->span, now);
    records += message->span.records;
  }
  store.acknowledge(sink, outbox.cursor());
  return records;
}

void work(const std::string& path, long commits) {
  ManualClock clock{UtcTime(1'790'000'000s)};
  Log log(LogLevel::error);
  Store store({.path = path,
               .commit_rows = static_cast<std::size_t>(per_commit),
               .minimum_free_bytes = 0,
               .machine_id = "bench",
               .boot_id = "bench"},
              clock, log);
  store.add_sink(sink, true);
  const auto format = format_named("native")->make({}, "bench");
  Outbox outbox({.sink = sink}, *format, store.reader(), store.cursor(sink));
  outbox.start(1U << 20U, clock.now());
  const StreamId stream = store.stream(bench::stream);
  std::size_t sent = 0;
  for (long commit = 0; commit < commits; ++commit) {
    keep(store, clock, stream, commit * per_commit);
    sent += send(store, outbox, clock.now());
  }
  if (sent != static_cast<std::size_t>(commits * per_commit)) {
    throw std::runtime_error("not all records went out");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long commits = argc == 3 ? std::atol(argv[2]) : 0;
  if (commits < 1) return 2;
  try {
    const long long before = written_bytes();
    work(argv[1], commits);
    std::cout << "{\"written_bytes\":" << written_bytes() - before << "}\n";
  } catch (const std::exception& problem) {
    std::cerr << "fixed_work: " << problem.what() << '\n';
    return 1;
  }
  return 0;
}
