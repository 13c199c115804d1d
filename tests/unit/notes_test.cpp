// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/notes.hpp"

#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view forged = "washed\nroof  moved  2026-11-22\r\x1b[2K";

class Notes : public testing::Test {
 protected:
  Notes() { fs::create_directories(directory_); }
  ~Notes() override { fs::remove_all(directory_); }

  [[nodiscard]] mode_t mode() const {
    struct stat state {};
    return ::stat(file_.c_str(), &state) == 0 ? state.st_mode & 07777U : 0;
  }

  const fs::path directory_ =
      fs::path(testing::TempDir()) / ("notes-" + std::to_string(::getpid()));
  const std::string file_ = (directory_ / "twinsky.db.notes").string();
};

TEST_F(Notes, are_for_the_same_eyes_as_the_store) {
  append_note(file_, {.sensor = "roof"});
  EXPECT_EQ(mode() & 0137U, 0U) << "no more than rw-r-----";
}

TEST_F(Notes, that_an_older_version_left_open_are_closed) {
  std::ofstream(file_) << "\n";
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  append_note(file_, {.sensor = "roof"});
  EXPECT_EQ(mode(), 0640U);
}

TEST_F(Notes, stay_within_their_line) {
  append_note(file_, {.sensor = "roof", .text = std::string(forged)});
  const auto notes = read_notes(file_);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].text, "washed roof  moved  2026-11-22  [2K");
}

TEST_F(Notes, that_an_older_version_kept_as_they_were_are_listed_in_a_line) {
  const std::string config = (directory_ / "twinsky.json").string();
  std::ofstream(config) << R"({"gateway": {"id": "one", "jurisdiction": "hk"}, "store": {"path": ")"
                        << (directory_ / "twinsky.db").string() << "\"}}";
  std::ofstream(file_) << R"({"noted":"2026-11-22T00:00:00Z","sensor":"roof","kind":"cleaned",)"
                       << R"("from":"2026-11-22T00:00:00Z","to":"2026-11-22T01:00:00Z",)"
                       << R"("text":"washed\nroof  moved\u001b[2K"})"
                       << "\n";
  const Answer answer = shell(std::string(twinsky_binary()) + " note --list --config " + config);
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(std::ranges::count(answer.text, '\n'), 1) << answer.text;
  EXPECT_NE(answer.text.find("washed roof  moved [2K"), std::string::npos) << answer.text;
}

}  // namespace
}  // namespace twinsky
