// SPDX-License-Identifier: Apache-2.0
// A host name whose address is fixed: while one lives, Paho gets this address for this name at
// once, and no resolver is asked.
//
// Paho 1.3.12 takes one text for the address to connect to, for the name that TLS sends and for the
// name that the certificate must bear, and looks it up behind a lock that all connections of the
// process share: a resolver that hangs there silences every sink. A loopback proxy would keep the
// name too, but opens a port, copies every byte, and Paho waits for its proxy behind the same lock.
// So this program brings its own `getaddrinfo`, which answers for pinned names and passes all else
// on. A C function has no place for whom it is asked by, so what is pinned is known to the process.
#pragma once

#include <string>

namespace twinsky {

class PinnedName {
 public:
  PinnedName(std::string name, std::string address);
  ~PinnedName();
  PinnedName(const PinnedName&) = delete;
  PinnedName& operator=(const PinnedName&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  const std::string name_;
  const std::string address_;  // as numbers
};

}  // namespace twinsky
