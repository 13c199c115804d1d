// SPDX-License-Identifier: Apache-2.0
// `twinsky doctor`: a healthy gateway with a real broker, port, store and files, in which nothing
// is found; then one fault after the other is planted, found and told with what mends it.
#include "drivers/registry.hpp"
#include "gateway/doctor/examination.hpp"
#include "gateway/service/overview.hpp"
#include "gateway/store/store_lock.hpp"
#include "tests/unit/certificates.hpp"
#include "tests/unit/places.hpp"
#include "tests/unit/shell.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <sys/file.h>
#include <sys/sysmacros.h>

namespace twinsky {
namespace {

using namespace testing_world;

// A terminal as a serial port, which a process of its own may hold.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(master_);
    ::unlockpt(master_);
    char name[64];
    ::ptsname_r(master_, name, sizeof name);
    path = name;
    ::chmod(name, 0666);
  }
  ~Terminal() { ::close(master_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  [[nodiscard]] struct stat status() const {
    struct stat file {};
    ::stat(path.c_str(), &file);
    return file;
  }
  std::string path;

 private:
  const int master_;
};

// Who holds a file open until it ends, and perhaps keeps others out of it.
class Holder {
 public:
  Holder(const std::string& path, bool locks)
      : process_({"sh", "-c",
                  "exec 3<>'" + path + "'; " + (locks ? "flock 3; " : "") +
                      "touch \"$0\"; exec sleep 1000",
                  ready()}) {
    if (!eventually([this] { return fs::exists(ready()); })) {
      throw std::runtime_error("nobody holds " + path);
    }
  }

 private:
  [[nodiscard]] std::string ready() const { return (directory_.path / "ready").string(); }
  Directory directory_;
  Process process_;
};

class Doctor : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { certificates = new Certificates; }
  static void TearDownTestSuite() { delete certificates; }

  Doctor() {
    for (const char* folder : {"proc/self", "sys/class/i2c-dev", "sys/class/hwmon/hwmon0",
                               "sys/devices/platform/soc/soc:firmware", "run/udev/data", "boot",
                               "etc/systemd/system/twinsky.service.d", "store"}) {
      fs::create_directories(root_.path / folder);
    }
    fs::permissions(root_.path / "store", fs::perms::all);
    mount("/dev/mmcblk0p2 / ext4 rw,noatime 0 0");
    root_.write("proc/cmdline", "console=tty1 root=/dev/mmcblk0p2\n");
    root_.write("boot/config.txt", "# switched on\ndtparam=i2c_arm=on\n");
    root_.write("sys/class/hwmon/hwmon0/name", "rpi_volt\n");
    root_.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0\n");
    flags("0");
    udev("E:ID_BUS=usb\nE:ID_MM_DEVICE_IGNORE=1\n");
    write_secret("mqtt-password", "right\n");
    shell("mosquitto_passwd -b -c " + path("passwords") + " mk-roof right");
    root_.write("rules", "user mk-roof\ntopic readwrite twinsky/v1/mk-roof/#\n");
    shell("chmod a+r " + path("passwords") + " " + path("rules"));
    machine_ = {.proc = path("proc"),
                .sys = path("sys"),
                .dev = path("dev"),
                .etc = path("etc"),
                .run = path("run"),
                .boot = path("boot"),
                .user = {"gateway", 64001, {64001}},
                .free_space = [](const std::string&) { return 4'000'000'000; },
                .flush_time = [](const std::string&) { return 20ms; },
                .patience = 20s};
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (root_.path / name).string();
  }
  void mount(const std::string& lines) const { root_.write("proc/self/mounts", lines + "\n"); }
  void flags(const std::string& hexadecimal) const {
    root_.write("sys/devices/platform/soc/soc:firmware/get_throttled", hexadecimal + "\n");
  }
  void udev(const std::string& lines) const {
    const dev_t device = port_.status().st_rdev;
    root_.write(
        "run/udev/data/c" + std::to_string(major(device)) + ":" + std::to_string(minor(device)),
        lines);
  }
  // A process of the planted /proc, which has the files open.
  void process(int id, const std::string& name, const std::string& command,
               const std::string& open = {}) const {
    const std::string at = "proc/" + std::to_string(id);
    fs::create_directories(root_.path / at / "fd");
    root_.write(at + "/comm", name + "\n");
    std::string words = command;
    std::ranges::replace(words, ' ', '\0');
    root_.write(at + "/cmdline", words + '\0');
    if (!open.empty()) fs::create_symlink(open, root_.path / at / "fd/3");
  }
  void write_secret(const std::string& name, const std::string& text) const {
    // Of a group that the gateway is in, as the README has it.
    ::chmod(root_.write(name, text).c_str(), 0640);
    machine_readable(name);
  }
  void machine_readable(const std::string& name) const {
    // Root gives it away; whoever else runs this test owns it, and so does his gateway.
    [[maybe_unused]] const int done = ::chown(path(name).c_str(), static_cast<uid_t>(-1), 64001);
  }
  void start_broker(const std::string& lines = {}) {
    broker_.emplace(lines + "password_file " + path("passwords") + "\nacl_file " + path("rules") +
                    "\n");
  }

  std::string write_configuration() const {
    const std::string port = std::to_string(broker_ ? broker_->port : free_port());
    return root_.write("twinsky.json", R"({
      "gateway": {"id": "mk-roof", "jurisdiction": "hk"},
      "buses": {"i2c-1": {"i2c": ")" + adapter_ +
                                           R"("}, "pm": {"serial": ")" + serial_ + R"("},
                "line": {"modbus_tcp": "127.0.0.1:)" +
                                           std::to_string(device_.port) + R"("}},
      "sensors": [{"id": "roof-pm", "driver": "pms5003", "bus": "pm"}],
      "feeds": [{"feed": "hk-epd", "base": ")" +
                                           base_ + R"(", "allow_private_addresses": true}],
      "store": {"path": ")" + store_ + R"("},
      "sinks": [{"id": "city", "mqtt": ")" +
                                           scheme_ + "://" + host_ + ":" + port + R"(",
                 "username": "mk-roof", "password_file": "mqtt-password")" +
                                           more_ + R"(}]})");
  }
  Findings look() {
    if (!broker_) start_broker();
    const std::string file = write_configuration();
    const auto config = load_config(file);
    if (!config) {
      std::string all;
      for (const Problem& problem : config.error()) all += text_of(problem) + "\n";
      throw std::runtime_error(all);
    }
    const Json overview = overview_of(*config);
    return examine({*config, file, machine_, clock_, log_, is_running_ ? &overview : nullptr});
  }
  // What the gateway says of itself while it runs.
  [[nodiscard]] Json overview_of(const Config& config) const {
    Snapshot snapshot{.time = clock_.utc(), .started = clock_.utc() - 1h, .is_clock_set = true};
    StreamSnapshot& stream = snapshot.streams["sensor/roof-pm"];
    stream.period = 1s;
    stream.state = "online";
    stream.age = silence_;
    const IndexCatalogue catalogue;
    return Json::parse(overview_json(OverviewMaker(config, catalogue).make(snapshot)));
  }
  // Nothing was found before, and now this alone, with this in its mend.
  void expect_only(const std::string& code, const std::string& mend) {
    const Findings findings = look();
    ASSERT_EQ(findings.size(), 1U) << text(findings);
    EXPECT_EQ(findings[0].code, code) << text(findings);
    EXPECT_NE(findings[0].mend.find(mend), std::string::npos) << text(findings);
    EXPECT_FALSE(findings[0].about.empty());
  }
  static std::string text(const Findings& findings) {
    std::string all;
    for (const Finding& one : findings) {
      all += one.code + ": " + one.about + ": " + one.what + " / " + one.mend + "\n";
    }
    return all;
  }
  void expect_healthy() {
    const Findings findings = look();
    EXPECT_TRUE(findings.empty()) << text(findings);
  }

  static Certificates* certificates;
  Directory root_;
  Terminal port_;
  Listening device_;
  Listening agency_;
  std::optional<Mosquitto> broker_;
  ManualClock clock_{UtcTime(milliseconds(1795314600000))};
  Log log_{LogLevel::error};
  Machine machine_;
  std::string adapter_ = "/dev/null";  // a device's file that everybody may open
  std::string serial_ = port_.path;
  std::string base_ = "http://127.0.0.1:" + std::to_string(agency_.port);
  std::string store_ = path("store/twinsky.db");
  std::string scheme_ = "mqtt";
  std::string host_ = "127.0.0.1";
  std::string more_;
  bool is_running_ = true;
  milliseconds silence_{900};  // since the newest sample of the sensor
};

Certificates* Doctor::certificates = nullptr;

TEST_F(Doctor, finds_nothing_where_all_is_well) {
  expect_healthy();
}

// ---- devices ----

TEST_F(Doctor, finds_i2c_switched_off) {
  expect_healthy();
  adapter_ = "/dev/i2c-250";
  root_.write("boot/config.txt", "#dtparam=i2c_arm=on\n");
  expect_only("device_switched_off", "sudo raspi-config nonint do_i2c 0");
}

// A Raspberry Pi's own port; that of an adapter is merely not there.
TEST_F(Doctor, finds_a_serial_port_switched_off) {
  expect_healthy();
  for (const char* own : {"/dev/serial0", "/dev/ttyS0", "/dev/ttyAMA0"}) {
    if (!fs::exists(own)) serial_ = own;  // this machine may have one
  }
  expect_only("device_switched_off", "sudo raspi-config nonint do_serial_hw 0");
  root_.write("boot/config.txt", "dtparam=i2c_arm=on\nenable_uart=1\n");
  expect_only("device_missing", "ls -l /dev/serial/by-id/");
  root_.write("boot/config.txt", "dtparam=i2c_arm=on\n");
  serial_ = "/dev/ttyUSB77";
  expect_only("device_missing", "ls -l /dev/serial/by-id/");
}

TEST_F(Doctor, finds_a_module_that_is_not_loaded) {
  expect_healthy();
  adapter_ = "/dev/i2c-250";
  fs::remove(root_.path / "sys/class/i2c-dev");
  expect_only("module_missing", "sudo modprobe i2c-dev");
}

TEST_F(Doctor, finds_a_port_that_is_not_there_and_says_which_are) {
  expect_healthy();
  fs::create_directories(root_.path / "dev/serial/by-id");
  root_.write("dev/serial/by-id/usb-other", "");
  serial_ = "/dev/serial/by-id/usb-gone";
  expect_only("device_missing", "ls -l /dev/serial/by-id/");
  EXPECT_NE(look()[0].what.find("usb-other"), std::string::npos);
}

TEST_F(Doctor, finds_a_device_that_the_gateway_may_not_open) {
  expect_healthy();
  ::chmod(port_.path.c_str(), 0660);
  const std::string group = "usermod -aG ";
  expect_only("device_permission", group);
  machine_.user.groups.push_back(port_.status().st_gid);
  expect_healthy();
}

TEST_F(Doctor, finds_who_else_has_a_port_open) {
  machine_.proc = "/proc";
  const auto others = [](Findings findings) {  // of this machine, such as its disk
    std::erase_if(findings, [](const Finding& one) { return one.code != "device_held"; });
    return findings;
  };
  EXPECT_TRUE(others(look()).empty());
  const Holder holder(port_.path, false);
  const Findings findings = others(look());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].what.find("sleep 1000"), std::string::npos) << text(findings);
  EXPECT_NE(findings[0].mend.find("sudo kill "), std::string::npos);
}

TEST_F(Doctor, a_port_is_the_gateways) {
  process(812, "twinsky", "/usr/bin/twinsky run --config /etc/twinsky/twinsky.json", port_.path);
  expect_healthy();
  process(813, "minicom", "minicom -D /dev/ttyUSB0", port_.path);
  expect_only("device_held", "sudo kill 813");
}

// Killed, it would be there again.
TEST_F(Doctor, finds_a_login_on_a_port) {
  expect_healthy();
  process(814, "agetty", "/sbin/agetty -o -p -- \\u --keep-baud 115200 - vt220", port_.path);
  expect_only("device_held", "sudo systemctl disable --now serial-getty@" +
                                 fs::path(port_.path).filename().string() + ".service");
}

TEST_F(Doctor, finds_the_kernels_console_on_a_port) {
  expect_healthy();
  root_.write("proc/cmdline", "console=" + fs::path(port_.path).filename().string() + ",115200\n");
  expect_only("serial_console", "do_serial_cons 1");
}

TEST_F(Doctor, finds_modem_manager_where_it_may_ask_a_port) {
  process(700, "ModemManager", "/usr/sbin/ModemManager");
  expect_healthy();  // the package's udev rule keeps it away
  udev("E:ID_BUS=usb\n");
  expect_only("modem_manager", "systemctl disable --now ModemManager");
}

TEST_F(Doctor, finds_brltty) {
  expect_healthy();
  process(701, "brltty", "/bin/brltty");
  expect_only("brltty", "systemctl mask --now brltty-udev.service");
}

// Whatever kinds of buses and drivers there are: each is looked at where its device is not there.
TEST_F(Doctor, looks_at_every_kind_of_bus_and_every_driver) {
  const std::string nowhere = path("nowhere");
  const std::string closed = "127.0.0.1:" + std::to_string(free_port());
  Config config;
  config.store.path = store_;
  std::size_t looked_at = 0;
  for (const BusInfo* kind : bus_registry()) {
    const BusNeeds& needs = kind->needs;
    const bool is_server = needs.is_server;
    EXPECT_EQ(!needs.files.empty() + is_server + kind->is_our_file, 1)
        << kind->name << ": what does it need?";
    if (!needs.files.empty()) {
      EXPECT_TRUE(needs.files.starts_with("/dev/")) << kind->name;
      EXPECT_TRUE(needs.files.ends_with("*")) << kind->name;
      EXPECT_FALSE(needs.group.empty()) << kind->name;
    }
    for (const DriverInfo* driver : driver_registry()) {
      if (!fits(*kind, *driver->bus)) continue;
      ++looked_at;
      config.buses = {{.id = "wire", .info = kind, .address = is_server ? closed : nowhere}};
      const Findings findings = examine({config, "", machine_, clock_, log_});
      const bool is_told = std::ranges::any_of(findings, [](const Finding& one) {
        return one.about.starts_with("bus wire") && !one.mend.empty();
      });
      EXPECT_TRUE(is_told) << kind->name << " with " << driver->name << ":\n" << text(findings);
    }
  }
  EXPECT_GE(looked_at, driver_registry().size());
}

TEST_F(Doctor, finds_a_sensor_of_which_the_gateway_gets_nothing) {
  expect_healthy();
  silence_ = 3min;
  expect_only("sensor_silent", "twinsky read roof-pm");
  const Findings findings = look();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].about, "sensor roof-pm");
  EXPECT_EQ(findings[0].what, "is silent since 2026-11-22T02:27:00.000Z (3 min): no_response");
  is_running_ = false;  // then nobody knows
  expect_healthy();
}

// ---- clock and supply ----

TEST_F(Doctor, finds_a_clock_that_nothing_attests_to) {
  expect_healthy();
  clock_.set_trust(false);
  expect_only("clock_unset", "timedatectl set-ntp true");
}

TEST_F(Doctor, finds_too_low_a_voltage) {
  expect_healthy();
  for (const char* low : {"50000", "50005", "0x1"}) {
    flags(low);
    expect_only("undervoltage", "vcgencmd get_throttled");
  }
  flags("8");  // a soft limit of the temperature
  expect_healthy();
  root_.write("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1\n");
  expect_only("undervoltage", "vcgencmd get_throttled");
}

// ---- disk ----

TEST_F(Doctor, finds_a_full_disk) {
  expect_healthy();
  machine_.free_space = [](const std::string&) { return 49'000'000; };
  expect_only("disk_full", "journalctl --vacuum-size");
}

TEST_F(Doctor, finds_a_slow_disk) {
  expect_healthy();
  machine_.flush_time = [](const std::string&) { return 1700ms; };
  expect_only("disk_slow", "dmesg");
}

TEST_F(Doctor, measures_this_machines_disk) {
  const Machine here = Machine::here();
  EXPECT_GT(here.free_space(root_.path.string()).value(), 0);
  EXPECT_TRUE(here.flush_time(root_.path.string()).has_value());
  EXPECT_FALSE(here.flush_time(path("nowhere")).has_value());
}

TEST_F(Doctor, finds_how_a_disk_is_mounted) {
  expect_healthy();
  mount("/dev/mmcblk0p2 / ext4 ro,noatime 0 0");
  expect_only("disk_read_only", "mount -o remount,rw /");
  mount("/dev/mmcblk0p2 / ext4 rw,data=writeback 0 0");
  expect_only("disk_unsafe", "tune2fs -o ^journal_data_writeback /dev/mmcblk0p2");
  mount("/dev/mmcblk0p2 / ext4 rw,nobarrier 0 0");
  expect_only("disk_unsafe", "barrier=1");
  mount("/dev/mmcblk0p2 / ext4 rw 0 0\ntmpfs " + fs::canonical(root_.path).string() +
        " tmpfs rw 0 0");
  expect_only("disk_in_memory", "store.path");
  // As a Raspberry Pi's read-only system has it, and as a container has it.
  mount("overlay / overlay rw,lowerdir=/lower,upperdir=/upper/data 0 0\ntmpfs /upper tmpfs rw 0 0");
  expect_only("disk_in_memory", "do_overlayfs 1");
  mount("overlay / overlay rw,lowerdir=/lower,upperdir=/var/lib/upper 0 0");
  expect_healthy();
}

TEST_F(Doctor, finds_a_directory_that_is_not_there_or_closed) {
  expect_healthy();
  store_ = path("gone/twinsky.db");
  expect_only("directory_missing", "systemd-tmpfiles --create");
  store_ = path("store/twinsky.db");
  ::chmod(path("store").c_str(), 0755);
  expect_only("store_permission", "sudo chown gateway " + path("store"));
}

// ---- store ----

class DoctorWithStore : public Doctor {
 protected:
  DoctorWithStore() {
    Store store({.path = store_, .machine_id = "one"}, clock_, log_);
    const StreamId stream = store.stream("sensor/a");
    for (int n = 0; n < 2000; ++n) {
      store.append({.stream = stream,
                    .time = clock_.utc(),
                    .body = R"({"pad":")" + std::string(100, '.') + R"("})",
                    .official_key = {}});
    }
    store.flush(clock_.now() + 60s);
  }
  void open_to_all() const {
    for (const auto& file : fs::directory_iterator(root_.path / "store")) {
      ::chmod(file.path().c_str(), 0666);
    }
  }
};

TEST_F(DoctorWithStore, finds_nothing_in_a_sound_one) {
  open_to_all();
  expect_healthy();
}

TEST_F(DoctorWithStore, finds_damage) {
  open_to_all();
  expect_healthy();
  {
    std::fstream file(store_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40L * 4096);
    file << std::string(2UL * 4096, '\x5a');
  }
  expect_only("store_damaged", "systemctl restart twinsky");
}

TEST_F(DoctorWithStore, finds_a_store_of_somebody_else) {
  open_to_all();
  expect_healthy();
  ::chmod(store_.c_str(), 0644);  // as `sudo twinsky run` leaves it
  expect_only("store_permission", "sudo chown gateway: ");
}

TEST_F(DoctorWithStore, finds_who_keeps_it) {
  open_to_all();
  expect_healthy();
  const Holder holder(lock_of_store(store_), true);
  fs::remove_all(root_.path / "proc");
  fs::create_directory_symlink("/proc", root_.path / "proc");
  Findings findings = look();
  std::erase_if(findings, [](const Finding& one) { return one.code != "store_held"; });
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].what.find("sleep 1000"), std::string::npos) << text(findings);
}

TEST_F(DoctorWithStore, the_gateway_keeps_it) {
  open_to_all();
  process(812, "twinsky", "/usr/bin/twinsky run", lock_of_store(store_));
  expect_healthy();
}

// ---- files ----

TEST_F(Doctor, finds_secrets_that_are_missing_open_or_closed) {
  expect_healthy();
  ::chmod(path("mqtt-password").c_str(), 0644);
  Findings findings = look();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].code, "secret_open") << text(findings);
  EXPECT_EQ(findings[0].mend, "sudo chmod o= " + path("mqtt-password"));

  ::chmod(path("mqtt-password").c_str(), 0600);
  findings = look();
  ASSERT_EQ(findings.size(), 1U) << text(findings);
  EXPECT_EQ(findings[0].code, "secret_unreadable") << text(findings);
  EXPECT_NE(findings[0].mend.find("sudo chgrp gateway "), std::string::npos);

  fs::remove(path("mqtt-password"));
  findings = look();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].code, "secret_missing") << text(findings);
  EXPECT_NE(findings[0].about.find("twinsky.json:"), std::string::npos);
  EXPECT_EQ(text(findings).find("mqtt-password"), std::string::npos);  // perhaps it is the secret

  root_.write("etc/systemd/system/twinsky.service.d/password.conf",
              "[Service]\nLoadCredential=mqtt-password:/etc/credstore/twinsky.mqtt-password\n");
  findings = look();
  EXPECT_EQ(text(findings).find("secret_missing"), std::string::npos);
}

// ---- network and brokers ----

TEST_F(Doctor, finds_a_name_that_does_not_resolve) {
  expect_healthy();
  host_ = "nowhere.invalid";
  expect_only("name_unresolved", "getent hosts nowhere.invalid");
}

TEST_F(Doctor, finds_a_port_at_which_nobody_listens) {
  expect_healthy();
  base_ = "http://127.0.0.1:" + std::to_string(free_port());
  expect_only("server_refused", "</dev/tcp/127.0.0.1/");
}

TEST_F(Doctor, finds_what_is_wrong_with_tls) {
  const struct {
    const char* certificate;
    const char* authority;
    const char* code;
    const char* reason;
    const char* mend;
  } cases[] = {
      {"server", "other.pem", "tls_unknown_authority", "unable to get local issuer certificate",
       "-showcerts"},
      {"elsewhere", "good.pem", "tls_other_name", "subject name", "-ext subjectAltName"},
      {"expired", "good.pem", "tls_expired", "certificate has expired", "-dates"},
      {nullptr, "good.pem", "tls_none", "speaks without", "</dev/tcp/"},
  };
  scheme_ = "mqtts";
  more_ = R"(, "ca_file": ")" + certificates->file("good.pem") + "\"";
  start_broker(certificates->broker_with("server", ""));
  expect_healthy();
  for (const auto& one : cases) {
    broker_.reset();
    start_broker(one.certificate == nullptr ? "" : certificates->broker_with(one.certificate, ""));
    more_ = R"(, "ca_file": ")" + certificates->file(one.authority) + "\"";
    expect_only(one.code, one.mend);
    EXPECT_NE(look()[0].what.find(one.reason), std::string::npos) << look()[0].what;
  }
}

TEST_F(Doctor, finds_a_wrong_password) {
  expect_healthy();
  write_secret("mqtt-password", "wrong\n");
  expect_only("login_refused", "mosquitto_passwd");
}

TEST_F(Doctor, finds_that_a_broker_takes_nothing_from_us) {
  expect_healthy();
  root_.write("rules", "user mk-roof\ntopic read twinsky/v1/mk-roof/#\n");
  broker_.reset();
  expect_only("publish_refused", "acl_file");
  EXPECT_NE(look()[0].what.find("topic readwrite twinsky/v1/mk-roof/#"), std::string::npos);
}

TEST_F(Doctor, finds_that_a_broker_tells_us_nothing) {
  expect_healthy();
  root_.write("rules", "user mk-roof\ntopic write twinsky/v1/mk-roof/#\n");
  broker_.reset();
  machine_.patience = 6s;  // for what never comes
  Findings findings = look();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.back().code, "subscribe_refused") << text(findings);
}

TEST_F(Doctor, leaves_nothing_at_a_broker) {
  expect_healthy();
  Subscriber later(broker_->port, "#", {"-u", "mk-roof", "-P", "right"});
  Subscriber beside(broker_->port, "twinsky/v1/mk-roof/doctor", {"-u", "mk-roof", "-P", "right"});
  expect_healthy();
  EXPECT_TRUE(beside.sees([](const Subscriber::Messages& all) { return !all.empty(); }));
  for (const Received& one : later.messages()) EXPECT_FALSE(one.retained) << one.topic;
}

// ---- as a command ----

TEST_F(Doctor, is_a_command_that_leaves_a_running_gateway_alone) {
  start_broker();
  serial_ = path("nowhere");
  const std::string file = write_configuration();
  Subscriber subscriber(broker_->port, "twinsky/v1/mk-roof/status",
                        {"-u", "mk-roof", "-P", "right"});
  const Process gateway({twinsky_binary(), "run", "--config", file});
  ASSERT_TRUE(subscriber.sees("twinsky/v1/mk-roof/status", "online"));
  const std::string command = twinsky_binary() + " doctor --config " + file;
  const Answer told = shell(command);
  EXPECT_EQ(told.code, 1) << told.text;
  EXPECT_NE(told.text.find("bus pm (" + path("nowhere") + "): is not there"), std::string::npos)
      << told.text;
  const auto answer = nlohmann::json::parse(shell(command + " --json").text);
  EXPECT_FALSE(answer["good"]);
  std::set<std::string> codes;
  for (const auto& one : answer["findings"]) codes.insert(one["code"]);
  EXPECT_TRUE(codes.contains("device_missing"));
  for (const char* wrong :
       {"store_held", "login_refused", "publish_refused", "subscribe_refused"}) {
    EXPECT_FALSE(codes.contains(wrong)) << answer.dump();
  }
  EXPECT_FALSE(subscriber.sees("twinsky/v1/mk-roof/status", "offline", 0ms));
  EXPECT_EQ(shell(twinsky_binary() + " doctor --config " + path("nothing.json")).code, 78);
}

}  // namespace
}  // namespace twinsky
