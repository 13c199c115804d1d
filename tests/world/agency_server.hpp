// SPDX-License-Identifier: Apache-2.0
// The agencies' servers: the documents of this moment with conditional requests, and what goes
// wrong with them in real life.
#pragma once

#include "http_server.hpp"
#include "scenario.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace world {

class AgencyServer {
 public:
  struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t documents = 0;  // whole, new, right
    std::uint64_t not_modified = 0;
  };

  AgencyServer(Loop& loop, const Scenario& scenario, int port);
  [[nodiscard]] int port() const { return server_.port(); }
  // "good", "late", "503", "html", "truncated", "cut" or "silent".
  static bool is_fault(std::string_view word);
  [[nodiscard]] bool has(std::string_view agency) const;
  void set_fault(const std::string& agency, const std::string& fault) { faults_[agency] = fault; }
  [[nodiscard]] const std::map<std::string, Counts>& counts() const { return counts_; }

 private:
  std::optional<HttpAnswer> answer(const HttpRequest& request);

  const Scenario& scenario_;
  std::map<std::string, std::string> faults_;
  std::map<std::string, Counts> counts_;
  HttpServer server_;
};

}  // namespace world
