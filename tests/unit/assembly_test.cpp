// SPDX-License-Identifier: Apache-2.0
// The whole gateway in this process, on a disk and with buses that a test can let hang: what the
// main loop calls never waits, and what could not begin ends.
#include "gateway/service/assembly.hpp"

#include "store_fixture.hpp"
#include "watched_disk.hpp"

#include <stdexcept>
#include <thread>

namespace twinsky {
namespace {

// Ports whose devices hang, as long as they shall, in whatever is asked of them.
class Ports {
 public:
  class Dead final : public StreamLink {
   public:
    void write(Bytes) override { throw BusError("nothing is there"); }
    std::size_t read(std::span<std::byte>, milliseconds) override {
      throw BusError("nothing is there");
    }
    std::size_t exchange(Bytes, std::span<std::byte>, milliseconds) override {
      throw BusError("nothing is there");
    }
    void pause(milliseconds) override {}
    [[nodiscard]] std::optional<double> nearby(Quantity) const override { return std::nullopt; }
  };
  class Port final : public Bus {
   public:
    Port(Ports& ports, std::string path) : ports_(ports), path_(std::move(path)) {}
    ~Port() override { close(); }
    void open() override {
      ports_.opened(path_);
      is_open_ = true;
      ports_.wait_while_hanging(path_);
      throw BusError(path_ + ": nothing is there");
    }
    void close() noexcept override {
      if (std::exchange(is_open_, false)) ports_.closed(path_);
    }
    std::unique_ptr<Link> link(const DeviceSettings&) override { return std::make_unique<Dead>(); }

   private:
    Ports& ports_;
    const std::string path_;
    bool is_open_ = false;
  };

  BusMaker maker() {
    return [this](const BusSettings& bus, const BusSurroundings&) -> std::unique_ptr<Bus> {
      if (bus.address == broken_) throw std::runtime_error("no thread can be had");
      return std::make_unique<Port>(*this, bus.address);
    };
  }
  void hang(const std::string& path) {
    const std::lock_guard lock(mutex_);
    hanging_.insert(path);
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    hanging_.clear();
    changed_.notify_all();
  }
  void break_maker(const std::string& path) { broken_ = path; }
  void wait_until_open(const std::string& path, int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return opened_[path] >= times; });
  }
  int times_opened(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return opened_[path];
  }
  int most_at_once(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return most_[path];
  }

 private:
  void opened(const std::string& path) {
    const std::lock_guard lock(mutex_);
    ++opened_[path];
    most_[path] = std::max(most_[path], ++open_[path]);
    changed_.notify_all();
  }
  void closed(const std::string& path) {
    const std::lock_guard lock(mutex_);
    --open_[path];
  }
  void wait_while_hanging(const std::string& path) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !hanging_.contains(path); });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> hanging_;
  std::map<std::string, int> opened_;
  std::map<std::string, int> open_;
  std::map<std::string, int> most_;
  std::string broken_ = "none";
};

class NoFetcher final : public Fetcher {
 public:
  FetchReply get(const FetchRequest&, const std::stop_token&) override { return {}; }
};

class AssemblyTest : public StoreTest {
 protected:
  ~AssemblyTest() override {
    ports_.let_go();
    disk_.answer();
    assembly_.reset();
  }

  // A gateway with these buses ("id=path") and a sink that nobody answers.
  Config config(const std::vector<std::pair<std::string, std::string>>& buses,
                const std::string& sinks = R"({"id":"city","mqtt":"mqtt://127.0.0.1:1"})") {
    std::string text = R"({"gateway":{"id":"test","jurisdiction":"other"},"store":{"path":")" +
                       settings_.path + "\"},";
    text += R"("sinks":[)" + sinks + R"(],"buses":{)";
    std::string sensors;
    for (const auto& [id, path] : buses) {
      text.append(text.back() == '{' ? "" : ",");
      text.append("\"").append(id).append(R"(":{"serial":")").append(path).append("\"}");
      sensors.append(sensors.empty() ? "" : ",");
      sensors.append(R"({"id":"dust-)").append(id).append(R"(","driver":"sds011","bus":")");
      sensors.append(id).append("\"}");
    }
    text += "},\"sensors\":[" + sensors + "]}";
    const std::string file = (directory_ / "twinsky.json").string();
    std::ofstream(file) << text;
    auto loaded = load_config(file);
    if (!loaded) {
      for (const Problem& problem : loaded.error()) ADD_FAILURE() << text_of(problem);
      return {};
    }
    return std::move(*loaded);
  }
  void make(Config config) {
    assembly_ = std::make_unique<Assembly>(std::move(config),
                                           Surroundings{.clock = clock_,
                                                        .network_clock = system_clock_,
                                                        .fetcher = std::make_unique<NoFetcher>(),
                                                        .log = log_,
                                                        .bus_maker = ports_.maker()});
  }
  void start(Config config) {
    make(std::move(config));
    assembly_->start();
  }
  // While nobody is there to move the clock.
  std::jthread passing_time() {
    return std::jthread([this](const std::stop_token& stop) {
      while (system_clock_.pause_until(system_clock_.now() + 1ms, stop)) clock_.advance(5ms);
    });
  }
  // As the main loop does.
  template <class Condition>
  void tick_until(Condition&& condition) {
    while (!condition()) {
      assembly_->tick();
      std::this_thread::yield();
    }
  }

  WatchedDisk disk_;
  Ports ports_;
  SystemClock system_clock_{true};
  std::unique_ptr<Assembly> assembly_;
};

TEST_F(AssemblyTest, the_main_loop_never_touches_the_disk) {
  start(config({{"a", "/dev/a"}, {"b", "/dev/b"}}));
  ports_.wait_until_open("/dev/a");
  disk_.forbid_this_thread();
  for (int round = 0; round < 3; ++round) {
    clock_.advance(10s);
    assembly_->tick();
  }
  EXPECT_TRUE(assembly_
                  ->apply(config({{"a", "/dev/a"}, {"c", "/dev/c"}},
                                 R"({"id":"town","mqtt":"mqtt://127.0.0.1:1"})"))
                  .empty());
  tick_until([&] { return !assembly_->is_changing(); });
  EXPECT_TRUE(assembly_->is_alive());
  EXPECT_EQ(assembly_->snapshot().sinks.size(), 1U);
  assembly_->refuse({});
  EXPECT_TRUE(disk_.forbidden_calls().empty());
  disk_.allow_this_thread();
}

TEST_F(AssemblyTest, each_tick_publishes_how_everything_is) {
  start(config({{"a", "/dev/a"}}));
  EXPECT_EQ(assembly_->published_overview().newest(), nullptr);
  tick_until([&] {
    const auto newest = assembly_->published_overview().newest();
    return newest && newest->sensors.at(0).state == Overview::SensorState::lost;
  });
  const auto newest = assembly_->published_overview().newest();
  EXPECT_EQ(newest->gateway, "test");
  EXPECT_EQ(newest->sensors[0].detail, "/dev/a: nothing is there");
  EXPECT_EQ(newest->problems.at(0).code, "sensor_lost");
  EXPECT_TRUE(assembly_->apply(config({{"b", "/dev/b"}})).empty());
  assembly_->tick();
  EXPECT_EQ(assembly_->published_overview().newest()->sensors.at(0).id, "dust-b");
}

TEST_F(AssemblyTest, it_goes_on_while_the_disk_does_not_answer) {
  start(config({{"a", "/dev/a"}}));
  ports_.wait_until_open("/dev/a");
  disk_.stall();
  disk_.forbid_this_thread();
  assembly_->refuse({});  // an event, which the writer takes and hangs with
  clock_.advance(2s);
  disk_.wait_for_hanging(1);
  // Another thread may hang before the writer does, which then begins to wait later.
  tick_until([&] {
    clock_.advance(1s);
    return assembly_->summary().find("no answer for") != std::string::npos;
  });
  EXPECT_EQ(assembly_->snapshot().store.disk_fault.substr(0, 13), "no answer for");
  EXPECT_TRUE(assembly_->is_alive());
  // Sensors that are new, while nothing can be remembered of them.
  EXPECT_TRUE(assembly_->apply(config({{"a", "/dev/a"}, {"b", "/dev/b"}})).empty());
  EXPECT_TRUE(disk_.forbidden_calls().empty());

  const std::jthread time = passing_time();
  const auto hung = assembly_->stop(clock_.now() + 1800ms);
  EXPECT_NE(std::ranges::find(hung, "store (waits for the disk)"), hung.end());
  EXPECT_GT(assembly_->snapshot().store.queued, 0U);
  EXPECT_TRUE(disk_.forbidden_calls().empty());
  disk_.allow_this_thread();
}

TEST_F(AssemblyTest, a_device_that_hangs_delays_nobodys_reload_but_its_own) {
  ports_.hang("/dev/a");
  start(config({{"a", "/dev/a"}, {"b", "/dev/b"}}));
  ports_.wait_until_open("/dev/a");
  // Under another name it is the same port.
  EXPECT_TRUE(assembly_->apply(config({{"other", "/dev/a"}, {"c", "/dev/c"}})).empty());
  ports_.wait_until_open("/dev/c");
  for (int round = 0; round < 20; ++round) assembly_->tick();
  EXPECT_EQ(ports_.times_opened("/dev/a"), 1);
  EXPECT_TRUE(assembly_->snapshot().stages.contains("bus a"));
  EXPECT_FALSE(assembly_->snapshot().stages.contains("bus other"));
  ports_.let_go();
  tick_until([&] { return assembly_->snapshot().stages.contains("bus other"); });
  ports_.wait_until_open("/dev/a", 2);
  EXPECT_EQ(ports_.most_at_once("/dev/a"), 1);
  tick_until([&] { return !assembly_->snapshot().stages.contains("bus a"); });
}

TEST_F(AssemblyTest, a_bus_that_waits_for_its_port_begins_as_the_newest_configuration_says) {
  ports_.hang("/dev/a");
  start(config({{"a", "/dev/a"}}));
  ports_.wait_until_open("/dev/a");
  EXPECT_TRUE(assembly_->apply(config({{"second", "/dev/a"}})).empty());
  EXPECT_TRUE(assembly_->apply(config({{"third", "/dev/a"}})).empty());
  ports_.let_go();
  tick_until([&] { return assembly_->snapshot().stages.contains("bus third"); });
  EXPECT_FALSE(assembly_->snapshot().stages.contains("bus second"));
  ports_.wait_until_open("/dev/a", 2);
  EXPECT_EQ(ports_.most_at_once("/dev/a"), 1);
}

TEST_F(AssemblyTest, a_start_that_throws_half_way_can_be_stopped) {
  ports_.break_maker("/dev/b");
  make(config({{"a", "/dev/a"}, {"b", "/dev/b"}}));
  EXPECT_THROW(assembly_->start(), std::runtime_error);
  ports_.wait_until_open("/dev/a");  // one of them runs
  {
    const std::jthread time = passing_time();
    EXPECT_TRUE(assembly_->stop(clock_.now() + 1h).empty());
  }
  assembly_.reset();  // commits once more, and wakes sinks that are gone
}

TEST_F(AssemblyTest, a_start_that_throws_can_be_left_at_once) {
  ports_.break_maker("/dev/a");
  make(config({{"a", "/dev/a"}}));
  EXPECT_THROW(assembly_->start(), std::runtime_error);
  assembly_.reset();
}

}  // namespace
}  // namespace twinsky
