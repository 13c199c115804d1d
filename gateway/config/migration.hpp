// SPDX-License-Identifier: Apache-2.0
// What a configuration of an earlier version looks like today. The old one is read as what it means
// now, for ever; this is for people who want to see it as it would be written.
#pragma once

#include "gateway/config/document.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// Puts today's keys in the place of those in the table.
void use_present_keys(Node& root, std::span<const RenamedSetting> renamed);

struct MigratedFile {
  std::string name;
  std::string text;                  // comments and blanks as they were
  std::vector<std::string> changes;  // "twinsky.json:5:9: /sinks/0/url: …"; empty: there is none
};

// The file and its additions, in their order. A station that has another id now is named by it.
Result<std::vector<MigratedFile>, std::vector<Problem>> migrated_configuration(
    const std::string& file, const Vocabulary& vocabulary = {});

}  // namespace twinsky
