// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/control_socket.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr int backlog = 16;
constexpr mode_t owner_and_group = 0660;
constexpr std::size_t largest_answer = 64UL << 20U;

std::string reason() {
  return std::system_category().message(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// A path may be longer than an address of a socket, so the directory is named by its descriptor.
class Place {
 public:
  explicit Place(const fs::path& path)
      : directory_(::open(path.parent_path().empty() ? "." : path.parent_path().c_str(),
                          O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    address_.sun_family = AF_UNIX;
    std::string text = path.string();
    if (text.size() >= sizeof address_.sun_path) {
      text = "/proc/self/fd/" + std::to_string(directory_.get()) + "/" + path.filename().string();
    }
    is_whole_ = text.size() < sizeof address_.sun_path;
    if (is_whole_) text.copy(address_.sun_path, text.size());
  }
  [[nodiscard]] bool is_there() const { return directory_.is_open() && is_whole_; }
  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] const char* path() const { return address_.sun_path; }

 private:
  Descriptor directory_;
  sockaddr_un address_{};
  bool is_whole_ = false;
};

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// EAGAIN: its backlog is full, so somebody is there.
bool somebody_answers(const Place& place) {
  const Descriptor probe = new_socket();
  return ::connect(probe.get(), place.address(), sizeof(sockaddr_un)) == 0 || errno == EAGAIN;
}

// Root, ourselves, and whoever has our group: the mode of the file says the same, unless somebody
// changed it.
bool may_ask(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  if (peer.uid == 0 || peer.uid == ::geteuid() || peer.gid == ::getegid()) return true;
  std::array<gid_t, 256> groups{};
  size = sizeof groups;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
  const auto end = groups.begin() + size / sizeof(gid_t);
  return std::find(groups.begin(), end, ::getegid()) != end;
}

}  // namespace

class ControlSocket::Thread {
 public:
  Thread(std::string path, Answer answer, Clock& clock, Log& log)
      : path_(std::move(path)),
        answer_(std::move(answer)),
        clock_(clock),
        log_(log),
        guard_("control socket", clock, log),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {
    ::pthread_setname_np(thread_.native_handle(), "control");
  }
  ~Thread() { request_stop(); }

  void request_stop() {
    thread_.request_stop();
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  [[nodiscard]] bool is_listening() const { return is_listening_; }
  [[nodiscard]] const Guard& guard() const { return guard_; }

 private:
  struct Connection {
    Descriptor socket;
    MonotonicTime since{};
    std::string request = {};
    std::shared_ptr<const std::string> answer = {};  // null: the request is not whole yet
    std::size_t sent = 0;
  };

  void run(const std::stop_token& stop) {
    guard_.turn([this] { listen(); });
    while (!stop.stop_requested()) {
      if (!guard_.turn([this] { turn(); })) guard_.pause(stop);
    }
    connections_.clear();
    guard_.turn([this] { leave(); });
    has_stopped_ = true;
  }

  // Made beside its place and moved there, so that it is never there without its mode.
  void listen() {
    const Place place(path_);
    const Place draft(path_ + "-new");
    struct stat found {};
    if (!place.is_there() || !draft.is_there()) {
      log_.warning(guard_.name(), "its directory is not there: " + path_ + without_it);
      return;
    }
    if (::lstat(place.path(), &found) == 0) {
      if (!S_ISSOCK(found.st_mode)) {
        log_.warning(guard_.name(), path_ + " is something else and stays as it is" + without_it);
        return;
      }
      if (somebody_answers(place)) {
        log_.warning(guard_.name(), path_ + " belongs to another process that runs" + without_it);
        return;
      }
    }
    Descriptor socket = new_socket();
    ::unlink(draft.path());
    const bool is_there = ::bind(socket.get(), draft.address(), sizeof(sockaddr_un)) == 0 &&
                          ::chmod(draft.path(), owner_and_group) == 0 &&
                          ::listen(socket.get(), backlog) == 0 &&
                          ::rename(draft.path(), place.path()) == 0;
    if (!is_there) {
      log_.warning(guard_.name(), "cannot be made at " + path_ + ": " + reason() + without_it);
      return;
    }
    if (::lstat(place.path(), &found) == 0) inode_ = found.st_ino;
    listener_ = std::move(socket);
    is_listening_ = true;
  }

  // What is there may be another's by now.
  void leave() {
    if (!listener_.is_open()) return;
    const Place place(path_);
    struct stat found {};
    if (place.is_there() && ::lstat(place.path(), &found) == 0 && found.st_ino == inode_) {
      ::unlink(place.path());
    }
    listener_ = Descriptor();
    is_listening_ = false;
  }

  void turn() {
    std::vector<pollfd> waited{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Connection& each : connections_) {
      const short events = each.answer ? POLLOUT : POLLIN;
      waited.push_back({.fd = each.socket.get(), .events = events, .revents = 0});
    }
    const int timeout = connections_.empty() ? -1 : static_cast<int>(patience.count());
    if (::poll(waited.data(), waited.size(), timeout) < 0) return;
    // Read, so that the next poll waits again; the loop looks at the stop.
    std::uint64_t count = 0;
    [[maybe_unused]] const auto read = ::read(wake_.get(), &count, sizeof count);
    std::vector<Connection> going_on;
    for (std::size_t at = 0; at < connections_.size(); ++at) {
      Connection& each = connections_[at];
      const bool is_due = waited[at + 2].revents != 0;
      const bool is_late = clock_.now() - each.since > patience;
      if (!is_late && (!is_due || proceed(each))) going_on.push_back(std::move(each));
    }
    connections_ = std::move(going_on);
    if (waited[1].revents != 0) accept();
  }

  void accept() {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open() || !may_ask(socket.get())) return;
    if (connections_.size() == most_connections) connections_.erase(connections_.begin());
    connections_.push_back({.socket = std::move(socket), .since = clock_.now()});
  }

  // False: the connection is over.
  bool proceed(Connection& connection) {
    return connection.answer ? send(connection) : receive(connection);
  }

  bool receive(Connection& connection) {
    std::array<char, longest_request> buffer{};
    const auto count = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    connection.request.append(buffer.data(), static_cast<std::size_t>(count));
    const auto end = connection.request.find('\n');
    if (end == std::string::npos) return connection.request.size() < longest_request;
    connection.answer = answer_(std::string_view(connection.request).substr(0, end));
    return connection.answer != nullptr && send(connection);
  }

  static bool send(Connection& connection) {
    const std::string& text = *connection.answer;
    while (connection.sent < text.size()) {
      const auto count = ::send(connection.socket.get(), text.data() + connection.sent,
                                text.size() - connection.sent, MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      connection.sent += static_cast<std::size_t>(count);
    }
    return false;
  }

  static constexpr const char* without_it =
      "; the gateway goes on, and `twinsky status` reads the store's file instead";

  const std::string path_;
  const Answer answer_;
  Clock& clock_;
  Log& log_;
  Guard guard_;
  const Descriptor wake_;
  Descriptor listener_;  // of the thread alone, as the next two
  ino_t inode_ = 0;
  std::vector<Connection> connections_;  // the oldest first
  std::atomic<bool> is_listening_ = false;
  std::atomic<bool> has_stopped_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

ControlSocket::ControlSocket(std::string path, Answer answer, Clock& clock, Log& log)
    : thread_(std::make_unique<Thread>(std::move(path), std::move(answer), clock, log)) {}
ControlSocket::~ControlSocket() = default;

void ControlSocket::request_stop() {
  thread_->request_stop();
}
bool ControlSocket::has_stopped() const {
  return thread_->has_stopped();
}
GuardStatus ControlSocket::guard_status() const {
  return thread_->guard().status();
}
bool ControlSocket::is_listening() const {
  return thread_->is_listening();
}

Result<std::string, std::string> ask_control_socket(const std::string& path,
                                                    std::string_view request,
                                                    milliseconds patience) {
  const Place place(path);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit);
  }
  if (!place.is_there()) return Unexpected{path + ": No such file or directory"};
  if (::connect(socket.get(), place.address(), sizeof(sockaddr_un)) != 0) {
    return Unexpected{path + ": " + reason()};
  }
  const std::string line = std::string(request) + "\n";
  const auto sent = ::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) return Unexpected{path + ": " + reason()};
  std::string answer;
  std::array<char, 16'384> buffer{};
  while (answer.size() <= largest_answer) {
    const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count == 0) return answer;
    if (count < 0) return Unexpected{path + ": no answer: " + reason()};
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return Unexpected{path + ": its answer is too long"};
}

}  // namespace twinsky
