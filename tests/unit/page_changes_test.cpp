// SPDX-License-Identifier: Apache-2.0
// What may be changed from the page, where it is written, and that nothing else is.
#include "gateway/compare/notes.hpp"
#include "gateway/page/changes.hpp"
#include "store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <sys/stat.h>

namespace twinsky {
namespace {

using json = nlohmann::json;
namespace fs = std::filesystem;

class PageChangesTest : public StoreTest {
 protected:
  PageChangesTest() {
    std::ofstream(file_) << R"({"gateway": {"id": "test", "jurisdiction": "hk",
        "position": {"datum": "wgs84", "latitude": 22.322501, "longitude": 114.168342}},
      "buses": {"pm": {"serial": "/dev/ttyUSB0"}},
      "sensors": [{"id": "roof", "driver": "pms5003", "bus": "pm"}],
      "feeds": [{"feed": "hk-epd", "stations": ["mong-kok"]}],
      "compare": [{"sensor": "roof", "quantity": "pm2_5", "with": "hk-epd/mong-kok"}],
      "store": {"path": "store.db"}, "serve": {"token_file": "page-token"}})";
    reload();
  }
  void reload() {
    auto loaded = load_config(file_);
    ASSERT_TRUE(loaded) << text_of(loaded.error().front());
    config_ = std::make_shared<const Config>(std::move(*loaded));
  }
  PageAnswer post(const std::string& path, const json& body) {
    PageRequest request;
    request.method = "POST";
    request.target.path = "/api/v1/" + path;
    request.body = body.dump();
    return changes_.answer(request).value();
  }
  PageAnswer apply(const json& addition) { return post("config", {{"text", addition.dump()}}); }
  [[nodiscard]] std::vector<std::string> additions() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(directory_ / "conf.d", none)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  const std::string file_ = (directory_ / "twinsky.json").string();
  std::shared_ptr<const Config> config_;
  const PageSources sources_{.now = {},
                             .snapshot = {},
                             .config = [this] { return config_; },
                             .store = open(),
                             .clock = clock_,
                             .log = log_};
  PageChanges changes_{sources_};
};

const json tighter = {
    {"sensors", {{{"id", "roof"}, {"quality", {{"pm2_5", {{"usual_upper", 300}}}}}}}}};

TEST_F(PageChangesTest, a_threshold_goes_into_conf_d_and_is_in_force_when_it_is_read) {
  const PageAnswer answer = apply(tighter);
  ASSERT_EQ(answer.status, 200U) << answer.body;
  EXPECT_EQ(json::parse(answer.body)["file"], (directory_ / "conf.d" / "local-page.json").string());
  EXPECT_EQ(additions(), std::vector<std::string>{"local-page.json"});
  const std::string before = config_->hash;
  reload();
  EXPECT_NE(config_->hash, before);
  const json editable = json::parse(changes_.editable());
  EXPECT_EQ(json::parse(editable["text"].get<std::string>()), tighter);
  EXPECT_EQ(editable["is_possible"], true);
  struct stat state {};
  ASSERT_EQ(::stat((directory_ / "conf.d" / "local-page.json").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0007U, 0U) << "nobody else's to read";
}

TEST_F(PageChangesTest, nothing_but_corrections_and_checks_can_be_changed) {
  for (const json& addition : {
           json{{"sinks", {{{"id", "evil"}, {"mqtt", "mqtt://evil.example.org"}}}}},
           json{{"serve", {{"listen", "0.0.0.0:80"}}}},
           json{{"gateway", {{"name", "other"}}}},
           json{{"gateway", {{"publish_position", true}}}},
           json{{"store", {{"keep", "1d"}}}},
           json{{"buses", {{"x", {{"serial", "/dev/ttyS0"}}}}}},
           json{{"feeds", json::array()}},
           json{{"compare", json::array()}},
           json{{"$schema", "x"}},
           json{{"sensors", {{{"id", "roof"}, {"bus", "x"}}}}},
           // Right in themselves, and still not the page's to say.
           json{{"sensors", {{{"id", "roof"}, {"bus", "pm"}}}}},
           json{{"sensors", {{{"id", "roof"}, {"driver", "pms5003"}}}}},
           json{{"sensors", {{{"id", "roof"}, {"every", "30s"}}}}},
           json{{"sensors", {{{"id", "roof"}, {"placement", "indoor"}}}}},
           json{{"sensors", {{{"id", "roof"}, {"position", nullptr}}}}},
           json{{"sensors", {{{"id", "new"}, {"driver", "pms5003"}, {"bus", "pm"}}}}},
           json{{"sensors", {{{"id", "new"}, {"quality", json::object()}}}}},
           json{{"sensors", {{"roof", {{"bus", "x"}}}}}},
           json{{"sensors",
                 {{{"id", "roof"}, {"quality", {{"pm2_5", {{"usual_upper", "high"}}}}}}}}},
           json{{"corrections", {{{"id", "x"}}}}},
       }) {
    const PageAnswer answer = apply(addition);
    EXPECT_EQ(answer.status, 409U) << addition << ": " << answer.body;
    EXPECT_FALSE(json::parse(answer.body)["problems"].empty());
  }
  for (const char* text :
       {"", "{", "{\"sensors\": [}", "{\"sinks\": [], \"sinks\": []}",
        "{\"sensors\": [{\"id\": \"roof\", \"quality\": {}, \"bus\": \"a\", \"bus\": \"b\"}]}"}) {
    EXPECT_EQ(post("config", {{"text", text}}).status, 409U) << text;
  }
  EXPECT_TRUE(additions().empty());
}

TEST_F(PageChangesTest, a_problem_is_told_in_its_place) {
  const PageAnswer answer =
      post("check", {{"text", "{\n \"sensors\": [\n  {\"id\": \"roof\", \"bus\": \"x\"}\n ]\n}"}});
  EXPECT_EQ(answer.status, 200U);
  const json found = json::parse(answer.body);
  EXPECT_EQ(found["good"], false);
  ASSERT_EQ(found["problems"].size(), 1U);
  EXPECT_EQ(found["problems"][0]["line"], 3);
  EXPECT_EQ(found["problems"][0]["pointer"], "/sensors/0/bus");
  EXPECT_EQ(json::parse(post("check", {{"text", tighter.dump()}}).body)["good"], true);
  EXPECT_TRUE(additions().empty()) << "checking writes nothing";
}

TEST_F(PageChangesTest, an_edit_that_is_refused_leaves_what_was_there) {
  ASSERT_EQ(apply(tighter).status, 200U);
  EXPECT_EQ(apply({{"sinks", json::array()}}).status, 409U);
  EXPECT_EQ(json::parse(json::parse(changes_.editable())["text"].get<std::string>()), tighter);
  EXPECT_EQ(additions().size(), 1U);
}

TEST_F(PageChangesTest, an_accepted_correction_is_what_the_record_proposes) {
  const std::string topic = "compare/roof/pm2_5/hk-epd/mong-kok";
  EXPECT_EQ(post("accept-correction", {{"topic", topic}}).status, 409U);
  EXPECT_EQ(post("accept-correction", {{"topic", "compare/none"}}).status, 404U);
  EXPECT_EQ(post("accept-correction", json::array()).status, 400U);
  store_->remember(topic, R"({"revision":3,"summary":"","record":{"quantity":"pm2_5","proposal":{
      "gain":0.52,"offset":1.5,"lowest_raw":2,"highest_raw":88,
      "basis_from":"2026-10-01T00:00:00Z","basis_to":"2026-10-20T00:00:00Z"}}})");
  const json dry =
      json::parse(post("accept-correction", {{"topic", topic}, {"dry_run", true}}).body);
  EXPECT_EQ(json::parse(dry["text"].get<std::string>())["corrections"][0]["gain"], 0.52);
  EXPECT_TRUE(additions().empty());
  const PageAnswer answer = post("accept-correction", {{"topic", topic}});
  ASSERT_EQ(answer.status, 200U) << answer.body;
  reload();
  ASSERT_EQ(config_->corrections.size(), 1U);
  EXPECT_EQ(config_->corrections[0].sensor, "roof");
  EXPECT_EQ(config_->corrections[0].correction.version, 1);
  ASSERT_EQ(post("accept-correction", {{"topic", topic}}).status, 200U);
  reload();
  EXPECT_EQ(config_->corrections[0].correction.version, 2);
}

TEST_F(PageChangesTest, a_note_is_one_of_a_sensor_that_there_is) {
  EXPECT_EQ(post("note", {{"sensor", "none"}, {"kind", "cleaned"}}).status, 400U);
  EXPECT_EQ(post("note", {{"sensor", "roof"}, {"kind", "painted"}}).status, 400U);
  EXPECT_EQ(post("note", {{"sensor", "roof"}, {"kind", "cleaned"}, {"from", "then"}}).status, 400U);
  EXPECT_EQ(
      post("note", {{"sensor", "roof"}, {"kind", "cleaned"}, {"text", std::string(1001, 'x')}})
          .status,
      400U);
  EXPECT_EQ(post("note", {{"sensor", "roof"},
                          {"kind", "maintenance"},
                          {"from", "2026-11-22T01:00:00Z"},
                          {"to", "2026-11-22T02:00:00Z"},
                          {"text", "fan"}})
                .status,
            200U);
  const auto notes = read_notes(notes_file(config_->store.path));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].kind, NoteKind::maintenance);
  EXPECT_EQ(notes[0].to, *parse_time("2026-11-22T02:00:00Z"));
  EXPECT_EQ(notes[0].text, "fan");
}

TEST_F(PageChangesTest,
       the_configuration_comes_with_where_it_was_written_and_without_our_exact_place) {
  const std::string text = changes_.configuration();
  std::map<std::string, json> values;
  const json document = json::parse(text);
  for (const json& each : document["values"]) values[each["pointer"]] = each;
  EXPECT_EQ(values["/gateway/jurisdiction"]["value"], "hk");
  EXPECT_NE(values["/gateway/jurisdiction"]["origin"].get<std::string>().find("twinsky.json:1:"),
            std::string::npos);
  EXPECT_EQ(values["/serve/listen"]["origin"], "default");
  EXPECT_EQ(text.find("22.3225"), text.npos);
  EXPECT_EQ(text.find("page-token"), text.npos);
}

TEST_F(PageChangesTest, without_a_token_it_says_why_nothing_can_be_changed) {
  Config without = *config_;
  without.serve.token_file.clear();
  config_ = std::make_shared<const Config>(without);
  const json editable = json::parse(changes_.editable());
  EXPECT_EQ(editable["is_possible"], false);
  EXPECT_NE(editable["why_not"].get<std::string>().find("token"), std::string::npos);
}

}  // namespace
}  // namespace twinsky
