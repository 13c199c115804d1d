// SPDX-License-Identifier: Apache-2.0
// Which quantity goes under which code of HJ 212, in which unit and with how many decimals: no
// frame says its units, so both ends must have agreed on them. The table is in the source file,
// with where each line comes from; what is written as "noise=LA" or "pm2_5=a34004 mg/m3" goes
// before it.
#pragma once

#include "gateway/model/quantity.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct Hj212Factor {
  Quantity quantity{};
  std::string code;
  std::string unit;  // for people: "mg/m3"
  double scale = 1;  // of a value in the catalogue's unit
  int decimals = 0;
};

class Hj212Factors {
 public:
  // `own`: texts as above; those that cannot be read are left out (problem_of_hj212_factor()).
  explicit Hj212Factors(std::span<const std::string> own = {});

  // nullptr: there is no code for it.
  [[nodiscard]] const Hj212Factor* of(Quantity quantity) const;
  [[nodiscard]] std::span<const Hj212Factor> all() const { return factors_; }

 private:
  std::vector<Hj212Factor> factors_;
};

// What is wrong with "pm2_5=a34004 mg/m3"; empty: nothing.
std::string problem_of_hj212_factor(std::string_view text);

// "a34004-Avg=9.4": `field` is "Rtd", "Avg", "Min" or "Max".
void append_hj212_value(std::string& group, const Hj212Factor& factor, std::string_view field,
                        double value);

// Groups with ';' between them, cut so that each part has so many bytes at most: what does not fit
// into one frame goes in several, each whole by itself.
std::vector<std::string> parts_of_hj212(std::string_view groups, std::size_t most);

}  // namespace twinsky
