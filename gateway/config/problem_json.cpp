// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/problem_json.hpp"

namespace twinsky {

Json json_of(std::span<const Problem> problems) {
  Json list = Json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.file},
                    {"line", problem.line},
                    {"column", problem.column},
                    {"pointer", problem.pointer},
                    {"message", problem.message},
                    {"suggestion", problem.suggestion}});
  }
  return list;
}

}  // namespace twinsky
