// SPDX-License-Identifier: Apache-2.0
// Buses that play vector files, on a clock that stands still until the test moves it.
#include "tests/unit/counterpart.hpp"
#include "tests/unit/places.hpp"

#include <fstream>

namespace twinsky {
namespace {

using namespace testing;

std::string vectors(std::string_view name) {
  return std::string(tests_directory() + "/cases/") + std::string(name) + ".json";
}

struct Played {
  explicit Played(const std::string& path, int address = 0)
      : bus(make_bus(settings("recorded", path),
                     {.clock = clock, .stop = stop.get_token(), .nearby = {}})),
        link(bus->link({.address = address})) {
    bus->open();
  }
  // A stream: what comes.
  std::string read(milliseconds patience, std::size_t size) {
    buffer.resize(size);
    return to_hex(Bytes(buffer).first(link_as<StreamLink>(*link).read(buffer, patience)));
  }
  // I2C.
  std::string exchange(std::string_view tx, std::size_t size) {
    return outcome_of([&] {
      buffer.resize(size);
      link_as<TransferLink>(*link).exchange(hex(tx), buffer);
    });
  }
  // Modbus.
  std::string request(std::string_view pdu) {
    return outcome_of([&] {
      buffer.resize(253);
      buffer.resize(link_as<RequestLink>(*link).request(hex(pdu), buffer, 0ms));
    });
  }
  template <class Question>
  std::string outcome_of(Question question) {
    try {
      question();
      return to_hex(buffer);
    } catch (const LinkError& error) {
      return std::string(name_of(error.fault()));
    }
  }

  ManualClock clock{UtcTime()};
  std::stop_source stop;
  std::unique_ptr<Bus> bus;
  std::unique_ptr<Link> link;
  Buffer buffer;
};

TEST(recorded, a_stream_brings_one_case_a_second) {
  Played played(vectors("sensor-vectors/pms5003"));
  const std::string first = played.read(0ms, 64);
  EXPECT_EQ(first.substr(0, 8), "424d001c");
  EXPECT_EQ(played.read(0ms, 64), "") << "the next case is not due";
  played.clock.advance(1s);
  const std::string head = played.read(0ms, 4);
  EXPECT_EQ(head, "424d001c");
  const std::string rest = played.read(0ms, 64);
  EXPECT_EQ(rest.size(), first.size() - head.size()) << "what was not taken is still there";
  EXPECT_NE(head + rest, first);
}

TEST(recorded, a_stream_starts_again_at_its_end) {
  Played played(vectors("sensor-vectors/pms5003"));
  const std::string first = played.read(0ms, 4096);
  int cases = 1;
  for (; cases < 100; ++cases) {
    played.clock.advance(1s);
    if (played.read(0ms, 4096) == first) break;
  }
  EXPECT_EQ(cases, 10) << "the file has ten cases";
}

TEST(recorded, a_waiting_read_ends_with_the_case_its_patience_or_a_stop) {
  Played played(vectors("sensor-vectors/pms5003"));
  played.read(0ms, 4096);
  {
    std::jthread waiting([&] { EXPECT_NE(played.read(5s, 4096), ""); });
    played.clock.settle(1);
    played.clock.advance(1s);
  }
  {
    std::jthread waiting([&] { EXPECT_EQ(played.read(500ms, 4096), ""); });
    played.clock.settle(1);
    played.clock.advance(500ms);
  }
  std::jthread waiting([&] { EXPECT_THROW(played.read(500ms, 4096), Stopped); });
  played.clock.settle(1);
  played.stop.request_stop();
}

TEST(recorded, a_transfer_is_answered_by_the_next_one_with_the_same_command) {
  Played played(vectors("sensor-vectors/scd4x"));
  auto& link = link_as<TransferLink>(*played.link);
  link.write(hex("21b1"));  // start: not in the recording, accepted
  const auto measure = [&] {
    link.write(hex("ec05"));
    played.buffer.resize(9);
    link.read(played.buffer);
    return to_hex(played.buffer);
  };
  EXPECT_EQ(measure(), "01f4336667a25eb93c");
  EXPECT_EQ(measure(), "0751606a3db3a5c17f");
  EXPECT_EQ(played.exchange("e4b8", 3), "8000a2");
  EXPECT_EQ(played.exchange("e4b8", 3), "800604");
  EXPECT_EQ(measure(), "01f4326667a25eb93c");
  EXPECT_EQ(measure(), "028f0c6000d4ffffac");
  EXPECT_EQ(measure(), "01f4336667a25eb93c");
  EXPECT_EQ(played.exchange("3682", 9), "nack");
}

TEST(recorded, a_register_file_is_read_at_any_register_and_changes_with_the_next_opening) {
  Played played(vectors("sensor-vectors/bme280"));
  EXPECT_EQ(played.exchange("d0", 1), "58");
  EXPECT_EQ(played.exchange("f7", 6), "655ac07eed00");
  EXPECT_EQ(played.exchange("fa", 3), "7eed00");
  EXPECT_EQ(played.exchange("e1", 7), "nack") << "a BMP280 has no humidity";
  played.bus->open();
  EXPECT_EQ(played.exchange("d0", 1), "60");
  EXPECT_EQ(played.exchange("e1", 7), "6a01001425031e");
}

TEST(recorded, a_modbus_request_is_answered_by_its_own_cases) {
  Played unit_17(vectors("sensor-vectors/renke_rs_fsxcs"), 17);
  EXPECT_EQ(unit_17.request("0301f4000e").substr(0, 12), "031c00000000");
  Played unit_1(vectors("sensor-vectors/renke_rs_fsxcs"), 1);
  EXPECT_EQ(unit_1.request("0301f4000e").substr(0, 8), "031c00d5");
  EXPECT_EQ(unit_1.request("0301f4000e").substr(0, 8), "031c0062");
  EXPECT_EQ(unit_1.request("0301f4000e").substr(0, 8), "031c0025");
  EXPECT_EQ(unit_1.request("0301f4000e"), "checksum");
  EXPECT_EQ(unit_1.request("0301f4000e"), "no_response");
  EXPECT_EQ(unit_1.request("0301f4000e").substr(0, 8), "031c00d5");
  EXPECT_EQ(unit_1.request("0300000001"), "no_response") << "not in the recording";
  Played s8(vectors("without-driver/senseair_s8"), 254);
  EXPECT_EQ(s8.request("0400030001"), "04020190");
  EXPECT_EQ(s8.request("0400030001"), "exception");
}

TEST(recorded, what_cannot_be_played_says_why) {
  const auto message = [](const std::string& path) -> std::string {
    try {
      Played played(path);
    } catch (const BusError& error) {
      return error.what();
    }
    return "";
  };
  const std::string file =
      (std::filesystem::temp_directory_path() / "twinsky-recorded-test.json").string();
  const auto written = [&](std::string_view text) {
    std::ofstream(file) << text;
    return message(file);
  };
  EXPECT_EQ(message("/no/such/file"), "/no/such/file: cannot be read: No such file or directory");
  EXPECT_NE(written("{").find("no vector file"), std::string::npos);
  EXPECT_NE(written(R"({"cases":[]})").find("transport"), std::string::npos);
  EXPECT_EQ(written(R"({"transport":"uart","cases":[{"registers":{"0x00":"00"}}]})"),
            file + ": nothing in it that a bus could play");
  EXPECT_NE(written(R"({"transport":"uart","cases":[{"rx_hex":"4"}]})").find("rx_hex"),
            std::string::npos);
  std::filesystem::remove(file);
}

TEST(recorded, any_driver_may_live_on_a_recorded_bus_others_only_on_their_own) {
  const BusInfo& i2c = *bus_named("i2c");
  const BusInfo& serial = *bus_named("serial");
  const BusInfo& modbus = *bus_named("modbus");
  const BusInfo& tcp = *bus_named("modbus_tcp");
  for (const BusInfo* driver : {&i2c, &serial, &modbus}) {
    EXPECT_TRUE(fits(*bus_named("recorded"), *driver));
    EXPECT_TRUE(fits(*driver, *driver));
  }
  EXPECT_FALSE(fits(i2c, serial));
  EXPECT_FALSE(fits(serial, modbus));
  EXPECT_TRUE(fits(tcp, modbus));
  EXPECT_FALSE(fits(tcp, serial));
  EXPECT_EQ(kind_of(tcp).name, "modbus");
}

}  // namespace
}  // namespace twinsky
