// SPDX-License-Identifier: Apache-2.0
// Anchor: what Paho C++ can publish when nothing else is asked of it: payloads of a given size at
// QoS 1, a window of unacknowledged messages, no storage, no JSON library.
//
//   bare_publisher PORT TOPIC COUNT [WINDOW=100] [BYTES=200]
#include "tests/bench/cost.hpp"

#include <mqtt/async_client.h>

#include <cstdlib>
#include <iostream>
#include <semaphore>
#include <string>

namespace {

// Frees a place of the window for every acknowledged message.
class Window final : public virtual mqtt::iaction_listener {
 public:
  explicit Window(int places) : places_(places) {}
  void take() { places_.acquire(); }
  void on_success(const mqtt::token&) override { places_.release(); }
  void on_failure(const mqtt::token& token) override {
    std::cerr << "bare_publisher: not acknowledged: " << token.get_return_code() << '\n';
    std::_Exit(1);
  }

 private:
  std::counting_semaphore<> places_;
};

std::string payload(long seq, std::size_t bytes) {
  std::string text = "{\"seq\":" + std::to_string(seq) + ",\"pad\":\"";
  text.append(bytes - text.size() - 2, 'x');
  return text += "\"}";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const long count = std::atol(argv[3]);
  const int window_size = argc > 4 ? std::atoi(argv[4]) : 100;
  const auto bytes = static_cast<std::size_t>(argc > 5 ? std::atol(argv[5]) : 200);
  Window window(window_size);
  mqtt::async_client client(std::string("tcp://127.0.0.1:") + argv[1], "bare-publisher");
  // One more than the window: at its own limit Paho sleeps.
  client
      .connect(mqtt::connect_options_builder()
                   .mqtt_version(MQTTVERSION_3_1_1)
                   .clean_session(true)
                   .max_inflight(window_size + 1)
                   .finalize())
      ->wait();
  const mqtt::string topic = argv[2];
  bench::report("start");
  for (long seq = 1; seq <= count; ++seq) {
    window.take();
    const std::string text = payload(seq, bytes);
    client.publish(topic, text.data(), text.size(), 1, false, nullptr, window);
  }
  for (int place = 0; place < window_size; ++place) window.take();
  bench::report("end");
  client.disconnect()->wait();
}
