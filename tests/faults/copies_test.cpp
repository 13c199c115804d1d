// SPDX-License-Identifier: Apache-2.0
// `store backup` and `import`, killed at any instant or without room: what was there is as it was,
// nothing half-made goes by the name of something whole, and the next attempt ends well.
#include "gateway/store/verification.hpp"
#include "tests/faults/seed.hpp"
#include "tests/faults/small_disk.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"
#include "tests/unit/store_fixture.hpp"

#include <fcntl.h>
#include <random>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

constexpr int samples = 5000;
constexpr int enough = 5;  // that were killed in the middle
constexpr int most_rounds = 60;

class CopiesTest : public StoreTest {
 protected:
  void SetUp() override {
    open();
    store_->remember("gateway", "mk-roof");
    const StreamId id = store_->stream("sensor/roof-pm");
    for (int n = 1; n <= samples; ++n) {
      store_->append(entry(id, R"({"pm2_5":9.40,"flag":1,"meta":)" + std::to_string(n) + "}"));
      if (n % 1000 == 0) {
        ASSERT_TRUE(commit());
      }
    }
    close();
  }
  [[nodiscard]] std::string beside(const std::string& name) const {
    return (directory_ / name).string();
  }
  Answer twinsky(const std::string& command, const std::string& store) {
    return shell(twinsky_binary() + " " + command + " --store " + store);
  }
  std::string exported(const std::string& store) {
    const Answer answer = twinsky("export --json", store);
    EXPECT_EQ(answer.code, 0) << answer.text;
    return answer.text;
  }
  // All samples as a file, and a store that has none of them yet.
  std::string make_records() {
    std::string records = beside("records");
    std::ofstream(records) << exported(settings_.path);
    settings_.path = beside("other.db");
    open();
    store_->remember("gateway", "mk-roof");
    EXPECT_TRUE(commit());
    close();
    return records;
  }
  static void expect_sound(const std::string& store) {
    for (const Proof& proof : verify_store(store, [](auto, auto) {})) {
      EXPECT_TRUE(proof.holds) << store << ": " << proof.subject << ": " << proof.text;
    }
  }
  // Whether it had ended by itself before.
  bool run_and_kill(std::vector<std::string> words, std::chrono::microseconds life) {
    words.insert(words.begin(), twinsky_binary());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    SystemClock clock(true);
    clock.pause_until(clock.now() + life, {});
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status)) return false;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return true;
  }
  // Lives of all lengths up to that of one that nobody kills.
  template <typename Command>
  std::chrono::microseconds measure(const Command& command) {
    const SystemClock clock(true);
    const MonotonicTime begin = clock.now();
    EXPECT_EQ(command().code, 0);
    return std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - begin);
  }
};
using copies = CopiesTest;

TEST_F(copies, a_backup_that_is_killed_leaves_no_file_that_goes_by_the_name_of_a_copy) {
  const std::string whole = exported(settings_.path);
  const std::string copy = beside("copy.db");
  const auto life = measure([&] { return twinsky("store backup " + copy, settings_.path); });
  std::mt19937 random(draw_seed());
  int killed = 0;
  for (int round = 0; killed < enough && round < most_rounds; ++round) {
    fs::remove(copy);
    const std::chrono::microseconds until(random() % static_cast<unsigned>(life.count()));
    if (!run_and_kill({"store", "backup", copy, "--store", settings_.path}, until)) ++killed;
    if (fs::exists(copy)) {
      expect_sound(copy);
      ASSERT_TRUE(exported(copy) == whole);
    } else {
      ASSERT_EQ(twinsky("store backup " + copy, settings_.path).code, 0) << "round " << round;
    }
    EXPECT_FALSE(fs::exists(copy + ".partial"));
  }
  EXPECT_EQ(killed, enough);
  expect_sound(settings_.path);
  ASSERT_TRUE(exported(copy) == whole);
}

TEST_F(copies, an_import_that_is_killed_has_put_nothing_or_all) {
  const std::string whole = exported(settings_.path);
  const std::string records = make_records();
  const std::string pristine = beside("pristine.db");
  ASSERT_EQ(twinsky("store backup " + pristine, settings_.path).code, 0);
  const auto life = measure([&] { return twinsky("import " + records, settings_.path); });
  ASSERT_TRUE(exported(settings_.path) == whole);
  std::mt19937 random(draw_seed());
  int nothing = 0;
  for (int round = 0; nothing < enough && round < most_rounds; ++round) {
    const std::string store = beside("round-" + std::to_string(round) + ".db");
    fs::copy_file(pristine, store);
    const std::chrono::microseconds until(random() % static_cast<unsigned>(life.count()));
    run_and_kill({"import", records, "--store", store}, until);
    const std::string left = exported(store);
    if (left.empty()) {
      ++nothing;
    } else {
      ASSERT_TRUE(left == whole) << "round " << round;
    }
    expect_sound(store);
    ASSERT_EQ(twinsky("import " + records, store).code, 0) << "round " << round;
    ASSERT_TRUE(exported(store) == whole) << "round " << round;
    expect_sound(store);
    fs::remove(store);
  }
  EXPECT_EQ(nothing, enough);
}

class CopiesOnFullDiskTest : public CopiesTest {
 protected:
  SmallDisk disk_{directory_, "12m"};
};
using copies_on_full_disk = CopiesOnFullDiskTest;

TEST_F(copies_on_full_disk, a_backup_says_what_it_lacks_and_leaves_nothing) {
  const std::string whole = exported(settings_.path);
  disk_.fill(100'000);
  const std::string copy = beside("copy.db");
  const Answer answer = twinsky("store backup " + copy, settings_.path);
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("nothing was copied to " + copy + ": there is no room for it"),
            std::string::npos)
      << answer.text;
  for (const auto& file : fs::directory_iterator(directory_)) {
    EXPECT_EQ(file.path().string().find("copy.db"), std::string::npos) << file.path();
  }
  disk_.free();
  ASSERT_EQ(twinsky("store backup " + copy, settings_.path).code, 0);
  ASSERT_TRUE(exported(copy) == whole);
  expect_sound(settings_.path);
}

TEST_F(copies_on_full_disk, an_import_says_what_it_lacks_and_puts_nothing) {
  const std::string whole = exported(settings_.path);
  const std::string records = make_records();
  disk_.fill(100'000);
  const Answer answer = twinsky("import " + records, settings_.path);
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("nothing was imported"), std::string::npos) << answer.text;
  EXPECT_NE(answer.text.find("no room"), std::string::npos) << answer.text;
  EXPECT_TRUE(exported(settings_.path).empty());
  disk_.free();
  expect_sound(settings_.path);
  ASSERT_EQ(twinsky("import " + records, settings_.path).code, 0);
  ASSERT_TRUE(exported(settings_.path) == whole);
  expect_sound(settings_.path);
}

}  // namespace
}  // namespace twinsky
