// SPDX-License-Identifier: Apache-2.0
// The columns of a document against those that belong to it. A column that no row has is not the
// same as cells without a value: nobody measured nothing, the agency gave it another name.
#pragma once

#include "drivers/driver.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class Columns {
 public:
  // It belongs to the document.
  void expect(Quantity quantity);
  // It is in the document.
  void see(Quantity quantity);
  // A column is in the document that this program does not know, by its printed name.
  void see_unknown(std::string_view name);

  [[nodiscard]] bool has(Quantity quantity) const;
  [[nodiscard]] const std::vector<Quantity>& seen() const { return seen_; }
  // `grammar_changed` where a column is absent while an unknown one is there, with the names of
  // both.
  [[nodiscard]] std::optional<FeedFailure> renamed() const;
  // The same wherever a column is absent.
  [[nodiscard]] std::optional<FeedFailure> absent() const;

 private:
  static constexpr std::size_t most_names = 20;  // of unknown columns, which an agency may invent

  std::vector<Quantity> expected_;
  std::vector<Quantity> seen_;
  std::vector<std::string> unknown_;
};

}  // namespace twinsky
