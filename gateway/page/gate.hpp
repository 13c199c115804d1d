// SPDX-License-Identifier: Apache-2.0
// Who may ask for what. A browser is a stranger's tool as well: a page from elsewhere may let it
// ask us, under our own address (another Origin) or under a name of theirs that leads here
// (another Host). So every request says how it came here, and what changes something, or comes from
// beyond this machine, brings the token. One thread.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/result.hpp"
#include "gateway/page/request.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Takes as long whatever is wrong about `given`.
bool is_same_secret(std::string_view given, std::string_view secret);

class PageGate {
 public:
  static constexpr std::size_t shortest_token = 16;

  struct Rules {
    bool is_loopback = true;         // it listens there, so who asks is on this machine
    std::vector<std::string> names;  // by which browsers may reach it
    bool has_token = false;          // one is configured
    // Read whenever one is needed, so that another file of it holds at once. The error is a
    // sentence.
    std::function<Result<std::string, std::string>()> token;
  };
  PageGate(Rules rules, Clock& clock) : rules_(std::move(rules)), clock_(clock) {}

  // Why it is not answered; nullopt: it is.
  std::optional<PageAnswer> refuse(const PageRequest& request);

 private:
  struct Attempts {
    int wrong = 0;
    MonotonicTime since{};
  };
  [[nodiscard]] std::optional<PageAnswer> refuse_way(const PageRequest& request) const;
  std::optional<PageAnswer> refuse_token(const PageRequest& request, std::string_view given);
  [[nodiscard]] bool is_patience_over(const std::string& peer);

  const Rules rules_;
  Clock& clock_;
  std::map<std::string, Attempts, std::less<>> attempts_;  // by where they came from
};

}  // namespace twinsky
