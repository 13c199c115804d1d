// SPDX-License-Identifier: Apache-2.0
// The world's one thread: waits for file descriptors and for the next moment at which something is
// due; an idle world sleeps. Descriptors are watched for edges, so a hung-up pty does not wake it.
#pragma once

#include "times.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace world {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : descriptor_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  int release() noexcept;

 private:
  int descriptor_;
};

class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  Loop();
  void watch(int descriptor, std::uint32_t events, Handler handler);
  void forget(int descriptor);
  // `due` says when `work` is to be called.
  void schedule(std::function<std::optional<Instant>()> due, std::function<void(Instant)> work);
  void run();
  // One turn: what has happened by then, and what is due; at most so long is waited for it.
  void turn(int most_ms);
  // When something is due next.
  [[nodiscard]] std::optional<Instant> due() const;
  void stop() { stopped_ = true; }

 private:
  struct Worker {
    std::function<std::optional<Instant>()> due;
    std::function<void(Instant)> work;
  };
  [[nodiscard]] int wait_ms() const;

  Descriptor epoll_;
  std::map<int, std::shared_ptr<Handler>> handlers_;
  std::vector<Worker> workers_;
  bool stopped_ = false;
};

// Throws ScenarioError with what the system says.
[[noreturn]] void throw_system_error(const std::string& what);

}  // namespace world
