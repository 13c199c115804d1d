// SPDX-License-Identifier: Apache-2.0
// The server of the local page: HTTP on a thread of its own, within limits that no client can move.
// What it is asked it hands to `answer` as a value, one request after the other.
#pragma once

#include "gateway/page/request.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace twinsky {

struct PageLimits {
  std::size_t connections = 64;
  std::size_t streams = 16;  // of events, among them
  std::size_t header_bytes = 8192;
  std::size_t body_bytes = 65536;
  milliseconds request_within{15'000};   // from the first byte that may come to the last
  milliseconds answer_within{30'000};    // until the client has taken it
  milliseconds events_every{250};        // is looked whether there is something new
  milliseconds stream_lasts{3'600'000};  // then a client asks again, and shows its token again
  milliseconds try_again_after{5000};    // where the address cannot be had
};

class PageServer final : public Stage {
 public:
  struct Surroundings {
    std::function<PageAnswer(const PageRequest&)> answer;
    std::function<std::string()> event;  // what streams tell of; asked only while there are some
    Clock& clock;
    Log& log;
  };
  // `listen` as configured: "127.0.0.1:8787". A port that is taken is told once and tried again.
  PageServer(const std::string& listen, Surroundings surroundings, PageLimits limits = {});
  ~PageServer() override;

  [[nodiscard]] std::string name() const override { return "local page"; }
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string waits_for() const override { return "the store"; }
  [[nodiscard]] GuardStatus guard_status() const override;
  // Where it listens; 0: nowhere yet. For tests, which ask for any port.
  [[nodiscard]] int port() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace twinsky
