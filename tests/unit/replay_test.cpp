// SPDX-License-Identifier: Apache-2.0
// What is asked for again comes from the store, whole, in order, and to nobody but who may have it.
#include "gateway/sinks/replay.hpp"

#include "gateway/sinks/replay_document.hpp"
#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using nlohmann::json;

constexpr std::size_t any_size = 1U << 20U;

class ReplayTest : public StoreTest {
 protected:
  ReplayTest() { open(); }

  void begin(std::int64_t per_hour = 100'000, std::size_t records_in_a_message = 10) {
    native_ = make(per_hour);
    reader_ = store_->reader();
    replay_.emplace(*reader_, *native_, *egress_, records_in_a_message);
    replay_->start(any_size);
  }
  static std::unique_ptr<Format> make(std::int64_t per_hour) {
    Settings settings = Settings::defaults(format_named("native")->settings);
    settings.set("replay_for", std::vector<std::string>{"database", "school"});
    settings.set("replay_records_per_hour", per_hour);
    return format_named("native")->make({.settings = settings}, "mk-roof");
  }

  void ask(const json& request, const std::string& asker = "database", const std::string& to = "") {
    replay_->ask({.destination = "twinsky/v1/mk-roof/cmd/replay/" + asker,
                  .text = request.dump(),
                  .reply_to = to,
                  .correlation = "c"},
                 clock_.now());
  }
  // Of a stream's numbers, in the present epoch.
  [[nodiscard]] json numbers(const std::string& stream, int first, int last) const {
    return {{"stream", stream}, {"epoch", store_->epoch()}, {"first", first}, {"last", last}};
  }

  // All answers until there is nothing more to do, each in the form of its document.
  std::vector<json> answers(RowId until = 1'000'000) {
    std::vector<json> documents;
    steps_ = 0;
    while (replay_->next_due() != MonotonicTime::max() && steps_ < 10'000) {
      ++steps_;
      if (auto answer = replay_->take(until, clock_.now())) {
        EXPECT_EQ(answer->message.correlation, "c");
        destinations_.push_back(answer->message.destination);
        documents.push_back(json::parse(answer->message.payload));
        EXPECT_TRUE(documents.back().at("history"));
        replay_->arrived();
      }
      clock_.advance(20ms);
    }
    return documents;
  }
  // "stream:seq" of all records in them.
  static std::vector<std::string> records(const std::vector<json>& documents) {
    std::vector<std::string> found;
    for (const json& document : documents) {
      for (const json& record : document.value("records", json::array())) {
        found.push_back(document.at("stream").get<std::string>() + ":" +
                        std::to_string(record.at("seq").get<int>()));
      }
    }
    return found;
  }
  static std::vector<std::string> expected(const std::string& stream, int first, int last) {
    std::vector<std::string> texts;
    for (int n = first; n <= last; ++n) texts.push_back(stream + ":" + std::to_string(n));
    return texts;
  }
  json end_of(const json& request) {
    ask(request);
    const auto all = answers();
    return all.empty() ? json() : all.back().value("end", json());
  }

  SinkSettings sink_;
  std::optional<Egress> egress_{sink_};
  std::unique_ptr<Format> native_;
  std::unique_ptr<StoreReader> reader_;
  std::optional<Replay> replay_;
  std::vector<std::string> destinations_;
  int steps_ = 0;
};

TEST_F(ReplayTest, gives_the_records_that_were_asked_for_by_their_numbers) {
  for (int n = 0; n < 5; ++n) {
    fill("sensor/a", 20);
    fill("sensor/b", 7);
  }
  begin();
  json request = numbers("sensor/a", 13, 47);
  request["request"] = "first";
  ask(request);
  const auto all = answers();
  EXPECT_EQ(records(all), expected("sensor/a", 13, 47));
  EXPECT_EQ(all.size(), 5U) << "10 in a message, and the end";
  for (const json& one : all) EXPECT_EQ(one.at("request"), "first");
  EXPECT_EQ(all.back().at("end"), json({{"records", 35}}));
  EXPECT_EQ(all.front().at("records")[0].at("sensor"), "a");
  EXPECT_EQ(all.front().at("records")[0].at("epoch"), store_->epoch());
  EXPECT_EQ(destinations_.front(), "twinsky/v1/mk-roof/reply/replay/database");
  EXPECT_EQ(end_of(numbers("sensor/a", 90, 200)), json({{"records", 11}}))
      << "as many as there are";
  EXPECT_EQ(end_of(numbers("sensor/c", 1, 9)), json({{"records", 0}}));
}

// A stream that has a row among the next few thousand is found by halving; others all the same.
TEST_F(ReplayTest, finds_the_first_one_without_reading_all) {
  for (int n = 0; n < 40; ++n) {
    fill("sensor/a", 1000);
    if (n % 10 == 3) fill("sensor/rare", 1);
  }
  begin(1'000'000, 200);
  ask(numbers("sensor/a", 38'001, 38'003));
  EXPECT_EQ(records(answers()), expected("sensor/a", 38'001, 38'003));
  EXPECT_LT(steps_, 30) << "80 pages are in the store";
  for (int n = 1; n <= 4; ++n) {
    ask(numbers("sensor/rare", n, n));
    EXPECT_EQ(records(answers()), expected("sensor/rare", n, n)) << n;
  }
  ask(numbers("sensor/a", 1, 40'000));
  EXPECT_EQ(records(answers()), expected("sensor/a", 1, 40'000));
}

TEST_F(ReplayTest, numbers_are_those_of_the_epoch_that_was_asked_for) {
  fill("sensor/a", 30);
  const std::string before = store_->epoch();
  store_->start_new_epoch("a test");
  ASSERT_TRUE(commit());
  fill("sensor/a", 20);
  begin();
  json request = numbers("sensor/a", 5, 25);
  request["epoch"] = before;
  ask(request);
  for (const bool is_first : {true, false}) {
    const auto all = answers();
    EXPECT_EQ(records(all), expected("sensor/a", 5, is_first ? 25 : 20));
    for (const json& one : all) {
      if (one.contains("records")) {
        EXPECT_EQ(one.at("records")[0].at("epoch"), is_first ? before : store_->epoch());
      }
    }
    ask(numbers("sensor/a", 5, 25));
  }
  request["epoch"] = "no epoch";
  EXPECT_EQ(end_of(request), json({{"records", 0}}));
}

TEST_F(ReplayTest, gives_what_was_measured_in_a_time) {
  const UtcTime start = clock_.utc();
  for (int n = 0; n < 10; ++n) {
    fill("sensor/a", 1);
    fill("sensor/b/hour", 1);
    clock_.advance(1min);
  }
  begin();
  const json request = {{"start", iso8601(start + 3min)}, {"end", iso8601(start + 6min)}};
  ask(request);
  auto found = records(answers());
  std::ranges::sort(found);
  auto wanted = expected("sensor/a", 4, 6);
  std::ranges::copy(expected("sensor/b/hour", 4, 6), std::back_inserter(wanted));
  EXPECT_EQ(found, wanted);
  json one = request;
  one["stream"] = "sensor/b/hour";
  ask(one);
  EXPECT_EQ(records(answers()), expected("sensor/b/hour", 4, 6));
}

// What has not arrived yet comes by itself.
// Who asks for hours need not have all samples of that time.
TEST_F(ReplayTest, gives_of_a_time_what_has_the_topics_that_were_asked_for) {
  class Words final : public ReplayFormat {
   public:
    explicit Words(const ReplayFormat& words) : words_(words) {}
    [[nodiscard]] std::vector<std::string> destinations() const override { return {"here"}; }
    [[nodiscard]] std::uint64_t records_per_hour() const override { return 1000; }
    [[nodiscard]] Asked asked(const Call& call) const override {
      return {.request = {.asker = "database",
                          .topics = call.text,
                          .from = UtcTime::min(),
                          .to = UtcTime::max(),
                          .correlation = "c"}};
    }
    [[nodiscard]] std::string piece(const ReplayRequest& request, std::string_view stream,
                                    std::string_view records) const override {
      return words_.piece(request, stream, records);
    }
    [[nodiscard]] std::string end(const ReplayRequest& request,
                                  const ReplayEnd& end) const override {
      return words_.end(request, end);
    }
    [[nodiscard]] std::string newest(std::string_view,
                                     const std::map<std::string, std::uint64_t>&) const override {
      return {};
    }

   private:
    const ReplayFormat& words_;
  };
  class WithWords final : public Format {
   public:
    explicit WithWords(const Format& format) : format_(format), words_(*format.replay()) {}
    [[nodiscard]] std::string destination(std::string_view subject) const override {
      return format_.destination(subject);
    }
    [[nodiscard]] std::string_view content_type(std::string_view) const override { return {}; }
    [[nodiscard]] std::string head(std::string_view stream, std::string_view epoch) const override {
      return format_.head(stream, epoch);
    }
    void append(std::string& payload, std::string_view head, const StoredRow& row) const override {
      format_.append(payload, head, row);
    }
    void close(std::string& payload) const override { format_.close(payload); }
    [[nodiscard]] std::string mark(const Mark&) const override { return {}; }
    [[nodiscard]] std::optional<Mark> mark_of(std::string_view) const override { return {}; }
    [[nodiscard]] const ReplayFormat* replay() const override { return &words_; }

   private:
    const Format& format_;
    const Words words_;
  };
  for (const char* stream : {"sensor/a", "sensor/a/hour", "sensor/b", "sensor/b/hour"}) {
    fill(stream, 2);
  }
  begin();
  const WithWords format(*native_);
  replay_.emplace(*reader_, format, *egress_, 10);
  replay_->start(any_size);
  const auto found = [&](const char* topics) {
    replay_->ask({.destination = "here", .text = topics}, clock_.now());
    return records(answers());
  };
  EXPECT_EQ(found("sensor/+/hour"),
            (std::vector<std::string>{"sensor/a/hour:1", "sensor/a/hour:2", "sensor/b/hour:1",
                                      "sensor/b/hour:2"}));
  EXPECT_EQ(found("sensor/b/obs"), (std::vector<std::string>{"sensor/b:1", "sensor/b:2"}));
  EXPECT_EQ(found("").size(), 8U);
}

TEST_F(ReplayTest, gives_nothing_behind_what_has_arrived) {
  fill("sensor/a", 30);
  begin();
  ask(numbers("sensor/a", 1, 30));
  EXPECT_EQ(records(answers(12)), expected("sensor/a", 1, 12));
}

TEST_F(ReplayTest, the_rules_of_the_sink_hold) {
  sink_.allow = {"sensor/a/#"};
  sink_.quantities = {"pm10"};
  egress_.emplace(sink_);
  for (const char* stream : {"sensor/a", "sensor/secret"}) {
    store_->append(entry(store_->stream(stream), R"({"pm2_5":1.0,"pm10":2.0,"flag":1})"));
  }
  ASSERT_TRUE(commit());
  begin();
  const json told = end_of(numbers("sensor/secret", 1, 1));
  EXPECT_EQ(told.at("problem"), "unknown_stream");
  EXPECT_EQ(end_of(numbers("sensor/no-such", 1, 1)).at("problem"), "unknown_stream")
      << "nobody learns which there are";
  ask({{"start", iso8601(clock_.utc() - 1h)}, {"end", iso8601(clock_.utc() + 1h)}});
  const auto all = answers();
  EXPECT_EQ(records(all), expected("sensor/a", 1, 1));
  EXPECT_EQ(all.front().at("records")[0].at("pm10"), 2.0);
  EXPECT_FALSE(all.front().at("records")[0].contains("pm2_5"));
}

TEST_F(ReplayTest, each_has_a_quota_of_his_own) {
  fill("sensor/a", 100);
  begin(50);
  EXPECT_EQ(end_of(numbers("sensor/a", 1, 40)), json({{"records", 40}}));
  const json told = end_of(numbers("sensor/a", 41, 100));
  EXPECT_EQ(told.at("problem"), "quota");
  EXPECT_EQ(told.at("records"), 10) << "what there was left";
  EXPECT_GT(told.at("retry_after_s"), 3590);
  EXPECT_LE(told.at("retry_after_s"), 3600);
  ask(numbers("sensor/a", 1, 40), "school");
  EXPECT_EQ(records(answers()), expected("sensor/a", 1, 40));
  clock_.advance(1h);
  EXPECT_EQ(end_of(numbers("sensor/a", 51, 100)), json({{"records", 50}}));
}

TEST_F(ReplayTest, who_asks_without_end_keeps_nobody_from_his_turn) {
  fill("sensor/a", 100);
  begin();
  for (int n = 0; n < 1000; ++n) ask(numbers("sensor/a", 1, 20));
  json request = numbers("sensor/a", 99, 99);
  request["request"] = "school";
  ask(request, "school");
  const auto all = answers();
  std::size_t refused = 0;
  std::size_t before_school = 0;
  bool was_school = false;
  for (const json& one : all) {
    refused += one.contains("end") && one["end"].value("problem", "") == "busy" ? 1 : 0;
    was_school = was_school || one.value("request", "") == "school";
    before_school += !was_school && one.contains("records") ? 1 : 0;
  }
  EXPECT_EQ(refused, 32U);
  EXPECT_LE(before_school, 2U) << "at most one answer of 20";
  EXPECT_EQ(records(all).size(), 81U) << "four waited";
}

TEST_F(ReplayTest, two_messages_are_under_way_at_once_and_a_pause_is_between_two) {
  fill("sensor/a", 100);
  begin();
  ask(numbers("sensor/a", 1, 100));
  int sent = 0;
  for (int step = 0; step < 50; ++step) {
    sent += replay_->take(1000, clock_.now()) ? 1 : 0;
    EXPECT_GT(replay_->next_due(), clock_.now());
    clock_.advance(20ms);
  }
  EXPECT_EQ(sent, 2);
  EXPECT_EQ(replay_->next_due(), MonotonicTime::max());
  replay_->refused("school");  // which is another's
  EXPECT_NE(replay_->next_due(), MonotonicTime::max());
  replay_->refused("database");  // the rest stays here
  EXPECT_EQ(replay_->next_due(), MonotonicTime::max());
}

TEST_F(ReplayTest, what_is_larger_than_a_message_may_be_is_left_out) {
  fill("sensor/a", 3);
  fill("sensor/a", 1, 5000);
  fill("sensor/a", 3);
  begin();
  replay_->start(4000);
  ask(numbers("sensor/a", 1, 7));
  const auto all = answers();
  EXPECT_EQ(all.back().at("end"), json({{"records", 6}}));
  EXPECT_EQ(records(all).size(), 6U);
}

TEST_F(ReplayTest, answers_go_to_the_topic_of_who_asked_and_to_no_other) {
  fill("sensor/a", 1);
  begin();
  const std::string own = "twinsky/v1/mk-roof/reply/replay/database";
  const auto problem = [&](const std::string& to) {
    destinations_.clear();
    ask(numbers("sensor/a", 1, 1), "database", to);
    const auto all = answers();
    for (const std::string& destination : destinations_) {
      EXPECT_TRUE(destination == own || destination == to) << destination;
    }
    return all.back().at("end").value("problem", "");
  };
  EXPECT_EQ(problem(own), "");
  EXPECT_EQ(problem(own + "/7"), "");
  EXPECT_EQ(destinations_, (std::vector<std::string>{own + "/7", own + "/7"}));
  for (const std::string& to :
       {std::string("homeassistant/device/x/config"), own + "x", own + "/+", own + "/#",
        own + "/7/8", std::string("twinsky/v1/mk-roof/reply/replay/school"),
        std::string("twinsky/v1/mk-roof/status")}) {
    EXPECT_EQ(problem(to), "elsewhere") << to;
    EXPECT_EQ(destinations_, std::vector<std::string>{own}) << to;
  }
}

TEST(replay_request, what_is_wrong_is_told) {
  const auto problem = [](const std::string& text) {
    ReplayRequest request;
    return read_replay_request(text, request);
  };
  EXPECT_EQ(problem(R"({"stream":"sensor/a","epoch":"e","first":1,"last":1})"), "");
  EXPECT_EQ(problem(R"({"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:01Z"})"), "");
  for (const char* text : {"",
                           "no JSON",
                           "[]",
                           "{}",
                           "null",
                           R"({"stream":"sensor/a"})",
                           R"({"stream":"sensor/a","epoch":"e","first":0,"last":1})",
                           R"({"stream":"sensor/a","epoch":"e","first":2,"last":1})",
                           R"({"stream":"sensor/a","epoch":"e","first":-1,"last":1})",
                           R"({"stream":"sensor/a","epoch":"e","first":1.5,"last":2})",
                           R"({"stream":"sensor/a","epoch":"e","first":"1","last":2})",
                           R"({"stream":"sensor/a","epoch":"e","first":1,"last":1e99})",
                           R"({"stream":"sensor/a","epoch":"e","first":1})",
                           R"({"stream":7,"epoch":"e"})",
                           R"({"stream":"sensor/a","epoch":7,"first":1,"last":1})",
                           R"({"epoch":"e","first":1,"last":1})",
                           R"({"stream":"","epoch":"e","first":1,"last":1})",
                           R"({"stream":"sensor/a","epoch":"e","frist":1,"last":1})",
                           R"({"start":"2026-01-01T00:00:00Z"})",
                           R"({"start":1,"end":2})",
                           R"({"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"})"}) {
    EXPECT_NE(problem(text), "") << text;
  }
  EXPECT_NE(problem(R"({"stream":"sensor/a","epoch":"e","frist":1})").find("\"frist\""),
            std::string::npos);
}

TEST_F(ReplayTest, the_newest_number_of_each_stream_is_known) {
  fill("sensor/a", 30);
  fill("sensor/b", 4);
  const auto newest = [&] { return store_->reader()->newest_numbers(); };
  using Numbers = std::map<std::string, std::uint64_t>;
  EXPECT_EQ(newest(), (Numbers{{"sensor/a", 30}, {"sensor/b", 4}}));
  fill("sensor/a", 20'000);  // more than what is read again at a start
  fill("sensor/a", 1);
  EXPECT_EQ(newest(), (Numbers{{"sensor/a", 20'031}, {"sensor/b", 4}}));
  close();
  open();
  EXPECT_EQ(newest(), (Numbers{{"sensor/a", 20'031}, {"sensor/b", 4}}));
  store_->start_new_epoch("a test");
  ASSERT_TRUE(commit());
  fill("sensor/b", 2);
  EXPECT_EQ(newest(), (Numbers{{"sensor/b", 2}}));
}

}  // namespace
}  // namespace twinsky
