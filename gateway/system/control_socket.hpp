// SPDX-License-Identifier: Apache-2.0
// A local socket (AF_UNIX) on which the commands of this machine ask the daemon: a line goes there,
// a text comes back, and the connection ends. Its mode lets in the owner and the group, and whoever
// asks is looked at besides. A thread of its own serves it, so that nobody who asks, however
// slowly, badly or often, delays anything else; what all of them together may hold is bounded.
#pragma once

#include "gateway/model/result.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace twinsky {

class ControlSocket final : public Stage {
 public:
  static constexpr std::size_t most_connections = 8;   // the oldest goes when one more comes
  static constexpr std::size_t longest_request = 256;  // bytes
  static constexpr milliseconds patience{5'000};       // with one connection

  // What a request is answered. Called on the socket's thread; waits for nothing. The text may be
  // held for as long as somebody is slow to take it.
  using Answer = std::function<std::shared_ptr<const std::string>(std::string_view request)>;

  // Starts its thread at once, which takes the path: what a dead process left there is replaced;
  // where somebody answers, or something else lies there, it says so and serves nothing.
  ControlSocket(std::string path, Answer answer, Clock& clock, Log& log);
  ~ControlSocket() override;

  [[nodiscard]] std::string name() const override { return "control socket"; }
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] GuardStatus guard_status() const override;
  // Has it taken the path?
  [[nodiscard]] bool is_listening() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

// Asks such a socket. Fails with a sentence: nobody is there, or no answer came in time.
Result<std::string, std::string> ask_control_socket(const std::string& path,
                                                    std::string_view request,
                                                    milliseconds patience);

}  // namespace twinsky
