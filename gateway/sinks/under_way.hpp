// SPDX-License-Identifier: Apache-2.0
// What has been sent and has not met its fate: the one table of it. One thread.
#pragma once

#include "gateway/sinks/batch.hpp"
#include "gateway/sinks/bulletin.hpp"
#include "gateway/sinks/inbox.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace twinsky {

struct OwnStatus {};  // `online`, `offline`
struct OwnMark {};
struct OwnNewest {};
struct Replayed {
  std::string asker;
  std::size_t records = 0;
};
struct UnderWay {
  std::variant<OwnStatus, OwnMark, OwnNewest, Replayed, Bulletin::Change, Span> what;
  MonotonicTime sent_at{};
  // For the audit log.
  std::string subject;
  std::string_view rule;
  std::size_t bytes = 0;

  [[nodiscard]] const Span* records() const { return std::get_if<Span>(&what); }
};

class UnderWayTable {
 public:
  // A new connection: nothing is under way.
  void reset(std::size_t places) {
    places_.assign(places, std::nullopt);
    used_ = messages_of_records_ = bytes_of_records_ = 0;
  }

  [[nodiscard]] std::size_t places() const { return places_.size(); }
  [[nodiscard]] std::size_t free() const { return places_.size() - used_; }
  [[nodiscard]] bool is_empty() const { return used_ == 0; }
  [[nodiscard]] std::size_t messages_of_records() const { return messages_of_records_; }
  [[nodiscard]] std::size_t bytes_of_records() const { return bytes_of_records_; }
  // max() when nothing is under way.
  [[nodiscard]] MonotonicTime oldest() const {
    MonotonicTime oldest = MonotonicTime::max();
    for (const auto& one : places_) {
      if (one) oldest = std::min(oldest, one->sent_at);
    }
    return oldest;
  }
  template <class Predicate>
  [[nodiscard]] bool any(const Predicate& predicate) const {
    return std::ranges::any_of(places_, [&](const auto& one) { return one && predicate(*one); });
  }

  // There is a free one.
  Place add(UnderWay message) {
    const auto place = std::ranges::find(places_, false, &std::optional<UnderWay>::has_value);
    count(message, 1);
    *place = std::move(message);
    return static_cast<Place>(place - places_.begin());
  }
  // It has met its fate; nullopt: nothing was there.
  std::optional<UnderWay> take(Place place) {
    auto message = std::exchange(places_.at(place), std::nullopt);
    if (message) count(*message, static_cast<std::size_t>(-1));
    return message;
  }

 private:
  void count(const UnderWay& message, std::size_t sign) {
    used_ += sign;
    if (message.records() == nullptr) return;
    messages_of_records_ += sign;
    bytes_of_records_ += sign * message.bytes;
  }

  std::vector<std::optional<UnderWay>> places_;
  std::size_t used_ = 0;
  std::size_t messages_of_records_ = 0;
  std::size_t bytes_of_records_ = 0;
};

}  // namespace twinsky
