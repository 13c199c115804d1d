// SPDX-License-Identifier: Apache-2.0
// Real brokers and subscribers for tests, on free loopback ports, and a TCP proxy that can break
// what passes through it. Everything ends with its object.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace twinsky::testing_world {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Long, since the machine may be busy; never waited for when all is well.
inline constexpr std::chrono::milliseconds patience = 60s;

// Asks again and again until it is true.
inline bool eventually(const std::function<bool()>& is_true,
                       std::chrono::milliseconds within = patience) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline int connect_to(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

// A listening socket on a free port.
struct Listening {
  Listening() : descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(descriptor, 16) != 0 ||
        ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
      throw std::runtime_error("no loopback port");
    }
    port = ntohs(address.sin_port);
  }
  ~Listening() { ::close(descriptor); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  const int descriptor;
  int port = 0;
};

inline int free_port() {
  return Listening().port;
}

class Process {
 public:
  // `output`: a descriptor for its standard output; -1: the null device.
  explicit Process(std::vector<std::string> arguments, int output = -1) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (output >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    } else {
      ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const int error =
        ::posix_spawnp(&id_, pointers[0], &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + arguments[0]);
  }
  ~Process() {
    if (id_ > 0) end(SIGKILL);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const { ::kill(id_, number); }
  void end(int number) {
    signal(number);
    signal(SIGCONT);
    wait();
  }
  void wait() {
    if (id_ > 0) ::waitpid(id_, nullptr, 0);
    id_ = -1;
  }

 private:
  pid_t id_ = -1;
};

class Directory {
 public:
  Directory() {
    std::string name = fs::temp_directory_path() / "twinsky-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    // The broker gives up root and still has to read its files.
    fs::permissions(name, fs::perms::all);
    path = name;
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  fs::path path;
};

// A mosquitto with the given lines in its configuration.
class Mosquitto {
 public:
  explicit Mosquitto(const std::string& lines = "allow_anonymous true\n") : port(free_port()) {
    configuration_ =
        directory_.write("mosquitto.conf", "listener " + std::to_string(port) + " 127.0.0.1\n" +
                                               "max_queued_messages 100000\n" + lines);
    start();
  }

  void start() {
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"/usr/sbin/mosquitto", "-c", configuration_});
    if (!eventually([&] {
          const int descriptor = connect_to(port);
          if (descriptor >= 0) ::close(descriptor);
          return descriptor >= 0;
        })) {
      throw std::runtime_error("mosquitto does not start");
    }
  }
  void stop(int signal = SIGTERM) { process_->end(signal); }
  void signal(int number) const { process_->signal(number); }
  // What `lines` may name: the broker's own directory.
  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port); }

  const int port;

 private:
  Directory directory_;
  std::string configuration_;
  std::unique_ptr<Process> process_;
};

struct Received {
  std::string topic;
  bool retained = false;
  std::string expiry;
  std::string content_type;
  std::string payload;
};

// A mosquitto_sub with MQTT 5 and QoS 1.
class Subscriber {
 public:
  explicit Subscriber(int port, const std::string& filter = "#",
                      const std::vector<std::string>& more = {}) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<std::string> arguments = {"mosquitto_sub",
                                          "-V",
                                          "mqttv5",
                                          "-q",
                                          "1",
                                          "-h",
                                          "127.0.0.1",
                                          "-p",
                                          std::to_string(port),
                                          "-t",
                                          filter,
                                          "-F",
                                          "%t|%r|%E|%C|%p"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_ = std::make_unique<Process>(arguments, ends[1]);
    ::close(ends[1]);
    reader_ = std::thread([this, source = ends[0]] { read(source); });
  }
  ~Subscriber() {
    process_->end(SIGKILL);
    reader_.join();
  }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  using Messages = std::vector<Received>;
  // Waits until what has come satisfies.
  bool sees(const std::function<bool(const Messages&)>& satisfied,
            std::chrono::milliseconds within = patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return satisfied(messages_); });
  }
  bool sees(const std::string& topic, const std::string& payload,
            std::chrono::milliseconds within = patience) {
    return sees(
        [&](const Messages& messages) {
          for (const Received& one : messages) {
            if (one.topic == topic && one.payload == payload) return true;
          }
          return false;
        },
        within);
  }
  [[nodiscard]] Messages messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  void read(int source) {
    std::string text;
    char chunk[65536];
    ssize_t count = 0;
    while ((count = ::read(source, chunk, sizeof chunk)) > 0) {
      text.append(chunk, static_cast<std::size_t>(count));
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
        take(text.substr(begin, end - begin));
      }
      text.erase(0, begin);
      changed_.notify_all();
    }
    ::close(source);
  }
  void take(std::string line) {
    std::vector<std::string> parts;
    for (int part = 0; part < 4; ++part) {
      const std::size_t bar = line.find('|');
      parts.push_back(line.substr(0, bar));
      line.erase(0, bar == line.npos ? bar : bar + 1);
    }
    const std::lock_guard lock(mutex_);
    messages_.push_back({parts[0], parts[1] == "1", parts[2], parts[3], line});
  }

  std::unique_ptr<Process> process_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Messages messages_;  // guarded by mutex_
  std::thread reader_;
};

// Passes bytes on between its port and another, and breaks them as told.
class Proxy {
 public:
  explicit Proxy(int to) : to_(to), thread_([this] { run(); }) {}
  ~Proxy() {
    stop_ = true;
    thread_.join();
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::string url() const {
    return "mqtt://127.0.0.1:" + std::to_string(listening_.port);
  }

  std::atomic<long> cut_after{-1};   // bytes from the client on one connection; -1: never
  std::atomic<bool> swallow{false};  // takes what the client sends and passes nothing on
  std::atomic<int> delay_ms{0};      // holds every chunk back for so long
  std::atomic<int> connections{0};   // accepted so far

 private:
  struct Chunk {
    std::chrono::steady_clock::time_point due;
    std::string bytes;
    bool to_broker;
  };
  struct Pair {
    int client;
    int broker;
    long passed = 0;
    std::list<Chunk> held;
  };

  void run() {
    std::list<Pair> pairs;
    while (!stop_) {
      std::vector<pollfd> wanted = {{listening_.descriptor, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        wanted.push_back({pair.client, POLLIN, 0});
        wanted.push_back({pair.broker, POLLIN, 0});
      }
      ::poll(wanted.data(), wanted.size(), delay_ms > 0 ? 1 : 20);
      std::size_t at = 1;
      for (auto pair = pairs.begin(); pair != pairs.end(); at += 2) {
        const bool lives = pass(*pair, wanted[at].revents != 0, true) &&
                           pass(*pair, wanted[at + 1].revents != 0, false) && release(*pair);
        if (lives) {
          ++pair;
          continue;
        }
        ::close(pair->client);
        ::close(pair->broker);
        pair = pairs.erase(pair);
      }
      if (wanted[0].revents != 0) accept(pairs);
    }
    for (const Pair& pair : pairs) {
      ::close(pair.client);
      ::close(pair.broker);
    }
  }
  void accept(std::list<Pair>& pairs) {
    const int client = ::accept4(listening_.descriptor, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ++connections;
    const int broker = connect_to(to_);
    if (broker < 0) {
      ::close(client);
    } else {
      pairs.push_back({client, broker, 0, {}});
    }
  }
  bool pass(Pair& pair, bool is_ready, bool to_broker) {
    if (!is_ready) return true;
    char chunk[16384];
    const ssize_t count = ::recv(to_broker ? pair.client : pair.broker, chunk, sizeof chunk, 0);
    if (count <= 0) return false;
    if (swallow) return true;
    auto size = static_cast<std::size_t>(count);
    if (to_broker) {
      pair.passed += count;
      const long limit = cut_after;
      if (limit >= 0 && pair.passed > limit) return false;
    }
    pair.held.push_back({std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms),
                         std::string(chunk, size), to_broker});
    return true;
  }
  static bool release(Pair& pair) {
    while (!pair.held.empty() && pair.held.front().due <= std::chrono::steady_clock::now()) {
      const Chunk& chunk = pair.held.front();
      for (std::size_t sent = 0; sent < chunk.bytes.size();) {
        const ssize_t count =
            ::send(chunk.to_broker ? pair.broker : pair.client, chunk.bytes.data() + sent,
                   chunk.bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
      }
      pair.held.pop_front();
    }
    return true;
  }

  const int to_;
  Listening listening_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace twinsky::testing_world
