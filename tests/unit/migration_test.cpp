// SPDX-License-Identifier: Apache-2.0
// What an earlier version's configuration is today: read as it was meant, and shown as it is
// written.
#include "gateway/config/migration.hpp"

#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class migration : public ::testing::Test {
 protected:
  migration() {
    std::string pattern = (fs::temp_directory_path() / "twinsky-migration-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    file_ = (directory_ / "twinsky.json").string();
    write(old_one);
  }
  ~migration() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  void write(const std::string& text) const { std::ofstream(file_) << text; }
  [[nodiscard]] std::string text_of_file(const std::string& file) const {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] Answer check(const std::string& options) const {
    return shell(twinsky_binary() + " check " + options + " " + file_);
  }

  fs::path directory_;
  // "hong-kong-observatory" is what the registry called "hk-observatory" once.
  const std::string old_one = R"({
  // 屋頂
  "gateway": {"id": "mk-roof", "jurisdiction": "hk"},
  "buses": {"i2c-1": {"i2c": "/dev/i2c-1"}},
  "sensors": [{"id": "air", "driver": "bme280", "bus": "i2c-1", "every": "10s"}],
  "feeds": [{"feed": "hk-hko", "stations": ["sha-tin", /* 天文台 */ "hong-kong-observatory"]}], // two
  "compare": [{"sensor": "air", "quantity": "temperature", "with": "hk-hko/hong-kong-observatory"}]
}
)";
  std::string file_;
};

std::string with_present_ids(std::string text) {
  const std::string was = "hong-kong-observatory";
  for (std::size_t at = 0; (at = text.find(was, at)) != std::string::npos;) {
    text.replace(at, was.size(), "hk-observatory");
  }
  return text;
}

TEST_F(migration, shows_the_file_as_it_is_written_today_with_its_comments) {
  const auto files = migrated_configuration(file_);
  ASSERT_TRUE(files);
  ASSERT_EQ(files.value().size(), 1U);
  EXPECT_EQ(files.value()[0].text, with_present_ids(old_one));
  ASSERT_EQ(files.value()[0].changes.size(), 2U);
  EXPECT_EQ(
      files.value()[0].changes[0],
      file_ + ":6:66: /feeds/0/stations/1: \"hong-kong-observatory\" is \"hk-observatory\" now");
  EXPECT_EQ(text_of_file(file_), old_one) << "nothing is written";
  write(with_present_ids(old_one));
  const auto again = migrated_configuration(file_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again.value()[0].changes.empty());
}

constexpr auto renamed = std::to_array<RenamedSetting>({
    {"0.2.0", "/sinks/*", "url", "mqtt"},
    {"0.2.0", "/store", "file", "path"},
});

TEST_F(migration, a_setting_that_was_renamed_is_read_as_what_it_is_now) {
  const Vocabulary vocabulary{.renamed = renamed};
  const std::string with_old_keys = R"({
  "gateway": {"id": "mk-roof", "jurisdiction": "hk"},
  "store": {"file": "/var/lib/a.db"},
  "sinks": [{"id": "url", "url": "mqtt://localhost"} /* "url" */]
})";
  write(with_old_keys);
  EXPECT_FALSE(load_config(file_)) << "without the table it is an unknown key";
  const auto config = load_config(file_, vocabulary);
  ASSERT_TRUE(config) << text_of(config.error().front());
  EXPECT_EQ(config.value().store.path, "/var/lib/a.db");
  EXPECT_EQ(config.value().sinks.at(0).address, "mqtt://localhost:1883");
  const auto files = migrated_configuration(file_, vocabulary);
  ASSERT_TRUE(files);
  EXPECT_EQ(files.value()[0].text, R"({
  "gateway": {"id": "mk-roof", "jurisdiction": "hk"},
  "store": {"path": "/var/lib/a.db"},
  "sinks": [{"id": "url", "mqtt": "mqtt://localhost"} /* "url" */]
})");
  EXPECT_EQ(files.value()[0].changes.size(), 2U);
}

TEST_F(migration, is_printed_or_written_with_what_was_beside_it) {
  ::chmod(file_.c_str(), 0640);
  const Answer shown = check("--migrate");
  EXPECT_EQ(shown.code, 0);
  EXPECT_NE(shown.text.find(with_present_ids(old_one)), std::string::npos) << shown.text;
  EXPECT_EQ(text_of_file(file_), old_one);
  const Answer written = check("--migrate --write");
  EXPECT_EQ(written.code, 0) << written.text;
  EXPECT_EQ(text_of_file(file_), with_present_ids(old_one));
  struct stat made {};
  ASSERT_EQ(::stat(file_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0640U);
  const std::string kept = file_ + ".before-" + TWINSKY_VERSION;
  EXPECT_EQ(text_of_file(kept), old_one);
  EXPECT_NE(check("--migrate --write").text.find("is as this version writes it"),
            std::string::npos);
  write(old_one);
  const Answer refused = check("--migrate --write");
  EXPECT_EQ(refused.code, 1) << "what is kept is not overwritten";
  EXPECT_EQ(text_of_file(file_), old_one);
}

TEST_F(migration, of_a_wrong_file_is_told_what_is_wrong) {
  write(R"({"gateway": {"id": "mk-roof"}})");
  const Answer answer = check("--migrate");
  EXPECT_EQ(answer.code, 78);
  EXPECT_NE(answer.text.find("jurisdiction"), std::string::npos) << answer.text;
  EXPECT_EQ(check("--write").code, 2);
  EXPECT_EQ(check("--migrate --json").code, 2);
}

}  // namespace
}  // namespace twinsky
