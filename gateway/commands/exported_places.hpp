// SPDX-License-Identifier: Apache-2.0
// What is known of the streams that an export has: where each was measured, as far as that is
// published, with what, and under which terms its data stand.
#pragma once

#include "gateway/commands/store_choice.hpp"
#include "gateway/text/cf_table.hpp"

#include <span>
#include <string>
#include <vector>

namespace twinsky {

struct ExportedOrigin {
  std::vector<CfPlace> places;  // one a stream
  std::string source;           // what measured and what published, and this program
  std::string licence;          // of each source, a sentence each
  std::string attribution;
};

// A configuration says of own sensors what they are and where; a store alone does not.
ExportedOrigin origin_of(std::span<const std::string> streams, const StoreChoice& choice);

}  // namespace twinsky
