// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/credentials.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

// Its process has no other thread.
// NOLINTBEGIN(concurrency-mt-unsafe)
class Credentials : public testing::Test {
 protected:
  Credentials() {
    fs::create_directories(beside_);
    fs::create_directories(credentials_);
    ::setenv("CREDENTIALS_DIRECTORY", credentials_.c_str(), 1);
  }
  ~Credentials() override {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    fs::remove_all(directory_);
  }

  static std::string write(const fs::path& path, std::string_view text, mode_t mode = 0600) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path.string();
  }

  const fs::path directory_ =
      fs::path(testing::TempDir()) / ("credentials-" + std::to_string(::getpid()));
  const fs::path beside_ = directory_ / "etc";
  const fs::path credentials_ = directory_ / "run";
};

TEST_F(Credentials, are_looked_up_in_the_services_directory_then_beside_the_configuration) {
  write(beside_ / "a", "from etc\n");
  write(credentials_ / "a", "from run\n");
  write(beside_ / "b", "from etc\n", 0640);
  EXPECT_EQ(*read_secret({.name = "a"}, beside_.string()), "from run");
  EXPECT_EQ(*read_secret({.name = "b"}, beside_.string()), "from etc");
  EXPECT_EQ(*read_secret({.name = (beside_ / "a").string()}, ""), "from etc");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(*read_secret({.name = "a"}, beside_.string()), "from etc");
}
// NOLINTEND(concurrency-mt-unsafe)

TEST_F(Credentials, lose_one_line_end_and_nothing_else) {
  EXPECT_EQ(*read_secret({.name = write(directory_ / "s", " p\xC3\xA4ss \r\n")}, ""),
            " p\xC3\xA4ss ");
  EXPECT_EQ(*read_secret({.name = write(directory_ / "s", "two\n\n")}, ""), "two\n");
  EXPECT_EQ(*read_secret({.name = write(directory_ / "s", "none")}, ""), "none");
}

// Somebody may have typed the secret where its file's name belongs.
TEST_F(Credentials, a_refusal_says_where_the_file_is_named_and_never_its_name) {
  const struct {
    std::string name;
    std::string expected;
  } cases[] = {
      {"a7", "was not found; looked for it among systemd's credentials"},
      {(directory_ / "a7").string(), "was not found"},
      {write(directory_ / "o7", "x", 0604), "run chmod o= on it"},
      {write(directory_ / "e7", "\n"), "is empty"},
      {write(directory_ / "l7", std::string(70000, 'x')), "longer than 64 KiB"},
      {directory_.string(), "it is a directory"},
      {(directory_ / std::string(300, 'x')).string(), "cannot be read: File name too long"},
      {"/dev/full", "it is a device"},
      {"", "has no name"},
  };
  for (const auto& one : cases) {
    const auto secret = read_secret(
        {.name = one.name, .place = "a.json:1:2: /sinks/0/password_file"}, beside_.string());
    ASSERT_FALSE(secret.has_value()) << one.name;
    EXPECT_NE(secret.error().find(one.expected), std::string::npos) << secret.error();
    EXPECT_NE(secret.error().find("a.json:1:2: /sinks/0/password_file"), std::string::npos);
    if (one.name.empty()) continue;
    EXPECT_EQ(secret.error().find(fs::path(one.name).filename().string()), std::string::npos)
        << secret.error();
  }
}

TEST_F(Credentials, a_pipe_that_nobody_writes_does_not_block) {
  const std::string path = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(read_secret({.name = path}, "").has_value());
}

}  // namespace
}  // namespace twinsky
