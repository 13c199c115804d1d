// SPDX-License-Identifier: Apache-2.0
// The frame of HJ 212: the standard's own example, public frames (tests/cases/hj212/frames.json),
// and what lines and devices do to them.
#include "drivers/frames/hj212.hpp"

#include "drivers/checksum.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace twinsky {
namespace {

using Json = nlohmann::json;

// HJ 212-2017, the example of annex A.
const std::string of_the_standard =
    "QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    "CP=&&RtdInterval=30&&";
const std::string data =
    "QN=20220513162608370;ST=22;CN=2011;PW=123456;MN=A1;Flag=5;CP=&&DataTime=20220513162600;"
    "a34004-Rtd=14,a34004-Flag=N;a01001-Rtd=-3.5&&";

std::string framed(const std::string& segment, Hj212Check check = Hj212Check::annex_a) {
  return hj212_frame(segment, check);
}

struct Scanned {
  std::vector<std::string> numbers;  // QN, in their order
  std::vector<Fault> faults;
};

Scanned scan(std::string_view stream, std::size_t chunk) {
  Scanned scanned;
  FrameScanner scanner(hj212_rules);
  const auto take = [&](Bytes bytes) -> Result<Sample> {
    const auto frame = parse_hj212({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    scanned.numbers.emplace_back(frame->head_text("QN"));
    return Sample{};
  };
  for (; !stream.empty(); stream.remove_prefix(std::min(chunk, stream.size()))) {
    const auto found = scanner.feed(std::as_bytes(std::span(stream.substr(0, chunk))), take);
    scanned.faults.insert(scanned.faults.end(), found.faults.begin(), found.faults.end());
  }
  const auto found = scanner.finish(take);
  scanned.faults.insert(scanned.faults.end(), found.faults.begin(), found.faults.end());
  return scanned;
}

// Of the 256 values some are.
std::string with_a_check_that_is_the_same_either_way() {
  for (int n = 0; n < 10'000; ++n) {
    std::string segment = "CN=2011;CP=&&n=" + std::to_string(n) + "&&";
    const std::string digits = hj212_check_text(segment, Hj212Check::annex_a);
    if (digits.substr(0, 2) == digits.substr(2)) return segment;
  }
  return {};
}

TEST(hj212, the_standards_example_has_its_check_and_no_other) {
  EXPECT_EQ(framed(of_the_standard), "##0101" + of_the_standard + "1C80\r\n");
  EXPECT_EQ(hj212_check_text(of_the_standard, Hj212Check::crc16_modbus), "0759");
  EXPECT_EQ(hj212_check_text(of_the_standard, Hj212Check::annex_a_swapped), "801C");
  EXPECT_EQ(hj212_check_text(of_the_standard, Hj212Check::crc16_modbus_swapped), "5907");
  EXPECT_EQ(hj212_check_text("123456789", Hj212Check::annex_a), "2F80");
  EXPECT_EQ(hj212_check_of(of_the_standard, "1c80"), Hj212Check::annex_a);
  EXPECT_EQ(hj212_check_of(of_the_standard, "5907"), Hj212Check::crc16_modbus_swapped);
  EXPECT_EQ(hj212_check_of(of_the_standard, "1C80", Hj212Check::crc16_modbus), Hj212Check::annex_a);
  const std::string either_way = with_a_check_that_is_the_same_either_way();
  const std::string digits = hj212_check_text(either_way, Hj212Check::annex_a);
  EXPECT_EQ(hj212_check_of(either_way, digits), Hj212Check::annex_a);
  EXPECT_EQ(hj212_check_of(either_way, digits, Hj212Check::annex_a_swapped),
            Hj212Check::annex_a_swapped);
  for (const char* wrong : {"1C81", "1C8", "1C800", "1C8G", ""}) {
    EXPECT_FALSE(hj212_check_of(of_the_standard, wrong)) << wrong;
  }
}

TEST(hj212, fields_and_groups_are_told_apart) {
  const auto frame = parse_hj212(framed(data));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->head_text("CN"), "2011");
  EXPECT_EQ(frame->head_text("MN"), "A1");
  EXPECT_TRUE(frame->wants_answer);
  ASSERT_EQ(frame->groups.size(), 3U);
  EXPECT_EQ(frame->groups[1],
            (std::vector<FrameField>{{"a34004-Rtd", "14"}, {"a34004-Flag", "N"}}));
  EXPECT_EQ(frame->text("a01001-Rtd"), "-3.5");
  EXPECT_EQ(frame->text("a01002-Rtd"), "");
}

TEST(hj212, what_devices_write_otherwise_is_read) {
  const auto parsed = [](const std::string& segment) {
    return parse_hj212(framed(segment)).value();
  };
  const auto blanks = parsed("ST=22;CN=2011;PW=1;MN=A;Flag=5 ;CP=&&a34004-Rtd= 14 ;;&&");
  EXPECT_TRUE(blanks.wants_answer);
  EXPECT_EQ(blanks.text("a34004-Rtd"), "14");
  EXPECT_EQ(blanks.groups.size(), 1U);
  const auto no_flag = parsed("ST=22;CN=2011;MN=A;CP=&&QN=20110513092300001;a-Rtd=1&&");
  EXPECT_FALSE(no_flag.wants_answer);
  EXPECT_EQ(no_flag.head_text("QN"), "");
  EXPECT_EQ(no_flag.text("QN"), "20110513092300001");
  EXPECT_EQ(parsed("CN=2051;CP=&&a01001-Max=9.70;a01001-Min&&").groups.size(), 1U);
  EXPECT_TRUE(parsed("CN=9013;CP=&&&&").groups.empty());
  // "温度" in GBK, and in UTF-8.
  EXPECT_EQ(hj212_text(parsed("CN=3020;CP=&&i-Info=\xCE\xC2\xB6\xC8&&").text("i-Info")), "温度");
  EXPECT_EQ(hj212_text(parsed("CN=3020;CP=&&i-Info=温度&&").text("i-Info")), "温度");
  EXPECT_EQ(hj212_gbk("温度"), "\xCE\xC2\xB6\xC8");
}

TEST(hj212, what_is_no_frame_says_why) {
  const std::string good = framed(data);
  const auto fault = [](const std::string& frame) { return parse_hj212(frame).error(); };
  EXPECT_EQ(fault(good.substr(0, good.size() - 1)), Fault::truncated);
  EXPECT_EQ(fault(good.substr(0, 40)), Fault::truncated);
  EXPECT_EQ(fault(good + "\n"), Fault::framing);
  EXPECT_EQ(fault(good.substr(1)), Fault::framing);
  EXPECT_EQ(fault(""), Fault::framing);
  std::string longer = good;
  longer.replace(2, 4, "0200");
  EXPECT_EQ(fault(longer), Fault::truncated);
  std::string shorter = good;
  shorter.replace(2, 4, "0020");
  EXPECT_EQ(fault(shorter), Fault::framing);
  EXPECT_EQ(fault(framed(std::string(1025, 'x'))), Fault::framing);
  // A good check over what does not read as a frame.
  for (const char* segment : {"CN=2011;CP=&&a=1", "CN=2011", "CP=&&&&", "CN=x;CP=&&&&",
                              "CN=2011;CP=&&a=1&&b=2&&", "CN=2011;CP=&&a=\x01&&"}) {
    EXPECT_EQ(fault(framed(segment)), Fault::framing) << segment;
  }
}

TEST(hj212, every_single_damaged_byte_is_found) {
  const std::string good = framed(data);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char damage : {'\x01', '\x10', '\x40'}) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(damaged[at] ^ damage);
      const auto frame = parse_hj212(damaged);
      EXPECT_FALSE(frame) << at;
    }
  }
}

TEST(hj212, frames_are_found_in_any_stream_however_it_is_cut) {
  std::string other = data;
  other.replace(other.find("370"), 3, "999");
  const std::string first = framed(data);
  std::string spoilt = first;
  spoilt[spoilt.size() - 3] = spoilt[spoilt.size() - 3] == '0' ? '1' : '0';
  // Noise, "##" that begins nothing, a frame, one whose check is wrong, one that lost its end, and
  // whole ones right behind.
  const std::string stream = "\x01##noise##00##" + first + spoilt + first.substr(0, 50) +
                             framed(other, Hj212Check::crc16_modbus_swapped) + first;
  const std::vector<std::string> expected = {"20220513162608370", "20220513162608999",
                                             "20220513162608370"};
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    const Scanned scanned = scan(stream, chunk);
    EXPECT_EQ(scanned.numbers, expected) << chunk;
    EXPECT_FALSE(scanned.faults.empty());
  }
  const Scanned cut = scan(first + first.substr(0, 60), 5);
  EXPECT_EQ(cut.numbers.size(), 1U);
  EXPECT_EQ(cut.faults, std::vector<Fault>{Fault::truncated});
}

TEST(hj212, times_are_of_utc_plus_8) {
  const UtcTime time = parse_time("2026-11-22T16:30:05.123Z").value();
  EXPECT_EQ(hj212_time(time), "20261123003005");
  EXPECT_EQ(hj212_number(time), "20261123003005123");
  EXPECT_EQ(parse_hj212_time("20261123003005"), parse_time("2026-11-22T16:30:05Z"));
  EXPECT_EQ(parse_hj212_time("20261123003005000"), parse_time("2026-11-22T16:30:05Z"));
  for (const char* wrong : {"", "2026112300300", "20261323003005", "2026112300300x"}) {
    EXPECT_FALSE(parse_hj212_time(wrong)) << wrong;
  }
}

TEST(hj212, what_is_written_is_read_again) {
  const std::string segment = hj212_segment({.number = "20261123003005123",
                                             .station_kind = "22",
                                             .command = "2061",
                                             .password = "123456",
                                             .station = "A1",
                                             .wants_answer = true},
                                            "DataTime=20261123000000;a34004-Avg=9.4");
  EXPECT_EQ(segment,
            "QN=20261123003005123;ST=22;CN=2061;PW=123456;MN=A1;Flag=5;"
            "CP=&&DataTime=20261123000000;a34004-Avg=9.4&&");
  for (const Hj212Check check : {Hj212Check::annex_a, Hj212Check::crc16_modbus,
                                 Hj212Check::annex_a_swapped, Hj212Check::crc16_modbus_swapped}) {
    const auto frame = parse_hj212(framed(segment, check));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->check, static_cast<std::size_t>(check));
    EXPECT_EQ(frame->text("a34004-Avg"), "9.4");
  }
}

// ---- twinsky replay hj212 -----------------------------------------------------------------------

std::map<std::string, Json> replayed(const std::string& file) {
  std::map<std::string, Json> cases;
  std::istringstream lines(shell(twinsky_binary() + " replay hj212 " + file).text);
  for (std::string line; std::getline(lines, line);) {
    const Json said = Json::parse(line);
    cases[said.at("case")] = said;
  }
  return cases;
}

TEST(hj212, replay_classifies_every_public_frame) {
  const std::string file = tests_directory() + "/cases/hj212/frames.json";
  const Json document = Json::parse(std::ifstream(file));
  const auto cases = replayed(file);
  ASSERT_EQ(document.at("frames").size(), 19U);
  for (const Json& item : document.at("frames")) {
    const Json& said = cases.at(item.at("id"));
    EXPECT_EQ(said.at("dialect"), item.at("matches")) << item;
    EXPECT_EQ(said.at("valid"), item.at("matches") != "invalid") << item;
    EXPECT_EQ(said.at("readings").empty(),
              item.at("matches") == "invalid" ||
                  item.at("frame").get<std::string>().find('-') == std::string::npos)
        << item;
  }
  EXPECT_EQ(cases.at("f10").at("readings").at("a21005-Avg"), "0.427");
  EXPECT_EQ(cases.at("f10").at("readings").size(), 22U);
  EXPECT_EQ(cases.at("f16").at("readings").at("S08-Min"), "-1.03");
  EXPECT_EQ(cases.at("f25").at("readings").at("NOIS-Rtd"), "46.3");
}

TEST(hj212, replay_tells_what_is_wrong_with_others) {
  const std::string good = framed(data);
  std::string spoilt = good;
  spoilt.replace(spoilt.size() - 6, 4, "0000");
  std::string longer = good;
  longer.replace(2, 4, "0300");
  std::string small = good;
  for (char& c : small.erase(0, good.size() - 6)) c = static_cast<char>(std::tolower(c));
  small.insert(0, good.substr(0, good.size() - 6));
  const std::string gbk = framed("CN=3020;CP=&&i-Info=\xCE\xC2\xB6\xC8&&");
  std::string as_text = gbk;
  as_text.replace(as_text.find("\xCE\xC2\xB6\xC8"), 4, "温度");
  const std::string file = testing::TempDir() + "hj212-frames.json";
  std::ofstream(file) << Json{{"frames",
                               {{{"id", "good"}, {"frame", good}},
                                {{"id", "spoilt"}, {"frame", spoilt}},
                                {{"id", "longer"}, {"frame", longer}},
                                {{"id", "small"}, {"frame", small}},
                                {{"id", "cut"}, {"frame", good.substr(0, 70)}},
                                {{"id", "gbk"}, {"frame", as_text}},
                                {{"id", "behind noise"}, {"frame", "##x" + good}},
                                {{"id", "empty"}, {"frame", ""}}}}};
  const auto cases = replayed(file);
  const auto said = [&](const char* id) {
    const Json& one = cases.at(id);
    return std::pair(one.at("valid").get<bool>(), one.at("dialect").get<std::string>());
  };
  EXPECT_EQ(said("good"), std::pair(true, std::string("hj212")));
  EXPECT_EQ(said("spoilt"), std::pair(false, std::string("invalid")));
  EXPECT_EQ(said("longer"), std::pair(false, std::string("hj212")));
  EXPECT_EQ(said("small"), std::pair(true, std::string("hj212")));
  EXPECT_EQ(said("cut"), std::pair(false, std::string("invalid")));
  EXPECT_EQ(said("gbk"), std::pair(true, std::string("hj212")));
  EXPECT_EQ(said("behind noise"), std::pair(true, std::string("hj212")));
  EXPECT_EQ(said("empty"), std::pair(false, std::string("invalid")));
  EXPECT_EQ(cases.at("gbk").at("readings").at("i-Info"), "温度");
  EXPECT_TRUE(cases.at("longer").at("readings").empty());
}

}  // namespace
}  // namespace twinsky
