// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/http_line.hpp"

#include "gateway/system/transfer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace twinsky {
namespace {

constexpr milliseconds reached_within{10'000};
// What a server says beyond what is kept is heard to its end, so that the connection is good for
// the next request, but not without end.
constexpr std::size_t most_heard = 256U << 10U;

struct KeptAnswer {
  std::string& text;
  std::size_t largest;
  std::size_t heard = 0;
};

std::size_t keep_answer(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<KeptAnswer*>(user);
  const std::size_t length = size * count;
  answer.text.append(data, std::min(length, answer.largest - answer.text.size()));
  answer.heard += length;
  return answer.heard > std::max(most_heard, answer.largest) ? CURL_WRITEFUNC_ERROR : length;
}

void trust(CURL* handle, const Server& server) {
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, server.verify ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, server.verify ? 2L : 0L);
  if (server.ca_file.empty()) return;
  curl_easy_setopt(handle, CURLOPT_CAINFO, server.ca_file.c_str());
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
}

}  // namespace

struct HttpLine::Ends {
  TransferLine line;
};

HttpLine::HttpLine(const Server& server, milliseconds answered_within, std::string user_agent,
                   std::size_t largest_answer)
    : ends_(std::make_unique<Ends>()),
      server_(server),
      answered_within_(answered_within),
      user_agent_(std::move(user_agent)),
      largest_answer_(largest_answer) {}
HttpLine::~HttpLine() = default;

HttpReply HttpLine::exchange(const HttpRequest& request, const std::stop_token& stop) {
  HttpReply reply;
  CURL* const handle = ends_->line.handle.get();
  if (handle == nullptr || ends_->line.pool == nullptr) {
    reply.problem = "out of memory";
    return reply;
  }
  KeptAnswer answer{.text = reply.body, .largest = largest_answer_};
  std::array<char, CURL_ERROR_SIZE> words{};
  HeaderList headers;
  for (const std::string& header : request.headers) add_header(headers, header);
  add_header(headers, "Expect:");  // nobody is asked first whether he wants it
  curl_easy_reset(handle);         // keeps open connections
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, user_agent_.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  // Decided by us and by nobody else: libcurl must not look at the environment.
  curl_easy_setopt(handle, CURLOPT_PROXY, server_.proxy.c_str());
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  // Without this the clean-up waits for a look-up that hangs, and stopping with it.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(reached_within, answered_within_).count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(answered_within_.count()));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep_answer);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  trust(handle, server_);
  if (request.posts) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  const CURLcode code = perform(ends_->line, stop);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);

  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  constexpr long first_final = 200;  // those before only say that more is to come
  if (status >= first_final) reply.status = static_cast<int>(status);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after_s);
  constexpr curl_off_t most_s = 1'000'000;
  reply.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(retry_after_s, 0, most_s));
  reply.is_whole = code == CURLE_OK;
  reply.is_stopped = code == CURLE_ABORTED_BY_CALLBACK;
  if (!reply.is_whole) {
    reply.problem = words.front() != '\0' ? words.data() : curl_easy_strerror(code);
  }
  return reply;
}

}  // namespace twinsky
