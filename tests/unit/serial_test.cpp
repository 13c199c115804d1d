// SPDX-License-Identifier: Apache-2.0
// Serial ports on real pseudo-terminals.
#include "tests/unit/counterpart.hpp"

#include <sys/file.h>

namespace twinsky {
namespace {

using namespace testing;

struct Fixture {
  Port port;
  Surroundings around;
  std::unique_ptr<Bus> bus = around.bus(settings("serial", port.path().string()));
  std::unique_ptr<StreamLink> link = link_to<StreamLink>(*bus, {.line = {.baud = 9600}});
  std::array<std::byte, 64> buffer{};

  Bytes read(milliseconds patience = 1000ms) {
    return Bytes(buffer).first(link->read(buffer, patience));
  }
  milliseconds timed(const std::function<void()>& action) {
    const auto start = around.clock.now();
    action();
    return std::chrono::duration_cast<milliseconds>(around.clock.now() - start);
  }
};

TEST(serial, carries_every_byte_both_ways_unchanged) {
  Fixture wire;
  wire.bus->open();
  Buffer all;
  for (int value = 0; value < 256; ++value) all.push_back(static_cast<std::byte>(value));
  wire.link->write(all);
  EXPECT_EQ(receive(wire.port.device(), all.size()), all);
  send(wire.port.device(), all);
  Buffer got;
  while (got.size() < all.size()) {
    const Bytes chunk = wire.read();
    ASSERT_FALSE(chunk.empty());
    got.insert(got.end(), chunk.begin(), chunk.end());
  }
  EXPECT_EQ(got, all);
}

// Another program may have set it up.
TEST(serial, as_a_guest_leaves_the_port_as_it_was_found) {
  Fixture wire;
  const LineSettings found = line_at(wire.port.device());
  const auto bus =
      make_bus(settings("serial", wire.port.path().string()),
               {.clock = wire.around.clock, .stop = {}, .nearby = {}, .is_guest = true});
  const auto link = link_to<StreamLink>(*bus, {.line = {.baud = 4800}});
  bus->open();
  link->write(hex("00"));
  EXPECT_EQ(line_at(wire.port.device()).baud, 4800);
  EXPECT_NE(line_at(wire.port.device()), found);
  bus->close();
  EXPECT_EQ(line_at(wire.port.device()), found);
}

TEST(serial, reads_nothing_when_patience_is_over_and_not_before) {
  Fixture wire;
  wire.bus->open();
  const auto waited = wire.timed([&] { EXPECT_TRUE(wire.read(40ms).empty()); });
  EXPECT_GE(waited, 40ms);
  EXPECT_LT(waited, 500ms);
  const auto polled = wire.timed([&] { EXPECT_TRUE(wire.read(0ms).empty()); });
  EXPECT_LT(polled, 40ms);
}

TEST(serial, gives_what_is_there_without_waiting_for_more) {
  Fixture wire;
  wire.bus->open();
  send(wire.port.device(), hex("424d"));
  const auto waited = wire.timed([&] { EXPECT_EQ(to_hex(wire.read(5000ms)), "424d"); });
  EXPECT_LT(waited, 1000ms);
}

TEST(serial, drops_bytes_of_the_past_when_it_opens_and_before_a_question) {
  Fixture wire;
  // Something must hold the other end, or the bytes would not be kept for it.
  const Descriptor held(::open(wire.port.path().c_str(), O_RDWR | O_NOCTTY));
  wire.bus->open();  // from now on nobody echoes
  wire.bus->close();
  wire.port.deliver(hex("010203"));
  wire.bus->open();
  EXPECT_TRUE(wire.read(20ms).empty());
  wire.port.deliver(hex("040506"));
  std::jthread device([&] {
    EXPECT_EQ(to_hex(receive(wire.port.device(), 2)), "ff01");
    send(wire.port.device(), hex("ff86"));
  });
  const auto count = wire.link->exchange(hex("ff01"), wire.buffer, 1000ms);
  EXPECT_EQ(to_hex(Bytes(wire.buffer).first(count)), "ff86");
}

TEST(serial, an_unplugged_port_is_a_bus_error_and_opens_again) {
  Fixture wire;
  wire.bus->open();
  std::jthread unplugging([&] { wire.port.unplug(); });
  EXPECT_THROW(wire.read(5000ms), BusError);
  unplugging.join();
  EXPECT_THROW(wire.link->write(hex("00")), BusError);
  EXPECT_THROW(wire.bus->open(), BusError);
  wire.port.plug_in();
  wire.bus->open();
  send(wire.port.device(), hex("42"));
  EXPECT_EQ(to_hex(wire.read()), "42");
}

TEST(serial, what_cannot_be_opened_says_why) {
  Surroundings around;
  const auto message = [&](const std::string& path) -> std::string {
    try {
      around.bus(settings("serial", path))->open();
    } catch (const BusError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("/dev/no-such-port"),
            "/dev/no-such-port: no such port; is the adapter plugged in?");
  EXPECT_EQ(message("/dev/null"), "/dev/null: not a serial port");
  Port port;
  const Descriptor other(::open(port.path().c_str(), O_RDWR | O_NOCTTY));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  EXPECT_EQ(message(port.path().string()), port.path().string() + ": another program uses it");
}

TEST(serial, a_closed_port_can_be_opened_again) {
  Fixture wire;
  wire.bus->open();
  wire.bus->close();
  EXPECT_THROW(wire.read(10ms), BusError);
  wire.bus->open();
  send(wire.port.device(), hex("42"));
  EXPECT_EQ(to_hex(wire.read()), "42");
}

TEST(serial, a_stop_wakes_a_waiting_read_at_once_and_lets_a_last_command_out) {
  Fixture wire;
  wire.bus->open();
  std::jthread stopping([&] { wire.around.stop.request_stop(); });
  const auto waited = wire.timed([&] { EXPECT_THROW(wire.read(10'000ms), Stopped); });
  EXPECT_LT(waited, 2000ms);
  EXPECT_THROW(wire.link->pause(10'000ms), Stopped);
  wire.link->write(hex("424de400000173"));  // sleep
  EXPECT_EQ(to_hex(receive(wire.port.device(), 7)), "424de400000173");
}

TEST(serial, links_with_other_line_settings_switch_the_port_for_their_own_transfers) {
  Fixture wire;
  wire.bus->open();
  const LineSettings usual{.baud = 9600};
  const LineSettings odd{.baud = 31250, .stop_bits = 2};
  const auto other = link_to<StreamLink>(*wire.bus, {.line = odd});
  wire.link->write(hex("00"));
  EXPECT_EQ(line_at(wire.port.device()), usual);
  other->write(hex("00"));
  EXPECT_EQ(line_at(wire.port.device()), odd);
  wire.link->read(wire.buffer, 0ms);
  EXPECT_EQ(line_at(wire.port.device()), usual);
}

TEST(serial, passes_on_what_other_sensors_read) {
  Surroundings around;
  around.nearby = [](Quantity quantity) {
    return quantity == Quantity::pressure ? std::optional(1009.5) : std::nullopt;
  };
  const auto bus = around.bus(settings("serial", "/dev/null"));
  const auto link = link_to<StreamLink>(*bus, {});
  EXPECT_EQ(link->nearby(Quantity::pressure), 1009.5);
  EXPECT_EQ(link->nearby(Quantity::humidity), std::nullopt);
}

}  // namespace
}  // namespace twinsky
