// SPDX-License-Identifier: Apache-2.0
// A gateway with a store on a disk and MQTT sinks, but without sensors. The samples are synthetic.
#pragma once

#include "gateway/sinks/delivery.hpp"
#include "gateway/sinks/transports/mqtt.hpp"
#include "tests/unit/mosquitto.hpp"
#include "tests/unit/mqtt_sink.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky::testing_world {

inline constexpr std::string_view body = R"({"pm2_5":9.4,"flag":2,"flags":{"pm2_5":2},"meta":1})";

struct Gateway {
  Gateway() {
    stored.path = (directory.path / "store.db").string();
    stored.commit_every = 20ms;
    stored.machine_id = "test";
    store = std::make_unique<Store>(stored, clock, log);
  }
  ~Gateway() {
    // A sink that takes longer to leave would go on with what is gone by then.
    for (const auto& one : sinks) one->stop(clock.now() + patience);
    sinks.clear();
    store->on_commit({});
  }

  SinkSettings settings(const std::string& url, const std::string& id = "city") const {
    SinkSettings sink = mqtt_sink(id, url);
    sink.configuration_directory = directory.path.string();
    return sink;
  }
  Sink& start(const SinkSettings& sink, Resolver resolver = &resolve_host) {
    sinks.push_back(deliver(sink, {"mk-roof", *store, bulletin, clock, log},
                            [resolver = std::move(resolver)](const SinkSettings& settings,
                                                             TransportSurroundings surroundings) {
                              return make_mqtt(settings, std::move(surroundings), resolver);
                            }));
    store->on_commit([this] {
      for (const auto& one : sinks) one->wake();
    });
    return *sinks.back();
  }
  // `count` rows of each of `streams` sensors, in turn; waits until they are committed.
  void fill(int streams, int count, std::string_view text = body) {
    std::vector<StreamId> ids;
    for (int stream = 1; stream <= streams; ++stream) {
      ids.push_back(store->stream("sensor/s" + std::to_string(stream)));
    }
    for (int n = 0; n < count; ++n) {
      for (const StreamId id : ids) {
        store->append(
            {.stream = id, .time = clock.utc(), .body = std::string(text), .official_key = {}});
      }
      if (n % 1000 == 999) store->flush(clock.now() + patience);  // the queue is bounded
    }
    ASSERT_TRUE(store->flush(clock.now() + patience));
  }
  bool all_acknowledged(const std::string& sink = "city") {
    return eventually([&] { return store->cursor(sink) >= store->status().last_row; });
  }
  // Noise in the midst of its rows, while it is down.
  void damage() {
    store.reset();
    {
      std::fstream file(stored.path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(stored.path) / 2));
      file << std::string(3000, '~');
    }
    store = std::make_unique<Store>(stored, clock, log);
  }
  void post(const std::string& topic, const std::string& payload, Retain retain = Retain::always) {
    bulletin.post({.topic = topic, .payload = payload, .retain = retain, .expiry = 60s});
  }

  Directory directory;
  SystemClock clock{true};
  Log log{LogLevel::error};
  StoreSettings stored;
  std::unique_ptr<Store> store;
  Bulletin bulletin;
  std::vector<std::unique_ptr<Sink>> sinks;
};

inline constexpr const char* base = "twinsky/v1/mk-roof/";

inline bool shows(Sink& sink, const std::string& words,
                  std::chrono::milliseconds within = patience) {
  return eventually([&] { return sink.status().state.find(words) != std::string::npos; }, within);
}

}  // namespace twinsky::testing_world
