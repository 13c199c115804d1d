// SPDX-License-Identifier: Apache-2.0
// The configuration as it would be if its file, or one of conf.d, held something else: it is judged
// before anything is written.
#pragma once

#include "gateway/config/config.hpp"

#include <string>
#include <vector>

namespace twinsky {

struct ConfigTrial {
  std::string file;  // its path
  std::string text;
};
Result<Config, std::vector<Problem>> try_config(const std::string& file, const ConfigTrial& trial,
                                                const Vocabulary& vocabulary = {});

// "…/conf.d/NAME" beside the main file.
std::string addition_beside(const std::string& file, const std::string& name);

}  // namespace twinsky
