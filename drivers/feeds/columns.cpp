// SPDX-License-Identifier: Apache-2.0
#include "drivers/feeds/columns.hpp"

#include <algorithm>

namespace twinsky {
namespace {

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::ranges::find(range, value) != range.end();
}

void append_name(std::string& names, std::string_view name) {
  if (!names.empty()) names += ", ";
  names += in_quotes(name);
}

}  // namespace

void Columns::expect(Quantity quantity) {
  if (!contains(expected_, quantity)) expected_.push_back(quantity);
}

void Columns::see(Quantity quantity) {
  if (!has(quantity)) seen_.push_back(quantity);
}

void Columns::see_unknown(std::string_view name) {
  if (unknown_.size() < most_names && !contains(unknown_, name)) unknown_.emplace_back(name);
}

bool Columns::has(Quantity quantity) const {
  return contains(seen_, quantity);
}

std::optional<FeedFailure> Columns::renamed() const {
  return unknown_.empty() ? std::nullopt : absent();
}

std::optional<FeedFailure> Columns::absent() const {
  std::string missing;
  for (const Quantity quantity : expected_) {
    if (!has(quantity)) append_name(missing, name_of(quantity));
  }
  if (missing.empty()) return std::nullopt;
  std::string unknown;
  for (const std::string& name : unknown_) append_name(unknown, name);
  std::string words = "no column of " + missing;
  if (!unknown.empty()) words += "; not known here: " + unknown;
  return FeedFailure{FeedFault::grammar_changed, std::move(words)};
}

}  // namespace twinsky
