// SPDX-License-Identifier: Apache-2.0
// The file of the audit log: one JSON line for each sink, topic and rule and for the minute, or
// later the day, in which something went.
#pragma once

#include "gateway/model/zone.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace twinsky {

struct AuditKey {
  std::string sink;
  std::string topic;
  std::string rule;
};
struct AuditSums {
  std::uint64_t messages = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of payload

  void add(const AuditSums& other);
  bool operator==(const AuditSums&) const = default;
};

using AuditView = std::tuple<std::string_view, std::string_view, std::string_view>;
// Finds by views, so that counting a message copies no text.
struct AuditOrder {
  using is_transparent = void;
  static AuditView view(const AuditKey& key) { return {key.sink, key.topic, key.rule}; }
  static AuditView view(const AuditView& view) { return view; }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return view(a) < view(b);
  }
};
using AuditTable = std::map<AuditKey, AuditSums, AuditOrder>;
void add_to(AuditTable& table, const AuditView& key, const AuditSums& sums);

struct AuditLine {
  UtcTime from{};
  UtcTime to{};
  AuditKey key;
  AuditSums sums;
};

// The store's audit file.
std::string audit_file_of(std::string_view store);

// All of it or nothing; answers what went wrong, empty: nothing did.
std::string append_audit(const std::string& file, UtcTime from, UtcTime to,
                         const AuditTable& table);
// Every line that can be read (a power cut may have torn one); none when there is no file. Answers
// what went wrong.
std::string read_audit(const std::string& file, const std::function<void(const AuditLine&)>& each);
// Lines of days before `today` become one a day for each sink, topic and rule; those that ended
// before `oldest` go.
std::string fold_audit(const std::string& file, UtcTime today, UtcTime oldest,
                       const Zone& zone = {});

}  // namespace twinsky
