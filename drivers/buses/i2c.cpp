// SPDX-License-Identifier: Apache-2.0
#include "drivers/buses/i2c.hpp"

#include "drivers/buses/descriptor.hpp"
#include "drivers/buses/device_file.hpp"
#include "gateway/model/hexadecimal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

// An SCD30 may hold the clock for 150 ms once a day; that one read is tried again.
constexpr unsigned long adapter_time_out_10_ms = 10;
constexpr unsigned long adapter_retries = 1;
constexpr int highest_address = 0x77;
constexpr std::array pauses_between_tries = {1ms, 5ms, 20ms};

std::string address_text(int address) {
  return "0x" + hexadecimal(static_cast<unsigned>(address), 2);
}

i2c_msg message(int address, unsigned flags, const std::byte* data, std::size_t size) {
  // The kernel only reads from the buffer of a write.
  auto* buffer = reinterpret_cast<__u8*>(const_cast<std::byte*>(data));
  return {.addr = static_cast<__u16>(address),
          .flags = static_cast<__u16>(flags),
          .len = static_cast<__u16>(size),
          .buf = buffer};
}

class Adapter {
 public:
  explicit Adapter(std::string path) : path_(std::move(path)) {}

  void open();
  void close() noexcept { adapter_ = Descriptor(); }
  // 0, or the kernel's reason.
  int transfer(std::span<i2c_msg> messages);
  [[nodiscard]] bool is_gone() const;
  // By a driver of the kernel (i2c-dev refuses its address then).
  [[nodiscard]] bool is_taken(int address) const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_;
  Descriptor adapter_;
};

void Adapter::open() {
  close();
  Descriptor adapter(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!adapter.is_open()) {
    switch (errno) {
      case ENOENT:
        throw BusError(path_ + ": no such adapter; is I2C switched on?");
      case EACCES:
        throw BusError(path_ + ": no permission; the user must be in the group i2c");
      default:
        throw BusError(failure_text(path_, errno));
    }
  }
  unsigned long functions = 0;
  if (::ioctl(adapter.get(), I2C_FUNCS, &functions) != 0) {
    throw BusError(path_ + ": not an I2C adapter");
  }
  if ((functions & I2C_FUNC_I2C) == 0) {
    throw BusError(path_ + ": the adapter knows SMBus only, no plain I2C");
  }
  // Without these a device that holds the clock would keep its neighbours waiting for a second; an
  // adapter that refuses them keeps its own.
  ::ioctl(adapter.get(), I2C_TIMEOUT, adapter_time_out_10_ms);
  ::ioctl(adapter.get(), I2C_RETRIES, adapter_retries);
  adapter_ = std::move(adapter);
}

int Adapter::transfer(std::span<i2c_msg> messages) {
  i2c_rdwr_ioctl_data transfer{.msgs = messages.data(),
                               .nmsgs = static_cast<__u32>(messages.size())};
  while (::ioctl(adapter_.get(), I2C_RDWR, &transfer) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool Adapter::is_gone() const {
  return ::access(path_.c_str(), F_OK) != 0;
}

bool Adapter::is_taken(int address) const {
  const auto wanted = static_cast<unsigned long>(address);
  return ::ioctl(adapter_.get(), I2C_SLAVE, wanted) != 0 && errno == EBUSY;
}

class I2cLink final : public TransferLink {
 public:
  I2cLink(Adapter& adapter, const BusSurroundings& surroundings, int address)
      : adapter_(adapter), surroundings_(surroundings), address_(address) {}

  void write(Bytes tx) override {
    std::array messages{message(address_, 0, tx.data(), tx.size())};
    transfer(messages);
  }
  void read(std::span<std::byte> rx) override {
    std::array messages{message(address_, I2C_M_RD, rx.data(), rx.size())};
    transfer(messages);
  }
  void exchange(Bytes tx, std::span<std::byte> rx) override {
    std::array messages{message(address_, 0, tx.data(), tx.size()),
                        message(address_, I2C_M_RD, rx.data(), rx.size())};
    transfer(messages);
  }
  [[nodiscard]] std::string other_user() override {
    return adapter_.is_taken(address_) ? "a driver of the kernel" : "";
  }
  void pause(milliseconds duration) override { pause_for(duration, surroundings_); }
  [[nodiscard]] std::optional<double> nearby(Quantity quantity) const override {
    return surroundings_.nearby(quantity);
  }

 private:
  void transfer(std::span<i2c_msg> messages);
  [[noreturn]] void fail(int error, bool is_read) const;

  Adapter& adapter_;
  const BusSurroundings& surroundings_;
  const int address_;
};

void I2cLink::transfer(std::span<i2c_msg> messages) {
  constexpr int lowest_address = 0x03;  // below and above the bus has other meanings
  if (address_ < lowest_address || address_ > highest_address) {
    throw LinkError(Fault::unsupported, address_text(address_) + ": no address of a device");
  }
  int error = adapter_.transfer(messages);
  for (const auto pause_before : pauses_between_tries) {
    const bool may_pass = error == EAGAIN || error == ETIMEDOUT || error == EBUSY || error == EIO;
    if (!may_pass) break;
    pause(pause_before);
    error = adapter_.transfer(messages);
  }
  if (error != 0) fail(error, (messages[0].flags & I2C_M_RD) != 0);
}

void I2cLink::fail(int error, bool is_read) const {
  const std::string device = adapter_.path() + " " + address_text(address_);
  switch (error) {
    case ENXIO:
    case EREMOTEIO:
      throw is_read ? LinkError(Fault::nack, device + ": not ready")
                    : LinkError(Fault::no_response, device + ": no answer");
    case EIO:
      // i2c-gpio says this when a device refuses a byte; the neighbours still work then.
      if (adapter_.is_gone()) break;
      [[fallthrough]];
    case EAGAIN:
    case ETIMEDOUT:
    case EBUSY:
      throw LinkError(Fault::no_response, failure_text(device, error));
    case EPROTO:
    case EOPNOTSUPP:
    case EINVAL:
      throw LinkError(Fault::unsupported, failure_text(device, error));
    default:
      break;
  }
  throw BusError(failure_text(adapter_.path(), error));
}

class I2cBus final : public Bus {
 public:
  I2cBus(const BusSettings& settings, BusSurroundings surroundings)
      : surroundings_(std::move(surroundings)), adapter_(settings.address) {}

  void open() override { adapter_.open(); }
  void close() noexcept override { adapter_.close(); }
  std::unique_ptr<Link> link(const DeviceSettings& device) override {
    return std::make_unique<I2cLink>(adapter_, surroundings_, device.address);
  }

 private:
  const BusSurroundings surroundings_;
  Adapter adapter_;
};

constexpr auto addresses = std::to_array<Setting>({
    {.name = "address",
     .kind = SettingKind::integer,
     .documentation = "I2C address (8 to 0x77), where it is not the driver's default.",
     .lower = 1,
     .upper = 254,
     .hexadecimal = true},
});

// A driver may know which addresses its device can have.
std::string check_device(int address, const DriverInfo& driver) {
  constexpr int lowest = 0x08;  // NXP UM10204, 3.1.12: the others are reserved
  const std::string text = address_text(address);
  const std::string refused = text + " is no address of " + std::string(driver.name);
  if (driver.addresses.empty()) {
    const bool is_free = address >= lowest && address <= highest_address;
    return is_free ? "" : refused + ", expected one from 0x08 to 0x77";
  }
  const bool is_known = std::ranges::any_of(driver.addresses, [&](std::string_view known) {
    return known == text || known == std::to_string(address);
  });
  return is_known ? "" : refused + ", expected " + listed(driver.addresses);
}

// Nobody is asked there, by whatever driver.
std::string_view spared(int address) {
  // Memories: EEPROMs of HATs, displays and RAM modules. Some take a question for a write.
  if (address >= 0x50 && address <= 0x57) return "memories (EEPROM) have it";
  // SMBus 3.2, appendix C: whoever has an alert to give answers a read there, and takes it for
  // told.
  if (address == 0x0C) return "it is SMBus's alert response";
  return {};
}

}  // namespace

extern const BusInfo i2c_bus = {
    .name = "i2c",
    .documentation = "The adapter's file, such as /dev/i2c-1.",
    .place = 1,
    .devices = BusInfo::Devices::each_at_its_address,
    .device_addresses = addresses,
    .device_address_name = "I2C address",
    .needs = {.files = "/dev/i2c-*",
              .group = "i2c",
              .device_class = "i2c-dev",
              .module = "i2c-dev",
              .boot_line = "dtparam=i2c_arm=on",
              .switch_on = "sudo raspi-config nonint do_i2c 0"},
    .sweep = {.first = 0x08, .usual = highest_address, .last = highest_address, .spared = spared},
    .check_device = check_device,
    .identity = identity_of_device,
    .make = [](const BusSettings& settings, BusSurroundings surroundings) -> std::unique_ptr<Bus> {
      return std::make_unique<I2cBus>(settings, std::move(surroundings));
    },
};

}  // namespace twinsky
