// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands/signals.hpp"

#include <csignal>
#include <sys/signalfd.h>

namespace twinsky {

int signal_descriptor(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int each : signals) ::sigaddset(&set, each);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace twinsky
