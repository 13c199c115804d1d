// SPDX-License-Identifier: Apache-2.0
// Can a server be reached at all: its name, its port, its TLS, and no further. Says which of them
// stands in the way, in the words of the library that knows it, where a library that speaks a
// protocol above only knows that there is no connection. Who speaks one himself keeps the way.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
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

// A way to a server that stays open: bytes go to and fro, encrypted where it is so. One thread.
class Way {
 public:
  using IsStopped = std::function<bool()>;
  struct Ends;  // of the library
  Way(std::unique_ptr<Ends> ends, milliseconds patience, IsStopped is_stopped);
  ~Way();
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  // How long the other side may keep each call waiting; at first as long as it had to be reached.
  void set_patience(milliseconds patience) { patience_ = patience; }

  enum class End : std::uint8_t { closed, silent, stopped };
  // Wait until at least one byte came, or went; how many.
  Result<std::size_t, End> receive(std::span<char> bytes);
  Result<std::size_t, End> send(std::span<const char> bytes);

 private:
  template <class Step>
  Result<std::size_t, End> take(short readiness, const Step& step);

  const std::unique_ptr<Ends> ends_;
  milliseconds patience_;
  const IsStopped is_stopped_;
};

// Blocks at most for `patience`, and until is_stopped().
Result<std::unique_ptr<Way>, Unreached> open_way(const Server& server, milliseconds patience,
                                                 Way::IsStopped is_stopped = {});
std::optional<Unreached> try_to_reach(const Server& server, milliseconds patience,
                                      const std::function<bool()>& is_stopped = {});

}  // namespace twinsky
