// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/bounded_read.hpp"

#include <cerrno>
#include <dlfcn.h>
#include <sys/types.h>

// The system's headers that declare these two are not included: hardened builds define `recv`
// inline there.
struct ssl_st;
extern "C" {
ssize_t recv(int socket, void* buffer, std::size_t length, int flags);
int SSL_read(ssl_st* connection, void* buffer, int length);
}

namespace {

bool is_too_much(std::size_t length) {
  if (length <= twinsky::largest_packet) return false;
  errno = EMSGSIZE;
  return true;
}

}  // namespace

[[gnu::visibility("default")]] ssize_t recv(int socket, void* buffer, std::size_t length,
                                            int flags) {
  static const auto system = reinterpret_cast<decltype(&recv)>(::dlsym(RTLD_NEXT, "recv"));
  return is_too_much(length) ? -1 : system(socket, buffer, length, flags);
}

[[gnu::visibility("default")]] int SSL_read(ssl_st* connection, void* buffer, int length) {
  static const auto library = reinterpret_cast<decltype(&SSL_read)>(::dlsym(RTLD_NEXT, "SSL_read"));
  if (length > 0 && is_too_much(static_cast<std::size_t>(length))) return -1;
  return library(connection, buffer, length);
}

namespace twinsky {

bool reads_are_bounded() {
  return ::dlsym(RTLD_DEFAULT, "recv") == reinterpret_cast<void*>(&::recv) &&
         ::dlsym(RTLD_DEFAULT, "SSL_read") == reinterpret_cast<void*>(&::SSL_read);
}

}  // namespace twinsky
