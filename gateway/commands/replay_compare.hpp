// SPDX-License-Identifier: Apache-2.0
// `twinsky replay compare`: the statistics of a comparison from a file of pairs, ungated.
#pragma once

#include <ostream>
#include <string>

namespace twinsky {

struct ReplayCompareOptions {
  std::string sensor;
  std::string reference;
  std::string count;
  int min_count = 45;
  std::string interval = "1h";
  int day_offset_h = 8;
  int min_hours = 18;
  std::string quantity;
};

// Writes one object a case, a line each; false when a case could not be computed, with a word to
// `complaints`. Throws std::runtime_error when the file is not one of cases.
bool replay_compare_cases(const std::string& file, std::ostream& output, std::ostream& complaints);

// Writes one object for two columns of an hourly CSV file.
void replay_compare_csv(const std::string& file, const ReplayCompareOptions& options,
                        std::ostream& output);

}  // namespace twinsky
