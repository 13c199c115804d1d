// SPDX-License-Identifier: Apache-2.0
// `twinsky import`: what `export` has written comes back as it was, once.
#include "gateway/store/verification.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"
#include "tests/unit/store_fixture.hpp"

#include <set>

namespace twinsky {
namespace {

namespace fs = std::filesystem;

class ImportTest : public StoreTest {
 protected:
  void SetUp() override {
    open();
    store_->remember("gateway", "mk-roof");
    put("sensor/roof-pm", R"({"pm2_5":9.40,"pm10":11.0,"flag":1,"meta":7})");
    put("sensor/roof-air", R"({"temperature":-3.5,"flag":3,"flags":{"temperature":3},"meta":1})");
    put("sensor/roof-pm", R"({"pm2_5":null,"flag":9,"faults":{"pm2_5":"checksum"},"meta":7})");
    put("sensor/roof-pm/hour", R"({"start":"2026-11-22T01:00:00.000Z","revision":1})");
    put("ref/hk-epd/mong-kok", R"({"start":"2026-11-22T01:00:00.000Z","no2":41,"flag":2})");
    put("event", R"({"event":"sensor_lost","message":"no \"answer\"\n"})");
    ASSERT_TRUE(commit());
    store_->start_new_epoch("the test wants one");
    for (int n = 0; n < 30; ++n) put("sensor/roof-pm", R"({"pm2_5":1.0,"flag":1,"meta":7})");
    ASSERT_TRUE(commit());
    close();
  }
  void put(const std::string& stream, const std::string& body) {
    store_->append(entry(store_->stream(stream), body));
    clock_.advance(1min);
  }
  // A store of its own, with a sink that has had all of it.
  void open_another() {
    settings_.path = (directory_ / "other.db").string();
    open();
    store_->remember("gateway", "mk-roof");
    ASSERT_TRUE(commit());
  }
  Answer twinsky(const std::string& command) {
    return shell(twinsky_binary() + " " + command + " --store " + settings_.path);
  }
  std::string exported(const std::string& options) {
    const Answer answer = twinsky("export " + options);
    EXPECT_EQ(answer.code, 0) << answer.text;
    return answer.text;
  }
  std::string written(const std::string& text, const std::string& name = "records") {
    const std::string file = (directory_ / name).string();
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  void expect_sound() {
    for (const Proof& proof : verify_store(settings_.path, [](auto, auto) {})) {
      EXPECT_TRUE(proof.holds) << proof.subject << ": " << proof.text;
    }
  }
  std::string whole_file() {
    std::ifstream stream(settings_.path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};
using importing = ImportTest;

TEST_F(importing, what_was_exported_comes_out_again_byte_for_byte) {
  for (const char* format : {"--json", "--format csv"}) {
    const std::string sensors =
        std::string(format) + " --sensor roof-pm --sensor roof-air --stream ref/hk-epd/mong-kok";
    const std::string original = settings_.path;
    const std::string before = exported(sensors);
    const std::string file = written(exported(format));  // all of it, events too
    open_another();
    close();
    const Answer answer = twinsky("import " + file);
    EXPECT_EQ(answer.code, 0) << answer.text;
    EXPECT_NE(answer.text.find(": 35 records imported, 0 there already, 1 of ledger and events"),
              std::string::npos)
        << answer.text;
    EXPECT_EQ(exported(sensors), before);
    expect_sound();
    fs::remove(settings_.path);
    fs::remove(settings_.path + ".witness");
    settings_.path = original;
  }
}

TEST_F(importing, twice_changes_nothing) {
  const std::string file = written(exported("--json"));
  open_another();
  close();
  ASSERT_EQ(twinsky("import " + file).code, 0);
  const std::string before = whole_file();
  const Answer answer = twinsky("import " + file);
  EXPECT_EQ(answer.code, 0);
  EXPECT_NE(answer.text.find(": 0 records imported, 35 there already"), std::string::npos)
      << answer.text;
  EXPECT_EQ(whole_file(), before);
}

TEST_F(importing, only_what_is_missing_is_taken) {
  const std::string all = exported("--json");
  const std::string half = written(all.substr(0, all.find("\n", all.size() / 2) + 1), "half");
  const std::string whole = written(all);
  open_another();
  close();
  ASSERT_EQ(twinsky("import " + half).code, 0);
  const Answer answer = twinsky("import " + whole);
  EXPECT_EQ(answer.code, 0) << answer.text;
  EXPECT_EQ(answer.text.find(": 0 records"), std::string::npos) << answer.text;
  const auto text = exported("--json --sensor roof-pm");
  EXPECT_EQ(std::ranges::count(text, '\n'), 32);
  expect_sound();
}

// `(stream, epoch, seq)` names one record, whatever comes afterwards, and no sink gets it as new.
TEST_F(importing, what_is_measured_afterwards_has_numbers_of_its_own) {
  const std::string file = written(exported("--json"));
  open_another();
  store_->add_sink("city", true);
  fill("sensor/roof-pm", 5);
  const RowId last = store_->status().last_row;
  store_->acknowledge("city", last);
  ASSERT_TRUE(commit());
  const std::string epoch = store_->epoch();
  close();
  ASSERT_EQ(twinsky("import " + file).code, 0);
  expect_sound();
  open();
  store_->add_sink("city", true);
  EXPECT_EQ(store_->status().sinks.at("city").rows, 0U) << "nothing waits that is not new";
  EXPECT_NE(store_->epoch(), epoch);
  fill("sensor/roof-pm", 3);
  EXPECT_EQ(store_->status().sinks.at("city").rows, 3U);
  std::set<std::tuple<std::string, std::string, std::uint64_t>> names;
  const auto all = rows();
  for (const Row& row : all) names.insert({row.stream, row.epoch, row.seq});
  EXPECT_EQ(names.size(), all.size());
  EXPECT_EQ(all.size(), 5U + 35U + 3U);
  EXPECT_EQ(all.back().seq, 3U);
  close();
  expect_sound();
}

// As after years: numbers far beyond what the new store has rows.
TEST_F(importing, large_numbers_are_no_damage) {
  std::string lines = exported("--json --sensor roof-pm");
  for (std::size_t at = 0; (at = lines.find("\"seq\":", at)) != std::string::npos; at += 6) {
    lines.insert(at + 6, "5000");
  }
  const std::string file = written(lines);
  open_another();
  fill("sensor/roof-air", 5);
  close();
  ASSERT_EQ(twinsky("import " + file).code, 0);
  expect_sound();
  EXPECT_EQ(exported("--json --sensor roof-pm"), lines);
  open();
  fill("sensor/roof-air", 5);
  EXPECT_EQ(rows().size(), 5U + 32U + 5U);
  EXPECT_EQ(store_->status().disk_fault, "");
  close();
  expect_sound();
}

TEST_F(importing, one_damaged_line_and_nothing_is_taken) {
  std::string lines = exported("--json --sensor roof-pm");
  const auto second = lines.find('\n') + 1;
  const auto third = lines.find('\n', second) + 1;
  lines.insert(third, "{\"gateway\":\"mk-roof\",\"sens\n");
  std::string spaced = lines.substr(0, second);
  spaced.insert(1, " ");
  lines += spaced;
  const std::string file = written(lines);
  open_another();
  close();
  const std::string before = whole_file();
  const Answer refused = twinsky("import " + file);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.text.find(file + ":3: is no JSON object\n"), std::string::npos) << refused.text;
  EXPECT_NE(refused.text.find(":34: is not written as twinsky export does it\n"), std::string::npos)
      << refused.text;
  EXPECT_NE(refused.text.find("nothing was imported; --skip-bad"), std::string::npos);
  EXPECT_EQ(whole_file(), before);
  const Answer taken = twinsky("import --skip-bad " + file);
  EXPECT_EQ(taken.code, 0) << taken.text;
  EXPECT_NE(taken.text.find(": 32 records imported, 0 there already, 2 skipped"), std::string::npos)
      << taken.text;
}

TEST_F(importing, another_record_of_the_same_number_is_refused) {
  std::string lines = exported("--json --sensor roof-air");
  const std::string file = written(lines);
  lines.replace(lines.find("-3.5"), 4, "-3.6");
  const std::string other = written(lines, "other");
  open_another();
  close();
  ASSERT_EQ(twinsky("import " + file).code, 0);
  const Answer answer = twinsky("import " + other);
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("other:1: has another record's number: sensor/roof-air "),
            std::string::npos)
      << answer.text;
}

TEST_F(importing, the_store_is_nobody_elses_and_nothing_waits_in_it) {
  const std::string file = written(exported("--json"));
  open_another();
  const Answer held = twinsky("import " + file);
  EXPECT_EQ(held.code, 1);
  EXPECT_NE(held.text.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << held.text;
  store_->add_sink("city", true);
  fill("sensor/roof-pm", 5);
  close();
  const Answer waiting = twinsky("import " + file);
  EXPECT_EQ(waiting.code, 1);
  EXPECT_NE(waiting.text.find("5 records wait in"), std::string::npos) << waiting.text;
}

TEST_F(importing, records_of_another_gateway_and_other_files_are_refused) {
  std::string lines = exported("--json --sensor roof-air");
  lines.replace(lines.find("mk-roof"), 7, "tst-pier");
  const std::string foreign = written(lines);
  open_another();
  close();
  const Answer answer = twinsky("import " + foreign);
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find(":1: is of the gateway tst-pier, this is mk-roof"), std::string::npos)
      << answer.text;
  EXPECT_EQ(twinsky("import " + written("a,b,c\n1,2,3\n", "table")).code, 1);
  EXPECT_EQ(twinsky("import " + (directory_ / "none").string()).code, 1);
  EXPECT_EQ(twinsky("import " + directory_.string()).code, 1);
  EXPECT_EQ(twinsky("import /dev/null").code, 1);
}

TEST_F(importing, a_trial_changes_nothing) {
  const std::string file = written(exported("--json"));
  open_another();
  close();
  const std::string before = whole_file();
  const Answer answer = twinsky("import --dry-run " + file);
  EXPECT_EQ(answer.code, 0);
  EXPECT_NE(answer.text.find(": 35 records would be imported"), std::string::npos) << answer.text;
  EXPECT_EQ(whole_file(), before);
}

}  // namespace
}  // namespace twinsky
