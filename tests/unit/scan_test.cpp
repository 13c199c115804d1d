// SPDX-License-Identifier: Apache-2.0
// A scan of serial ports on real pseudo-terminals, and what keeps a driver from asking more than it
// has declared. Whole worlds: tests/daemon/scan_test.py.
#include "gateway/setup/scan.hpp"

#include "gateway/setup/guarded_link.hpp"
#include "gateway/setup/neighbourhood.hpp"
#include "gateway/setup/proposal.hpp"
#include "tests/unit/counterpart.hpp"
#include "tests/unit/scripted_link.hpp"

namespace twinsky {
namespace {

using namespace testing;

constexpr std::string_view haze =
    "424d001c0023003a0047001f0030003c198f0762019200330009000397000454";

// A device that says the same again and again, for as long as it lives.
class Talker {
 public:
  Talker(const Port& port, Buffer frame)
      : thread_([&port, frame = std::move(frame)](const std::stop_token& stop) {
          pollfd idle{.fd = -1, .events = 0, .revents = 0};
          while (!stop.stop_requested()) {
            if (::write(port.device(), frame.data(), frame.size()) < 0) return;
            ::poll(&idle, 1, 20);
          }
        }) {}

 private:
  std::jthread thread_;
};

ScanWishes ports(std::initializer_list<const Port*> all) {
  ScanWishes wishes;
  for (const Port* port : all) {
    wishes.targets.push_back(target_at(*bus_named("serial"), port->path()));
  }
  return wishes;
}

ScanReport look_at(const ScanWishes& wishes, const std::function<bool()>& is_to_stop) {
  const Machine machine = Machine::here();
  SystemClock clock;
  return scan(wishes, {.machine = machine,
                       .clock = clock,
                       .is_to_stop = is_to_stop,
                       .tell = [](std::string_view) {}});
}

TEST(scan, knows_what_talks_and_is_stopped_at_a_port_that_does_not) {
  const Port talking;
  const Port silent;
  const Talker device(talking, hex(haze));
  int asked = 0;
  const ScanReport report = look_at(ports({&talking, &silent}), [&] { return ++asked > 10; });
  ASSERT_EQ(report.devices.size(), 1U);
  EXPECT_EQ(report.devices.front().driver->name, "pms5003");
  EXPECT_EQ(report.devices.front().bus_address, talking.path());
  EXPECT_TRUE(report.was_stopped);
}

TEST(scan, hears_a_stranger_and_asks_him_nothing) {
  const Port port;
  Surroundings().bus(settings("serial", port.path()))->open();  // raw: a terminal would echo
  const std::string_view line = "$GPTXT,01*00\r\n";
  const Talker device(port, {reinterpret_cast<const std::byte*>(line.data()),
                             reinterpret_cast<const std::byte*>(line.data()) + line.size()});
  const ScanReport report = look_at(ports({&port}), [] { return false; });
  EXPECT_TRUE(report.devices.empty());
  ASSERT_EQ(report.strangers.size(), 1U);
  EXPECT_NE(report.strangers.front().what.find("$GPTXT,01*00"), std::string::npos);
  EXPECT_TRUE(receive(port.device(), 1, 10ms).empty());
}

// The name that stays the same, and each port once.
TEST(scan, finds_ports_by_their_best_names) {
  const Port first;
  const Port second;
  const std::filesystem::path dev = first.path().parent_path() / "dev";
  std::filesystem::create_directories(dev / "serial/by-id");
  std::filesystem::create_symlink(first.path(), dev / "ttyUSB0");
  std::filesystem::create_symlink(second.path(), dev / "ttyUSB1");
  std::filesystem::create_symlink(first.path(),
                                  dev / "serial/by-id/usb-1a86_USB_Serial-if00-port0");
  std::filesystem::create_symlink(second.path(), dev / "serial0");
  Machine machine = Machine::here();
  machine.dev = dev;
  std::vector<std::string> found;
  for (const ScanTarget& target : targets_of(machine)) {
    found.push_back(std::filesystem::path(target.address).lexically_relative(dev));
    ASSERT_EQ(target.kinds.size(), 2U);
    EXPECT_EQ(target.kinds[0]->name, "serial");
    EXPECT_EQ(target.kinds[1]->name, "modbus");
  }
  EXPECT_EQ(found,
            (std::vector<std::string>{"serial/by-id/usb-1a86_USB_Serial-if00-port0", "serial0"}));
}

// A driver that asks what it has not declared would ask it of strangers.
TEST(scan, lets_nothing_through_that_was_not_declared) {
  const DriverInfo& sht4x = *driver_named("sht4x");
  ScriptedLink scripted({writes("89"), reads("6666938000a2")});
  GuardedLink guarded(scripted, sht4x);
  EXPECT_FALSE(guarded.was_answered());
  auto& link = link_as<TransferLink>(guarded.link());
  link.write(bytes_of(0x89));
  EXPECT_TRUE(guarded.was_answered());
  EXPECT_THROW(link.write(bytes_of(0x94)), BrokenInvariant);        // a reset
  EXPECT_THROW(link.write(bytes_of(0x89, 0x00)), BrokenInvariant);  // more than the question
  std::array<std::byte, 1> byte{};
  EXPECT_THROW(link.exchange(bytes_of(0xD0), byte), BrokenInvariant);
}

TEST(scan, reads_registers_and_writes_none) {
  class Line final : public RequestLink {
   public:
    void pause(milliseconds) override {}
    [[nodiscard]] std::optional<double> nearby(Quantity) const override { return {}; }
    std::size_t request(Bytes, std::span<std::byte>, milliseconds) override { return 0; }
  } line;
  GuardedLink guarded(line, *driver_named("modbus"));
  auto& link = link_as<RequestLink>(guarded.link());
  std::array<std::byte, 8> answer{};
  link.request(hex("030000000a"), answer, 1ms);
  link.request(hex("040000000a"), answer, 1ms);
  EXPECT_THROW(link.request(hex("0600000001"), answer, 1ms), BrokenInvariant);
  EXPECT_THROW(link.request(hex("1000000001"), answer, 1ms), BrokenInvariant);
}

TEST(setup, rules_hold_by_place) {
  const auto at = [](double latitude, double longitude) {
    return jurisdiction_at({.latitude_deg = latitude,
                            .longitude_deg = longitude,
                            .height_above_sea_m = {},
                            .height_above_ground_m = {}});
  };
  EXPECT_EQ(at(22.3226, 114.1683), "hk");
  EXPECT_EQ(at(22.5431, 114.0579), "other");  // Shenzhen
  EXPECT_EQ(at(31.2052, 121.5815), "cn-sh");
  EXPECT_EQ(at(39.9, 116.4), "other");
  EXPECT_EQ(at(51.5, -0.1), "other");
}

TEST(setup, compares_only_with_what_is_near_enough_and_agrees_to_no_terms) {
  ProposedDevices proposal;
  proposal.sensors.push_back(
      {.entry = {{"id", "pm"}, {"driver", "pms5003"}, {"bus", "a"}, {"every", "10s"}}});
  proposal.sensors.push_back({.entry = {{"id", "room"},
                                        {"driver", "sht4x"},
                                        {"bus", "b"},
                                        {"every", "10s"},
                                        {"placement", "indoor"}}});
  const Position hong_kong{.latitude_deg = 22.3226,
                           .longitude_deg = 114.1683,
                           .height_above_sea_m = {},
                           .height_above_ground_m = {}};
  const auto near = neighbourhood_of(hong_kong, proposal, {});
  ASSERT_EQ(near.comparisons.size(),
            1U);  // PM10 from a roof says nothing of a road, nor a room of the air
  EXPECT_EQ(near.comparisons[0].entry.at("quantity"), "pm2_5");
  EXPECT_EQ(near.comparisons[0].entry.at("with"), "hk-epd/mong-kok");
  std::vector<std::string> names;
  for (const Neighbour& feed : near.feeds)
    names.push_back(feed.entry.at("feed").get<std::string>());
  EXPECT_EQ(names, (std::vector<std::string>{"hk-epd", "hk-hko", "metar"}));

  const Position shanghai{.latitude_deg = 31.2052,
                          .longitude_deg = 121.5815,
                          .height_above_sea_m = {},
                          .height_above_ground_m = {}};
  for (const Neighbour& feed : neighbourhood_of(shanghai, proposal, {}).feeds) {
    EXPECT_FALSE(feed.entry.contains("terms_accepted"));
    EXPECT_EQ(feed.entry.at("feed"), "metar");
  }
  const auto agreed = neighbourhood_of(shanghai, proposal, {"cn-cnemc"});
  EXPECT_TRUE(agreed.feeds.front().entry.contains("terms_accepted"));
}

}  // namespace
}  // namespace twinsky
