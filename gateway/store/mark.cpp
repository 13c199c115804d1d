// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/mark.hpp"

#include "gateway/model/stable_hash.hpp"
#include "gateway/store/epoch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace twinsky {
namespace {

// More starts than anybody makes between a copy and its return.
constexpr std::size_t most_runs = 64;

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "17-5d3c91aa"
std::optional<StoreRun> run_named(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos || dash + 1 == name.size()) return std::nullopt;
  const auto number = number_in<std::uint64_t>(name.substr(0, dash));
  if (!number || *number == 0) return std::nullopt;
  return StoreRun{.number = *number, .nonce = std::string(name.substr(dash + 1))};
}

}  // namespace

std::uint64_t row_hash(const StoredRow& row) {
  if (row.body.find(R"("clock":"unset")") != std::string_view::npos) return 0;
  std::uint64_t hash = stable_hash(std::to_string(static_cast<std::int64_t>(row.stream)) + ' ' +
                                   std::to_string(row.seq) + ' ' +
                                   std::to_string(row.time.time_since_epoch().count()) + ' ');
  hash = stable_hash(row.body, hash);
  return std::max<std::uint64_t>(hash, 1);
}

std::string name_of(const StoreRun& run) {
  return std::to_string(run.number) + '-' + run.nonce;
}

RunBook::RunBook(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto at = entry.find('@');
    if (at == std::string_view::npos) continue;
    auto run = run_named(entry.substr(0, at));
    const auto row = number_in<RowId>(entry.substr(at + 1));
    if (!run || !row || (!runs_.empty() && run->number <= runs_.back().number)) continue;
    run->first_row = *row;
    runs_.push_back(std::move(*run));
  }
}

const StoreRun& RunBook::begin(RowId first_row) {
  const std::uint64_t number = runs_.empty() ? 1 : runs_.back().number + 1;
  runs_.push_back({.number = number, .nonce = random_epoch(), .first_row = first_row});
  if (runs_.size() > most_runs) runs_.erase(runs_.begin());
  return runs_.back();
}

bool RunBook::denies(std::string_view name) const {
  const auto run = run_named(name);
  if (!run) return false;
  if (runs_.empty() || run->number > runs_.back().number) return true;
  const auto own = std::ranges::find(runs_, run->number, &StoreRun::number);
  return own != runs_.end() && own->nonce != run->nonce;
}

RowId RunBook::first_row_after(std::string_view name) const {
  if (runs_.empty()) return 1;
  const auto run = run_named(name);
  if (!run || denies(name)) return runs_.back().first_row;
  const auto next = std::ranges::upper_bound(runs_, run->number, {}, &StoreRun::number);
  return next == runs_.end() ? runs_.back().first_row : next->first_row;
}

std::string RunBook::text() const {
  std::string text;
  for (const StoreRun& run : runs_) {
    text.append(text.empty() ? "" : " ").append(name_of(run));
    text.append("@").append(std::to_string(run.first_row));
  }
  return text;
}

std::string why_set_back(const Mark& seen, const std::vector<std::string>& epochs,
                         const RunBook& runs, RowId last) {
  if (epochs.empty() || seen.epoch.empty()) return {};
  if (seen.epoch != epochs.back()) {
    // An older epoch of ours is closed: its numbers are not given any more. One that we never had
    // cannot clash either, unless it followed ours: then ours had gone on before it was left.
    const bool is_known = std::ranges::find(epochs, seen.epoch) != epochs.end();
    const bool followed_ours = std::ranges::find(seen.after, epochs.back()) != seen.after.end();
    return !is_known && followed_ours ? "a later epoch of this store" : std::string();
  }
  if (runs.denies(seen.run)) return "a run of this store that it knows nothing of";
  if (seen.row > last) return "later rows of this store than it holds";
  return {};
}

}  // namespace twinsky
