// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/put_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr unsigned mode = 0640;  // less what the umask takes

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

}  // namespace

std::string put_file(const std::string& path, std::string_view text) {
  const std::filesystem::path target(path);
  const std::filesystem::path directory = target.parent_path();
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem) return problem.message();
  const std::string draft = (directory / ("." + target.filename().string() + ".new")).string();
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0) return reason_of(errno);
  // Who may read the directory may read the file: root writes, the service reads.
  struct stat folder_of_it {};
  if (::stat(directory.c_str(), &folder_of_it) == 0) {
    [[maybe_unused]] const int given = ::fchown(file, static_cast<uid_t>(-1), folder_of_it.st_gid);
  }
  const bool is_written = write_all(file, text);
  const int error = errno;
  ::close(file);
  if (is_written) {
    std::filesystem::rename(draft, target, problem);
  } else {
    problem = std::error_code(error, std::generic_category());
  }
  if (problem) {
    ::unlink(draft.c_str());
    return problem.message();
  }
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

}  // namespace twinsky
