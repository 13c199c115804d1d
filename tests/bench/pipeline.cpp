// SPDX-License-Identifier: Apache-2.0
// Ours: the product's record text, store and MQTT sink, without devices before them, driven by
// lines on standard input; each is answered by one line of cost when it is done.
//
//   pipeline DATABASE PER_COMMIT
//   sink PORT BATCH           starts the sink, which also sends what is stored already
//   stop                      stops it
//   append COUNT              samples of one quantity, committed in groups of PER_COMMIT
#include "gateway/sinks/sink.hpp"
#include "gateway/system/memory.hpp"
#include "tests/bench/cost.hpp"
#include "tests/bench/sample.hpp"
#include "tests/unit/mqtt_sink.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <sstream>

namespace {

using namespace std::chrono_literals;
using namespace twinsky;

// The store commits by itself whenever a group is complete; now and then it is waited for, since
// its queue is bounded.
void append(Store& store, Clock& clock, long first, long count, long per_commit) {
  const long per_wait = std::min(20 * per_commit, 5000L);  // 20 000 could fill the queue
  const StreamId stream = store.stream(bench::stream);
  for (long number = 1; number <= count; ++number) {
    const UtcTime time = clock.utc();
    store.append(
        {.stream = stream, .time = time, .body = bench::body(bench::sample(time, first + number))});
    if (number % per_wait != 0 && number != count) continue;
    if (!store.flush(clock.now() + 30s)) throw StoreError("a commit took longer than 30 s");
  }
}

int converse(const std::string& path, long per_commit) {
  SystemClock clock(true);
  Log log(LogLevel::error);
  Bulletin bulletin;
  Store store(
      {.path = path, .commit_rows = static_cast<std::size_t>(per_commit), .machine_id = "bench"},
      clock, log);
  std::unique_ptr<Sink> sink;
  std::atomic<Sink*> to_wake = nullptr;
  store.on_commit([&to_wake] {
    if (Sink* const one = to_wake) one->wake();
  });
  long appended = 0;
  bench::report("start");
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    long first = 0;
    long second = 0;
    words >> command >> first >> second;
    if (command == "sink") {
      auto settings =
          testing_world::mqtt_sink("bench", "mqtt://127.0.0.1:" + std::to_string(first));
      settings.batch_records = second;
      sink = make_sink(settings, {"bench", store, bulletin, clock, log});
      to_wake = sink.get();
    } else if (command == "stop") {
      if (sink) sink->stop(clock.now() + 2s);
      to_wake = nullptr;
      sink.reset();
    } else if (command == "append") {
      append(store, clock, appended, first, per_commit);
      appended += first;
    } else {
      std::cerr << "pipeline: not understood: " << line << '\n';
      return 2;
    }
    bench::report(command.c_str());
  }
  if (sink) sink->stop(clock.now() + 2s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const long per_commit = std::atol(argv[2]);
  if (per_commit < 1) return 2;
  twinsky::keep_little_memory();  // as `twinsky run` does
  try {
    return converse(argv[1], per_commit);
  } catch (const std::exception& problem) {
    std::cerr << "pipeline: " << problem.what() << '\n';
    return 1;
  }
}
