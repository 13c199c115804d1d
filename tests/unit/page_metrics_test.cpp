// SPDX-License-Identifier: Apache-2.0
// Figures for those who collect them, as the text format wants them.
#include "gateway/page/metrics.hpp"
#include "tests/unit/places.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using json = nlohmann::json;

// One of everything, so that every metric has a line.
Snapshot whole_snapshot() {
  Snapshot snapshot;
  snapshot.time = *parse_time("2026-11-22T02:30:00Z");
  snapshot.started = snapshot.time - 1h;
  snapshot.store.offline_days = 2.5;
  snapshot.store.ledger_sums = {{"no_response", 12}};
  snapshot.store.sinks["city"] = {.cursor = 1, .rows = 20, .oldest = snapshot.time - 90s};
  snapshot.sinks["city"].connected = true;
  snapshot.feeds["hk-epd"].state = "fresh";
  snapshot.feeds["hk-epd"].failures["stale"] = 3;
  snapshot.sensors["roof-pm"].faults["checksum"] = 2;
  StreamSnapshot& sensor = snapshot.streams["sensor/roof-pm"];
  sensor.age = 1500ms;
  for (const QuantityInfo& info : quantity_catalogue()) {
    sensor.values.push_back(
        {.latest = {.reading = reading(info.quantity, 12.5), .time = snapshot.time}});
  }
  snapshot.stages["hours"] = {};
  return snapshot;
}

std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) names.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return names;
}

TEST(page_metrics, are_what_the_snapshot_says) {
  const std::string text = metrics_text(whole_snapshot());
  for (const std::string_view line :
       {"\ntwinsky_store_offline_seconds 216000\n",
        "\ntwinsky_ledger_samples_total{cause=\"no_response\"} 12\n",
        "\ntwinsky_sink_waiting_records{sink=\"city\"} 20\n",
        "\ntwinsky_sink_oldest_waiting_seconds{sink=\"city\"} 90\n",
        "\ntwinsky_sensor_age_seconds{sensor=\"roof-pm\"} 1.5\n",
        "\ntwinsky_sensor_faults_total{sensor=\"roof-pm\",fault=\"checksum\"} 2\n",
        "\ntwinsky_pm2_5_micrograms_per_cubic_metre{sensor=\"roof-pm\",flag=\"2\"} 12.5\n",
        "\ntwinsky_start_time_seconds 1795311000\n"}) {
    EXPECT_NE(text.find(line), text.npos) << line << " in\n" << text;
  }
}

// https://prometheus.io/docs/instrumenting/exposition_formats/: every line, every metric once, and
// a counter says so in its name.
TEST(page_metrics, keep_to_the_text_format) {
  const std::string text = metrics_text(whole_snapshot());
  const std::regex sample(
      R"re(([a-z][a-z0-9_]*)(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? -?[0-9.e+-]+)re");
  const std::regex type(R"(# TYPE (twinsky_[a-z0-9_]+) (gauge|counter))");
  std::set<std::string> seen;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    if (line.starts_with("# HELP ")) continue;
    if (std::regex_match(line, parts, type)) {
      current = parts[1];
      EXPECT_TRUE(seen.insert(current).second) << line;
      EXPECT_EQ(current.ends_with("_total"), parts[2] == "counter") << line;
      continue;
    }
    ASSERT_TRUE(std::regex_match(line, parts, sample)) << line;
    EXPECT_EQ(parts[1], current);
  }
  EXPECT_TRUE(text.ends_with('\n'));
}

TEST(page_metrics, every_quantity_with_a_unit_names_it) {
  for (const QuantityInfo& info : quantity_catalogue()) {
    const bool has_unit = !info.ucum.starts_with('{') && info.ucum != "1";
    EXPECT_EQ(metric_of(info.quantity) != "twinsky_" + std::string(info.name), has_unit)
        << info.name;
  }
}

TEST(page_metrics, a_label_ends_where_it_should_whatever_stands_in_it) {
  Snapshot snapshot;
  snapshot.stages["a\"b\\c\nd"] = {.exceptions = 1, .problem = {}};
  EXPECT_NE(metrics_text(snapshot).find("{thread=\"a\\\"b\\\\c\\nd\"} 1\n"), std::string::npos);
}

TEST(page_metrics, the_dashboard_names_metrics_that_there_are) {
  std::ifstream file(tests_directory() + "/../config/examples/grafana/gateway.json");
  const json dashboard = json::parse(file);
  const std::set<std::string> known = names_in(metrics_text(whole_snapshot()));
  std::set<std::string> named;
  const std::regex word("twinsky_[a-z0-9_]+");
  for (const json& panel : dashboard["panels"]) {
    for (const json& target : panel.value("targets", json::array())) {
      const std::string expression = target["expr"];
      for (std::sregex_iterator at(expression.begin(), expression.end(), word), end; at != end;
           ++at) {
        named.insert(at->str());
      }
    }
  }
  EXPECT_GE(named.size(), 10U);
  for (const std::string& name : named) EXPECT_TRUE(known.contains(name)) << name;
}

}  // namespace
}  // namespace twinsky
