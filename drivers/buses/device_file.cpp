// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/device_file.hpp"

#include <filesystem>
#include <sys/stat.h>

namespace twinsky {

std::string identity_of_device(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::filesystem::path(path).lexically_normal();
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
}

}  // namespace twinsky
