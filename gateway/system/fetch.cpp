// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/fetch.hpp"

#include "gateway/model/setting.hpp"
#include "gateway/system/address.hpp"
#include "gateway/system/transfer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace twinsky {
namespace {

constexpr auto fetched_schemes = std::to_array<std::string_view>({"http", "https"});
constexpr int most_redirects = 3;
// A server that sends less than this for so long is given up before the total time-out.
constexpr long slowest_bytes_per_s = 50;
constexpr long patience_s = 20;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// One transfer, as the callbacks see it.
struct Transfer {
  const FetchRequest& request;
  bool is_proxied = false;
  FetchReply reply;
  std::string_view refusal = {};  // why its address was refused
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t length = size * count;
  if (length > transfer.request.largest_body - transfer.reply.body.size()) {
    transfer.reply.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.reply.body.append(data, length);
  return length;
}

// Why an address is refused that is not public.
std::string_view refusal_of_private(bool is_off_limits) {
  return is_off_limits ? "a link-local address, at which no source is"
                       : "a private address (setting allow_private_addresses)";
}

// Called with every address that a connection is about to be made to, after the name was resolved:
// nothing can change between this check and the connection.
curl_socket_t on_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  const bool is_allowed =
      transfer.is_proxied ||  // then it is the proxy's
      (transfer.request.allow_private_addresses ? !is_off_limits(address->addr)
                                                : is_public_address(address->addr));
  if (!is_allowed) {
    transfer.refusal = refusal_of_private(is_off_limits(address->addr));
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// An address for a message; words instead of it where it may hold a secret.
std::string address_text(std::string_view address) {
  return shown({.kind = SettingKind::url}, address);
}

// What is wrong with an address that we are asked or sent to; empty: nothing.
std::string refusal_of(const Url& url, const FetchRequest& request) {
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  const bool is_fetched = std::ranges::find(fetched_schemes, scheme) != fetched_schemes.end();
  if (!is_fetched) return "only http and https are fetched";
  const std::string host = part_of(url, CURLUPART_HOST);
  const bool is_nowhere = is_off_limits_literal(host);
  if (!is_nowhere && (request.allow_private_addresses || is_public_literal(host) != false)) {
    return {};
  }
  return std::string("it is ").append(refusal_of_private(is_nowhere));
}

// Empty where it is not there, or longer than any: it would be kept, and sent back each time.
std::string header_of(CURL* handle, const char* name) {
  constexpr std::size_t longest = 256;
  curl_header* header = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  const std::string_view value = header->value;
  return std::string(value.size() > longest ? std::string_view() : value);
}

// Headers of the feed (a token, perhaps) go to the host that they were meant for, not to another;
// a body neither.
HeaderList headers_for(const FetchRequest& request, bool is_same_host) {
  HeaderList list;
  if (is_same_host) {
    for (const std::string& header : request.headers) add_header(list, header);
  }
  if (!request.etag.empty()) add_header(list, "If-None-Match: " + request.etag);
  if (!request.last_modified.empty()) {
    add_header(list, "If-Modified-Since: " + request.last_modified);
  }
  return list;
}

class CurlFetcher final : public Fetcher {
 public:
  CurlFetcher(std::string user_agent, Proxies proxies)
      : user_agent_(std::move(user_agent)), proxies_(std::move(proxies)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
  }
  ~CurlFetcher() override {
    idle_.clear();
    curl_global_cleanup();
  }
  CurlFetcher(const CurlFetcher&) = delete;
  CurlFetcher& operator=(const CurlFetcher&) = delete;

  FetchReply get(const FetchRequest& request, const std::stop_token& stop) override;

 private:
  // A line of its own for each transfer under way: the one that last talked to the host, another
  // that is idle, or a new one.
  TransferLine take_line(const std::string& host);
  void give_back(TransferLine line, const std::string& host);
  FetchReply follow(TransferLine& line, Url& url, const FetchRequest& request,
                    const std::stop_token& stop);
  // One request without its redirects; sets `redirect` where the answer is one.
  FetchReply one(TransferLine& line, const Url& url, const FetchRequest& request, bool is_same_host,
                 const std::stop_token& stop, std::string& redirect) const;
  void set_up(TransferLine& line, const Url& url, const FetchRequest& request,
              const HeaderList& headers, Transfer& transfer) const;

  const std::string user_agent_;
  const Proxies proxies_;
  std::mutex mutex_;
  std::multimap<std::string, TransferLine> idle_;  // by the host last talked to; guarded by mutex_
};

FetchReply problem(std::string what) {
  FetchReply reply;
  reply.problem = std::move(what);
  return reply;
}

TransferLine CurlFetcher::take_line(const std::string& host) {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {};
  const auto same = idle_.find(host);
  return std::move(idle_.extract(same != idle_.end() ? same : idle_.begin()).mapped());
}

void CurlFetcher::give_back(TransferLine line, const std::string& host) {
  const std::lock_guard lock(mutex_);
  idle_.emplace(host, std::move(line));
}

FetchReply CurlFetcher::get(const FetchRequest& request, const std::stop_token& stop) {
  Url url(curl_url());
  if (url == nullptr) return problem("out of memory");
  if (curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK) {
    return problem(address_text(request.url) + " is not an address");
  }
  const std::string host = part_of(url, CURLUPART_HOST);
  TransferLine line = take_line(host);
  if (line.handle == nullptr || line.pool == nullptr) return problem("out of memory");
  FetchReply reply = follow(line, url, request, stop);
  give_back(std::move(line), host);
  return reply;
}

FetchReply CurlFetcher::follow(TransferLine& line, Url& url, const FetchRequest& request,
                               const std::stop_token& stop) {
  const std::string host = part_of(url, CURLUPART_HOST);
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    if (std::string why = refusal_of(url, request); !why.empty()) {
      return problem(address_text(part_of(url, CURLUPART_URL)) + " is refused: " + why);
    }
    std::string redirect;
    FetchReply reply =
        one(line, url, request, part_of(url, CURLUPART_HOST) == host, stop, redirect);
    if (redirect.empty()) return reply;
    const bool was_https = part_of(url, CURLUPART_SCHEME) == "https";
    if (curl_url_set(url.get(), CURLUPART_URL, redirect.c_str(), 0) != CURLUE_OK) {
      return problem("redirected to " + address_text(redirect) + ", which is not an address");
    }
    if (was_https && part_of(url, CURLUPART_SCHEME) != "https") {
      return problem("redirected from https to " + address_text(redirect) + ", which is refused");
    }
  }
  return problem("more than " + std::to_string(most_redirects) + " redirects");
}

FetchReply CurlFetcher::one(TransferLine& line, const Url& url, const FetchRequest& request,
                            bool is_same_host, const std::stop_token& stop,
                            std::string& redirect) const {
  Transfer transfer{.request = request, .reply = {}};
  CURL* const handle = line.handle.get();
  const HeaderList headers = headers_for(request, is_same_host);
  std::array<char, CURL_ERROR_SIZE> words{};
  set_up(line, url, request, headers, transfer);
  if (is_same_host && !request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  const CURLcode code = perform(line, stop);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);

  FetchReply& reply = transfer.reply;
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    reply.content_type = header_of(handle, "Content-Type");
    reply.etag = header_of(handle, "ETag");
    reply.last_modified = header_of(handle, "Last-Modified");
    const char* to = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &to);
    if (to != nullptr && status != 304) redirect = to;
    return std::move(reply);
  }
  reply.body.clear();
  reply.truncated = code == CURLE_PARTIAL_FILE || code == CURLE_BAD_CONTENT_ENCODING;
  if (!transfer.refusal.empty()) {
    reply.problem = address_text(part_of(url, CURLUPART_HOST)) + " is refused: it leads to ";
    reply.problem += transfer.refusal;
  } else if (reply.too_large) {
    reply.problem = "more than " + size_text(static_cast<std::int64_t>(request.largest_body));
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    reply.problem = "stopped";
  } else {
    reply.problem = words.front() != '\0' ? words.data() : curl_easy_strerror(code);
  }
  return std::move(reply);
}

void CurlFetcher::set_up(TransferLine& line, const Url& url, const FetchRequest& request,
                         const HeaderList& headers, Transfer& transfer) const {
  CURL* const handle = line.handle.get();
  curl_easy_reset(handle);  // keeps open connections
  curl_easy_setopt(handle, CURLOPT_CURLU, url.get());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent_.c_str());
  // Decided here and by nobody else: libcurl must not look at the environment.
  const std::string proxy =
      proxies_.proxy_for(part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST));
  transfer.is_proxied = !proxy.empty();
  curl_easy_setopt(handle, CURLOPT_PROXY, proxy.c_str());
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can unpack
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  // Without this the clean-up waits for a look-up that hangs, and stopping with it.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_s);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, patience_s);
  // A connection that was allowed to a private address must not serve a feed that isn't.
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, request.allow_private_addresses ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
}

}  // namespace

std::unique_ptr<Fetcher> make_fetcher(std::string user_agent, Proxies proxies) {
  return std::make_unique<CurlFetcher>(std::move(user_agent), std::move(proxies));
}

}  // namespace twinsky
