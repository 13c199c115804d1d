// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/watch.hpp"

#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <poll.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "twinsky-watch-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

void write(const fs::path& path) {
  std::ofstream(path) << "{}";
}

bool is_readable(const ConfigWatch& watch) {
  pollfd wanted{.fd = watch.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) == 1;
}

TEST(watch, sees_what_concerns_the_configuration) {
  const Folder folder;
  write(folder / "twinsky.json");
  fs::create_directory(folder / "conf.d");
  write(folder / "conf.d/10.json");
  ConfigWatch watch(folder / "twinsky.json");
  EXPECT_FALSE(is_readable(watch));
  EXPECT_FALSE(watch.drain());
  const struct {
    std::string_view what;
    std::function<void()> happens;
    bool concerns;
  } rows[] = {
      {"written in place", [&] { write(folder / "twinsky.json"); }, true},
      {"an editor's temporary file", [&] { write(folder / ".twinsky.json.swp"); }, false},
      {"an editor's backup", [&] { write(folder / "twinsky.json~"); }, false},
      {"another file", [&] { write(folder / "mqtt-password"); }, false},
      {"written aside", [&] { write(folder / "twinsky.json.new"); }, false},
      {"renamed over", [&] { fs::rename(folder / "twinsky.json.new", folder / "twinsky.json"); },
       true},
      {"renamed away", [&] { fs::rename(folder / "twinsky.json", folder / "old"); }, true},
      {"linked to its place", [&] { fs::create_symlink("old", folder / "twinsky.json"); }, true},
      {"taken away", [&] { fs::remove(folder / "twinsky.json"); }, true},
      {"added to", [&] { write(folder / "conf.d/20.json"); }, true},
      {"a note beside", [&] { write(folder / "conf.d/note.txt"); }, false},
      {"a hidden file", [&] { write(folder / "conf.d/.20.json"); }, false},
      {"an addition removed", [&] { fs::remove(folder / "conf.d/10.json"); }, true},
      {"all additions removed", [&] { fs::remove_all(folder / "conf.d"); }, true},
      {"a new conf.d", [&] { fs::create_directory(folder / "conf.d"); }, true},
      {"an addition in the new one", [&] { write(folder / "conf.d/30.json"); }, true},
      {"conf.d put aside", [&] { fs::rename(folder / "conf.d", folder / "conf.old"); }, true},
      {"an addition to what was put aside", [&] { write(folder / "conf.old/40.json"); }, false},
  };
  for (const auto& row : rows) {
    row.happens();
    EXPECT_TRUE(is_readable(watch) || !row.concerns) << row.what;
    EXPECT_EQ(watch.drain(), row.concerns) << row.what;
    EXPECT_FALSE(is_readable(watch)) << row.what;
    EXPECT_FALSE(watch.drain()) << row.what;
  }
}

TEST(watch, stands_a_missing_directory) {
  const Folder folder;
  ConfigWatch watch(folder / "nowhere/twinsky.json");
  EXPECT_FALSE(watch.drain());
}

}  // namespace
}  // namespace twinsky
