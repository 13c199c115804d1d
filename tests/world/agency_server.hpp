// SPDX-License-Identifier: Apache-2.0
// The agencies' servers: the documents of this moment with conditional requests, and what goes
// wrong with them in real life.
#pragma once

#include "http_server.hpp"
#include "scenario.hpp"

#include <cstdint>
#include <fstream>
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

  // What is asked goes into `journal`: "TIME AGENCY STATE STATUS /PATH?QUERY" a line.
  AgencyServer(Loop& loop, const Scenario& scenario, int port, const std::string& journal);
  [[nodiscard]] int port() const { return server_.port(); }
  // "good", "late", "stale" and so on.
  static bool is_fault(std::string_view word);
  [[nodiscard]] bool has(std::string_view agency) const;
  void set_fault(const std::string& agency, const std::string& fault);
  [[nodiscard]] const std::map<std::string, Counts>& counts() const { return counts_; }

 private:
  struct State {
    std::string word = "good";
    Utc since{};
  };
  [[nodiscard]] State state_of(const std::string& agency, Utc now) const;
  std::optional<HttpAnswer> answer(const HttpRequest& request);
  HttpAnswer answer_in(const State& state, Utc now, const HttpRequest& request, Counts& counts);

  const Scenario& scenario_;
  std::ofstream journal_;
  std::map<std::string, State> states_;  // as commanded
  std::map<std::string, Counts> counts_;
  HttpServer server_;
};

}  // namespace world
