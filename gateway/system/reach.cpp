// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/reach.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <poll.h>
#include <string_view>
#include <utility>

namespace twinsky {
namespace {

using Cause = Unreached::Cause;

struct EndAttempt {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct EndAttempts {
  void operator()(CURLM* pool) const { curl_multi_cleanup(pool); }
};
struct EndList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// X509_V_ERR_…: the numbers of OpenSSL's x509_vfy.h, which have never changed.
constexpr long not_yet_valid = 9;
constexpr long has_expired = 10;
// Nobody waits longer than this for one that was stopped.
constexpr int longest_wait_ms = 50;

Cause cause_of_certificate(long verdict, std::string_view words) {
  if (verdict == has_expired) return Cause::expired;
  if (verdict == not_yet_valid) return Cause::not_yet_valid;
  return words.find("subject name") != words.npos ? Cause::other_name : Cause::unknown_authority;
}

// A server that does not know what TLS is hangs up, or answers with other bytes.
bool is_no_tls(std::string_view words) {
  constexpr auto signs = std::to_array<std::string_view>(
      {"wrong version number", "reset by peer", "SSL_ERROR_SYSCALL", "unexpected eof"});
  return std::ranges::any_of(
      signs, [words](std::string_view sign) { return words.find(sign) != words.npos; });
}

std::string_view words_of(Cause cause) {
  switch (cause) {
    case Cause::name:
      return "the name does not resolve";
    case Cause::refused:
      return "nobody listens there: is it running, and is the port right?";
    case Cause::silent:
      return "nobody answers there: is something in between that lets nothing pass?";
    case Cause::unknown_authority:
      return "who signed its certificate is not trusted here: name the authority's file in ca_file";
    case Cause::expired:
      return "its certificate has expired, or our clock is wrong";
    case Cause::not_yet_valid:
      return "its certificate holds from a later day on: is our clock right?";
    case Cause::other_name:
      return "its certificate is for another name: use that one in the address";
    case Cause::no_tls:
      return "it hangs up on TLS: at this port it speaks without; the one with TLS is often 8883";
    case Cause::local_file:
      return "a certificate or key of ours cannot be used";
    case Cause::handshake:
      return "TLS does not come about";
    case Cause::stopped:
      break;
  }
  return "it was not waited for";
}

Cause cause_of_failure(CURLcode code, CURL* handle, std::string_view words) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Cause::name;
    case CURLE_OPERATION_TIMEDOUT:
      return Cause::silent;
    case CURLE_PEER_FAILED_VERIFICATION: {
      long verdict = 0;
      curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verdict);
      return cause_of_certificate(verdict, words);
    }
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return Cause::local_file;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return is_no_tls(words) ? Cause::no_tls : Cause::handshake;
    default:
      return Cause::refused;
  }
}

std::string url_of(const Server& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  std::string url = server.tls ? "https://" : "http://";
  url.append(is_ipv6 ? "[" : "").append(server.host).append(is_ipv6 ? "]" : "");
  return url.append(":").append(std::to_string(server.port)).append("/");
}

void set_file(CURL* handle, CURLoption option, const std::string& file) {
  if (!file.empty()) curl_easy_setopt(handle, option, file.c_str());
}

void set_up_tls(CURL* handle, const Server& server) {
  set_file(handle, CURLOPT_CAINFO, server.ca_file);
  set_file(handle, CURLOPT_SSLCERT, server.client_certificate);
  set_file(handle, CURLOPT_SSLKEY, server.client_key);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, server.verify ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, server.verify ? 2L : 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_ENABLE_ALPN, 0L);  // what is spoken above is no HTTP
}

// Nothing: it was stopped.
std::optional<CURLcode> perform_until(CURLM* pool, CURL* handle,
                                      const std::function<bool()>& is_stopped) {
  if (curl_multi_add_handle(pool, handle) != CURLM_OK) return CURLE_FAILED_INIT;
  std::optional<CURLcode> code;
  int running = 1;
  while (running != 0 && !(is_stopped && is_stopped())) {
    if (curl_multi_perform(pool, &running) != CURLM_OK) break;
    if (running != 0) curl_multi_poll(pool, nullptr, 0, longest_wait_ms, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(pool, &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  return code;
}

}  // namespace

// The connection lives as long as its handle is in the pool.
struct Way::Ends {
  Ends() : pool(curl_multi_init()), handle(curl_easy_init()) {}
  ~Ends() {
    if (pool != nullptr && handle != nullptr) curl_multi_remove_handle(pool.get(), handle.get());
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  const std::unique_ptr<CURLM, EndAttempts> pool;
  const std::unique_ptr<CURL, EndAttempt> handle;
  curl_socket_t socket = CURL_SOCKET_BAD;
};

Way::Way(std::unique_ptr<Ends> ends, milliseconds patience, IsStopped is_stopped)
    : ends_(std::move(ends)), patience_(patience), is_stopped_(std::move(is_stopped)) {}
Way::~Way() = default;

template <class Step>
Result<std::size_t, Way::End> Way::take(short readiness, const Step& step) {
  milliseconds waited{0};
  while (!is_stopped_ || !is_stopped_()) {
    std::size_t bytes = 0;
    const CURLcode code = step(&bytes);
    if (code == CURLE_OK && bytes > 0) return bytes;
    if (code != CURLE_AGAIN) return Unexpected{End::closed};
    if (waited >= patience_) return Unexpected{End::silent};
    pollfd ready{.fd = ends_->socket, .events = readiness, .revents = 0};
    if (::poll(&ready, 1, longest_wait_ms) == 0) waited += milliseconds(longest_wait_ms);
  }
  return Unexpected{End::stopped};
}

Result<std::size_t, Way::End> Way::receive(std::span<char> bytes) {
  return take(POLLIN, [&](std::size_t* received) {
    return curl_easy_recv(ends_->handle.get(), bytes.data(), bytes.size(), received);
  });
}

Result<std::size_t, Way::End> Way::send(std::span<const char> bytes) {
  return take(POLLOUT, [&](std::size_t* sent) {
    return curl_easy_send(ends_->handle.get(), bytes.data(), bytes.size(), sent);
  });
}

std::string text_of(const Unreached& unreached) {
  return std::string(words_of(unreached.cause)) + " (" + unreached.reason + ")";
}

Result<std::unique_ptr<Way>, Unreached> open_way(const Server& server, milliseconds patience,
                                                 Way::IsStopped is_stopped) {
  std::array<char, CURL_ERROR_SIZE> words{};  // these two outlive who knows of them
  std::unique_ptr<curl_slist, EndList> settled;
  auto ends = std::make_unique<Way::Ends>();
  const auto& [pool, handle, socket] = *ends;
  if (pool == nullptr || handle == nullptr) {
    return Unexpected{Unreached{Cause::refused, "there is no memory left to try"}};
  }
  const std::string url = url_of(server);
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience.count()));
  curl_easy_setopt(handle.get(), CURLOPT_PROXY, server.proxy.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "");
  if (!server.address.empty()) {
    const std::string line = server.host + ":" + std::to_string(server.port) + ":" + server.address;
    settled.reset(curl_slist_append(nullptr, line.c_str()));
    curl_easy_setopt(handle.get(), CURLOPT_RESOLVE, settled.get());
  }
  if (server.tls) set_up_tls(handle.get(), server);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, words.data());
  const auto code = perform_until(pool.get(), handle.get(), is_stopped);
  if (!code) return Unexpected{Unreached{Cause::stopped, "stopped"}};
  if (*code != CURLE_OK) {
    const std::string reason = words.front() != '\0' ? words.data() : curl_easy_strerror(*code);
    return Unexpected{Unreached{cause_of_failure(*code, handle.get(), reason), reason}};
  }
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(handle.get(), CURLOPT_RESOLVE, nullptr);
  curl_easy_getinfo(handle.get(), CURLINFO_ACTIVESOCKET, &ends->socket);
  return std::make_unique<Way>(std::move(ends), patience, std::move(is_stopped));
}

std::optional<Unreached> try_to_reach(const Server& server, milliseconds patience,
                                      const std::function<bool()>& is_stopped) {
  auto way = open_way(server, patience, is_stopped);
  if (way) return std::nullopt;
  return way.error();
}

}  // namespace twinsky
