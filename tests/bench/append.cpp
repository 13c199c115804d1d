// SPDX-License-Identifier: Apache-2.0
// Anchor: the least that keeping records can cost: each group is appended to a file, then
// fdatasync.
//
//   append COUNT PER_SYNC FILE
#include "tests/bench/cost.hpp"
#include "tests/bench/sample.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const long count = std::atol(argv[1]);
  const long per_sync = std::atol(argv[2]);
  const int file = ::open(argv[3], O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return 1;
  const twinsky::SystemClock clock(true);
  const std::string prefix = twinsky::record_prefix("bench", bench::stream, "00000000");
  std::string group;
  bench::report("start");
  for (long seq = 1; seq <= count; ++seq) {
    twinsky::append_record(group, prefix, static_cast<std::uint64_t>(seq), clock.utc(),
                           bench::body(bench::sample(clock.utc(), seq)));
    group += '\n';
    if (seq % per_sync != 0 && seq != count) continue;
    if (::write(file, group.data(), group.size()) != static_cast<ssize_t>(group.size())) return 1;
    if (::fdatasync(file) != 0) return 1;
    group.clear();
  }
  bench::report("end");
  return ::close(file);
}
