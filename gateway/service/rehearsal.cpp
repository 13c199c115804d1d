// SPDX-License-Identifier: Apache-2.0
#include "gateway/service/rehearsal.hpp"

namespace twinsky {
namespace {

class TimeTeller final : public Fetcher {
 public:
  TimeTeller(std::unique_ptr<Fetcher> fetcher, const Clock& clock)
      : fetcher_(std::move(fetcher)), clock_(clock) {}

  FetchReply get(const FetchRequest& request, const std::stop_token& stop) override {
    FetchRequest telling = request;
    telling.headers.push_back("Rehearsal-Time: " + iso8601(clock_.utc()));
    return fetcher_->get(telling, stop);
  }

 private:
  const std::unique_ptr<Fetcher> fetcher_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Fetcher> telling_time(std::unique_ptr<Fetcher> fetcher, const Clock& clock) {
  return std::make_unique<TimeTeller>(std::move(fetcher), clock);
}

}  // namespace twinsky
