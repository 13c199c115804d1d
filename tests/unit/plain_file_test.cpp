// SPDX-License-Identifier: Apache-2.0
#include "gateway/model/plain_file.hpp"

#include "gateway/compare/notes.hpp"
#include "gateway/config/config.hpp"
#include "gateway/sinks/audit_file.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

// What a name can lead to that would be waited for, or would never end.
class NoPlainFile : public testing::TestWithParam<std::string> {
 protected:
  NoPlainFile() {
    fs::create_directories(directory_);
    const std::string kind = GetParam();
    if (kind == "fifo") make_fifo();
    if (kind == "directory") fs::create_directory(file_);
    if (kind == "endless") fs::create_symlink("/dev/zero", file_);
    if (kind == "terminal") make_terminal();
  }
  ~NoPlainFile() override {
    if (terminal_ >= 0) ::close(terminal_);
    fs::remove_all(directory_);
  }

  void make_fifo() const { ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0); }
  // Of its own: nobody types anything into it.
  void make_terminal() {
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(terminal_, 0);
    ASSERT_EQ(::unlockpt(terminal_), 0);
    std::array<char, 64> name{};
    ASSERT_EQ(::ptsname_r(terminal_, name.data(), name.size()), 0);
    fs::create_symlink(name.data(), file_);
  }

  const fs::path directory_ =
      fs::path(testing::TempDir()) / ("plain-" + std::to_string(::getpid()));
  const std::string file_ = (directory_ / "twinsky.json").string();
  int terminal_ = -1;
};

TEST_P(NoPlainFile, is_refused_at_once) {
  const auto file = read_plain_file(file_, 100);
  ASSERT_FALSE(file.has_value());
  EXPECT_FALSE(file.error().is_missing);
  EXPECT_TRUE(file.error().reason.starts_with("it is a ")) << file.error().reason;
  EXPECT_EQ(problem_of_plain_file(file_), file.error().reason);
}

TEST_P(NoPlainFile, is_no_configuration) {
  const auto config = load_config(file_);
  ASSERT_FALSE(config.has_value());
  ASSERT_EQ(config.error().size(), 1);
  EXPECT_TRUE(config.error().front().message.starts_with("cannot be read (it is a "))
      << config.error().front().message;
}

TEST_P(NoPlainFile, has_no_notes_and_takes_none) {
  EXPECT_TRUE(read_notes(file_).empty());
  EXPECT_THROW(append_note(file_, {.sensor = "roof-pm"}), std::runtime_error);
}

TEST_P(NoPlainFile, has_no_audit_and_takes_none) {
  EXPECT_NE(read_audit(file_, [](const AuditLine&) {}), "");
  EXPECT_NE(append_audit(file_, {}, {}, {}), "");
}

INSTANTIATE_TEST_SUITE_P(kinds, NoPlainFile,
                         testing::Values("fifo", "directory", "endless", "terminal"),
                         [](const auto& kind) { return kind.param; });

TEST(plain_file, is_read_as_far_as_asked) {
  const fs::path file = fs::path(testing::TempDir()) / ("plain-text-" + std::to_string(::getpid()));
  std::ofstream(file) << "12345";
  EXPECT_EQ(read_plain_file(file, 5)->text, "12345");
  EXPECT_FALSE(read_plain_file(file, 5)->is_cut);
  EXPECT_EQ(read_plain_file(file, 4)->text, "1234");
  EXPECT_TRUE(read_plain_file(file, 4)->is_cut);
  EXPECT_EQ(problem_of_plain_file(file), "");
  fs::remove(file);
  EXPECT_TRUE(read_plain_file(file, 5).error().is_missing);
}

}  // namespace
}  // namespace twinsky
