// SPDX-License-Identifier: Apache-2.0
// Killed at random instants, the store must hold all that was reported as committed, and every
// stream must count on without a hole or a repetition.
#include "gateway/store/store.hpp"
#include "tests/faults/seed.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr int rounds = 40;

// Starts the writer, kills it `life` after its first commit, and returns the last row that it
// reported.
RowId run_and_kill(const std::string& path, std::chrono::microseconds life) {
  std::array<int, 2> pipe_ends{};
  if (::pipe(pipe_ends.data()) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::execl(STORE_WRITER, STORE_WRITER, path.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  std::string reported;
  std::array<char, 4096> buffer{};
  const auto take = [&] {
    const ssize_t count = ::read(pipe_ends[0], buffer.data(), buffer.size());
    if (count > 0) reported.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  };
  take();
  SystemClock clock(true);
  clock.pause_until(clock.now() + life, {});
  ::kill(child, SIGKILL);
  while (take()) continue;
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  // The last line is whole: a line is one write.
  const auto begin = reported.rfind('\n', reported.size() - 2);
  const char* from = reported.data() + (begin == std::string::npos ? 0 : begin + 1);
  RowId row = 0;
  std::from_chars(from, reported.data() + reported.size(), row);
  return row;
}

TEST(kill, what_was_reported_is_there_and_no_stream_has_a_hole) {
  std::string pattern = (std::filesystem::temp_directory_path() / "twinsky-kill-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  const std::string path = (directory / "store.db").string();
  const unsigned seed = draw_seed();
  std::mt19937 random(seed);
  RowId last = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::chrono::microseconds life(random() % 60'000);
    const RowId reported = run_and_kill(path, life);
    ASSERT_GT(reported, last) << "round " << round << ", seed " << seed;
    std::map<std::string, std::uint64_t> seq;
    std::string epoch;
    RowId row_before = 0;
    const auto reader = open_store_reader(path);
    for (;;) {
      const auto& page = reader->page(row_before, 1000);
      if (page.empty()) break;
      for (const StoredRow& row : page) {
        ASSERT_EQ(row.row, ++row_before);
        const std::string& stream = reader->name_of(row.stream);
        ASSERT_EQ(row.seq, ++seq[stream]) << stream << ", seed " << seed;
        ASSERT_EQ(row.body, R"({"n":)" + std::to_string(row.seq) + "}") << stream;
        if (epoch.empty()) epoch = reader->epoch_of(row.row);
        ASSERT_EQ(reader->epoch_of(row.row), epoch);
      }
    }
    ASSERT_GE(row_before, reported) << "round " << round << ", seed " << seed;
    ASSERT_LE(read_store_status(path).sinks["city"].cursor, row_before);
    last = reported;
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace twinsky
