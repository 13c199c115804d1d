// SPDX-License-Identifier: Apache-2.0
// The commands that read a comparison's record and hours, on a store that a daemon has filled with
// EPA's month: `accept-correction`, `report`.
#include "gateway/compare/comparer.hpp"
#include "gateway/hours/hourly.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/store/official.hpp"
#include "store_fixture.hpp"
#include "tests/unit/collocation.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace twinsky {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::hours;

constexpr double hong_kong_k = 293.15;
// A sensor that measures ozone as share, beside a station that reports its mass.
constexpr const char* sections = R"(
  "gateway": {"id": "mk-roof", "jurisdiction": "hk",
              "position": {"datum": "wgs84", "latitude": 22.3225, "longitude": 114.16834}},
  "buses": {"rs485": {"modbus": "/dev/ttyUSB1"}},
  "sensors": [{"id": "roof", "driver": "modbus", "bus": "rs485", "every": "1min",
               "placement": "roadside", "map": "renke-rs-fsxcs",
               "map_override": {"pm10": {"quantity": "o3_ppb"}}}],
  "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
  "compare": [{"sensor": "roof", "quantity": "o3_ppb", "with": "hk-epd/mong-kok"},
              {"sensor": "roof", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}],
  "store": {"path": "store.db"})";

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class ComparisonCommands : public StoreTest {
 protected:
  Answer twinsky(const std::string& command) {
    return shell(twinsky_binary() + " " + command + " --config " + config_);
  }
  Answer accept(const std::string& options = {}) {
    return twinsky("accept-correction --quantity o3_ppb --author Ada " + options);
  }

  std::string report(const std::string& options) {
    const std::string file = (directory_ / "roof.html").string();
    const Answer answer = twinsky("report roof " + options + " --output " + file);
    EXPECT_EQ(answer.code, 0) << answer.text;
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static std::string part(const std::string& page, const std::string& from, const std::string& to) {
    const std::size_t begin = page.find(from);
    EXPECT_NE(begin, std::string::npos) << from;
    if (begin == std::string::npos) return {};
    return page.substr(begin, page.find(to, begin) - begin);
  }

  void SetUp() override {
    configure("");
    clock_.step_utc(newest_ + 1h + 5min - clock_.utc());
    open();
  }
  void configure(const std::string& more) {
    std::ofstream(config_) << "{" << sections << more << "}\n";
  }
  Config config() {
    auto loaded = load_config(config_);
    EXPECT_TRUE(loaded);
    return std::move(*loaded);
  }

  // Unit 2 and the reference; of all hours, or the last ones.
  void put_month(std::size_t last = 1000) {
    const auto ozone = collocated_rows("s2_o3", "ref_o3");
    const auto particles = collocated_rows("s2_pm25", "ref_pm25");
    const auto humidity = collocated_rows("s2_rh", "ref_rh");
    const StreamId sensor = store_->stream("sensor/roof");
    std::vector<HoursOfStream> made;
    for (std::size_t at = ozone.size() - std::min(last, ozone.size()); at < ozone.size(); ++at) {
      const UtcTime start = ozone[at].hour;
      HoursOfStream of_hour{.record_stream = store_->stream("sensor/roof/hour"),
                            .record_time = start + 1h};
      for (const auto& [quantity, row] : {std::pair(Quantity::o3_ppb, &ozone[at]),
                                          {Quantity::pm2_5, &particles[at]},
                                          {Quantity::humidity, &humidity[at]}}) {
        of_hour.rows.push_back({.stream = sensor, .start = start, .quantity = quantity});
        Hour& hour = of_hour.rows.back().hour;
        hour = {.expected = 60, .counts = {.pass = row->usable}, .used = row->usable};
        hour.value = row->sensor;
      }
      of_hour.record_body = hour_body(of_hour.rows, {});
      made.push_back(std::move(of_hour));
      put_official(start, ozone[at].reference, particles[at].reference);
    }
    store_->keep_hours(std::move(made), 0);
    ASSERT_TRUE(commit());
  }
  void put_official(UtcTime start, std::optional<double> ozone_ppb,
                    std::optional<double> particles) {
    std::optional<double> ozone;
    if (ozone_ppb) ozone = mass_of_share(Quantity::o3_ppb, *ozone_ppb, hong_kong_k);
    const auto flag = [](const auto& value) { return value ? Flag::pass : Flag::missing; };
    Entry made = entry(store_->stream("ref/hk-epd/mong-kok"), R"({"flag":1})");
    made.time = start + 1h;
    made.official_key = OfficialKey{"24pc", start, start + 1h, 1};
    made.official = {{.quantity = Quantity::o3,
                      .value = ozone,
                      .flag = flag(ozone),
                      .gas_reference_k = hong_kong_k},
                     {.quantity = Quantity::pm2_5, .value = particles, .flag = flag(particles)}};
    store_->append(std::move(made));
  }
  // What the daemon publishes with the configuration as it is now, by topic.
  std::map<std::string, Json> evaluate() {
    std::map<std::string, Json> records;
    const Config now = config();
    ComparisonMaker maker(
        *store_, clock_, notes_file(settings_.path),
        {.post = [&](const std::string& topic,
                     const std::string& text) { records[topic] = Json::parse(text); },
         .withdraw = [](std::string_view) {},
         .announce = [](std::string_view, std::string_view, std::string_view) {}});
    maker.configure(comparisons_of(now), now.hash);
    maker.step();
    EXPECT_TRUE(commit());
    return records;
  }

  const HourStart newest_ = collocated_rows("s2_o3", "ref_o3").back().hour;
  const std::string config_ = (directory_ / "twinsky.json").string();
  const std::string ozone_ = "compare/roof/o3_ppb/hk-epd/mong-kok";
  const std::filesystem::path accepted_ = directory_ / "conf.d" / "correction-o3-ppb-roof.json";
};

TEST_F(ComparisonCommands, a_proposal_becomes_a_correction_of_the_configuration) {
  put_month();
  const Json record = evaluate()[ozone_];
  const Json& proposal = record["proposal"];
  ASSERT_TRUE(proposal.is_object()) << record.dump(1);
  EXPECT_EQ(record["quantity"], "o3");  // the proposal speaks of ug/m3
  EXPECT_TRUE(record["corrected"].is_null());

  const Answer dry = accept("--dry-run");
  EXPECT_EQ(dry.code, 0) << dry.text;
  EXPECT_FALSE(std::filesystem::exists(accepted_));
  const Answer accepted = accept();
  ASSERT_EQ(accepted.code, 0) << accepted.text;
  EXPECT_TRUE(std::filesystem::exists(accepted_)) << accepted.text;
  const Answer checked = twinsky("check");
  EXPECT_EQ(checked.code, 0) << checked.text;

  const Config now = config();
  ASSERT_EQ(now.corrections.size(), 1U);
  const Correction& correction = now.corrections[0].correction;
  EXPECT_EQ(name_of(correction), "o3-ppb-roof@1");
  EXPECT_EQ(correction.author, "Ada, from the comparison with hk-epd/mong-kok");
  const auto& line = std::get<LinearCorrection>(correction.formula);
  constexpr double micrograms_of_ppb = 1.9953;  // ozone at 293.15 K
  const auto ppb = [&](const char* key) { return proposal[key].get<double>() / micrograms_of_ppb; };
  EXPECT_DOUBLE_EQ(line.gain, proposal["gain"].get<double>());
  EXPECT_NEAR(line.offset, ppb("offset"), 0.01);
  ASSERT_EQ(correction.hull.size(), 1U);
  EXPECT_NEAR(correction.hull[0].lower, ppb("lowest_raw"), 0.01);
  EXPECT_NEAR(correction.hull[0].upper, ppb("highest_raw"), 0.01);
  EXPECT_EQ(proposal["basis_from"], iso8601(correction.trained_from.value()));

  // From then on both series are judged, and the corrected one is better on the same hours.
  const Json after = evaluate()[ozone_];
  EXPECT_EQ(after["corrected"]["correction"], "o3-ppb-roof@1");
  EXPECT_EQ(after["error"]["rmse"], record["error"]["rmse"]);
  EXPECT_LT(after["corrected"]["error"]["rmse"], after["error"]["rmse"].get<double>() / 2);

  ASSERT_EQ(accept().code, 0);
  EXPECT_EQ(name_of(config().corrections.at(0).correction), "o3-ppb-roof@2");
}

TEST_F(ComparisonCommands, what_the_configuration_cannot_have_is_taken_back) {
  put_month();
  configure(R"(, "corrections": [{"id": "mine", "sensor": "roof", "quantity": "o3_ppb",
                                  "method": "linear", "gain": 1.1}])");
  evaluate();
  const Answer answer = accept();
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("another correction stands for"), std::string::npos) << answer.text;
  EXPECT_FALSE(std::filesystem::exists(accepted_));
  EXPECT_EQ(twinsky("check").code, 0);
}

TEST_F(ComparisonCommands, nothing_is_accepted_where_nothing_is_proposed) {
  const Answer unmade = accept();
  EXPECT_EQ(unmade.code, 1);
  EXPECT_NE(unmade.text.find("roof/o3_ppb/hk-epd/mong-kok proposes nothing"), std::string::npos)
      << unmade.text;
  EXPECT_NE(unmade.text.find("not judged yet"), std::string::npos) << unmade.text;
  evaluate();  // of no hours at all
  const Answer none = accept();
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.text.find("it takes 126 paired hours of the last 30 days; there are 0."),
            std::string::npos)
      << none.text;
  EXPECT_FALSE(std::filesystem::exists(accepted_));
}

TEST_F(ComparisonCommands, a_record_of_a_version_that_gave_no_reason_is_accepted_as_little) {
  evaluate();
  store_->remember(ozone_, R"({"revision":1,"summary":"","record":{"proposal":null}})");
  ASSERT_TRUE(commit());
  const Answer answer = accept();
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("proposes nothing. None. It takes"), std::string::npos) << answer.text;
}

TEST_F(ComparisonCommands, report_draws_what_is_stored_on_a_page_that_needs_nothing_else) {
  put_month();
  const Json record = evaluate()[ozone_];
  const std::string page = report("--at 2019-09-01T01:05Z");
  for (const char* outside : {"<script", "javascript:", "://", "src=", "url(", "@import", "<link",
                              "<iframe", " onload"}) {
    EXPECT_EQ(count_of(page, outside), 0U) << outside;
  }
  EXPECT_EQ(count_of(page, "href="), count_of(page, "href=\"#comparison-"));
  for (const char* element : {"svg", "figure", "table", "div", "p", "h2", "h3", "section", "ul"}) {
    const std::string name(element);
    EXPECT_EQ(count_of(page, "<" + name + " ") + count_of(page, "<" + name + ">"),
              count_of(page, "</" + name + ">"))
        << name;
  }
  EXPECT_EQ(page.find("nan"), std::string::npos);

  const std::string ozone = part(page, "<h2 id=\"comparison-1\">", "<h2 id=\"comparison-2\">");
  // Every pair of the record's month is a dot in the scatter and in both plots of residuals.
  const std::size_t pairs = record["coverage"]["720h"]["pairs"];
  EXPECT_GT(pairs, 600U);
  EXPECT_EQ(count_of(ozone, "<circle"), 3 * pairs);
  EXPECT_EQ(count_of(ozone, "class=\"fit\""), 1U);
  EXPECT_EQ(count_of(ozone, "class=\"interval\""), 1U);
  EXPECT_NE(ozone.find("by hour of the day"), std::string::npos);
  EXPECT_NE(ozone.find("by humidity"), std::string::npos);
  const std::string series = part(ozone, "<div class=\"long\">", "</figure>");
  EXPECT_GT(count_of(series, "L"), 1200U);  // two lines of 700 hours
}

TEST_F(ComparisonCommands, report_says_first_how_each_comparison_ends_and_of_what_it_is) {
  put_month();
  std::ofstream(notes_file(settings_.path))
      << R"({"sensor":"roof","kind":"cleaned","from":"2019-08-20T01:00:00.000Z",)"
      << R"("to":"2019-08-20T01:10:00.000Z","noted":"2019-08-20T02:00:00.000Z","text":"fan <brushed>"})"
      << '\n';
  const Json record = evaluate()[ozone_];
  const std::string page = report("--at 2019-09-01T01:05Z");
  const std::string top = part(page, "<h1>", "<h2 id=\"comparison-1\">");
  EXPECT_EQ(count_of(top, "<a href=\"#comparison-"), 2U);
  EXPECT_NE(top.find("Biased, can be corrected"), std::string::npos);
  EXPECT_NE(top.find("modbus · roadside"), std::string::npos) << top;
  EXPECT_NE(top.find("Twinsky 0.1.0, 2019-09-01 09:05, UTC+8"), std::string::npos) << top;
  const std::string ozone = part(page, "<h2 id=\"comparison-1\">", "<h2 id=\"comparison-2\">");
  EXPECT_NE(ozone.find("Mong Kok (hk-epd/mong-kok), near"), std::string::npos);
  EXPECT_NE(ozone.find("Environmental Protection Department"), std::string::npos);  // its terms
  EXPECT_NE(ozone.find(record["config_hash"].get<std::string>()), std::string::npos);
  EXPECT_EQ(record["window_end"], "2019-09-01T00:00:00.000Z");
  EXPECT_NE(ozone.find(" – 2019-09-01 08:00, UTC+8"), std::string::npos);  // the period
  EXPECT_NE(page.find("2019-08-20 09:00 – 2019-08-20 09:10 · cleaned: fan &lt;brushed&gt;"),
            std::string::npos);
}

TEST_F(ComparisonCommands, report_shows_intervals_limits_and_what_was_achieved_and_no_bare_code) {
  put_month();
  const Json record = evaluate()[ozone_];
  const std::string page = report("--at 2019-09-01T01:05Z");
  const std::string ozone = part(page, "<h2 id=\"comparison-1\">", "<h2 id=\"comparison-2\">");
  EXPECT_NE(ozone.find("<th>Slope</th>\n<td>0.4"), std::string::npos);
  EXPECT_NE(ozone.find("(95 %: 0.4"), std::string::npos);
  EXPECT_NE(ozone.find("<th>Slope</th>\n<td>0.80 … 1.20</td>\n<td>0.4"), std::string::npos);
  EXPECT_NE(ozone.find("✖ no"), std::string::npos);
  EXPECT_NE(ozone.find("Lag: "), std::string::npos);
  EXPECT_NE(ozone.find("Drift: "), std::string::npos);
  EXPECT_NE(ozone.find("corrected = "), std::string::npos);  // the proposal
  ASSERT_FALSE(record["reasons"].empty());
  ASSERT_FALSE(record["limits"].empty());
  for (const char* codes : {"reasons", "limits"}) {
    for (const std::string code : record[codes]) {
      if (code.find('_') == std::string::npos) continue;
      EXPECT_EQ(ozone.find(code), std::string::npos) << code;
    }
  }
  EXPECT_EQ(ozone.find("no word for"), std::string::npos);
}

TEST_F(ComparisonCommands, report_is_written_in_three_languages) {
  put_month();
  evaluate();
  const std::string traditional = report("--at 2019-09-01T01:05Z --language zh-Hant");
  EXPECT_NE(traditional.find("<html lang=\"zh-Hant\">"), std::string::npos);
  EXPECT_NE(traditional.find("有偏差，可校正"), std::string::npos);
  EXPECT_NE(traditional.find("旺角 (hk-epd/mong-kok)"), std::string::npos);
  const std::string simplified = report("--at 2019-09-01T01:05Z --language zh-Hans");
  EXPECT_NE(simplified.find("传感器与参考站变化一致但有偏差"), std::string::npos);
  EXPECT_EQ(twinsky("report roof --language fr").code, 2);
}

TEST_F(ComparisonCommands, report_draws_time_as_long_as_the_data) {
  put_month(100);
  const std::string page = report("--at 2019-09-01T01:05Z");
  const std::string series = part(page, "<div class=\"long\">", "</figure>");
  // From one end of the axis to the other, though the period has thirty days.
  EXPECT_NE(series.find("d=\"M52.0 "), std::string::npos) << series.substr(0, 3000);
  EXPECT_NE(series.find("L85"), std::string::npos);
}

// What was withheld from the record is withheld from the figures that are made of the exported
// file.
TEST_F(ComparisonCommands, exported_pairs_give_the_figures_of_the_record) {
  put_month();
  ASSERT_EQ(
      twinsky("note roof --kind maintenance --from 2019-08-20T00:00 --to 2019-08-22T00:00").code,
      0);
  const Json record = evaluate()[ozone_];
  const std::string pairs = (directory_ / "pairs.csv").string();
  const Answer exported = twinsky("export pairs --sensor roof --quantity o3_ppb --to " +
                                  record["window_end"].get<std::string>() + " --output " + pairs);
  ASSERT_EQ(exported.code, 0) << exported.text;
  const Answer replayed = shell(twinsky_binary() + " replay compare " + pairs +
                                " --sensor sensor_mean --reference reference_mean --quantity o3");
  ASSERT_EQ(replayed.code, 0) << replayed.text;
  const Json again = Json::parse(replayed.text);
  EXPECT_GT(record["coverage"]["720h"]["withheld"]["maintenance"], 40);
  EXPECT_EQ(again["n"], record["coverage"]["720h"]["pairs"]);
}

TEST_F(ComparisonCommands, report_tells_no_more_of_the_distance_than_the_record_does) {
  const std::string near = "near, of the same kind";
  const auto page = [&] { return report("--at 2019-09-01T01:05Z"); };
  EXPECT_NE(page().find(near + " (100 m)"), std::string::npos);
  EXPECT_EQ(evaluate()[ozone_]["reference"]["distance_m"], 100);
  std::string hidden(sections);
  hidden.insert(hidden.find("\"position\""), "\"publish_position\": false, ");
  std::ofstream(config_) << "{" << hidden << "}\n";
  const std::string withheld = page();
  EXPECT_NE(withheld.find(near), std::string::npos);
  EXPECT_EQ(withheld.find(near + " ("), std::string::npos);
}

TEST_F(ComparisonCommands, report_of_nothing_stored_says_so) {
  const std::string page = report("--at 2019-09-01T01:05Z");
  EXPECT_NE(page.find("not judged yet"), std::string::npos);
  EXPECT_NE(page.find("There are no pairs yet"), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  const Answer none = twinsky("report attic");
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.text.find("\"attic\" is configured; there are those of: roof"), std::string::npos)
      << none.text;
}

TEST_F(ComparisonCommands, where_there_is_nothing_that_is_said) {
  const Answer notes = twinsky("note --list");
  EXPECT_EQ(notes.code, 0);
  EXPECT_NE(notes.text.find("nothing was noted yet"), std::string::npos) << notes.text;
  const std::string other = (directory_ / "other.json").string();
  std::ofstream(other) << R"({"gateway": {"id": "a", "jurisdiction": "hk"},
                              "store": {"path": "none.db"}})";
  const Answer audit = shell(twinsky_binary() + " audit --config " + other);
  EXPECT_EQ(audit.code, 1);
  EXPECT_NE(audit.text.find("there is no store"), std::string::npos) << audit.text;
}

// As it was typed, with the zone in which it was understood.
TEST_F(ComparisonCommands, a_note_is_told_in_local_time) {
  const Answer noted = twinsky("note roof --kind cleaned --from 2026-11-01 --to 2026-11-01T10:30");
  EXPECT_EQ(noted.code, 0);
  EXPECT_EQ(noted.text, "roof  cleaned  2026-11-01T00:00+08:00 to 2026-11-01T10:30+08:00\n");
  EXPECT_EQ(twinsky("note --list").text, noted.text);
}

TEST_F(ComparisonCommands, somebody_stands_for_a_correction_whose_environment_names_nobody) {
  put_month();
  evaluate();
  const Answer answer = shell("env -u USER -u LOGNAME " + twinsky_binary() +
                              " accept-correction --quantity o3_ppb --dry-run --config " + config_);
  ASSERT_EQ(answer.code, 0) << answer.text;
  EXPECT_EQ(answer.text.find("\"author\": \","), std::string::npos) << answer.text;
}

}  // namespace
}  // namespace twinsky
