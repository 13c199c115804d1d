// SPDX-License-Identifier: Apache-2.0
// The commands `export` and `status` on a store, beside the process that writes it.
#include "gateway/text/csv.hpp"
#include "gateway/text/record.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"
#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <memory>
#include <sys/stat.h>

namespace twinsky {
namespace {

class ExportOfStore : public StoreTest {
 protected:
  Answer twinsky(const std::string& command, const std::string& options = {}) {
    return shell(twinsky_binary() + ' ' + command + " --store " + settings_.path + ' ' + options);
  }
  void put(const std::string& stream, const std::string& body) {
    store_->append(entry(store_->stream(stream), body));
    clock_.advance(1min);
  }
  void SetUp() override {
    open();
    store_->remember("gateway", "mk-roof");
    put("sensor/roof-pm", R"({"pm2_5":9.40,"pm10":11.0,"flag":1,"meta":7})");
    put("sensor/roof-air", R"({"temperature":-3.5,"flag":3,"flags":{"temperature":3},"meta":1})");
    put("sensor/roof-pm", R"({"pm2_5":null,"flag":9,"faults":{"pm2_5":"checksum"},"meta":7})");
    put("ref/hk-epd/mong-kok", R"({"start":"2026-11-22T01:00:00.000Z","no2":41,"flag":2})");
    ASSERT_TRUE(commit());
  }
};

TEST_F(ExportOfStore, json_lines_are_the_published_records) {
  const Answer answer = twinsky("export", "--format json");
  EXPECT_EQ(twinsky("export", "--json").text, answer.text);
  EXPECT_EQ(answer.code, 0);
  std::string expected;
  for (const Row& row : rows()) {
    append_record(expected, record_prefix("mk-roof", row.stream, row.epoch), row.seq, row.time,
                  row.body);
    expected += '\n';
  }
  EXPECT_EQ(answer.text, expected);
}

TEST_F(ExportOfStore, csv_has_quantities_first_and_numbers_as_they_were_printed) {
  const std::string epoch = store_->epoch();
  EXPECT_EQ(twinsky("export", "--sensor roof-pm").text,
            "stream,epoch,seq,time,pm2_5,pm10,flag,meta,faults\n"
            "sensor/roof-pm," +
                epoch +
                ",1,2026-11-22T02:30:00.000Z,9.40,11.0,1,7,\n"
                "sensor/roof-pm," +
                epoch +
                ",2,2026-11-22T02:32:00.000Z,,,9,7,"
                "\"{\"\"pm2_5\"\":\"\"checksum\"\"}\"\n");
}

TEST_F(ExportOfStore, chooses_streams_and_times) {
  const auto lines = [&](const std::string& options) {
    const Answer answer = twinsky("export", "--format json " + options);
    EXPECT_EQ(answer.code, 0) << answer.text;
    return std::ranges::count(answer.text, '\n');
  };
  EXPECT_EQ(lines("--sensor roof-pm --sensor roof-air"), 3);
  EXPECT_EQ(lines("--stream ref/hk-epd/mong-kok --sensor roof-air"), 2);
  EXPECT_EQ(lines("--from 2026-11-22T02:31:00Z"), 3);
  EXPECT_EQ(lines("--to 2026-11-22T02:31:00Z"), 1);
  EXPECT_EQ(lines("--from 2026-11-22T10:31 --to '2026-11-22 10:33'"), 2);  // local time
}

TEST_F(ExportOfStore, has_the_rows_of_a_station_under_all_of_its_names) {
  const std::string present = "ref/hk-hko/hk-observatory";
  const std::string former = "ref/hk-hko/hong-kong-observatory";
  put(former, R"({"temperature":20.5,"flag":2})");
  ASSERT_TRUE(commit());
  const Answer only = twinsky("export", "--json --stream " + present);
  EXPECT_EQ(only.code, 0) << only.text << "nothing came under the present name yet";
  EXPECT_NE(only.text.find(R"("temperature":20.5)"), std::string::npos) << only.text;
  put(present, R"({"temperature":21.5,"flag":2})");
  ASSERT_TRUE(commit());
  for (const std::string& asked : {present, former}) {
    const Answer both = twinsky("export", "--json --stream " + asked);
    EXPECT_EQ(both.code, 0);
    EXPECT_NE(both.text.find(R"("temperature":20.5)"), std::string::npos) << both.text;
    EXPECT_NE(both.text.find(R"("temperature":21.5)"), std::string::npos) << both.text;
    EXPECT_NE(both.text.find(" is " + asked + " under another name; its rows are in this export"),
              std::string::npos)
        << both.text;
  }
  EXPECT_EQ(twinsky("export", "--stream ref/hk-hko/nowhere").code, 1);
}

TEST_F(ExportOfStore, writes_into_a_file) {
  const std::string file = (directory_ / "out.csv").string();
  const Answer answer = twinsky("export", "--output " + file);
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(shell("cat " + file).text, twinsky("export").text);
  EXPECT_EQ(twinsky("export", "--output /nonexistent/out.csv").code, 1);
}

TEST_F(ExportOfStore, says_what_is_wrong) {
  const Answer stream = twinsky("export", "--sensor roof-pn");
  EXPECT_EQ(stream.code, 1);
  EXPECT_NE(stream.text.find("has no stream sensor/roof-pn; it has:"), std::string::npos);
  EXPECT_EQ(twinsky("export", "--from yesterday").code, 2);
  EXPECT_EQ(twinsky("export", "--format xml").code, 2);
  const Answer missing = shell(twinsky_binary() + " export --store /nonexistent.db");
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.text.find("there is no store /nonexistent.db"), std::string::npos);
  const std::string other = (directory_ / "other.db").string();
  std::ofstream(other).close();
  const Answer no_store = shell(twinsky_binary() + " export --store " + other);
  EXPECT_EQ(no_store.code, 1);
  EXPECT_NE(no_store.text.find("other.db is no store of this program"), std::string::npos)
      << no_store.text;
}

TEST_F(ExportOfStore, needs_no_right_to_write) {
  // The daemon's files may be read by others, not written; of its directory the same.
  ::chmod(directory_.c_str(), 0755);
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    ::chmod(file.path().c_str(), 0644);
  }
  const std::string command = "export --format json --store " + settings_.path;
  const std::string binary = (directory_ / "twinsky").string();  // where a stranger can run it
  std::filesystem::copy_file(twinsky_binary(), binary);
  const std::string stranger =
      ::geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " + binary + ' '
                       : binary + ' ';
  const std::string expected = twinsky("export", "--format json").text;
  EXPECT_EQ(shell(stranger + command).text, expected);
  close();  // without the daemon there are no files beside it, and none can be made
  EXPECT_EQ(shell(stranger + command).text, expected);
  if (::geteuid() != 0) return;
  ::chmod(settings_.path.c_str(), 0600);
  const Answer refused = shell(stranger + command);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.text.find("must be readable for you"), std::string::npos) << refused.text;
}

TEST_F(ExportOfStore, a_damaged_file_gives_all_that_can_be_read_of_it) {
  fill("sensor/many", 4000, 50);
  close();
  const auto whole =
      shell(twinsky_binary() + " export --format json --store " + settings_.path + " | wc -l");
  EXPECT_EQ(std::stoi(whole.text), 4004);
  {
    std::fstream file(settings_.path, std::ios::in | std::ios::out | std::ios::binary);
    for (const auto at : {100'000, 250'000}) {
      file.seekp(at);
      file << std::string(1500, '~');
    }
  }
  const std::string output = (directory_ / "out").string();
  for (const char* const format : {"json", "csv"}) {
    SCOPED_TRACE(format);
    const Answer answer =
        twinsky("export", std::string("--format ") + format + " --output " + output);
    EXPECT_EQ(answer.code, 1);
    EXPECT_NE(answer.text.find("is no readable store"), std::string::npos) << answer.text;
    int missing = 0;
    int ranges = 0;
    const std::string words = "twinsky export: row ";
    for (auto at = answer.text.find(words); at != std::string::npos;
         at = answer.text.find(words, at + 1)) {
      int first = 0;
      int last = 0;
      ASSERT_EQ(
          std::sscanf(answer.text.c_str() + at, "twinsky export: row %d to row %d", &first, &last),
          2);
      missing += last - first + 1;
      ++ranges;
    }
    EXPECT_GE(ranges, 2) << answer.text;
    EXPECT_LT(missing, 100);
    const int header = format == std::string("csv") ? 1 : 0;
    EXPECT_EQ(std::stoi(shell("wc -l < " + output).text), 4004 - missing + header);
  }
}

TEST_F(ExportOfStore, status_shows_what_waits_and_the_newest_of_every_stream) {
  store_->add_sink("city", true);
  store_->note_gap(
      {"no_response", "sensor/roof-pm", clock_.utc(), clock_.utc(), 12, true, "", 0, 0, ""});
  ASSERT_TRUE(commit());
  const Answer answer = twinsky("status", "--json");
  EXPECT_EQ(answer.code, 1);  // no gateway runs
  const auto status = nlohmann::json::parse(answer.text);
  EXPECT_EQ(status["running"], false);
  EXPECT_EQ(status["store"]["rows"], 5);
  EXPECT_EQ(status["store"]["epoch"], store_->epoch());
  EXPECT_EQ(status["sinks"][0]["id"], "city");
  EXPECT_EQ(status["sinks"][0]["waiting"], 5);
  EXPECT_EQ(status["sinks"][0]["oldest"], "2026-11-22T02:30:00.000Z");
  EXPECT_EQ(status["ledger"]["no_response"], 12);
  EXPECT_EQ(status["streams"]["sensor/roof-pm"]["seq"], 2);
  EXPECT_EQ(status["streams"]["sensor/roof-air"]["record"]["temperature"], -3.5);
  const Answer text = twinsky("status");
  EXPECT_NE(text.text.find("5 samples"), std::string::npos) << text.text;
  EXPECT_NE(text.text.find("sink city: 5 waiting"), std::string::npos) << text.text;
}

TEST(csv, quotes_what_has_to_be_quoted_and_disarms_formulas) {
  CsvColumns columns;
  const std::string body =
      R"({"pm2_5":-0.5,"note":"=1+1","message":"a \"b\", c","text":{"aqhi":"10+","x":[1,{"y":2}]},"empty":""})";
  columns.note(body);
  std::string header;
  columns.append_header(header);
  EXPECT_EQ(header, ",pm2_5,note,message,text,empty");
  std::string cells;
  columns.append_cells(cells, body);
  EXPECT_EQ(cells, R"(,-0.5,'=1+1,"a ""b"", c","{""aqhi"":""10+"",""x"":[1,{""y"":2}]}",)");
  cells.clear();
  columns.append_cells(cells, "{}");
  EXPECT_EQ(cells, ",,,,,");
}

}  // namespace
}  // namespace twinsky
