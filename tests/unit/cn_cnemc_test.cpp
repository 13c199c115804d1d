// SPDX-License-Identifier: Apache-2.0
#include "opendata_cases.hpp"

namespace twinsky {
namespace {

using opendata::decode;
using opendata::outcome_of;

const Feed& feed() {
  static const auto feed = opendata::feed_of("cn-cnemc");
  return *feed;
}

TEST(cn_cnemc, reads_every_saved_response_cell_by_cell) {
  for (const auto& path : opendata::cases_of("cn-cnemc")) opendata::expect_as_listed(feed(), path);
}

TEST(cn_cnemc, is_not_harmed_by_damage) {
  opendata::expect_no_harm_from_damage(feed(), "cn-cnemc");
}

TEST(cn_cnemc, tells_failures_apart) {
  const std::string site = R"({"TimePoint":"2026-10-05T14:00:00","StationCode":"1141A","NO2":"3"})";
  const std::string list = "[" + site + "]";
  const struct {
    const char* what;
    std::string body;
    std::string outcome;
  } cases[] = {
      {"good", list, "1 samples, 0 problems"},
      {"one site alone", site, "1 samples, 0 problems"},
      {"in an envelope", R"({"code":0,"data":)" + list + "}", "1 samples, 0 problems"},
      {"one of two without site", "[" + site + R"(,{"TimePoint":"2026-10-05T14:00:00"}])",
       "1 samples, 1 problems"},
      {"one of two without time", "[" + site + R"(,{"StationCode":"1142A","NO2":"3"}])",
       "1 samples, 1 problems"},
      {"one of two without values",
       "[" + site + R"(,{"TimePoint":"2026-10-05T14:00:00","StationCode":"1142A"}])",
       "1 samples, 1 problems"},
      {"a city that the server does not know", "[]", "empty"},
      {"nothing", "", "empty"},
      {"a web page", "<!DOCTYPE html><html><title>502 Bad Gateway</title></html>", "html"},
      {"cut", list.substr(0, 40), "truncated"},
      {"cut in a Chinese letter", "[{\"Area\":\"\xE4\xB8", "truncated"},
      {"other records", R"([{"id":1}])", "grammar_changed"},
      {"other values", R"([{"TimePoint":"2026-10-05T14:00:00","StationCode":"1141A","X":"3"}])",
       "grammar_changed"},
      {"numbers", "[1, 2]", "grammar_changed"},
      {"an error", R"({"Message":"An error has occurred."})", "grammar_changed"},
      {"a text", R"("busy")", "grammar_changed"},
      {"XML", "<ArrayOfAQI/>", "grammar_changed"},
      {"deep", std::string(5000, '['), "too_large"},
      {"deep in a string", "\"" + std::string(5000, '[') + "\"", "too_large"},
      {"endless", "[" + std::string(5U << 20U, ' '), "too_large"},
  };
  for (const auto& [what, body, outcome] : cases) {
    EXPECT_EQ(outcome_of(feed(), body), outcome) << what;
  }
}

TEST(cn_cnemc, an_absent_column_a_doubled_hour_and_another_document_are_told) {
  const auto record = [](const std::string& cells) {
    return R"({"TimePoint":"2026-10-05T14:00:00","StationCode":"1141A",)" + cells + "}";
  };
  const auto outcome = [&](const std::string& records, const char* document = "sites") {
    return outcome_of(feed(), "[" + records + "]", document);
  };
  EXPECT_EQ(outcome(record(R"("NO2":"3","PM25ug":"7")")), "1 samples, 0 problems, grammar_changed");
  EXPECT_EQ(outcome(record(R"("NO2":"3","Quality":"良","NO2Level":1)")), "1 samples, 0 problems");
  EXPECT_EQ(outcome(record(R"("NO2":"3")") + "," + record(R"("NO2":"—")")),
            "1 samples, 1 problems");
  EXPECT_EQ(outcome(record(R"("NO2":"3","NO2":"4")")), "1 samples, 1 problems");
  EXPECT_EQ(outcome(record(R"("NO2":"3")"), "city"), "grammar_changed");
  EXPECT_EQ(outcome(R"({"TimePoint":"2026-10-05T14:00:00","Area":"上海市","NO2":"3"})"),
            "grammar_changed")
      << "a city is no site";
}

TEST(cn_cnemc, states_the_reference_of_gases_in_force_at_the_time) {
  const auto state = [](const char* time) {
    const auto content = decode(
        feed(), std::string(R"([{"StationCode":"1141A","NO2":"3","TimePoint":")") + time + "\"}]");
    return content ? content->samples.front().official->gas_reference_k : std::nullopt;
  };
  EXPECT_EQ(state("2026-10-05T14:00:00"), 298.15);
  EXPECT_EQ(state("2018-09-01T01:00:00"), 298.15);
  EXPECT_EQ(state("2018-09-01T00:00:00"), 273.15);
}

TEST(cn_cnemc, asks_for_the_sites_of_the_chosen_city) {
  const auto shanghai = feed().requests({});
  ASSERT_EQ(shanghai.size(), 1U);
  EXPECT_EQ(shanghai[0].url,
            "https://air.cnemc.cn:18007/CityData/GetAQIDataPublishLive"
            "?cityName=%E4%B8%8A%E6%B5%B7%E5%B8%82");
  const auto both = opendata::feed_of("cn-cnemc", R"({"documents": ["city", "sites"]})");
  EXPECT_EQ(both->requests({})[0].url,
            "https://air.cnemc.cn:18007/CityData/GetAQIDataPublishLiveInfo?cityCode=310000");
}

TEST(cn_cnemc, knows_the_sites_of_shanghai) {
  const ReferenceStation* site = feed().station("1144a");
  ASSERT_NE(site, nullptr);
  EXPECT_EQ(site->name_sc, "徐汇上师大");
  EXPECT_EQ(site->kind, "general");
  EXPECT_DOUBLE_EQ(site->position->latitude_deg, 31.1654);
  EXPECT_EQ(feed().station("1146a")->kind, "background");
  EXPECT_EQ(feed().station("shanghai")->kind, "city");
  EXPECT_FALSE(feed().station("shanghai")->position);
  EXPECT_EQ(feed().station("9999a"), nullptr);
}

}  // namespace
}  // namespace twinsky
