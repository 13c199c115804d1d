// SPDX-License-Identifier: Apache-2.0
// Can a server be reached at all: its name, its port, its TLS, and no further. Says which of them
// stands in the way, in the words of the library that knows it, where a library that speaks a
// protocol above only knows that there is no connection.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace twinsky {

struct Server {
  std::string host;  // a name or an address; IPv6 without brackets
  int port = 0;
  bool tls = false;
  bool verify = true;
  std::string ca_file = {};  // empty: the system's
  std::string client_certificate = {};
  std::string client_key = {};
  std::string address = {};  // what the name resolves to, where that is settled
  std::string proxy = {};    // through which; empty: straight
};

struct Unreached {
  enum class Cause : std::uint8_t {
    name,               // does not resolve
    refused,            // nobody listens there, or no way leads there
    silent,             // no answer in time
    unknown_authority,  // who signed its certificate is not trusted here
    expired,
    not_yet_valid,
    other_name,  // the certificate is another host's
    no_tls,      // it speaks without, or hangs up on ours
    local_file,  // a certificate or key of ours cannot be used
    handshake,   // anything else about TLS
    stopped,
  };
  Cause cause{};
  std::string reason;  // the library's: "certificate has expired"
};
// For people, with the reason.
std::string text_of(const Unreached& unreached);

// Blocks at most for `patience`, and until is_stopped().
std::optional<Unreached> try_to_reach(const Server& server, milliseconds patience,
                                      const std::function<bool()>& is_stopped = {});

}  // namespace twinsky
