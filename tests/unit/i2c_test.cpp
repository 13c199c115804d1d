// SPDX-License-Identifier: Apache-2.0
// I2C on the real ioctl path: umockdev plays /dev/i2c-1 and hands each I2C_RDWR to the test.
#include "tests/unit/counterpart.hpp"

#include <cerrno>
#include <deque>
#include <gtest/gtest.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <memory>
#include <mutex>
#include <umockdev.h>

namespace twinsky {
namespace {

using namespace testing;

// What the adapter does with the next transfer: an error number, or bytes for the read in it.
struct Reaction {
  int error = 0;
  std::string_view answer = "";
};

// /dev/i2c-1 with a script of reactions, and a record of what was transferred.
class Adapter {
 public:
  explicit Adapter(unsigned long functions = I2C_FUNC_I2C)
      : functions_(functions),
        testbed_(umockdev_testbed_new()),
        handler_(umockdev_ioctl_base_new()) {
    g_signal_connect(handler_, "handle-ioctl", G_CALLBACK(&Adapter::on_ioctl), this);
    umockdev_testbed_add_from_string(
        testbed_,
        "P: /devices/platform/i2c-1\nN: i2c-1\nE: SUBSYSTEM=i2c-dev\nE: DEVNAME=/dev/i2c-1\n",
        nullptr);
    umockdev_testbed_attach_ioctl(testbed_, "/dev/i2c-1", handler_, nullptr);
  }
  ~Adapter() {
    umockdev_testbed_detach_ioctl(testbed_, "/dev/i2c-1", nullptr);
    g_object_unref(handler_);
    g_object_unref(testbed_);
  }

  void react(std::vector<Reaction> reactions) {
    const std::lock_guard lock(mutex_);
    reactions_.assign(reactions.begin(), reactions.end());
  }
  // "44w:fd 44r6" for each transfer since the last call.
  std::vector<std::string> transfers() {
    const std::lock_guard lock(mutex_);
    return std::exchange(transfers_, {});
  }

 private:
  using Memory = std::unique_ptr<UMockdevIoctlData, decltype(&umockdev_ioctl_data_unref)>;
  static Memory at(UMockdevIoctlData* data, std::size_t offset, std::size_t size) {
    return {umockdev_ioctl_data_resolve(data, offset, size, nullptr), &umockdev_ioctl_data_unref};
  }

  static gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer self) {
    const int result = static_cast<Adapter*>(self)->handle(client);
    umockdev_ioctl_client_complete(client, result < 0 ? -1 : result, result < 0 ? -result : 0);
    return TRUE;
  }

  int handle(UMockdevIoctlClient* client) {
    UMockdevIoctlData* argument = umockdev_ioctl_client_get_arg(client);
    const std::lock_guard lock(mutex_);
    switch (umockdev_ioctl_client_get_request(client)) {
      case I2C_FUNCS:
        umockdev_ioctl_data_update(at(argument, 0, sizeof functions_).get(), 0,
                                   reinterpret_cast<guint8*>(&functions_), sizeof functions_);
        return 0;
      case I2C_RDWR:
        return transfer(argument);
      default:
        return -ENOTTY;  // I2C_TIMEOUT and I2C_RETRIES: an adapter may not have them
    }
  }

  int transfer(UMockdevIoctlData* argument) {
    const Memory request = at(argument, 0, sizeof(i2c_rdwr_ioctl_data));
    const auto count = reinterpret_cast<const i2c_rdwr_ioctl_data*>(request->data)->nmsgs;
    const Memory messages =
        at(request.get(), offsetof(i2c_rdwr_ioctl_data, msgs), count * sizeof(i2c_msg));
    Reaction reaction;
    if (!reactions_.empty()) {
      reaction = reactions_.front();
      reactions_.pop_front();
    }
    std::string seen;
    for (unsigned index = 0; index < count; ++index) {
      const auto message = reinterpret_cast<const i2c_msg*>(messages->data)[index];
      const Memory buffer =
          at(messages.get(), index * sizeof(i2c_msg) + offsetof(i2c_msg, buf), message.len);
      std::array<char, 16> address{};
      std::snprintf(address.data(), address.size(), "%02x", message.addr);
      seen += (seen.empty() ? "" : " ") + std::string(address.data());
      if ((message.flags & I2C_M_RD) == 0) {
        seen += "w:" + to_hex(std::as_bytes(std::span(buffer->data, message.len)));
        continue;
      }
      seen += "r" + std::to_string(message.len);
      auto answer = hex(reaction.answer);
      umockdev_ioctl_data_update(buffer.get(), 0, reinterpret_cast<guint8*>(answer.data()),
                                 static_cast<int>(answer.size()));
    }
    transfers_.push_back(seen);
    return reaction.error == 0 ? static_cast<int>(count) : -reaction.error;
  }

  unsigned long functions_;
  UMockdevTestbed* testbed_;
  UMockdevIoctlBase* handler_;
  std::mutex mutex_;
  std::deque<Reaction> reactions_;      // guarded by mutex_
  std::vector<std::string> transfers_;  // guarded by mutex_
};

using Transfers = std::vector<std::string>;

struct Fixture {
  Adapter adapter;
  Surroundings around;
  std::unique_ptr<Bus> bus = around.bus(settings("i2c", "/dev/i2c-1"));
  std::unique_ptr<TransferLink> link = link_to<TransferLink>(*bus, {.address = 0x44});
  std::array<std::byte, 6> buffer{};

  Fixture() { bus->open(); }

  std::string outcome_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const LinkError& error) {
      return std::string(name_of(error.fault()));
    } catch (const BusError&) {
      return "bus error";
    }
    return "good";
  }
  std::string write() {
    return outcome_of([&] { link->write(hex("fd")); });
  }
  std::string read() {
    return outcome_of([&] { link->read(buffer); });
  }
  std::string exchange() {
    return outcome_of([&] { link->exchange(hex("fd"), buffer); });
  }
};

TEST(i2c, runs_on_the_mocked_adapter) {
  const Adapter adapter;
  ASSERT_TRUE(umockdev_in_mock_environment()) << "start this test by umockdev-wrapper";
}

TEST(i2c, writes_reads_and_combines_as_single_transfers) {
  Fixture wire;
  wire.adapter.react({{}, {.answer = "66669380 00a2"}, {.answer = "beef92beef92"}});
  EXPECT_EQ(wire.write(), "good");
  EXPECT_EQ(wire.read(), "good");
  EXPECT_EQ(to_hex(wire.buffer), "6666938000a2");
  EXPECT_EQ(wire.exchange(), "good");
  EXPECT_EQ(to_hex(wire.buffer), "beef92beef92");
  EXPECT_EQ(wire.adapter.transfers(), (Transfers{"44w:fd", "44r6", "44w:fd 44r6"}));
}

TEST(i2c, serves_each_device_at_its_own_address) {
  Fixture wire;
  const auto other = link_to<TransferLink>(*wire.bus, {.address = 0x62});
  other->write(hex("21b1"));
  wire.link->write(hex("94"));
  EXPECT_EQ(wire.adapter.transfers(), (Transfers{"62w:21b1", "44w:94"}));
}

TEST(i2c, tells_a_device_that_is_not_ready_from_one_that_is_not_there) {
  for (const int error : {ENXIO, EREMOTEIO}) {
    Fixture wire;
    wire.adapter.react({{.error = error}, {.error = error}, {.error = error}});
    EXPECT_EQ(wire.read(), "nack");
    EXPECT_EQ(wire.write(), "no_response");
    EXPECT_EQ(wire.exchange(), "no_response");
    EXPECT_EQ(wire.adapter.transfers().size(), 3U) << "a refusal is not asked again";
  }
}

TEST(i2c, tries_again_when_arbitration_was_lost_or_the_clock_was_held) {
  for (const int error : {EAGAIN, ETIMEDOUT, EBUSY, EIO}) {
    Fixture wire;
    wire.adapter.react({{.error = error}, {.error = error}, {.error = error}, {}});
    EXPECT_EQ(wire.write(), "good") << error;
    EXPECT_EQ(wire.adapter.transfers().size(), 4U);
    wire.adapter.react(
        {{.error = error}, {.error = error}, {.error = error}, {.error = error}, {}});
    EXPECT_EQ(wire.write(), "no_response") << error;
    EXPECT_EQ(wire.adapter.transfers().size(), 4U);
  }
}

TEST(i2c, an_adapter_that_is_gone_is_a_bus_error) {
  Fixture wire;
  for (const int error : {ENODEV, EBADF, ESHUTDOWN}) {
    wire.adapter.react({{.error = error}});
    EXPECT_EQ(wire.read(), "bus error") << error;
  }
  wire.adapter.react({{.error = EOPNOTSUPP}});
  EXPECT_EQ(wire.read(), "unsupported");
  wire.bus->close();
  EXPECT_EQ(wire.read(), "bus error");
  wire.bus->open();
  EXPECT_EQ(wire.write(), "good");
}

TEST(i2c, refuses_addresses_that_no_device_has) {
  Fixture wire;
  for (const int address : {0, 2, 0x78, 0x144}) {
    wire.link = link_to<TransferLink>(*wire.bus, {.address = address});
    EXPECT_EQ(wire.write(), "unsupported");
  }
  EXPECT_EQ(wire.adapter.transfers(), Transfers{});
}

TEST(i2c, a_stop_ends_a_pause_between_transfers) {
  Fixture wire;
  wire.around.stop.request_stop();
  EXPECT_THROW(wire.link->pause(10s), Stopped);
  EXPECT_EQ(wire.write(), "good") << "a device can still be put to sleep";
}

std::string opening(const std::string& path) {
  Surroundings around;
  const auto bus = around.bus(settings("i2c", path));
  try {
    bus->open();
  } catch (const BusError& error) {
    return error.what();
  }
  return "";
}

TEST(i2c, what_cannot_be_opened_says_why) {
  EXPECT_EQ(opening("/dev/i2c-99"), "/dev/i2c-99: no such adapter; is I2C switched on?");
  EXPECT_EQ(opening("/dev/null"), "/dev/null: not an I2C adapter");
  const Adapter smbus(I2C_FUNC_SMBUS_BYTE_DATA);
  EXPECT_EQ(opening("/dev/i2c-1"), "/dev/i2c-1: the adapter knows SMBus only, no plain I2C");
}

}  // namespace
}  // namespace twinsky
