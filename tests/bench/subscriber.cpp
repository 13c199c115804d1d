// SPDX-License-Identifier: Apache-2.0
// The judge: subscribes at QoS 1 with another library than the one that publishes, and counts every
// "seq": of every payload. Says "ready", then one line when it has seen 1 … COUNT of one stream, or
// when nothing came for PATIENCE seconds (then the exit code is 1).
//
//   subscriber PORT TOPIC COUNT [PATIENCE=20]
#include "tests/bench/cost.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mosquitto.h>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Count {
  std::vector<bool> seen;  // by seq
  std::size_t distinct = 0;
  std::size_t duplicates = 0;
  std::size_t unexpected = 0;  // beyond 1 … COUNT
  std::size_t messages = 0;
  double first_s = 0;
  double last_s = 0;
  bool ready = false;
};

void on_message(mosquitto*, void* context, const mosquitto_message* message) {
  auto& count = *static_cast<Count*>(context);
  count.last_s = bench::monotonic_s();
  if (count.messages++ == 0) count.first_s = count.last_s;
  const std::string_view text(static_cast<const char*>(message->payload),
                              static_cast<std::size_t>(message->payloadlen));
  static constexpr std::string_view key = "\"seq\":";
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at)) {
    at += key.size();
    std::size_t seq = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), seq);
    if (seq == 0 || seq > count.seen.size()) {
      ++count.unexpected;
    } else if (count.seen[seq - 1]) {
      ++count.duplicates;
    } else {
      count.seen[seq - 1] = true;
      ++count.distinct;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  Count count;
  count.seen.resize(std::strtoul(argv[3], nullptr, 10));
  const double patience_s = argc > 4 ? std::atof(argv[4]) : 20;
  mosquitto_lib_init();
  mosquitto* client = mosquitto_new(nullptr, true, &count);  // several may listen
  mosquitto_message_callback_set(client, on_message);
  mosquitto_subscribe_callback_set(client, [](mosquitto*, void* context, int, int, const int*) {
    static_cast<Count*>(context)->ready = true;
    std::puts("ready");
    std::fflush(stdout);
  });
  // The broker may be about to start: the first message must not find nobody listening.
  const double start_s = bench::monotonic_s();
  while (mosquitto_connect(client, "127.0.0.1", std::atoi(argv[1]), 60) != MOSQ_ERR_SUCCESS) {
    if (bench::monotonic_s() - start_s > patience_s) return 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  mosquitto_subscribe(client, nullptr, argv[2], 1);
  double lively_s = bench::monotonic_s();
  std::size_t seen = 0;
  while (count.distinct < count.seen.size()) {
    if (mosquitto_loop(client, 100, 1) != MOSQ_ERR_SUCCESS) break;
    if (count.messages != seen) lively_s = bench::monotonic_s();
    seen = count.messages;
    if (bench::monotonic_s() - lively_s > patience_s) break;
  }
  const std::size_t missing = count.seen.size() - count.distinct;
  std::printf(
      "{\"received\":%zu,\"missing\":%zu,\"duplicates\":%zu,\"unexpected\":%zu,"
      "\"messages\":%zu,\"first_s\":%.6f,\"last_s\":%.6f}\n",
      count.distinct, missing, count.duplicates, count.unexpected, count.messages, count.first_s,
      count.last_s);
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
  return missing == 0 ? 0 : 1;
}
