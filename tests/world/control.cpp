// SPDX-License-Identifier: Apache-2.0
#include "control.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace world {

Control::Control(Loop& loop, const std::string& path, bool standard_input, Execute execute)
    : loop_(loop),
      path_(path),
      execute_(std::move(execute)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 8) != 0) {
    throw_system_error(path);
  }
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
  if (!standard_input) return;
  loop_.watch(STDIN_FILENO, EPOLLIN, [this](std::uint32_t) {
    if (!obey(STDIN_FILENO, STDOUT_FILENO)) loop_.stop();
  });
}

Control::~Control() {
  loop_.forget(listener_.get());
  for (const auto& [descriptor, client] : clients_) loop_.forget(descriptor);
  ::unlink(path_.c_str());
}

void Control::accept_all() {
  for (;;) {
    Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.is_open()) return;
    const int descriptor = client.get();
    clients_[descriptor] = std::move(client);
    loop_.watch(descriptor, EPOLLIN, [this, descriptor](std::uint32_t) {
      if (obey(descriptor, descriptor)) return;
      loop_.forget(descriptor);
      received_.erase(descriptor);
      clients_.erase(descriptor);
    });
  }
}

bool Control::obey(int input, int output) {
  std::array<char, 1024> buffer{};
  const auto count = ::read(input, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;
  auto& received = received_[input];
  received.append(buffer.data(), static_cast<std::size_t>(count));
  for (auto end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
    const std::string answer = execute_(received.substr(0, end)) + "\n";
    received.erase(0, end + 1);
    if (::write(output, answer.data(), answer.size()) < 0) return false;
  }
  return true;
}

}  // namespace world
