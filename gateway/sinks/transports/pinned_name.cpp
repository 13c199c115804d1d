// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/transports/pinned_name.hpp"

#include <dlfcn.h>
#include <exception>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {
namespace {

struct Pins {
  std::mutex mutex;
  std::vector<const PinnedName*> names;  // guarded by mutex
};

// Lives as long as any thread: Paho's are still there when the process ends.
Pins& pins() {
  static auto* const all = new Pins;
  return *all;
}

// The latest that was fixed for the name.
std::optional<std::string> pinned_address(std::string_view name) {
  const std::lock_guard lock(pins().mutex);
  for (const PinnedName* pin : pins().names | std::views::reverse) {
    if (pin->name() == name) return pin->address();
  }
  return std::nullopt;
}

}  // namespace

PinnedName::PinnedName(std::string name, std::string address)
    : name_(std::move(name)), address_(std::move(address)) {
  const std::lock_guard lock(pins().mutex);
  pins().names.push_back(this);
}

PinnedName::~PinnedName() {
  const std::lock_guard lock(pins().mutex);
  std::erase(pins().names, this);
}

}  // namespace twinsky

// Paho asks for no service. Who names one, as our own look-up and all others here do, is not
// meant: it wants to know what the resolver says now.
extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char* name, const char* service,
                                                          const addrinfo* hints, addrinfo** found) {
  static const auto system =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || service != nullptr) return system(name, service, hints, found);
  try {
    const auto address = twinsky::pinned_address(name);
    if (!address) return system(name, service, hints, found);
    addrinfo numeric = hints == nullptr ? addrinfo{} : *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    return system(address->c_str(), service, &numeric, found);
  } catch (const std::exception&) {  // may not pass through C
    return EAI_MEMORY;
  }
}
