// SPDX-License-Identifier: Apache-2.0
// `twinsky replay decode` with files that are not what they should be: each is told in one line,
// and the rest is replayed nevertheless.
#include "gateway/commands/replay_decode.hpp"

#include "tests/unit/places.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class ReplayDecode : public testing::Test {
 protected:
  ~ReplayDecode() override { fs::remove_all(directory_); }

  std::string file(std::string_view content) {
    const fs::path path = directory_ / (std::to_string(++files_) + ".json");
    std::ofstream(path) << content;
    return path.string();
  }

  // The lines and the problems.
  std::pair<std::string, std::string> replay(std::vector<std::string> files) {
    std::ostringstream lines;
    std::ostringstream problems;
    const bool is_good = replay_decode(files, {}, lines, problems);
    EXPECT_EQ(is_good, problems.str().empty());
    return {lines.str(), problems.str()};
  }

  std::string good() {
    return file(R"({"driver": "sds011", "cases": [
                      {"name": "a", "rx_hex": "aac0d4043a0aa1601dab"}]})");
  }

  const fs::path directory_ = [] {
    fs::path path = fs::path(testing::TempDir()) / ("twinsky_replay_" + std::to_string(::getpid()));
    fs::create_directories(path);
    return path;
  }();
  int files_ = 0;
};

constexpr auto* good_line =
    R"({"case":"a","readings":[{"pm2_5":123.6,"pm10":261.8,"device_id":"a160"}],"errors":[]})"
    "\n";

TEST_F(ReplayDecode, prints_a_line_per_case) {
  EXPECT_EQ(replay({good()}).first, good_line);
}

TEST_F(ReplayDecode, tells_what_is_no_vector_file_and_goes_on) {
  const std::pair<std::string, const char*> wrong[] = {
      {(directory_ / "missing.json").string(), "cannot be read: No such file or directory"},
      {directory_.string(), "cannot be read: it is a directory"},
      {file(""), "empty"},
      {file("{\"driver\": "), "no JSON"},
      {file("\xff\xfe"), "no JSON"},
      {file("[]"), "no vector file"},
      {file(R"({"driver": "sds011"})"), "no vector file"},
      {file(R"({"driver": "sds011", "cases": {}})"), "no vector file"},
      {file(R"({"driver": 7, "cases": []})"), "driver is not text"},
      {file(R"({"driver": "nonsense", "cases": []})"), "there is no driver \"nonsense\""},
      {file(std::string(100'000, '[')), "nested too deep"},
      {file(R"({"driver": "sds011", "cases": [)" + std::string(99, '[') + std::string(99, ']') +
            "]}"),
       "nested too deep"},
  };
  for (const auto& [path, message] : wrong) {
    const auto [lines, problems] = replay({path, good()});
    EXPECT_NE(problems.find(message), std::string::npos) << problems;
    EXPECT_NE(problems.find(path), std::string::npos) << problems;
    EXPECT_EQ(lines, good_line) << path;
  }
}

TEST_F(ReplayDecode, tells_what_is_no_case_and_goes_on) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"(7)", "#1: is not an object"},
      {R"({})", "no input of a known kind"},
      {R"({"name": 7, "rx_hex": "00"})", "name is not text"},
      {R"({"rx_hex": "0g"})", "rx_hex is not hexadecimal"},
      {R"({"rx_hex": ["00"]})", "rx_hex is not text"},
      {R"({"transactions": []})", "listens to a stream"},
      {R"({"rx_hex": "00", "work_period_min": 31})", "work_period_min"},
      {R"({"rx_hex": "00", "work_period_min": [[]]})", "work_period_min"},
      {R"({"rx_hex": "00", "device_id": "a1"})", "device_id"},
  };
  for (const auto& [test_case, message] : wrong) {
    const auto [lines, problems] =
        replay({file(std::string(R"({"driver": "sds011", "cases": [)") + test_case +
                     R"(, {"name": "a", "rx_hex": "aac0d4043a0aa1601dab"}]})")});
    EXPECT_NE(problems.find(message), std::string::npos) << problems;
    EXPECT_EQ(lines, good_line) << test_case;
  }
  const std::pair<const char*, const char*> wrong_exchanges[] = {
      {R"({"transactions": [7]})", "not an object"},
      {R"({"transactions": "fd"})", "not an object"},
      {R"({"transactions": [{"write_hex": 7}]})", "write_hex is not text"},
      {R"({"registers": []})", "registers is not an object"},
      {R"({"registers": {"0xXY": "00"}})", "\"0xXY\" is no register"},
      {R"({"registers": {"": "00"}})", "is no register"},
      {R"({"registers": {"0xF7": 7}})", "0xF7 is not text"},
  };
  for (const auto& [test_case, message] : wrong_exchanges) {
    const auto problems =
        replay({file(std::string(R"({"driver": "sht4x", "cases": [)") + test_case + "]}")}).second;
    EXPECT_NE(problems.find(message), std::string::npos) << problems;
  }
}

TEST_F(ReplayDecode, settings_come_from_the_case_before_the_file_before_the_model) {
  const std::string frame =
      "\"rx_hex\": \"424d001c001700270029001600230029100804a90116000c00d400e09a0004aa\"";
  const auto has_temperature = [&](const std::string& keys, const std::string& case_keys) {
    return replay({file("{" + keys + "\"driver\": \"pms5003\", \"cases\": [{" + case_keys + frame +
                        "}]}")})
               .first.find("\"temperature\":21.2") != std::string::npos;
  };
  EXPECT_FALSE(has_temperature("", ""));
  EXPECT_FALSE(has_temperature(R"("model": "Plantower PMS1003/PMS5003 in 32 bytes",)", ""));
  EXPECT_TRUE(has_temperature(R"("model": "Plantower PMS5003T, with T/RH",)", ""));
  EXPECT_TRUE(has_temperature(R"("variant": "pms5003t",)", ""));
  EXPECT_TRUE(has_temperature("", R"("variant": "pms5003t",)"));
  EXPECT_FALSE(has_temperature(R"("variant": "pms5003t",)", R"("variant": "pms5003",)"));
}

TEST_F(ReplayDecode, what_never_answered_did_not_respond) {
  for (const auto* content :
       {R"({"driver": "sds011", "cases": [{"name": "a", "rx_hex": ""}]})",
        R"({"driver": "sht4x", "cases": [{"name": "a", "transactions": []}]})"}) {
    EXPECT_EQ(replay({file(content)}).first,
              R"({"case":"a","readings":[],"errors":["no_response"]})"
              "\n");
  }
}

TEST(chunking, is_whole_bytewise_or_random) {
  EXPECT_EQ(chunking_named("whole")->kind, Chunking::Kind::whole);
  EXPECT_EQ(chunking_named("1")->kind, Chunking::Kind::bytewise);
  EXPECT_EQ(chunking_named("random:7")->kind, Chunking::Kind::random);
  EXPECT_EQ(chunking_named("random:7")->seed, 7U);
  for (const auto* wrong : {"", "2", "random", "random:", "random:x", "random:7x", "random:-1"}) {
    EXPECT_FALSE(chunking_named(wrong)) << wrong;
  }
}

// The commands as a user calls them.
int exit_code_of(const std::string& arguments) {
  const std::string command = twinsky_binary() + ' ' + arguments + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(replay_command, exits_with_the_code_that_fits) {
  const std::string vectors = tests_directory() + "/cases/sensor-vectors/sds011.json";
  EXPECT_EQ(exit_code_of("replay decode --chunk random:3 " + vectors), 0);
  EXPECT_EQ(exit_code_of("replay decode " + vectors + " /nonexistent.json"), 1);
  EXPECT_EQ(exit_code_of("replay decode --chunk 7 " + vectors), 2);
  EXPECT_EQ(exit_code_of("replay decode"), 2);
  EXPECT_EQ(exit_code_of("replay"), 2);
  EXPECT_EQ(exit_code_of("drivers"), 0);
  EXPECT_EQ(exit_code_of("drivers --json"), 0);
}

}  // namespace
}  // namespace twinsky
