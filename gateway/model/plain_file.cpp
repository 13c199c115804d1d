// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/plain_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

struct Descriptor {
  explicit Descriptor(const std::string& path)
      // A FIFO would be waited for without O_NONBLOCK; a terminal must not become ours.
      : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

std::string problem_of(const struct stat& state) {
  if (S_ISREG(state.st_mode)) return {};
  if (S_ISDIR(state.st_mode)) return "it is a directory";
  if (S_ISFIFO(state.st_mode)) return "it is a FIFO and no plain file";
  if (S_ISSOCK(state.st_mode)) return "it is a socket and no plain file";
  return "it is a device and no plain file";
}

Unexpected<UnreadableFile> refusal(int error) {
  return {
      {.is_missing = error == ENOENT, .is_forbidden = error == EACCES, .reason = reason_of(error)}};
}

}  // namespace

std::string problem_of_open_file(int descriptor) {
  struct stat state {};
  return ::fstat(descriptor, &state) == 0 ? problem_of(state) : reason_of(errno);
}

Result<PlainFile, UnreadableFile> read_plain_file(const std::string& path, std::size_t longest) {
  struct stat state {};
  // Looked at first: opening alone does something to some devices.
  if (::stat(path.c_str(), &state) != 0) return refusal(errno);
  if (std::string problem = problem_of(state); !problem.empty()) {
    return Unexpected{UnreadableFile{.reason = std::move(problem)}};
  }
  const Descriptor file(path);
  if (file.number < 0 || ::fstat(file.number, &state) != 0) return refusal(errno);
  if (std::string problem = problem_of(state); !problem.empty()) {
    return Unexpected{UnreadableFile{.reason = std::move(problem)}};
  }
  PlainFile plain{.text = {}, .is_open_to_others = (state.st_mode & S_IRWXO) != 0};
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t count = ::read(file.number, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refusal(errno);
    if (count == 0) return plain;
    const std::size_t wanted = longest - plain.text.size();
    plain.text.append(chunk.data(), std::min(wanted, static_cast<std::size_t>(count)));
    plain.is_cut = static_cast<std::size_t>(count) > wanted;
    if (plain.is_cut) return plain;
  }
}

std::string problem_of_plain_file(const std::string& path) {
  constexpr std::size_t longest = std::size_t{1} << 20U;
  const auto file = read_plain_file(path, longest);
  if (!file) return file.error().reason;
  return file->is_cut ? "it is larger than 1 MiB: is it the right file?" : "";
}

}  // namespace twinsky
