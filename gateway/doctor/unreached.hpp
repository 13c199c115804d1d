// SPDX-License-Identifier: Apache-2.0
// A server that cannot be reached as a finding.
#pragma once

#include "gateway/doctor/finding.hpp"
#include "gateway/system/reach.hpp"

namespace twinsky {

Finding finding_of(const Unreached& unreached, const Server& server, std::string about);

}  // namespace twinsky
