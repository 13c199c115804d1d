// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/transfer.hpp"

#include <new>

namespace twinsky {

void add_header(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

CURLcode perform(const TransferLine& line, const std::stop_token& stop) {
  constexpr int longest_wait_ms = 1000;
  if (curl_multi_add_handle(line.pool.get(), line.handle.get()) != CURLM_OK) {
    return CURLE_FAILED_INIT;
  }
  {
    const std::stop_callback wake(stop, [&line] { curl_multi_wakeup(line.pool.get()); });
    int running = 1;
    while (running != 0 && !stop.stop_requested()) {
      if (curl_multi_perform(line.pool.get(), &running) != CURLM_OK) break;
      if (running != 0) curl_multi_poll(line.pool.get(), nullptr, 0, longest_wait_ms, nullptr);
    }
  }
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(line.pool.get(), &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl_multi_remove_handle(line.pool.get(), line.handle.get());
  return code;
}

}  // namespace twinsky
