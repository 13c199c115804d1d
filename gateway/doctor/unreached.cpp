// SPDX-License-Identifier: Apache-2.0
#include "gateway/doctor/unreached.hpp"

#include "gateway/doctor/machine.hpp"
#include "gateway/text/shell_word.hpp"

#include <string_view>
#include <utility>

namespace twinsky {
namespace {

struct Remedy {
  std::string_view code;
  std::string_view mend;  // HOST and PORT stand for the server's
};

constexpr std::string_view certificate =
    "openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout ";

Remedy remedy_of(Unreached::Cause cause) {
  using enum Unreached::Cause;
  switch (cause) {
    case name:
      return {"name_unresolved", "getent hosts HOST; cat /etc/resolv.conf"};
    case silent:
      return {"server_silent",
              R"(timeout 5 bash -c "</dev/tcp/HOST/PORT" && echo reached; ip route)"};
    case unknown_authority:
      return {"tls_unknown_authority",
              "openssl s_client -connect HOST:PORT -servername HOST -showcerts </dev/null"};
    case expired:
      return {"tls_expired", "-dates; date"};
    case not_yet_valid:
      return {"tls_not_yet_valid", "-dates; date"};
    case other_name:
      return {"tls_other_name", "-ext subjectAltName"};
    case no_tls:
      return {"tls_none", R"(timeout 5 bash -c "</dev/tcp/HOST/8883" && echo reached)"};
    case local_file:
      return {"tls_file", "sudo twinsky check"};
    case handshake:
      return {"tls_failed", "openssl s_client -connect HOST:PORT -servername HOST </dev/null"};
    case refused:
    case stopped:
      break;
  }
  return {"server_refused", R"(timeout 5 bash -c "</dev/tcp/HOST/PORT" && echo reached)"};
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

Finding finding_of(const Unreached& unreached, const Server& server, std::string about) {
  const Remedy remedy = remedy_of(unreached.cause);
  std::string mend(remedy.mend);
  if (mend.starts_with('-')) mend.insert(0, certificate);
  replace_all(mend, "HOST", shell_word(server.host));
  replace_all(mend, "PORT", std::to_string(server.port));
  return {std::string(remedy.code), std::move(about),
          server.host + ":" + std::to_string(server.port) + ": " + text_of(unreached),
          std::move(mend)};
}

}  // namespace twinsky
