// SPDX-License-Identifier: Apache-2.0
// The Modbus masters: against libmodbus where that can play the device, and against devices of our
// own for what it cannot do (unit 254) and for what devices and wires do wrong.
#include "drivers/adu.hpp"
#include "tests/unit/counterpart.hpp"

#include <atomic>
#include <modbus/modbus.h>
#include <termios.h>
#include <utility>

namespace twinsky {
namespace {

using namespace testing;

constexpr auto read_co2 = bytes_of(0x04, 0, 3, 0, 1);  // SenseAir S8, unit 254
constexpr std::string_view co2_400 = "fe04020190acd8";

// libmodbus as the device: registers 500… hold 0, 1, 2 …, input registers 0… hold 1000, 1001 ….
class LibmodbusDevice {
 public:
  // Takes the context and the descriptor to serve.
  LibmodbusDevice(modbus_t* context, int fd, int unit)
      : context_(context), mapping_(modbus_mapping_new_start_address(0, 0, 0, 0, 500, 50, 0, 50)) {
    modbus_set_socket(context_, fd);
    modbus_set_slave(context_, unit);
    modbus_set_indication_timeout(context_, 0, 20'000);
    for (int at = 0; at < 50; ++at) {
      mapping_->tab_registers[at] = static_cast<std::uint16_t>(at);
      mapping_->tab_input_registers[at] = static_cast<std::uint16_t>(1000 + at);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) {
      std::array<std::uint8_t, MODBUS_MAX_ADU_LENGTH> request{};
      while (!stop.stop_requested()) {
        const int length = modbus_receive(context_, request.data());
        if (length > 0) modbus_reply(context_, request.data(), length, mapping_);
      }
    });
  }
  ~LibmodbusDevice() {
    thread_ = {};
    modbus_mapping_free(mapping_);
    modbus_free(context_);
  }

 private:
  modbus_t* context_;
  modbus_mapping_t* mapping_;
  std::jthread thread_;
};

void expect_libmodbus_dialogue(RequestLink& link) {
  std::array<std::byte, 253> buffer{};
  const auto ask = [&](Bytes request) {
    return to_hex(Bytes(buffer).first(link.request(request, buffer, 1000ms)));
  };
  EXPECT_EQ(ask(read_registers_pdu(3, 500, 3)), "0306000000010002");
  EXPECT_EQ(ask(read_registers_pdu(4, 9, 1)), "040203f1");
  EXPECT_EQ(ask(hex("0601f51234")), "0601f51234");
  EXPECT_EQ(ask(hex("1001f600020456789abc")), "1001f60002");
  EXPECT_EQ(ask(read_registers_pdu(3, 501, 3)), "0306123456789abc");
  EXPECT_EQ(ask(read_registers_pdu(3, 500, 50)).size(), 2 * 102U);
  try {
    ask(read_registers_pdu(3, 499, 2));
    FAIL() << "register 499 does not exist";
  } catch (const LinkError& error) {
    EXPECT_EQ(error.fault(), Fault::exception);
    EXPECT_STREQ(error.what(), "unit 17: answered with exception 2 (no such register)");
  }
  EXPECT_EQ(ask(read_registers_pdu(3, 500, 1)), "03020000");
}

struct Rtu {
  explicit Rtu(bool has_echo = false) {
    auto chosen = settings("modbus", port.path().string());
    chosen.settings.set("echo", has_echo);
    bus = around.bus(chosen);
    bus->open();
    link = link_to<RequestLink>(*bus, {.address = 254});
  }
  // The reply's PDU, or the fault's name.
  std::string ask(Bytes request, milliseconds patience = 1000ms) {
    try {
      return to_hex(Bytes(buffer).first(link->request(request, buffer, patience)));
    } catch (const LinkError& error) {
      return std::string(name_of(error.fault()));
    }
  }
  // A device that answers the next request, whatever it is, with these pieces.
  std::jthread device(std::vector<std::string_view> pieces) {
    return std::jthread([this, pieces = std::move(pieces)] {
      receive(port.device(), 8);
      for (const auto piece : pieces) {
        send(port.device(), hex(piece));
        ::tcdrain(port.device());
      }
    });
  }

  Port port;
  Surroundings around;
  std::unique_ptr<Bus> bus;
  std::unique_ptr<RequestLink> link;
  std::array<std::byte, 253> buffer{};
};

TEST(modbus_rtu, talks_with_libmodbus) {
  Port port;
  Surroundings around;
  const auto bus = around.bus(settings("modbus", port.path().string()));
  bus->open();
  const LibmodbusDevice device(modbus_new_rtu("unused", 9600, 'N', 8, 1), port.device(), 17);
  expect_libmodbus_dialogue(*link_to<RequestLink>(*bus, {.address = 17}));
}

TEST(modbus_rtu, asks_unit_254_exactly_as_its_manual_prints) {
  Rtu wire;
  std::jthread device([&] {
    EXPECT_EQ(to_hex(receive(wire.port.device(), 8)), "fe0400030001d5c5");
    send(wire.port.device(), hex(co2_400));
  });
  EXPECT_EQ(wire.ask(read_co2), "04020190");
}

TEST(modbus_rtu, takes_a_reply_in_any_pieces_and_with_noise_around_it) {
  const std::vector<std::vector<std::string_view>> replies = {
      {"fe", "04", "02", "01", "90", "ac", "d8"},
      {"fe0402", "0190acd8"},
      {"00ff00", co2_400},
      {"fe04", "fe04020190acd8ffff"},
      {"0104020190b90c", co2_400},  // unit 1 talks first
  };
  for (const auto& pieces : replies) {
    Rtu wire;
    const auto device = wire.device(pieces);
    EXPECT_EQ(wire.ask(read_co2), "04020190") << pieces.front();
  }
}

TEST(modbus_rtu, says_what_came_instead_of_a_reply) {
  const std::vector<std::pair<std::string_view, std::string_view>> outcomes = {
      {"", "no_response"},           {"fe04020191acd8", "checksum"}, {"fe040201", "truncated"},
      {"0104020190b90c", "framing"}, {"fe03020190adad", "framing"},  {"fe8402f2f1", "exception"},
  };
  for (const auto& [reply, outcome] : outcomes) {
    Rtu wire;
    const auto device = wire.device({reply});
    EXPECT_EQ(wire.ask(read_co2, 30ms), outcome) << reply;
  }
}

TEST(modbus_rtu, a_silent_device_costs_its_patience_and_no_more) {
  Rtu wire;
  const auto start = wire.around.clock.now();
  EXPECT_EQ(wire.ask(read_co2, 40ms), "no_response");
  const auto waited = wire.around.clock.now() - start;
  EXPECT_GE(waited, 40ms);
  EXPECT_LT(waited, 500ms);
}

TEST(modbus_rtu, bytes_of_the_past_are_never_a_reply) {
  Rtu wire;
  wire.port.deliver(hex(co2_400));
  EXPECT_EQ(wire.ask(read_co2, 30ms), "no_response");
}

TEST(modbus_rtu, a_late_reply_never_answers_the_next_question) {
  Rtu wire;
  std::jthread device([&] {
    receive(wire.port.device(), 8);
    SystemClock clock;
    clock.pause_until(clock.now() + 60ms, {});  // the master gave up after 40
    send(wire.port.device(), hex(co2_400));
    EXPECT_EQ(to_hex(receive(wire.port.device(), 8)), to_hex(rtu_frame(254, hex("0400080001"))));
    send(wire.port.device(), rtu_frame(254, hex("04020007")));
  });
  EXPECT_EQ(wire.ask(read_co2, 40ms), "no_response");
  EXPECT_EQ(wire.ask(hex("0400080001"), 1000ms), "04020007");
}

// A device, or a bridge before it, that answers each question so much later, in the order asked;
// the value is the register's number.
std::jthread late_device(int fd, std::vector<milliseconds> latencies) {
  return std::jthread([fd, latencies = std::move(latencies)](const std::stop_token& stop) {
    SystemClock clock;
    std::vector<std::jthread> answers;
    for (std::size_t at = 0; !stop.stop_requested();) {
      const auto asked = receive(fd, 8, 20ms);
      if (asked.size() < 8) continue;
      const auto value = be16(asked, 2);
      const auto due = clock.now() + latencies[std::min(at++, latencies.size() - 1)];
      answers.emplace_back([fd, value, due, unit = u8(asked, 0)] {
        SystemClock own;
        own.pause_until(due, {});
        send(fd, rtu_frame(unit, bytes_of(0x03, 2, value >> 8, value & 0xFF)));
      });
    }
  });
}

TEST(modbus_rtu, no_register_is_ever_given_the_value_of_another) {
  for (const auto& latencies :
       std::vector<std::vector<milliseconds>>{{120ms}, {70ms, 10ms}, {250ms, 10ms, 90ms, 10ms}}) {
    Rtu wire;
    const auto device = late_device(wire.port.device(), latencies);
    const auto other =
        link_to<RequestLink>(*wire.bus, {.address = 254});  // a second sensor of the same unit
    int right = 0;
    for (int round = 0; round < 4; ++round) {
      for (const int first : {11, 22, 33}) {
        auto& link = first == 33 ? other : wire.link;
        try {
          const auto length = link->request(read_registers_pdu(3, first, 1), wire.buffer, 50ms);
          EXPECT_EQ(be16(Bytes(wire.buffer).first(length), 2), first);
          ++right;
        } catch (const LinkError&) {
          continue;  // no value is no wrong value
        }
      }
    }
    EXPECT_TRUE(right > 0 || latencies.size() == 1);
    EXPECT_GT(wire.link->answer_times().late, 0U);
    EXPECT_GT(wire.link->answer_times().slowest, 50ms);
  }
}

// It came some time before it was read; were that its lateness, its unit would owe for minutes.
TEST(modbus_rtu, how_late_an_answer_was_is_told_only_where_it_was_seen_to_come) {
  Port port;
  ManualClock clock{UtcTime{}};
  const auto bus = make_bus(settings("modbus", port.path().string()),
                            {.clock = clock, .stop = {}, .nearby = {}});
  bus->open();
  const auto link = link_to<RequestLink>(*bus, {.address = 254});
  std::array<std::byte, 253> buffer{};
  EXPECT_THROW(link->request(read_co2, buffer, 20ms), LinkError);
  receive(port.device(), 8);
  port.deliver(hex(co2_400));
  clock.advance(2min);
  std::jthread device([&] {
    receive(port.device(), 8);
    send(port.device(), hex(co2_400));
  });
  EXPECT_EQ(link->request(read_co2, buffer, 1000ms), 4U);
  EXPECT_EQ(link->answer_times().late, 1U);
  EXPECT_LT(link->answer_times().slowest, 1min);
}

TEST(modbus_rtu, who_owes_an_answer_is_not_asked_again_and_that_is_said) {
  Rtu wire;
  EXPECT_EQ(wire.ask(read_co2, 20ms), "no_response");
  receive(wire.port.device(), 8);
  try {
    wire.link->request(read_co2, wire.buffer, 20ms);
    FAIL();
  } catch (const LinkError& error) {
    EXPECT_EQ(error.fault(), Fault::no_response);
    EXPECT_NE(std::string(error.what()).find("still owes the answer"), std::string::npos);
  }
  EXPECT_TRUE(receive(wire.port.device(), 8, 10ms).empty());
}

TEST(modbus_rtu, what_is_wrong_with_an_answer_that_fits_but_for_one_thing_is_said) {
  for (const auto& [reply, words] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"0104020190b8cc", "of unit 1"}, {"fe03020190adac", "to something else (function 3"}}) {
    Rtu wire;
    const auto device = wire.device({reply});
    try {
      wire.link->request(read_co2, wire.buffer, 50ms);
      FAIL();
    } catch (const LinkError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

TEST(modbus_rtu, a_silent_device_does_not_delay_its_neighbour) {
  Rtu wire;
  EXPECT_EQ(wire.ask(read_co2, 300ms), "no_response");
  receive(wire.port.device(), 8);
  const auto neighbour = link_to<RequestLink>(*wire.bus, {.address = 1});
  std::jthread device([&] {
    receive(wire.port.device(), 8);
    send(wire.port.device(), hex(co2_400));  // the late reply of unit 254 comes in between
    send(wire.port.device(), rtu_frame(1, hex("04020007")));
  });
  const auto start = wire.around.clock.now();
  const auto count = neighbour->request(read_co2, wire.buffer, 1000ms);
  EXPECT_EQ(to_hex(Bytes(wire.buffer).first(count)), "04020007");
  EXPECT_LT(wire.around.clock.now() - start, 250ms);
}

TEST(modbus_rtu, an_echo_is_taken_off_before_the_reply_is_looked_for) {
  const auto write = hex("06001f0000");  // its reply is the same bytes once more
  {
    Rtu wire(true);
    const auto device = wire.device({"fe06001f0000ac03", "fe06001f0000ac03"});
    EXPECT_EQ(wire.ask(write), "06001f0000");
  }
  {
    Rtu wire(true);
    const auto device = wire.device({"fe06001f0000ac03"});
    EXPECT_EQ(wire.ask(write, 30ms), "no_response") << "an echo is no reply";
  }
  {
    Rtu wire(true);
    const auto device = wire.device({"fe0400030001d5c5fe04", "020190acd8"});
    EXPECT_EQ(wire.ask(read_co2), "04020190");
  }
  {
    Rtu wire(true);
    const auto device = wire.device({co2_400});
    EXPECT_EQ(wire.ask(read_co2, 30ms), "framing") << "the adapter has no echo";
  }
}

TEST(modbus_rtu, keeps_silence_before_a_request) {
  Rtu wire;
  const auto slow = link_to<RequestLink>(*wire.bus, {.address = 254, .line = {.baud = 1200}});
  SystemClock clock;
  MonotonicTime last_noise;
  std::jthread device([&] {
    for (int count = 0; count < 4; ++count) {
      last_noise = clock.now();
      send(wire.port.device(), hex("aa"));
      clock.pause_until(last_noise + 8ms, {});
    }
    EXPECT_EQ(to_hex(receive(wire.port.device(), 8)), "fe0400030001d5c5");
    EXPECT_GE(clock.now() - last_noise, 29ms) << "3.5 characters at 1200 baud";
    send(wire.port.device(), hex(co2_400));
  });
  clock.pause_until(clock.now() + 4ms, {});
  EXPECT_EQ(slow->request(read_co2, wire.buffer, 1000ms), 4U);
}

TEST(modbus_rtu, a_line_that_is_never_silent_fails_within_a_deadline) {
  Rtu wire;
  std::jthread babbling([&](const std::stop_token& stop) {
    SystemClock clock;
    while (clock.pause_until(clock.now() + 1ms, stop)) send(wire.port.device(), hex("55"));
  });
  const auto start = wire.around.clock.now();
  EXPECT_EQ(wire.ask(read_co2, 300ms), "framing");
  EXPECT_LT(wire.around.clock.now() - start, 2000ms);
}

TEST(modbus_rtu, devices_with_other_line_settings_share_the_wire) {
  Rtu wire;
  for (const int baud : {4800, 19200, 4800}) {
    std::jthread device([&] {
      receive(wire.port.device(), 8);
      EXPECT_EQ(line_at(wire.port.device()).baud, baud);
      send(wire.port.device(), hex(co2_400));
    });
    const auto link = link_to<RequestLink>(*wire.bus, {.address = 254, .line = {.baud = baud}});
    EXPECT_EQ(link->request(read_co2, wire.buffer, 1000ms), 4U);
  }
}

TEST(modbus_rtu, an_unplugged_adapter_is_a_bus_error_and_opens_again) {
  Rtu wire;
  {
    std::jthread device([&] {
      receive(wire.port.device(), 8);
      wire.port.unplug();
    });
    EXPECT_THROW(wire.link->request(read_co2, wire.buffer, 5000ms), BusError);
  }
  EXPECT_THROW(wire.link->request(read_co2, wire.buffer, 50ms), BusError);
  wire.port.plug_in();
  wire.bus->open();
  const auto device = wire.device({co2_400});
  EXPECT_EQ(wire.ask(read_co2), "04020190");
}

TEST(modbus_rtu, a_stop_wakes_a_waiting_request_at_once) {
  Rtu wire;
  std::jthread stopping([&] {
    receive(wire.port.device(), 8);
    wire.around.stop.request_stop();
  });
  const auto start = wire.around.clock.now();
  EXPECT_THROW(wire.link->request(read_co2, wire.buffer, 10'000ms), Stopped);
  EXPECT_LT(wire.around.clock.now() - start, 2000ms);
}

TEST(modbus_rtu, knows_units_1_to_254) {
  Rtu wire;
  for (const int unit : {0, 255, 300, -1}) {
    wire.link = link_to<RequestLink>(*wire.bus, {.address = unit});
    EXPECT_EQ(wire.ask(read_co2, 10ms), "unsupported") << unit;
  }
}

struct Tcp {
  Listening server;
  Surroundings around;
  std::unique_ptr<Bus> bus = around.bus(settings("modbus_tcp", server.address()));
  std::unique_ptr<RequestLink> link = link_to<RequestLink>(*bus, {.address = 1});
  std::array<std::byte, 253> buffer{};

  std::string ask(Bytes request, milliseconds patience = 1000ms) {
    try {
      return to_hex(Bytes(buffer).first(link->request(request, buffer, patience)));
    } catch (const LinkError& error) {
      return std::string(name_of(error.fault()));
    }
  }
};

// Takes a request of 12 bytes; its transaction.
int take_request(int fd) {
  const auto request = receive(fd, 12);
  return request.size() == 12 ? be16(request, 0) : -1;
}
Buffer reply_to(int transaction, std::string_view pdu, int unit = 1) {
  return tcp_frame(static_cast<std::uint16_t>(transaction), unit, hex(pdu));
}

const auto question = read_registers_pdu(3, 0, 1);

TEST(modbus_tcp, talks_with_libmodbus) {
  Listening server;
  Surroundings around;
  const auto bus = around.bus(settings("modbus_tcp", server.address()));
  bus->open();
  const Descriptor peer = server.accept();
  const LibmodbusDevice device(modbus_new_tcp("127.0.0.1", 1), peer.get(), 17);
  expect_libmodbus_dialogue(*link_to<RequestLink>(*bus, {.address = 17}));
}

TEST(modbus_tcp, matches_replies_to_their_transaction) {
  Tcp wire;
  wire.bus->open();
  const Descriptor peer = wire.server.accept();
  int missed = 0;
  {
    std::jthread device([&] { missed = take_request(peer.get()); });
    EXPECT_EQ(wire.ask(question, 30ms), "no_response");
  }
  std::jthread device([&] {
    const int asked = take_request(peer.get());
    EXPECT_NE(asked, missed);
    send(peer.get(), reply_to(missed, "03020001"));  // too late
    send(peer.get(), reply_to(asked, "03020002"));
  });
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, a_connection_that_is_open_and_mute_is_made_anew) {
  Tcp wire;
  wire.bus->open();
  const Descriptor mute = wire.server.accept();
  std::jthread device([&] {
    const Descriptor second = wire.server.accept();
    send(second.get(), reply_to(take_request(second.get()), "03020002"));
  });
  for (int asked = 0; asked < 3; ++asked) EXPECT_EQ(wire.ask(question, 20ms), "no_response");
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, what_is_wrong_with_an_answer_is_said) {
  using Answer = std::function<Buffer(int)>;
  const std::vector<std::pair<Answer, std::string_view>> answers = {
      {[](int) { return reply_to(0, "03020002"); }, "the transaction 0, asked with 1"},
      {[](int asked) { return reply_to(asked << 8, "03020002"); }, "the transaction 256"},
      {[](int asked) { return reply_to(asked, "03020002", 0); }, "as that of unit 0"},
      {[](int asked) { return reply_to(asked, "030400020003"); }, "something else: 030400020003"},
  };
  for (const auto& [answer, words] : answers) {
    Tcp wire;
    wire.bus->open();
    const Descriptor peer = wire.server.accept();
    std::jthread device([&] { send(peer.get(), answer(take_request(peer.get()))); });
    try {
      wire.link->request(question, wire.buffer, 50ms);
      FAIL();
    } catch (const LinkError& error) {
      EXPECT_EQ(error.fault(), Fault::framing);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

TEST(modbus_tcp, takes_a_reply_in_pieces) {
  Tcp wire;
  wire.bus->open();
  const Descriptor peer = wire.server.accept();
  std::jthread device([&] {
    SystemClock clock;
    for (const auto byte : reply_to(take_request(peer.get()), "03020002")) {
      send(peer.get(), Bytes(&byte, 1));
      clock.pause_until(clock.now() + 1ms, {});
    }
  });
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, says_what_came_instead_of_a_reply) {
  using Answer = std::function<Buffer(int)>;
  const std::vector<std::pair<Answer, std::string_view>> outcomes = {
      {[](int asked) { return reply_to(asked, "8306"); }, "exception"},
      {[](int asked) { return reply_to(asked, "03020002", 2); }, "framing"},
      {[](int asked) { return reply_to(asked, "04020002"); }, "framing"},
      {[](int asked) { return reply_to(asked, "030400020003"); }, "framing"},
      {[](int) { return hex("485454502f312e3120343030"); }, "framing"},  // a web server
  };
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    Tcp wire;
    wire.bus->open();
    const Descriptor peer = wire.server.accept();
    std::jthread device([&] { send(peer.get(), outcomes[at].first(take_request(peer.get()))); });
    EXPECT_EQ(wire.ask(question), outcomes[at].second) << at;
  }
}

TEST(modbus_tcp, a_reply_that_stops_in_the_middle_spoils_no_later_one) {
  Tcp wire;
  wire.bus->open();
  std::jthread device([&] {
    const Descriptor first = wire.server.accept();
    Buffer reply = reply_to(take_request(first.get()), "03020001");
    reply.resize(9);
    send(first.get(), reply);
    const Descriptor second = wire.server.accept();
    send(second.get(), reply_to(take_request(second.get()), "03020002"));
  });
  EXPECT_EQ(wire.ask(question, 30ms), "truncated");
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, connects_again_when_the_device_has_hung_up_between_requests) {
  Tcp wire;
  wire.bus->open();
  { const Descriptor closed = wire.server.accept(); }
  std::jthread device([&] {
    const Descriptor second = wire.server.accept();
    send(second.get(), reply_to(take_request(second.get()), "03020002"));
  });
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, a_connection_lost_in_a_request_is_a_bus_error) {
  Tcp wire;
  wire.bus->open();
  std::jthread device([&] {
    const Descriptor peer = wire.server.accept();
    take_request(peer.get());
  });
  EXPECT_THROW(wire.link->request(question, wire.buffer, 1000ms), BusError);
}

TEST(modbus_tcp, what_cannot_be_reached_is_a_bus_error_with_its_reason) {
  Surroundings around;
  const auto message = [&](const std::string& target) -> std::string {
    try {
      around.bus(settings("modbus_tcp", target))->open();
    } catch (const BusError& error) {
      return error.what();
    }
    return "";
  };
  std::string nobody;
  { nobody = Listening().address(); }
  EXPECT_EQ(message(nobody), nobody + ": Connection refused");
  EXPECT_EQ(message("plc"), "plc: expected HOST:PORT, as in 192.0.2.7:502");
  EXPECT_NE(message("127.0.0.1:modbus"), "");
}

TEST(modbus_tcp, a_stop_wakes_a_waiting_request_at_once) {
  Tcp wire;
  wire.bus->open();
  const Descriptor peer = wire.server.accept();
  std::jthread stopping([&] {
    take_request(peer.get());
    wire.around.stop.request_stop();
  });
  EXPECT_THROW(wire.link->request(question, wire.buffer, 10'000ms), Stopped);
}

// A unit that only TCP has.
TEST(modbus_tcp, asks_units_0_and_255) {
  for (const int unit : {0, 255}) {
    Tcp wire;
    wire.link = link_to<RequestLink>(*wire.bus, {.address = unit});
    wire.bus->open();
    const Descriptor peer = wire.server.accept();
    std::jthread device([&] {
      const auto request = receive(peer.get(), 12);
      ASSERT_EQ(request.size(), 12U);
      EXPECT_EQ(u8(request, 6), unit);
      send(peer.get(), reply_to(be16(request, 0), "03020002", unit));
    });
    EXPECT_EQ(wire.ask(question), "03020002");
  }
}

struct Quirk {
  ModbusQuirks let_pass;
  std::function<Buffer(int)> answer;  // to the transaction asked
  std::string_view told;
};

Buffer with_behind(Buffer frame, std::string_view more) {
  const Buffer behind = hex(more);
  frame.insert(frame.end(), behind.begin(), behind.end());
  return frame;
}

// The CRC inside of what the length counts.
Buffer with_counted(int transaction) {
  Buffer frame = with_behind(reply_to(transaction, "03020002"), "abcd");
  frame[5] = std::byte{7};
  return frame;
}

std::vector<Quirk> quirks() {
  return {
      {{.transaction_not_echoed = true},
       [](int) { return reply_to(0, "03020002"); },
       "answers with the transaction 0 whatever it is asked with"},
      {{.unit_not_echoed = true},
       [](int asked) { return reply_to(asked, "03020002", 255); },
       "answers as unit 255"},
      {{.trailing_bytes = 2},
       [](int asked) { return with_behind(reply_to(asked, "03020002"), "abcd"); },
       "has 2 bytes behind an answer"},
      {{.trailing_bytes = 2}, with_counted, "counts 2 bytes behind an answer in its length"},
  };
}

// Two questions, since what is wrong with an answer may lie in the way of the next.
TEST(modbus_tcp, lets_pass_what_its_map_says_and_tells_what_it_met) {
  for (const Quirk& quirk : quirks()) {
    SCOPED_TRACE(quirk.told);
    Tcp wire;
    wire.bus->open();
    wire.link->tolerate(quirk.let_pass);
    EXPECT_EQ(wire.link->tolerated(), "");
    const Descriptor peer = wire.server.accept();
    std::jthread device([&] {
      for (int asked = 0; asked < 3; ++asked)
        send(peer.get(), quirk.answer(take_request(peer.get())));
    });
    for (int asked = 0; asked < 3; ++asked) EXPECT_EQ(wire.ask(question), "03020002");
    EXPECT_EQ(wire.link->tolerated(), quirk.told);
  }
}

TEST(modbus_tcp, lets_nothing_pass_that_its_map_does_not_say) {
  for (const Quirk& quirk : quirks()) {
    SCOPED_TRACE(quirk.told);
    Tcp wire;
    wire.bus->open();
    const Descriptor peer = wire.server.accept();
    std::jthread device([&] {
      for (int asked = 0; asked < 2; ++asked) {
        const auto request = receive(peer.get(), 12, 200ms);
        if (request.size() == 12) send(peer.get(), quirk.answer(be16(request, 0)));
      }
    });
    const std::string first = wire.ask(question, 60ms);
    const std::string second = wire.ask(question, 60ms);
    EXPECT_TRUE(first != "03020002" || second != "03020002") << first << ' ' << second;
    EXPECT_EQ(wire.link->tolerated(), "");
  }
}

// Its answers do not say to what, so one that is late must not come into the next one's place.
TEST(modbus_tcp, a_late_answer_without_its_transaction_is_never_the_next_one) {
  Tcp wire;
  wire.bus->open();
  wire.link->tolerate({.transaction_not_echoed = true});
  std::jthread device([&] {
    const Descriptor first = wire.server.accept();
    take_request(first.get());
    const Descriptor second = wire.server.accept();
    take_request(second.get());
    static_cast<void>(::write(first.get(), reply_to(0, "03020001").data(), 11));
    send(second.get(), reply_to(0, "03020002"));
  });
  EXPECT_EQ(wire.ask(question, 30ms), "no_response");
  EXPECT_EQ(wire.ask(question), "03020002");
}

TEST(modbus_tcp, waits_after_a_connect_where_its_map_says_so) {
  Tcp wire;
  wire.bus->open();
  wire.link->tolerate({.pause_after_connect = 80ms});
  const auto connected = wire.around.clock.now();
  const Descriptor peer = wire.server.accept();
  std::jthread device([&] {
    const int asked = take_request(peer.get());
    EXPECT_GE(wire.around.clock.now() - connected, 70ms);
    send(peer.get(), reply_to(asked, "03020002"));
    send(peer.get(), reply_to(take_request(peer.get()), "03020003"));
  });
  EXPECT_EQ(wire.ask(question), "03020002");
  EXPECT_EQ(wire.link->tolerated(), "is given 80ms after a connect");
  EXPECT_EQ(wire.ask(question), "03020003");
}

struct RtuOverTcp {
  Listening server;
  Surroundings around;
  std::unique_ptr<Bus> bus = around.bus(settings("modbus_rtu_tcp", server.address()));
  std::unique_ptr<RequestLink> link = link_to<RequestLink>(*bus, {.address = 254});
  std::array<std::byte, 253> buffer{};

  std::string ask(Bytes request, milliseconds patience = 1000ms) {
    try {
      return to_hex(Bytes(buffer).first(link->request(request, buffer, patience)));
    } catch (const LinkError& error) {
      return std::string(name_of(error.fault()));
    }
  }
};

TEST(modbus_rtu_tcp, passes_whole_frames_of_the_line_in_any_pieces) {
  RtuOverTcp wire;
  wire.bus->open();
  const Descriptor peer = wire.server.accept();
  std::jthread device([&] {
    EXPECT_EQ(to_hex(receive(peer.get(), 8)), "fe0400030001d5c5");
    send(peer.get(), hex("fe0402"));
    send(peer.get(), hex("0190acd8"));
    EXPECT_EQ(receive(peer.get(), 8).size(), 8U);
    send(peer.get(), hex("fe04020191acd8"));
  });
  EXPECT_EQ(wire.ask(read_co2), "04020190");
  EXPECT_EQ(wire.ask(read_co2, 40ms), "checksum");
}

TEST(modbus_rtu_tcp, talks_with_libmodbus) {
  RtuOverTcp wire;
  wire.bus->open();
  const Descriptor peer = wire.server.accept();
  Port port;
  const LibmodbusDevice device(modbus_new_rtu("unused", 9600, 'N', 8, 1), port.device(), 17);
  // What a serial server does, both ways.
  const Descriptor host(::open(port.path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios raw{};
  ::tcgetattr(host.get(), &raw);
  ::cfmakeraw(&raw);
  ::tcsetattr(host.get(), TCSANOW, &raw);
  const std::jthread server([&](const std::stop_token& stop) {
    std::array<pollfd, 2> ends{{{peer.get(), POLLIN, 0}, {host.get(), POLLIN, 0}}};
    std::array<std::byte, 512> chunk{};
    while (!stop.stop_requested()) {
      ::poll(ends.data(), ends.size(), 20);
      for (std::size_t from = 0; from < ends.size(); ++from) {
        if ((ends[from].revents & POLLIN) == 0) continue;
        const auto count = ::read(ends[from].fd, chunk.data(), chunk.size());
        if (count > 0) send(ends[1 - from].fd, Bytes(chunk).first(static_cast<std::size_t>(count)));
      }
    }
  });
  expect_libmodbus_dialogue(*link_to<RequestLink>(*wire.bus, {.address = 17}));
}

TEST(modbus_rtu_tcp, connects_anew_when_the_server_has_hung_up_or_says_nothing_any_more) {
  RtuOverTcp wire;
  wire.bus->open();
  { const Descriptor closed = wire.server.accept(); }
  std::jthread device([&] {
    const Descriptor second = wire.server.accept();
    receive(second.get(), 8);
    send(second.get(), hex(co2_400));
    for (int unit = 1; unit <= 3; ++unit) receive(second.get(), 8);
    const Descriptor third = wire.server.accept();
    receive(third.get(), 8);
    send(third.get(), hex(co2_400));
  });
  EXPECT_EQ(wire.ask(read_co2), "04020190");
  for (int unit = 1; unit <= 3; ++unit) {
    const auto other = link_to<RequestLink>(*wire.bus, {.address = unit});
    EXPECT_THROW(other->request(read_co2, wire.buffer, 20ms), LinkError);
  }
  EXPECT_EQ(wire.ask(read_co2), "04020190");
}

}  // namespace
}  // namespace twinsky
