// SPDX-License-Identifier: Apache-2.0
#include "gateway/doctor/examination.hpp"

#include <algorithm>
#include <exception>
#include <iterator>

namespace twinsky {

Findings examine(const Patient& patient, const std::function<void(std::string_view)>& begin) {
  const auto found = found_examinations();
  std::vector<const Examination*> all(found.begin(), found.end());
  std::ranges::sort(all, {}, &Examination::place);
  Findings findings;
  for (const Examination* each : all) {
    begin(each->name);
    try {
      std::ranges::move(each->look(patient), std::back_inserter(findings));
    } catch (const std::exception& failure) {
      findings.push_back({.code = "not_examined",
                          .about = std::string(each->name),
                          .what = std::string("could not be looked at: ") + failure.what(),
                          .mend = "sudo twinsky doctor"});
    }
  }
  return findings;
}

}  // namespace twinsky
