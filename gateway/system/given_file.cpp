// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/given_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace twinsky {

std::string problem_of_given_file(const std::string& path) {
  constexpr auto* unreadable = "cannot be read: ";
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return std::string(unreadable) + "it is a directory";
  }
  if (::access(path.c_str(), R_OK) == 0) return {};
  return unreadable + std::generic_category().message(errno);
}

}  // namespace twinsky
