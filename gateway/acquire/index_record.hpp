// SPDX-License-Identifier: Apache-2.0
// An index as the intake takes it: the sample of its stream, and what the record says beside it.
#pragma once

#include "gateway/indices/index_report.hpp"
#include "gateway/model/sample.hpp"

#include <string>

namespace twinsky {

Sample sample_of(const IndexReport& report);
// Sub-indices, primary pollutants, risk; that our own are indicative (text/record.hpp).
std::string members_of(const IndexReport& report);

}  // namespace twinsky
