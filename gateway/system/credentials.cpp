// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/credentials.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

constexpr std::size_t longest_secret = 65536;

struct File {
  explicit File(const std::string& path)
      // A FIFO would block without O_NONBLOCK.
      : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const int descriptor;
};

std::vector<std::string> places_of(std::string_view name, std::string_view directory) {
  if (name.find('/') != name.npos) return {std::string(name)};
  std::vector<std::string> places;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) {
    places.push_back(std::string(credentials).append("/").append(name));
  }
  places.push_back(std::string(directory.empty() ? "." : directory).append("/").append(name));
  return places;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

Result<std::string, std::string> read_open(const File& file, const std::string& path) {
  struct stat state {};
  if (::fstat(file.descriptor, &state) != 0 || !S_ISREG(state.st_mode)) {
    return Unexpected{"secret " + path + " is not a file"};
  }
  if ((state.st_mode & S_IRWXO) != 0) {
    return Unexpected{
        "secret " + path +
        " is open to every user of this machine and is not used; run: chmod o= " + path};
  }
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t count = ::read(file.descriptor, chunk.data(), chunk.size());
    if (count < 0) return Unexpected{"secret " + path + " cannot be read: " + reason(errno)};
    if (count == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > longest_secret) {
      return Unexpected{"secret " + path + " is longer than 64 KiB: is it the right file?"};
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return Unexpected{"secret " + path + " is empty"};
  return text;
}

}  // namespace

Result<std::string, std::string> read_secret(std::string_view name,
                                             std::string_view configuration_directory) {
  if (name.empty()) return Unexpected{std::string("a secret has no file name")};
  std::string tried;
  for (const std::string& path : places_of(name, configuration_directory)) {
    const File file(path);
    if (file.descriptor >= 0) return read_open(file, path);
    if (errno != ENOENT) {
      return Unexpected{"secret " + path + " cannot be opened: " + reason(errno)};
    }
    tried += tried.empty() ? path : " and " + path;
  }
  return Unexpected{"secret " + std::string(name) + " was not found; looked for " + tried};
}

}  // namespace twinsky
