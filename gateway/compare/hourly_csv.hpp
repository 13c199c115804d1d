// SPDX-License-Identifier: Apache-2.0
// A CSV file of hours: the first column is the time at which the hour begins, every other column a
// number, an empty cell is missing. As `export pairs` writes them, and as collocation data come. A
// column goes by its name with or without the unit that stands behind it in brackets.
#pragma once

#include "gateway/compare/pairs.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class HourlyCsv {
 public:
  // Throws std::runtime_error that names the line where the file is wrong.
  explicit HourlyCsv(const std::string& file);

  using Column = std::vector<std::optional<double>>;
  [[nodiscard]] bool has(std::string_view column) const { return words(column) != nullptr; }
  // Throws std::runtime_error when there is no such column.
  [[nodiscard]] const Column& column(std::string_view name) const;
  // The text of a column; nullptr when there is none of that name.
  using Words = std::vector<std::string>;
  [[nodiscard]] const Words* words(std::string_view name) const;
  // In their order, each once.
  [[nodiscard]] const std::vector<HourStart>& hours() const { return hours_; }

 private:
  void sort();

  std::string file_;
  std::vector<HourStart> hours_;
  std::map<std::string, Column, std::less<>> columns_;
  std::map<std::string, Words, std::less<>> words_;
};

}  // namespace twinsky
