// SPDX-License-Identifier: Apache-2.0
// The conversations of the drivers with their devices, step by step: what is sent, how long is
// waited, that nothing is written without need. What the bytes mean is the matter of the cases.
#include "drivers/registry.hpp"
#include "tests/unit/scripted_link.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using enum Quantity;

Settings settings_for(std::string_view driver,
                      std::initializer_list<std::pair<std::string, Settings::Value>> chosen = {}) {
  Settings settings = Settings::defaults(driver_named(driver)->settings);
  for (const auto& [name, value] : chosen) settings.set(name, value);
  return settings;
}

std::unique_ptr<Driver> make(
    std::string_view driver,
    std::initializer_list<std::pair<std::string, Settings::Value>> chosen = {}) {
  return driver_named(driver)->make(settings_for(driver, chosen));
}

std::unique_ptr<Listener> make_listener(
    std::string_view driver,
    std::initializer_list<std::pair<std::string, Settings::Value>> chosen = {}) {
  return driver_named(driver)->make_listener(settings_for(driver, chosen));
}

std::optional<double> value_of(const Result<Sample>& sample, Quantity quantity) {
  for (const Reading& reading : sample.value().readings) {
    if (reading.quantity == quantity) return reading.value;
  }
  return std::nullopt;
}

template <class Action>
std::optional<Fault> fault_of(Action action) {
  try {
    action();
  } catch (const LinkError& problem) {
    return problem.fault();
  }
  return std::nullopt;
}

// ---- sht4x ----------------------------------------------------------------------------------

TEST(sht4x, resets_then_measures_with_the_precision_that_was_chosen) {
  ScriptedLink link({writes("94"), pauses(1ms)});
  const auto driver = make("sht4x");
  driver->start(link);
  link.then({writes("fd"), pauses(9ms), reads("6666938000a2")});
  EXPECT_DOUBLE_EQ(value_of(driver->sample(link), temperature).value(), 25.0);
  link.then({writes("fd"), pauses(9ms), reads("6666928000a2")});
  EXPECT_EQ(driver->sample(link).error(), Fault::checksum);
  link.then({writes("e0"), pauses(2ms), refuses(reads(""))});
  EXPECT_EQ(fault_of([&] {
              (void)make("sht4x", {{"precision", "low"}})->sample(link);
            }),
            Fault::nack);
  link.expect_end();
}

TEST(sht4x, is_found_by_its_serial_number) {
  ScriptedLink link({writes("89"), pauses(1ms), reads("6666938000a2")});
  const auto found = driver_named("sht4x")->probe(link);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->detail, "serial number 1717993472");
  link.then({writes("89"), pauses(1ms), reads("ffffffffffff")});
  EXPECT_FALSE(driver_named("sht4x")->probe(link));
}

// ---- bme280 ---------------------------------------------------------------------------------

constexpr auto* calibration = "706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017";

TEST(bme280, reads_its_calibration_once_and_measures_on_demand) {
  ScriptedLink link({asks("d0", "60"), writes("e0b6"), pauses(2ms), asks("f3", "01"), pauses(2ms),
                     asks("f3", "00"), asks("88", calibration), asks("a1", "4b"),
                     asks("e1", "6a01001425031e")});
  const auto driver = make("bme280");
  driver->start(link);
  // F2 holds only once F4 is written after it.
  const std::vector<Step> measurement{writes("f201"),
                                      writes("f425"),
                                      pauses(9ms),
                                      asks("f3", "0c"),
                                      pauses(2ms),
                                      asks("f3", "04"),
                                      asks("f7", "655ac07eed007530")};
  for (int round = 0; round < 2; ++round) {
    link.then(measurement);
    const auto sample = driver->sample(link);
    EXPECT_NEAR(value_of(sample, temperature).value(), 25.08, 0.01);
    EXPECT_NEAR(value_of(sample, pressure).value(), 1006.53, 0.01);
    EXPECT_NEAR(value_of(sample, humidity).value(), 50.73, 0.01);
  }
  link.expect_end();
}

TEST(bme280, a_bmp280_is_asked_for_no_humidity) {
  ScriptedLink link(
      {asks("d0", "58"), writes("e0b6"), pauses(2ms), asks("f3", "00"), asks("88", calibration)});
  const auto driver = make("bme280", {{"oversampling", "4"}});
  driver->start(link);
  link.then({writes("f46d"), pauses(25ms), asks("f3", "00"), asks("f7", "655ac07eed00")});
  const auto sample = driver->sample(link);
  EXPECT_EQ(sample->readings.size(), 2U);
  link.expect_end();
}

TEST(bme280, one_that_never_ends_measuring_is_not_ready) {
  ScriptedLink link(
      {asks("d0", "58"), writes("e0b6"), pauses(2ms), asks("f3", "00"), asks("88", calibration)});
  const auto driver = make("bme280");
  driver->start(link);
  std::vector<Step> busy{writes("f425"), pauses(9ms)};
  for (int tries = 0; tries < 5; ++tries) {
    busy.push_back(asks("f3", "08"));
    busy.push_back(pauses(2ms));
  }
  link.then(busy);
  EXPECT_EQ(driver->sample(link).error(), Fault::not_ready);
  link.expect_end();
}

TEST(bme280, refuses_another_chip_before_it_writes_anything) {
  ScriptedLink link({asks("d0", "61")});
  EXPECT_EQ(fault_of([&] { make("bme280")->start(link); }), Fault::unsupported);
  link.then({asks("d0", "61")});
  EXPECT_FALSE(driver_named("bme280")->probe(link));
  link.then({asks("d0", "58")});
  EXPECT_EQ(driver_named("bme280")->probe(link)->model, "Bosch BMP280");
  link.expect_end();
}

TEST(bme280, a_bmp280_announces_no_humidity) {
  const auto* info = driver_named("bme280");
  EXPECT_EQ(info->quantities_of(settings_for("bme280")).size(), 3U);
  EXPECT_EQ(info->quantities_of(settings_for("bme280", {{"variant", "bmp280"}})).size(), 2U);
}

// ---- scd4x ----------------------------------------------------------------------------------

const std::vector<Step> stopping{writes("3f86"), pauses(500ms)};
const Step starting = writes("21b1");
const std::vector<Step> self_calibration_is_on{writes("2313"), pauses(1ms), reads("0001b0")};
const std::vector<Step> ready{writes("e4b8"), pauses(1ms), reads("800604")};
const std::vector<Step> measured{writes("ec05"), pauses(1ms), reads("01f4336667a25eb93c")};

std::vector<Step> operator+(std::vector<Step> all, const std::vector<Step>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(scd4x, is_stopped_before_it_is_asked_and_started_last) {
  ScriptedLink link(stopping + self_calibration_is_on + std::vector{starting});
  const auto driver = make("scd4x");
  driver->start(link);
  link.then({writes("e4b8"), pauses(1ms), reads("8000a2")});
  EXPECT_EQ(driver->sample(link).error(), Fault::not_ready);
  link.then(ready + measured);
  const auto sample = driver->sample(link);
  EXPECT_EQ(value_of(sample, co2), 500);
  EXPECT_EQ(sample->facts.at(0).name, "automatic_self_calibration");
  EXPECT_EQ(std::get<bool>(sample->facts.at(0).value), true);
  link.then({writes("3f86")});
  driver->stop(link);
  link.expect_end();
}

TEST(scd4x, its_eeprom_is_written_only_when_it_differs) {
  ScriptedLink same(stopping + self_calibration_is_on + std::vector{starting});
  make("scd4x", {{"automatic_self_calibration", true}})->start(same);
  same.expect_end();

  ScriptedLink other(
      stopping + self_calibration_is_on +
      std::vector{writes("2416000081"), pauses(1ms), writes("3615"), pauses(800ms), starting});
  const auto driver = make("scd4x", {{"automatic_self_calibration", false}});
  driver->start(other);
  other.then(ready + measured);
  EXPECT_EQ(std::get<bool>(driver->sample(other)->facts.at(0).value), false);
  other.expect_end();
}

TEST(scd4x, the_altitude_is_set_when_it_differs_and_never_persisted) {
  const std::vector<Step> altitude_is_0{writes("2322"), pauses(1ms), reads("000081")};
  ScriptedLink same(stopping + self_calibration_is_on + altitude_is_0 + std::vector{starting});
  make("scd4x", {{"altitude_m", std::int64_t{0}}})->start(same);
  same.expect_end();
  ScriptedLink other(stopping + self_calibration_is_on + altitude_is_0 +
                     std::vector{writes("2427079e09"), pauses(1ms), starting});
  make("scd4x", {{"altitude_m", std::int64_t{1950}}})->start(other);
  other.expect_end();
}

TEST(scd4x, is_told_the_pressure_nearby_when_it_changes) {
  ScriptedLink link(stopping + self_calibration_is_on + std::vector{starting});
  const auto driver = make("scd4x");
  driver->start(link);
  const auto told = [](const char* hex) { return std::vector{writes(hex), pauses(1ms)}; };
  link.neighbours[pressure] = 987.2;
  link.then(told("e00003db42") + ready + measured);
  (void)driver->sample(link);
  link.neighbours[pressure] = 986.8;  // rounds to the same
  link.then(ready + measured);
  (void)driver->sample(link);
  link.neighbours[pressure] = 100.6;  // kPa by mistake: no pressure that it may be told
  link.then(ready + measured);
  (void)driver->sample(link);
  link.then(stopping + self_calibration_is_on + std::vector{starting});
  driver->start(link);
  link.neighbours[pressure] = 987.2;  // forgotten by the device
  link.then(told("e00003db42") + ready + measured);
  (void)driver->sample(link);
  link.expect_end();
}

TEST(scd4x, a_setting_that_is_only_reported_stops_no_measurement) {
  const std::vector<Step> unknown{refuses(writes("2313"))};
  ScriptedLink link(stopping + unknown + std::vector{starting});
  make("scd4x")->start(link);
  link.then(stopping + unknown);
  EXPECT_EQ(fault_of([&] {
              make("scd4x", {{"automatic_self_calibration", true}})->start(link);
            }),
            Fault::nack);
  link.expect_end();
}

TEST(scd4x, is_found_while_it_measures_too) {
  ScriptedLink link(ready + std::vector{refuses(writes("3682"))});
  EXPECT_EQ(driver_named("scd4x")->probe(link)->detail, "measuring");
  link.then(ready + std::vector{writes("3682"), pauses(1ms), reads("01f4336667a25eb93c")});
  EXPECT_EQ(driver_named("scd4x")->probe(link)->detail, "serial number 01f466675eb9");
  link.expect_end();
}

// ---- pms5003 and pmsa003i -------------------------------------------------------------------

constexpr auto* pms_frame = "424d001c0023003a0047001f0030003c198f0762019200330009000397000454";

TEST(pms5003, wakes_and_talks_by_itself_and_sleeps_when_stopped) {
  ScriptedLink link({writes("424de400010174"), pauses(100ms), writes("424de100010171")});
  const auto listener = make_listener("pms5003");
  listener->start(link);
  link.then({writes("424de400000173")});
  listener->stop(link);
  link.expect_end();
  EXPECT_EQ(driver_named("pms5003")->warm_up, 30s);
  EXPECT_TRUE(driver_named("pms5003")->can_sleep);
}

TEST(pms5003, announces_what_its_variant_measures) {
  const auto* info = driver_named("pms5003");
  for (const auto& [variant, count] : std::map<std::string, std::size_t>{
           {"pms5003", 12}, {"pms5003t", 12}, {"pms5003st", 15}, {"pms3003", 6}}) {
    const auto quantities = info->quantities_of(settings_for("pms5003", {{"variant", variant}}));
    EXPECT_EQ(quantities.size(), count) << variant;
    for (const DriverQuantity& quantity : quantities) {
      const bool is_climate = quantity.quantity == temperature || quantity.quantity == humidity;
      EXPECT_EQ(quantity.internal, is_climate) << variant << ' ' << name_of(quantity.quantity);
    }
  }
}

TEST(pms5003, is_found_by_listening_and_not_mistaken_for_a_honeywell) {
  const std::string frame = pms_frame;
  ScriptedLink link({reads(frame.substr(0, 20)), reads(frame.substr(20))});
  EXPECT_TRUE(driver_named("pms5003")->probe(link));
  link.then({hears_nothing()});
  EXPECT_FALSE(driver_named("pms5003")->probe(link));
  const auto honeywell = reads("424d001c000000110017000000000000000000000000000000000000000000d3");
  link.then({honeywell, honeywell, honeywell, honeywell});
  EXPECT_FALSE(driver_named("pms5003")->probe(link));
  link.expect_end();
}

TEST(pmsa003i, reads_a_frame) {
  ScriptedLink link({reads(pms_frame)});
  EXPECT_EQ(value_of(make("pmsa003i")->sample(link), pm2_5), 48);
  link.then({reads(std::string(64, 'f'))});
  EXPECT_FALSE(driver_named("pmsa003i")->probe(link));
  link.expect_end();
}

// ---- sds011 ---------------------------------------------------------------------------------

constexpr auto* ask_mode = "aab402000000000000000000000000ffff00ab";
constexpr auto* mode_is_active = "aac502000000a16003ab";
constexpr auto* mode_is_query = "aac502000100a16004ab";
constexpr auto* set_active = "aab402010000000000000000000000ffff01ab";
constexpr auto* set_awake = "aab406010100000000000000000000ffff06ab";
constexpr auto* ask_period = "aab408000000000000000000000000ffff06ab";
constexpr auto* period_is_0 = "aac508000000a16009ab";
constexpr auto* period_is_1 = "aac508000100a1600aab";
constexpr auto* set_period_30 = "aab408011e00000000000000000000ffff25ab";
constexpr auto* period_set_30 = "aac508011e00a16028ab";
constexpr auto* sds_frame = "aac0d4043a0aa1601dab";

TEST(sds011, one_that_talks_is_left_as_it_is) {
  ScriptedLink link({asks(ask_mode, mode_is_active), asks(ask_period, period_is_0)});
  const auto listener = make_listener("sds011");
  listener->start(link);
  link.expect_end();
  EXPECT_EQ(listener->own_period(), 0ms);
}

TEST(sds011, the_rhythm_that_another_program_left_in_it_is_read) {
  ScriptedLink link({asks(ask_mode, mode_is_active), asks(ask_period, period_is_1)});
  const auto listener = make_listener("sds011");
  listener->start(link);
  link.expect_end();
  EXPECT_EQ(listener->own_period(), 1min);
}

TEST(sds011, zeros_are_clean_air_of_a_device_that_is_warm) {
  const auto zeros = *from_hex("aac000000000a16001ab");
  const auto listener = make_listener("sds011");
  EXPECT_EQ(listener->feed(zeros).faults, std::vector{Fault::warming_up});
  listener->know_warm(true);
  EXPECT_EQ(listener->feed(zeros).samples.size(), 1U);
  listener->know_warm(false);
  EXPECT_EQ(listener->feed(zeros).faults, std::vector{Fault::warming_up});
  (void)listener->feed(*from_hex(sds_frame));
  EXPECT_EQ(listener->feed(zeros).samples.size(), 1U);  // it has measured
}

TEST(sds011, the_reply_is_found_among_measurements) {
  ScriptedLink link({asks(ask_mode, std::string(sds_frame) + "aac502"), reads("000000a160"),
                     reads("03ab"), asks(ask_period, period_is_0)});
  make_listener("sds011")->start(link);
  link.expect_end();
}

TEST(sds011, flash_is_written_only_when_the_work_period_differs) {
  ScriptedLink same({asks(ask_mode, mode_is_active), asks(ask_period, period_is_1)});
  make_listener("sds011", {{"work_period_min", std::int64_t{1}}})->start(same);
  same.expect_end();

  ScriptedLink other({asks(ask_mode, mode_is_active), asks(ask_period, period_is_1),
                      asks(set_period_30, period_set_30)});
  make_listener("sds011", {{"work_period_min", std::int64_t{30}}})->start(other);
  other.expect_end();
}

TEST(sds011, is_woken_and_made_to_talk_by_itself) {
  ScriptedLink link({asks(ask_mode, ""), asks(set_awake, "aac506010100a16009ab"),
                     asks(ask_mode, mode_is_query), asks(set_active, mode_is_active),
                     asks(ask_period, period_is_0)});
  make_listener("sds011")->start(link);
  link.expect_end();
}

TEST(sds011, a_work_period_that_cannot_be_had_is_told) {
  ScriptedLink mute(
      {asks(ask_mode, ""), asks(set_awake, ""), asks(ask_mode, ""), asks(ask_period, "")});
  const auto listener = make_listener("sds011", {{"work_period_min", std::int64_t{30}}});
  EXPECT_EQ(fault_of([&] { listener->start(mute); }), Fault::no_response);
  mute.expect_end();

  ScriptedLink stubborn({asks(ask_mode, mode_is_active), asks(ask_period, period_is_1),
                         asks(set_period_30, "aac508010100a1600bab")});
  EXPECT_EQ(fault_of([&] { listener->start(stubborn); }), Fault::nack);
  stubborn.expect_end();
}

TEST(sds011, one_of_which_only_tx_is_wired_works_all_the_same) {
  const std::vector<Step> chatter{reads(sds_frame), reads(sds_frame), reads(sds_frame),
                                  reads(sds_frame)};
  ScriptedLink link(std::vector{asks(ask_mode, sds_frame)} + chatter +
                    std::vector{asks(set_awake, sds_frame)} + chatter +
                    std::vector{asks(ask_mode, sds_frame)} + chatter);
  const auto listener = make_listener("sds011");
  listener->start(link);
  link.expect_end();
  EXPECT_EQ(listener->feed(*from_hex(sds_frame)).samples.size(), 1U);
}

TEST(sds011, sleeps_when_stopped) {
  ScriptedLink link({writes("aab406010000000000000000000000ffff05ab")});
  make_listener("sds011")->stop(link);
  link.expect_end();
}

TEST(sds011, commands_go_to_the_device_that_is_meant) {
  ScriptedLink link({writes("aab406010000000000000000000000a16008ab")});
  make_listener("sds011", {{"device_id", "a160"}})->stop(link);
  link.expect_end();
  const auto* info = driver_named("sds011");
  EXPECT_EQ(info->check(settings_for("sds011", {{"device_id", "a160"}})), "");
  EXPECT_NE(info->check(settings_for("sds011", {{"device_id", "a16"}})), "");
  EXPECT_NE(info->check(settings_for("sds011", {{"device_id", "a16000"}})), "");
}

TEST(sds011, is_found_by_its_firmware_date) {
  ScriptedLink link({asks("aab407000000000000000000000000ffff05ab", "aac5070f070aa16028ab")});
  EXPECT_EQ(driver_named("sds011")->probe(link)->detail, "firmware 2015-7-10, id a160");
  link.expect_end();
}

}  // namespace
}  // namespace twinsky
