// SPDX-License-Identifier: Apache-2.0
// Which proxy a transfer goes through, if any, decided by us for each transfer: whoever leaves that
// to a library does not know whether the address that is connected to is the proxy's or the one
// that somebody redirected to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class Proxies {
 public:
  // One for everything, or none.
  explicit Proxies(std::string for_all = {}) : for_http_(for_all), for_https_(std::move(for_all)) {}
  // As the variables http_proxy, https_proxy, all_proxy and no_proxy say, which libcurl knows.
  // Call it before threads are started.
  static Proxies of_environment();
  // `exceptions` is the text of no_proxy: names with what is below them, addresses, blocks of
  // addresses ("10.0.0.0/8"), or "*".
  Proxies(std::string for_http, std::string for_https, std::string_view exceptions);

  // Of a transfer to `host` (a name, or a number without brackets); empty: it goes there itself.
  // This machine and the local network are never reached through a proxy.
  [[nodiscard]] std::string proxy_for(std::string_view scheme, std::string_view host) const;

 private:
  [[nodiscard]] bool is_exception(std::string_view host) const;

  std::string for_http_;
  std::string for_https_;
  std::vector<std::string> exceptions_;
};

}  // namespace twinsky
