// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"
#include "tests/unit/places.hpp"

namespace twinsky {
namespace {

using opendata::decode;
using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of(
      "cn-sh-opendata",
      opendata::read_file(tests_directory() + "/cases/opendata/cn-sh-opendata.settings.json"));
  return *feed;
}

// The columns that need no settings.
const Feed& plain_feed() {
  static const auto feed = opendata::feed_of("cn-sh-opendata");
  return *feed;
}

TEST(cn_sh_opendata, reads_every_saved_response_cell_by_cell) {
  const std::string directory = tests_directory() + "/cases/opendata/cn-sh-opendata/";
  opendata::expect_as_listed(feed(), directory + "object.SYNTHETIC.json");
  const auto city = opendata::feed_of(
      "cn-sh-opendata",
      R"({"columns": {"rq": "date", "sj": "time", "pm25": "pm2_5", "aqi": "aqi"}})");
  opendata::expect_as_listed(*city, directory + "text_in_text.SYNTHETIC.json");
}

TEST(cn_sh_opendata, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "cn-sh-opendata");
}

TEST(cn_sh_opendata, tells_failures_apart) {
  const std::string rows = R"([{"rq":"2026-10-05","sj":"14:00","aqi":"55"}])";
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", R"({"code":"0","data":{"data":)" + rows + R"(,"total":1}})",
       "1 samples, 0 problems"},
      {"rows in data", R"({"code":0,"data":)" + rows + "}", "1 samples, 0 problems"},
      {"rows alone", rows, "1 samples, 0 problems"},
      {"all of it in a string", R"("[{\"rq\":\"2026-10-05\",\"sj\":\"14\",\"aqi\":1}]")",
       "1 samples, 0 problems"},
      {"an empty table", R"({"code":"0","data":{"data":[],"total":0}})", "empty"},
      {"an empty table in a string", R"({"code":"0","data":"{\"data\":[],\"total\":0}"})", "empty"},
      {"no data at all", R"({"code":"0","message":"success","data":null})", "empty"},
      {"a refused token", R"({"code":"401","message":"token is invalid","data":""})", "http_error"},
      {"a changed column", R"({"code":"0","data":[{"rq":"2026-10-05","sj":"14:00","AQI1":5}]})",
       "grammar_changed"},
      {"a changed time", R"({"code":"0","data":[{"rq":"5 October","sj":"14:00","aqi":5}]})",
       "grammar_changed"},
      {"no rows inside", R"({"code":"0","data":{"list":1}})", "grammar_changed"},
      {"cut", R"({"code":"0","data":{"data":[{"rq":"20)", "truncated"},
      {"cut in the string", R"({"code":"0","data":"{\"data\":[{\"rq\":"})", "truncated"},
      {"a web page", "<html><body>login</body></html>", "html"},
      {"nothing", "\n", "empty"},
      {"deep in the string", R"({"code":"0","data":")" + std::string(5000, '[') + "\"}",
       "too_large"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(plain_feed(), body), outcome) << what;
  }
}

TEST(cn_sh_opendata, takes_label_and_interval_from_its_settings) {
  const auto daily = opendata::feed_of(
      "cn-sh-opendata",
      R"({"columns": {"day": "date", "aqi": "aqi"}, "interval": "24h", "label": "beginning"})");
  const auto content = decode(*daily, R"([{"day": "2026-10-05", "aqi": 44}])");
  ASSERT_TRUE(content);
  const Official& official = *content->samples.front().official;
  EXPECT_EQ(official.station, "shanghai");
  EXPECT_EQ(official.start, parse_time("2026-10-05T00:00:00+08:00"));
  EXPECT_EQ(official.end, parse_time("2026-10-06T00:00:00+08:00"));
}

TEST(cn_sh_opendata, posts_its_query_with_the_token_that_it_never_sees) {
  const auto own = opendata::feed_of(
      "cn-sh-opendata",
      R"({"resource": "/interface/AB12/345", "token_file": "sh-token", "query": {"limit": 5}})");
  const auto requests = own->requests({});
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].url, "https://data.sh.gov.cn/interface/AB12/345");
  EXPECT_EQ(requests[0].body, R"({"limit":5})");
  ASSERT_TRUE(requests[0].secret);
  EXPECT_EQ(requests[0].secret->name, "token");
  EXPECT_EQ(requests[0].secret->file, "sh-token");
}

TEST(cn_sh_opendata, says_what_is_wrong_with_a_column_map) {
  const FeedInfo& info = *feed_named("cn-sh-opendata");
  const auto problem_of = [&](const char* columns) {
    Settings settings = Settings::defaults(info.settings);
    settings.set("columns", std::string(columns));
    return info.check(settings);
  };
  EXPECT_EQ(problem_of(R"({"rq": "date", "pm25": "pm2_5"})"), "");
  EXPECT_EQ(problem_of(R"({"rq": "date", "pm25": "PM2.5"})"),
            "the column \"pm25\" is \"PM2.5\", expected \"date\", \"time\", \"station\" or a "
            "quantity such as \"pm2_5\"");
  EXPECT_EQ(problem_of(R"({"pm25": "pm2_5"})"), "no column is \"date\" or \"time\"");
  EXPECT_EQ(problem_of(R"({"rq": "date"})"), "no column is a quantity");
  EXPECT_EQ(problem_of(R"({"rq": "date", "co": {"quantity": "co", "factor": 0}})"),
            "the factor of \"co\" is no number");
}

}  // namespace
}  // namespace twinsky
