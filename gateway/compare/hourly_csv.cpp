// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/hourly_csv.hpp"

#include "gateway/model/clock.hpp"
#include "gateway/system/given_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace twinsky {
namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t comma = line.find(',');
    std::string_view cell = line.substr(0, comma);
    if (cell.size() > 1 && cell.starts_with('"') && cell.ends_with('"')) {
      cell = cell.substr(1, cell.size() - 2);
    }
    cells.push_back(cell);
    if (comma == line.npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

// Text that is no number (a column of names, say) counts as missing.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// "pm2_5" in a header that says "pm2_5 [µg/m³]"
template <class Columns>
auto find_column(const Columns& columns, std::string_view name) {
  const auto exact = columns.find(name);
  if (exact != columns.end()) return exact;
  const std::string with_unit = std::string(name) + " [";
  const auto next = columns.lower_bound(with_unit);
  return next != columns.end() && next->first.starts_with(with_unit) ? next : columns.end();
}

}  // namespace

HourlyCsv::HourlyCsv(const std::string& file) : file_(file) {
  const std::string unreadable = problem_of_given_file(file);
  if (!unreadable.empty()) throw std::runtime_error(file + ": " + unreadable);
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) throw std::runtime_error(file + ": is empty");
  std::string_view header = line;
  if (header.starts_with("\xEF\xBB\xBF")) header.remove_prefix(3);
  std::vector<Column*> order;
  std::vector<Words*> words;
  for (const std::string_view name : cells_of(header)) {
    order.push_back(&columns_[std::string(name)]);
    words.push_back(&words_[std::string(name)]);
  }
  for (int number_of_line = 2; std::getline(stream, line); ++number_of_line) {
    const auto cells = cells_of(line);
    if (cells.size() == 1 && cells.front().empty()) continue;
    // Times without a zone are UTC here: such files are made by programs.
    const auto time = parse_time(cells.front(), std::chrono::minutes(0));
    if (!time || cells.size() != order.size()) {
      throw std::runtime_error(
          file + ":" + std::to_string(number_of_line) + ": " +
          (time ? "another number of cells than the header has" : "the first cell is no time"));
    }
    hours_.push_back(std::chrono::floor<std::chrono::hours>(*time));
    for (std::size_t at = 0; at < order.size(); ++at) {
      order[at]->push_back(number(cells[at]));
      words[at]->emplace_back(cells[at]);
    }
  }
  sort();
}

const HourlyCsv::Column& HourlyCsv::column(std::string_view name) const {
  const auto found = find_column(columns_, name);
  if (found == columns_.end()) {
    throw std::runtime_error(file_ + ": no column \"" + std::string(name) + "\"");
  }
  return found->second;
}

const HourlyCsv::Words* HourlyCsv::words(std::string_view name) const {
  const auto found = find_column(words_, name);
  return found == words_.end() ? nullptr : &found->second;
}

// Rows may come in any order; of two rows of one hour the later one stands.
void HourlyCsv::sort() {
  std::vector<std::size_t> order(hours_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [this](std::size_t at) { return hours_[at]; });
  std::vector<std::size_t> kept;
  for (const std::size_t at : order) {
    if (!kept.empty() && hours_[kept.back()] == hours_[at]) kept.pop_back();
    kept.push_back(at);
  }
  const auto rearranged = [&kept](const auto& from) {
    std::remove_cvref_t<decltype(from)> to;
    to.reserve(kept.size());
    for (const std::size_t at : kept) to.push_back(from[at]);
    return to;
  };
  for (auto& [name, column] : columns_) column = rearranged(column);
  for (auto& [name, words] : words_) words = rearranged(words);
  hours_ = rearranged(hours_);
}

}  // namespace twinsky
