// SPDX-License-Identifier: Apache-2.0
// Everything that subscribers see, byte by byte: a store that holds some of all kinds of rows goes
// through two real sinks to scripted brokers, which hang up, refuse and are not satisfied. What
// they get, and what the store says afterwards, is tests/cases/published/bytes.txt; nothing that
// changes inside may change it. The rows are synthetic.
#include "gateway/sinks/health.hpp"
#include "gateway/sinks/sink.hpp"
#include "gateway/store/hours.hpp"
#include "gateway/store/official.hpp"
#include "gateway/store/tables.hpp"
#include "gateway/text/record.hpp"
#include "tests/unit/mqtt_sink.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/scripted_broker.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>

namespace twinsky {
namespace {

using namespace testing_world;
using Publish = ScriptedBroker::Publish;

UtcTime at(std::string_view text) {
  return parse_time(text).value();
}

// UTC stands still; the test lets hours pass that nobody waits for.
class StandingClock final : public Clock {
 public:
  [[nodiscard]] UtcTime utc() const override { return at("2026-11-22T02:30:00.123Z"); }
  [[nodiscard]] MonotonicTime now() const override { return system_.now() + ahead_.load(); }
  [[nodiscard]] bool is_set() const override { return true; }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
            MonotonicTime deadline) override {
    system_.wait(lock, changed, std::min(system_.now() + 20ms, deadline - ahead_.load()));
  }
  void advance(milliseconds step) { ahead_ = ahead_.load() + step; }

 private:
  SystemClock system_{true};
  std::atomic<milliseconds> ahead_{0ms};
};

// What came to a topic, in its order. How messages to different topics follow each other depends on
// the machine.
class Account {
 public:
  void add(const std::string& topic, const std::string& line) {
    const std::lock_guard lock(mutex_);
    ++count_;
    std::vector<std::string>& lines = lines_[topic];
    // How often it is tried again depends on chance.
    if (lines.empty() || lines.back() != line) lines.push_back(line);
  }
  void add(const Publish& said) {
    const std::string wrote = said.retained ? " retained" : "";
    add(said.topic, "qos " + std::to_string(said.qos) + wrote + " [" + hex(said.properties) + "] " +
                        said.payload);
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [topic, lines] : lines_) {
      text += topic + "\n";
      for (const std::string& line : lines) text += "  " + line + "\n";
    }
    return text;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  static std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
      text += digits;
    }
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> lines_;  // guarded by mutex_
  std::size_t count_ = 0;                                  // guarded by mutex_
};

// ---- what is published --------------------------------------------------------------------------

const std::vector<Column> particles = {{Quantity::pm2_5, 1}, {Quantity::pm10, 0}};

StreamDescription roof_pm() {
  StreamDescription stream;
  stream.name = "sensor/roof-pm";
  stream.title = "Roof \"PM\" 屋頂";
  stream.columns = particles;
  stream.ranges[Quantity::pm2_5] = {0, 1000};
  stream.period = 10s;
  stream.driver = "pms5003";
  stream.placement = "rooftop";
  return stream;
}

struct Gateway {
  Gateway() {
    settings.path = (directory.path / "store.db").string();
    settings.commit_every = 20ms;
    settings.machine_id = "one";
    settings.boot_id = "boot-1";
    settings.minimum_free_bytes = 0;
    open();
  }
  ~Gateway() {
    for (const auto& sink : sinks) sink->stop(clock.now() + patience);
    store->on_commit({});
  }
  void open() {
    store.reset();
    store = std::make_unique<Store>(settings, clock, log);
    store->on_commit([this] {
      for (const auto& sink : sinks) sink->wake();
    });
  }
  void commit() const { ASSERT_TRUE(store->flush(clock.now() + patience)); }
  void append(std::string_view stream, UtcTime time, std::string body, bool amends = false) const {
    store->append({.stream = store->stream(stream),
                   .time = time,
                   .body = std::move(body),
                   .official_key = {},
                   .amends = amends});
  }
  void append(std::string_view stream, const Sample& sample, std::string_view members = {},
              std::span<const CorrectedReading> corrected = {}) const {
    append(stream, sample.time, record_body(sample, particles, {}, 7, false, members, corrected));
  }

  void fill_readings() const {
    UtcTime time = at("2026-11-21T23:59:00.001Z");
    for (const Flag flag :
         {Flag::pass, Flag::not_evaluated, Flag::suspect, Flag::fail, Flag::missing}) {
      Sample sample{.time = time += 10s, .readings = {}, .facts = {}, .official = {}};
      sample.readings = {reading(Quantity::pm2_5, 9.44), reading(Quantity::pm10, 1100)};
      sample.readings[1].flag = flag;
      sample.readings[1].reason = flag == Flag::fail      ? "range"
                                  : flag == Flag::suspect ? "humid"
                                                          : "";
      append("sensor/roof-pm", sample);
    }
    for (std::uint8_t fault = 0; fault < fault_count; ++fault) {
      Sample sample{.time = time += 10s, .readings = {}, .facts = {}, .official = {}};
      sample.readings = {absent(Quantity::pm2_5, Fault{fault}), reading(Quantity::pm10, -0.01),
                         reading(Quantity::temperature, -12.5)};
      sample.readings[1].text = "<3 \"µ\" \x01 \xff";
      append("sensor/roof-pm", sample);
    }
    const std::vector<CorrectedReading> corrected = {{.quantity = Quantity::pm2_5,
                                                      .value = 7.25,
                                                      .flag = Flag::pass,
                                                      .correction = "roof-2026@2"},
                                                     {.quantity = Quantity::pm10,
                                                      .value = {},
                                                      .flag = Flag::missing,
                                                      .correction = "roof-2026@2"}};
    Sample sample{.time = time += 10s, .readings = {}, .facts = {}, .official = {}};
    sample.readings = {reading(Quantity::pm2_5, 9.4), reading(Quantity::pm10, 11)};
    append("sensor/roof-pm", sample, {}, corrected);
    sample.readings[0].flag = Flag::suspect;
    sample.readings[0].reason = "spike";
    store->append({.stream = store->stream("sensor/roof-pm"),
                   .time = sample.time,
                   .body = record_body(sample, particles, {}, 7),
                   .official_key = {},
                   .amends = true});
    append("sensor/roof-pm", sample.time + 1s, record_body(sample, particles, {}, 7, true));
    for (int n = 0; n < 240; ++n) {
      sample.time += 1s;
      sample.readings[0].value = n / 7.0;
      append(n % 8 == 0 ? "sensor/roof-air" : "sensor/roof-air-ch2", sample);
    }
    commit();
  }
  void fill_official(double value, std::uint64_t hash) const {
    const UtcTime start = at("2026-11-22T00:00:00Z");
    Sample sample{.time = start + 1h, .readings = {}, .facts = {}, .official = {}};
    sample.official = Official{.station = "mong-kok",
                               .start = start,
                               .end = start + 1h,
                               .fetched = start + 70min,
                               .issued = start + 65min,
                               .gas_reference_k = 293.15};
    sample.readings = {reading(Quantity::pm2_5, value), reading(Quantity::no2, 61)};
    sample.readings[0].text = "*";
    const auto add = [&](std::string_view stream) {
      store->append(
          {.stream = store->stream(stream),
           .time = sample.time,
           .body = record_body(sample, {}, {}, 2),
           .official_key =
               OfficialKey{
                   .document = "24pc", .start = start, .end = start + 1h, .content_hash = hash},
           .official = values_kept_of(sample)});
      commit();
    };
    add("ref/hk-epd/mong-kok");
    add("ref/metar/vhhh");
  }
  void fill_derived() const {
    const UtcTime start = at("2026-11-22T01:00:00Z");
    Sample index{.time = start + 1h, .readings = {}, .facts = {}, .official = {}};
    index.official = Official{.station = "",
                              .start = start,
                              .end = start + 1h,
                              .fetched = {},
                              .issued = {},
                              .gas_reference_k = {}};
    index.readings = {reading(Quantity::aqhi, 11)};
    index.readings[0].text = "10+";
    append("index/hk-aqhi-2025/own", index, R"("indicative":true,"parts":{"pm2_5":3})");
    append("index/hk-aqhi-2025/hk-epd--mong-kok", index, R"("added_risk_percent":12.91)");
    append("event", start, event_body("sensor_lost", "roof-pm", "no \"answer\"\n for 5 polls"));
    commit();
    store->note_gap({.cause = "no_response",
                     .stream = "sensor/roof-pm",
                     .start = start,
                     .end = start + 10min,
                     .count = 60});
    commit();
    Hour hour;
    hour.expected = 360;
    hour.used = 300;
    hour.counts.pass = 300;
    hour.value = 9.5;
    for (std::int64_t revision = 1; revision <= 2; ++revision) {
      HourRow row{.stream = store->stream("sensor/roof-pm"),
                  .start = start,
                  .quantity = Quantity::pm2_5,
                  .revision = revision,
                  .hour = hour};
      store->keep_hours({{.rows = {row},
                          .record_stream = store->stream("sensor/roof-pm/hour"),
                          .record_time = start + 1h,
                          .record_body = R"({"start":"2026-11-22T01:00:00.000Z","revision":)" +
                                         std::to_string(revision) + R"(,"pm2_5":{"mean":9.5}})"}},
                        4);
      commit();
    }
  }
  // As if they had grown old.
  void delete_oldest(int rows) {
    store.reset();
    SQLite::Database(settings.path, SQLite::OPEN_READWRITE)
        .exec("DELETE FROM samples WHERE row <= " + std::to_string(rows));
    open();
  }
  void post(const std::string& topic, const std::string& payload, Retain retain = Retain::always,
            bool is_acknowledged = true) {
    bulletin.post({.topic = topic,
                   .payload = payload,
                   .retain = retain,
                   .is_acknowledged = is_acknowledged,
                   .expiry = 30s});
  }
  void fill_bulletin() {
    Config config;
    config.gateway.id = "mk-roof";
    config.gateway.jurisdiction = "hk";
    config.sensors.push_back({.id = "roof-pm", .driver = "pms5003"});
    config.feeds.push_back({.feed = "hk-epd", .stations = {"mong-kok"}, .settings = {}});
    post("info", info_document(config, "boot-1", store->epoch()));
    post("sensor/roof-pm/meta", meta_document(roof_pm(), 7));
    post("sensor/roof-pm/status", "online");
    Reading pm = reading(Quantity::pm2_5, 9.4);
    const std::vector<Latest> latest = {{.reading = pm, .time = clock.utc() - 5s}};
    post("sensor/roof-pm/state",
         state_document(roof_pm(), latest, clock.utc(), store->epoch(), true), Retain::expiring);
    const std::vector<Warning> warnings = {{.issuer = "HKO",
                                            .name = "Signal No. 8",
                                            .code = "TC8SE",
                                            .type = "",
                                            .action = "ISSUE",
                                            .issued = "10:00",
                                            .updated = "",
                                            .expires = ""}};
    post("ref/hk-epd/warnings", warnings_document(warnings));
    post("index/hk-aqhi-2025/agreement", agreement_document(24, 22, 24));
    post("compare/roof-pm/pm2_5/hk-epd/mong-kok", R"({"verdict":"agrees","slope":{"pm2_5":1.0}})");
    post("compare/roof-pm/pm10/hk-epd/mong-kok", R"({"verdict":"noisy"})");
    Snapshot snapshot{.time = clock.utc(), .started = clock.utc() - 1h, .is_clock_set = true};
    snapshot.store.epoch = store->epoch();
    snapshot.sinks["city"].state = "connected";
    snapshot.sensors["roof-pm"].samples = 12;
    snapshot.feeds["hk-epd"].state = "fresh";
    post("health", health_document(snapshot), Retain::expiring, false);
    bulletin.declare_complete({});
  }

  Sink& start(const SinkSettings& sink) {
    sinks.push_back(make_sink(sink, {"mk-roof", *store, bulletin, clock, log}));
    return *sinks.back();
  }
  [[nodiscard]] bool has_sent_all(const std::string& sink) const {
    return eventually([&] { return store->cursor(sink) >= store->status().last_row; });
  }
  // All rows and columns, but for those that hold a time of writing or chance.
  [[nodiscard]] std::string dump() {
    store->flush(clock.now() + patience);
    SQLite::Database file(settings.path, SQLite::OPEN_READONLY);
    std::string text;
    for (const std::string table : {"samples", "streams", "epochs", "ledger", "ledger_sums",
                                    "reference", "retained", "hours", "official", "holdings"}) {
      text += "table " + table + "\n";
      SQLite::Statement rows(file, "SELECT * FROM " + table);
      while (rows.executeStep()) {
        text += " ";
        for (int column = 0; column < rows.getColumnCount(); ++column) {
          text += " " + rows.getColumn(column).getString();
        }
        text += "\n";
      }
    }
    for (const char* sink : {"city", "press"}) {
      text += std::string("cursor of ") + sink + " " + std::to_string(store->cursor(sink)) + "\n";
    }
    return text;
  }

  Directory directory;
  StandingClock clock;
  Log log{LogLevel::error};
  StoreSettings settings;
  std::unique_ptr<Store> store;
  Bulletin bulletin;
  std::vector<std::unique_ptr<Sink>> sinks;
};

// Chance and the version go, everything else stays.
std::string normalised(std::string text) {
  std::map<std::string, std::string> epochs;
  const std::regex epoch(R"x("epoch":"([0-9a-f]{8})")x");
  for (auto one = std::sregex_iterator(text.begin(), text.end(), epoch);
       one != std::sregex_iterator(); ++one) {
    epochs.emplace((*one)[1], "");
  }
  std::vector<std::pair<std::size_t, std::string>> order;
  for (const auto& [name, ignored] : epochs) order.emplace_back(text.find(name), name);
  std::ranges::sort(order);
  for (std::size_t n = 0; n < order.size(); ++n) {
    text = std::regex_replace(text, std::regex(order[n].second), "EPOCH-" + std::to_string(n + 1));
  }
  text = std::regex_replace(text, std::regex(R"("run":"[^"]*")"), R"("run":"RUN")");
  text = std::regex_replace(text, std::regex(R"("hash":"[^"]*")"), R"("hash":"HASH")");
  text = std::regex_replace(text, std::regex("x{1000,}"), "x...x");
  const std::regex version(R"("version":"[^"]*")");
  return std::regex_replace(text, version, R"("version":"VERSION")");
}

SinkSettings sink_to(const ScriptedBroker& broker, const std::string& id) {
  SinkSettings sink = mqtt_sink(id, broker.url());
  sink.settings.set("acknowledge_within", milliseconds(24h));  // the test lets hours pass
  return sink;
}

// The packets that are no PUBLISH; one of each kind, since how often depends on the machine.
void add_packet(Account& account, const std::string& packet) {
  const int kind = static_cast<unsigned char>(packet[0]) >> 4;
  if (kind == 12 || kind == 14) return;  // PINGREQ; DISCONNECT, of which the library has two forms
  // SUBSCRIBE and UNSUBSCRIBE: without the packet id
  const bool has_id = kind == 8 || kind == 10;
  account.add("packet of kind " + std::to_string(kind),
              has_id ? Account::hex(packet.substr(0, 2)) + ".." + Account::hex(packet.substr(4))
                     : Account::hex(packet));
}

TEST(mqtt, what_subscribers_see_is_as_it_always_was) {
  Gateway gateway;
  gateway.store->add_sink("city", true);
  gateway.store->note_retained("city", "sensor/gone/meta");
  gateway.fill_readings();
  gateway.fill_official(12, 1);
  gateway.fill_official(12, 1);  // a repeat
  gateway.fill_official(14, 2);  // another revision
  gateway.fill_derived();
  gateway.delete_oldest(2);
  gateway.store->start_new_epoch("the test wants one");
  gateway.commit();
  gateway.fill_official(20, 3);
  gateway.append("sensor/roof-pm", gateway.clock.utc(), R"({"pm2_5":1.0,"flag":1,"meta":7})");
  gateway.commit();
  gateway.fill_bulletin();

  Account city;
  std::atomic<int> refusals = 0;
  ScriptedBroker broker(
      {.answer = [](const auto& connect) { return connect.number == 0 ? 0x88 : 0; },
       .publish =
           [&](const Publish& said) {
             if (said.connection == 1) {  // takes a few and acknowledges none of them
               city.add(said);
               const bool is_record = said.topic.ends_with("/obs");
               return is_record ? ScriptedBroker::hang_up : ScriptedBroker::silence;
             }
             city.add(said);
             if (said.topic.ends_with("/sensor/roof-pm/meta") && refusals++ == 0) return 0x87;
             if (said.topic.ends_with("/sensor/roof-late/obs") && refusals++ < 3) return 0x97;
             if (said.topic.ends_with("/sensor/roof-big/obs") && said.payload.size() > 6000) {
               return 0x95;
             }
             return said.topic.ends_with("/sensor/roof-held/obs") ? 0x87 : 0;
           },
       .other = [&](const std::string& packet) { add_packet(city, packet); }});
  Sink& to_city = gateway.start(sink_to(broker, "city"));
  ASSERT_TRUE(gateway.has_sent_all("city"));
  for (int n = 0; n < 3; ++n) {
    gateway.append("sensor/roof-late", gateway.clock.utc(), R"({"pm2_5":2.0,"flag":1,"meta":1})");
  }
  gateway.commit();
  ASSERT_TRUE(gateway.has_sent_all("city"));
  for (int n = 0; n < 150; ++n) {
    gateway.append("sensor/roof-big", gateway.clock.utc(),
                   n == 70 ? R"({"text":")" + std::string(7000, 'x') + R"(","flag":1,"meta":1})"
                           : R"({"pm2_5":2.0,"flag":1,"meta":1})");
  }
  gateway.commit();
  ASSERT_TRUE(gateway.has_sent_all("city"));
  gateway.commit();
  ASSERT_TRUE(gateway.has_sent_all("city"));  // what the ledger says of it
  const std::uint64_t refused = to_city.status().refused;
  gateway.append("sensor/roof-held", gateway.clock.utc(), R"({"pm2_5":3.0,"flag":1,"meta":1})");
  gateway.append("sensor/roof-held", gateway.clock.utc(), R"({"pm2_5":4.0,"flag":1,"meta":1})");
  gateway.append("sensor/roof-air", gateway.clock.utc(), R"({"pm2_5":5.0,"flag":1,"meta":1})");
  gateway.commit();
  ASSERT_TRUE(eventually([&] { return to_city.status().refused > refused; }));
  gateway.post("sensor/roof-pm/status", "fault");
  gateway.bulletin.withdraw("compare/roof-pm/pm10/hk-epd/mong-kok");
  gateway.clock.advance(2h);
  ASSERT_TRUE(gateway.has_sent_all("city"));
  ASSERT_TRUE(eventually([&] { return gateway.store->status().ledger_sums["refused"] == 3; }));
  gateway.commit();
  ASSERT_TRUE(gateway.has_sent_all("city"));
  ASSERT_TRUE(eventually([&] { return refusals >= 5; }));
  ASSERT_TRUE(to_city.stop(gateway.clock.now() + patience));

  Account press;
  ScriptedBroker old_broker(
      {.answer = [](const auto& connect) { return connect.level == 5 ? 1 : 0; },
       .publish =
           [&](const Publish& said) {
             press.add(said);
             return 0;
           },
       .other = [&](const std::string& packet) { add_packet(press, packet); }});
  SinkSettings chosen = sink_to(old_broker, "press");
  chosen.settings.set("username", "reader");
  chosen.settings.set("client_id", "press-1");
  chosen.allow = {"sensor/+/obs", "sensor/+/state", "sensor/+/hour",
                  "compare/#",    "ref/#",          "index/#"};
  chosen.quantities = {"pm2_5", "aqhi"};
  chosen.withheld_feeds = {"hk-epd"};
  chosen.batch_records = 50;
  gateway.store->note_retained("press", "info");  // went there before
  Sink& to_press = gateway.start(chosen);
  ASSERT_TRUE(gateway.has_sent_all("press"));
  ASSERT_TRUE(to_press.stop(gateway.clock.now() + patience));

  const std::string found = normalised("to city\n" + city.text() + "\nto press\n" + press.text() +
                                       "\nstore\n" + gateway.dump());
  const std::string path = tests_directory() + "/cases/published/bytes.txt";
  std::ostringstream expected;
  expected << std::ifstream(path).rdbuf();
  if (found == expected.str()) return;
  // To take it over as it is: that is a change of what subscribers see.
  const std::string actual = (fs::temp_directory_path() / "published-bytes.txt").string();
  std::ofstream(actual) << found;
  ADD_FAILURE() << "not as in " << path << ": compare with " << actual;
}

}  // namespace
}  // namespace twinsky
