// SPDX-License-Identifier: Apache-2.0
// What a transfer of libcurl needs, and how one runs so that a stop ends it at once. For the files
// of this folder that fetch or post.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <stop_token>
#include <string>

namespace twinsky {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreePool {
  void operator()(CURLM* pool) const { curl_multi_cleanup(pool); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void add_header(HeaderList& list, const std::string& line);

// What one transfer at a time needs; connections stay open in it for the next.
struct TransferLine {
  std::unique_ptr<CURL, FreeHandle> handle{curl_easy_init()};
  std::unique_ptr<CURLM, FreePool> pool{curl_multi_init()};
};

// Runs what was set up; a stop ends it at once, with CURLE_ABORTED_BY_CALLBACK.
CURLcode perform(const TransferLine& line, const std::stop_token& stop);

}  // namespace twinsky
