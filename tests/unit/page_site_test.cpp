// SPDX-License-Identifier: Apache-2.0
// What the local page answers of a store, beside the daemon that fills it.
#include "gateway/hours/series.hpp"
#include "gateway/page/site.hpp"
#include "gateway/store/official.hpp"
#include "hours_fixture.hpp"
#include "watched_disk.hpp"

#include <nlohmann/json.hpp>

namespace twinsky {
namespace {

using json = nlohmann::json;

class PageSiteTest : public HourlyTest {
 protected:
  PageSiteTest() {
    configure("");
    snapshot_.time = clock_.utc();
  }
  void configure(const std::string& serve) {
    const std::string file = (directory_ / "twinsky.json").string();
    std::ofstream(file) << R"({"gateway": {"id": "test", "jurisdiction": "hk",
        "position": {"datum": "wgs84", "latitude": 22.322501, "longitude": 114.168342}},
      "buses": {"pm": {"serial": "/dev/ttyUSB0"}},
      "sensors": [{"id": "roof", "driver": "pms5003", "bus": "pm",
                   "variant": "pms5003t", "ambient": true}],
      "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
      "compare": [{"sensor": "roof", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}],
      "store": {"path": "store.db"}, "serve": {)"
                        << serve << "}}";
    auto loaded = load_config(file);
    ASSERT_TRUE(loaded) << text_of(loaded.error().front());
    config_ = std::make_shared<const Config>(std::move(*loaded));
    site_ = std::make_unique<PageSite>(
        PageSources{.now = [] { return std::string(R"({"version":1})"); },
                    .snapshot = [this] { return std::make_shared<const Snapshot>(snapshot_); },
                    .config = [this] { return config_; },
                    .store = *store_,
                    .clock = clock_,
                    .log = log_});
  }
  PageAnswer ask(const std::string& target, const std::string& method = "GET") {
    PageRequest request;
    request.method = method;
    request.target = parse_target(target).value();
    request.host = "localhost";
    request.local = request.peer = "127.0.0.1";
    request.known_version = known_version_;
    return site_->answer(request);
  }
  json document(const std::string& target) {
    const PageAnswer answer = ask(target);
    EXPECT_EQ(answer.status, 200U) << target << ": " << answer.body;
    return json::parse(answer.body);
  }

  Snapshot snapshot_;
  std::shared_ptr<const Config> config_;
  std::unique_ptr<PageSite> site_;
  std::string known_version_;
};

// Before the store is opened.
struct HangingDisk {
  WatchedDisk disk_;
};
class PageSiteOnAHangingDisk : public HangingDisk, public PageSiteTest {};

const std::string period = "&from=2026-11-22T02:00:00Z&to=2026-11-22T04:00:00Z";

TEST_F(PageSiteTest, a_series_is_what_the_reader_of_series_says) {
  put_minutes(ten, 90);
  put("sensor/roof", ten + 95min, 700, Flag::fail);
  step(ten + 2h);
  const json found =
      document("/api/v1/series?stream=sensor/roof&quantity=pm2_5&points=130" + period);
  const TimeSeries wanted = read_series(*store_->reader(), {.stream = "sensor/roof",
                                                            .quantity = Quantity::pm2_5,
                                                            .from = ten,
                                                            .to = ten + 2h,
                                                            .most = 130});
  EXPECT_EQ(found["width_ms"], wanted.width.count());
  ASSERT_EQ(found["points"].size(), wanted.points.size());
  for (std::size_t at = 0; at < wanted.points.size(); ++at) {
    const SeriesPoint& point = wanted.points[at];
    EXPECT_EQ(found["points"][at][0], point.start.time_since_epoch().count());
    if (point.value) {
      EXPECT_NEAR(found["points"][at][1].get<double>(), *point.value, 0.005);
    } else {
      EXPECT_TRUE(found["points"][at][1].is_null());
    }
    EXPECT_EQ(found["points"][at][5], point.used);
  }
  EXPECT_EQ(found["points"].back()[4], 4) << "the worst flag";
  EXPECT_TRUE(found["gaps"].empty());
}

TEST_F(PageSiteTest, a_series_shows_the_gaps_that_the_ledger_knows_of) {
  const auto gap = [](const std::string& cause, const std::string& stream, UtcTime start) {
    return LedgerRow{
        .cause = cause, .stream = stream, .start = start, .end = start + 10min, .count = 10};
  };
  store_->note_gap(gap("no_response", "sensor/roof", ten + 20min));
  store_->note_gap(gap("gateway_off", "*", ten + 40min));
  store_->note_gap(gap("no_response", "sensor/attic", ten + 50min));
  store_->note_gap(gap("checksum", "sensor/roof", ten + 5h));
  ASSERT_TRUE(commit());
  const json found = document("/api/v1/series?stream=sensor/roof&quantity=pm2_5" + period);
  const auto ms = [](UtcTime time) { return time.time_since_epoch().count(); };
  EXPECT_EQ(found["gaps"], json::array({{ms(ten + 20min), ms(ten + 30min), "no_response"},
                                        {ms(ten + 40min), ms(ten + 50min), "gateway_off"}}));
  const json store = document("/api/v1/store");
  EXPECT_EQ(store["newest_gaps"].size(), 4U);
  EXPECT_EQ(store["newest_gaps"][0]["cause"], "checksum");
  EXPECT_EQ(store["ledger"]["no_response"], 20);
}

TEST_F(PageSiteTest, official_values_stand_in_their_intervals) {
  Entry made = entry(store_->stream("ref/hk-epd/mong-kok"), R"({"flag":1})");
  made.time = ten + 1h;
  made.official_key = OfficialKey{"24pc", ten, ten + 1h, 1};
  made.official = {
      {.quantity = Quantity::pm2_5, .value = 17.3, .flag = Flag::pass, .gas_reference_k = {}}};
  store_->append(std::move(made));
  ASSERT_TRUE(commit());
  const json found = document("/api/v1/official?station=hk-epd/mong-kok&quantity=pm2_5" + period);
  const auto start = ten.time_since_epoch().count();
  EXPECT_EQ(found["points"], json::array({{start, start + 3'600'000, 17.3, 1}}));
}

TEST_F(PageSiteTest, a_comparison_comes_with_its_hours_and_whose_data_they_are) {
  put_minutes(ten, 60);
  step(ten + 2h);
  clock_.step_utc(ten + 3h - clock_.utc());
  const json found = document("/api/v1/comparison?topic=compare/roof/pm2_5/hk-epd/mong-kok");
  EXPECT_TRUE(found["record"].is_null());
  ASSERT_EQ(found["pairs"].size(), 1U);
  EXPECT_EQ(found["pairs"][0][1], 39.5);
  EXPECT_EQ(found["pairs"][0][3], 0) << "not used, since";
  EXPECT_EQ(found["pairs"][0][5], "before_reference");
  EXPECT_TRUE(found["pairs"][0][6].is_null()) << "no humidity came";
  EXPECT_EQ(found["reference"]["name"], "Mong Kok");
  EXPECT_FALSE(found["reference"]["licence"].get<std::string>().empty());
  EXPECT_FALSE(found["reference"]["attribution"].get<std::string>().empty());
  EXPECT_EQ(ask("/api/v1/comparison?topic=compare/roof/pm2_5/hk-epd/central").status, 404U);
}

TEST_F(PageSiteTest, a_comparisons_hours_have_the_humidity_beside_the_sensor) {
  const StreamId stream = store_->stream("sensor/roof");
  for (int n = 0; n < 60; ++n) {
    const Sample sample{
        .time = ten + n * 1min,
        .readings = {reading(Quantity::pm2_5, 39.5), reading(Quantity::humidity, 71.3)}};
    Entry made = entry(stream, record_body(sample, {}, "", 1));
    made.time = sample.time;
    store_->append(std::move(made));
  }
  step(ten + 2h);
  clock_.step_utc(ten + 3h - clock_.utc());
  const json found = document("/api/v1/comparison?topic=compare/roof/pm2_5/hk-epd/mong-kok");
  ASSERT_EQ(found["pairs"].size(), 1U);
  ASSERT_EQ(found["pairs"][0].size(), 7U);
  EXPECT_DOUBLE_EQ(found["pairs"][0][6].get<double>(), 71.3);
}

TEST_F(PageSiteTest, what_is_asked_wrongly_is_refused_with_what_is_expected) {
  for (const std::string& target :
       {"/api/v1/series?quantity=pm2_5" + period,
        "/api/v1/series?stream=ref/x&quantity=pm2_5" + period,
        "/api/v1/series?stream=sensor/roof&quantity=pm3" + period,
        std::string("/api/v1/series?stream=sensor/roof&quantity=pm2_5"),
        "/api/v1/series?stream=sensor/roof&quantity=pm2_5&points=1" + period,
        "/api/v1/series?stream=sensor/roof&quantity=pm2_5&points=2001" + period,
        "/api/v1/series?stream=sensor/roof&quantity=pm2_5&points=-3" + period,
        std::string(
            "/api/v1/series?stream=sensor/roof&quantity=pm2_5&from=2026-01-01&to=2026-01-01"),
        std::string("/api/v1/official?station=a/"
                    "b&quantity=pm2_5&from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"),
        std::string("/api/v1/log?after=x")}) {
    const PageAnswer answer = ask(target);
    EXPECT_EQ(answer.status, 400U) << target;
    EXPECT_TRUE(json::parse(answer.body)["error"].is_string());
  }
}

TEST_F(PageSiteTest, nothing_else_is_served) {
  for (const std::string target :
       {"/assets/", "/assets/../CMakeLists.txt", "/assets/..%2f..%2fstore.db",
        "/assets/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/etc/passwd.", "/../twinsky.json",
        "/store.db", "/api/v1/none", "/api/v2/now", "/assets/README.md", "/assets/index.html/.."}) {
    const PageAnswer answer = ask(target);
    EXPECT_EQ(answer.status, 404U) << target << ": " << answer.body;
  }
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"}) {
    EXPECT_EQ(ask("/api/v1/now", method).status, 403U)
        << method << ": a change, and no token is configured";
  }
}

TEST_F(PageSiteTest, what_a_browser_has_is_not_sent_again) {
  const PageAnswer first = ask("/assets/page.js");
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(first.type, "text/javascript; charset=utf-8");
  ASSERT_EQ(first.headers.at(0).first, "ETag");
  known_version_ = first.headers[0].second;
  const PageAnswer again = ask("/assets/page.js");
  EXPECT_EQ(again.status, 304U);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(ask("/assets/page.css").status, 200U) << "that is another file";
}

TEST_F(PageSiteTest, the_log_is_told_from_a_line_on) {
  ::testing::internal::CaptureStderr();
  log_.error("bus pm", "the adapter is unplugged");
  log_.error("bus pm", "it is back");
  ::testing::internal::GetCapturedStderr();
  const json all = document("/api/v1/log");
  ASSERT_EQ(all["lines"].size(), 2U);
  EXPECT_EQ(all["lines"][0]["subject"], "bus pm");
  EXPECT_EQ(all["lines"][0]["level"], "error");
  EXPECT_EQ(document("/api/v1/log?after=1")["lines"][0]["message"], "it is back");
  EXPECT_TRUE(document("/api/v1/log?after=2")["lines"].empty());
}

TEST_F(PageSiteTest, tells_whether_it_lives_and_whether_all_is_there) {
  EXPECT_EQ(ask("/healthz").body, "alive\n");
  PageAnswer ready = ask("/readyz");
  EXPECT_EQ(ready.status, 503U);
  EXPECT_EQ(ready.body, "sensor roof has not answered yet\n");
  snapshot_.streams["sensor/roof"].age = 3s;
  EXPECT_EQ(ask("/readyz").body, "ready\n");
  snapshot_.store.disk_fault = "no space is left";
  EXPECT_EQ(ask("/readyz").body, "the store keeps nothing: no space is left\n");
  settle();
  clock_.advance(10min);
  EXPECT_EQ(ask("/healthz").status, 200U) << "the writer rests";
}

TEST_F(PageSiteTest, now_and_events_are_one_document) {
  EXPECT_EQ(ask("/api/v1/now").body, "{\"version\":1}\n");
  EXPECT_TRUE(ask("/api/v1/events").is_stream);
}

TEST_F(PageSiteOnAHangingDisk, what_reads_the_store_is_refused_and_the_rest_goes_on) {
  const std::vector<std::string> reading = {
      "/api/v1/series?stream=sensor/roof&quantity=pm2_5" + period,
      "/api/v1/official?station=hk-epd/mong-kok&quantity=pm2_5" + period,
      "/api/v1/comparison?topic=compare/roof/pm2_5/hk-epd/mong-kok", "/api/v1/store"};
  for (const std::string& target : reading) EXPECT_NE(ask(target).status, 503U) << target;
  settle();
  disk_.forbid_this_thread();
  disk_.stall();
  store_->append(entry(store_->stream("sensor/roof")));
  clock_.advance(1s);
  disk_.wait_for_hanging(1);
  clock_.advance(2s);
  for (const std::string& target : reading) {
    const PageAnswer answer = ask(target);
    EXPECT_EQ(answer.status, 503U) << target;
    EXPECT_NE(answer.body.find("does not answer"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(ask("/api/v1/now").status, 200U);
  EXPECT_EQ(ask("/healthz").status, 200U) << "it is not the gateway that hangs";
  EXPECT_TRUE(disk_.forbidden_calls().empty());
  disk_.answer();
  settle();
  EXPECT_EQ(ask("/api/v1/store").status, 200U);
}

}  // namespace
}  // namespace twinsky
