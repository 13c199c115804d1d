// SPDX-License-Identifier: Apache-2.0
// I2C_RDWR with any number of messages, plain read() and write() after I2C_SLAVE, and I2C_FUNCS. An
// address that nobody acknowledges gives EREMOTEIO, as the Raspberry Pi's adapter does.
#include "i2c_bus.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdlib.h>
#include <umockdev.h>
#include <vector>

namespace world {

void I2cBus::add(const std::string& name, int address, std::unique_ptr<I2cDevice> device) {
  devices_.emplace(address, Attached{name, std::move(device), {}, true, {}});
}

I2cBus::Attached* I2cBus::answering(int address) {
  const auto found = devices_.find(address);
  if (found == devices_.end()) return nullptr;
  auto& attached = found->second;
  return attached.plugged && !attached.misbehaviour.silent ? &attached : nullptr;
}

I2cBus::Attached& I2cBus::named(const std::string& name) {
  return std::ranges::find(devices_, name, [](const auto& entry) { return entry.second.name; })
      ->second;
}

bool I2cBus::has(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(devices_,
                             [&](const auto& entry) { return entry.second.name == name; });
}

bool I2cBus::write(int address, ByteSpan bytes) {
  const std::lock_guard lock(mutex_);
  if (has_journal_) journal_.push_back({address, Bytes(bytes.begin(), bytes.end())});
  auto* attached = answering(address);
  return attached != nullptr && attached->device->write(bytes, instant_now());
}

bool I2cBus::read(int address, std::span<std::uint8_t> bytes) {
  const std::lock_guard lock(mutex_);
  auto* attached = answering(address);
  if (attached == nullptr) return false;
  auto frame = attached->device->read(instant_now());
  if (!frame) return false;
  frame->bytes.resize(bytes.size(), 0xFF);
  if (attached->misbehaviour.garbled) garble(frame->bytes);
  std::ranges::copy(frame->bytes, bytes.begin());
  if (frame->measurement) attached->tally.count(utc_now());
  return true;
}

std::vector<I2cBus::Written> I2cBus::journal() const {
  const std::lock_guard lock(mutex_);
  return journal_;
}

void I2cBus::misbehave(const std::string& name, Misbehaviour misbehaviour) {
  const std::lock_guard lock(mutex_);
  named(name).misbehaviour = misbehaviour;
}

void I2cBus::plug(const std::string& name, bool in) {
  const std::lock_guard lock(mutex_);
  auto& attached = named(name);
  if (in && !attached.plugged) attached.device->power_up(instant_now());
  attached.plugged = in;
}

std::map<std::string, Tally> I2cBus::tallies() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Tally> tallies;
  for (const auto& [address, attached] : devices_) tallies.emplace(attached.name, attached.tally);
  return tallies;
}

namespace {

// A view into the client's memory, as libumockdev fetches it.
using Memory = std::unique_ptr<UMockdevIoctlData, decltype(&umockdev_ioctl_data_unref)>;

Memory resolve(UMockdevIoctlData* data, std::size_t offset, std::size_t size) {
  GError* error = nullptr;
  Memory memory(umockdev_ioctl_data_resolve(data, offset, size, &error), umockdev_ioctl_data_unref);
  g_clear_error(&error);
  return memory;
}

struct Adapter {
  I2cBus* bus;
  std::map<UMockdevIoctlClient*, int> chosen;  // by I2C_SLAVE
};

bool transfer(I2cBus& bus, const i2c_msg& message, UMockdevIoctlData& memory) {
  const bool is_read = (message.flags & I2C_M_RD) != 0;
  if (!is_read) return bus.write(message.addr, ByteSpan{memory.data, message.len});
  std::vector<std::uint8_t> bytes(message.len);
  if (!bus.read(message.addr, bytes)) return false;
  umockdev_ioctl_data_update(&memory, 0, bytes.data(), static_cast<int>(bytes.size()));
  return true;
}

// The number of messages transferred, or a negative error number.
int transfer_all(I2cBus& bus, UMockdevIoctlData* argument) {
  const auto request = resolve(argument, 0, sizeof(i2c_rdwr_ioctl_data));
  if (!request) return -EFAULT;
  const auto count = reinterpret_cast<const i2c_rdwr_ioctl_data*>(request->data)->nmsgs;
  if (count == 0 || count > I2C_RDWR_IOCTL_MAX_MSGS) return -EINVAL;
  const auto messages =
      resolve(request.get(), offsetof(i2c_rdwr_ioctl_data, msgs), count * sizeof(i2c_msg));
  if (!messages) return -EFAULT;
  for (unsigned index = 0; index < count; ++index) {
    const i2c_msg message = reinterpret_cast<const i2c_msg*>(messages->data)[index];
    const auto memory = resolve(messages.get(), index * sizeof(i2c_msg) + offsetof(i2c_msg, buf),
                                std::max<std::size_t>(message.len, 1));
    if (!memory) return -EFAULT;
    if (!transfer(bus, message, *memory)) return -EREMOTEIO;
  }
  return static_cast<int>(count);
}

void complete(UMockdevIoctlClient* client, long result) {
  umockdev_ioctl_client_complete(client, result < 0 ? -1 : result,
                                 result < 0 ? static_cast<int>(-result) : 0);
}

long answer_to(Adapter& adapter, UMockdevIoctlClient* client) {
  auto* argument = umockdev_ioctl_client_get_arg(client);
  switch (umockdev_ioctl_client_get_request(client)) {
    case I2C_FUNCS: {
      const auto memory = resolve(argument, 0, sizeof(unsigned long));
      if (!memory) return -EFAULT;
      unsigned long functions = I2C_FUNC_I2C;
      umockdev_ioctl_data_update(memory.get(), 0, reinterpret_cast<guint8*>(&functions),
                                 sizeof functions);
      return 0;
    }
    case I2C_SLAVE:
      if (adapter.bus->is_taken(
              static_cast<int>(*reinterpret_cast<unsigned long*>(argument->data)))) {
        return -EBUSY;
      }
      [[fallthrough]];
    case I2C_SLAVE_FORCE:
      adapter.chosen[client] = static_cast<int>(*reinterpret_cast<unsigned long*>(argument->data));
      return 0;
    case I2C_TIMEOUT:
    case I2C_RETRIES:
      return 0;
    case I2C_RDWR:
      return transfer_all(*adapter.bus, argument);
    default:
      return -ENOTTY;
  }
}

gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer adapter) {
  complete(client, answer_to(*static_cast<Adapter*>(adapter), client));
  return TRUE;
}

gboolean on_write(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer data) {
  auto& adapter = *static_cast<Adapter*>(data);
  const auto* argument = umockdev_ioctl_client_get_arg(client);
  const ByteSpan bytes{argument->data, static_cast<std::size_t>(argument->data_len)};
  const bool acknowledged = adapter.bus->write(adapter.chosen[client], bytes);
  complete(client, acknowledged ? argument->data_len : -EREMOTEIO);
  return TRUE;
}

gboolean on_read(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer data) {
  auto& adapter = *static_cast<Adapter*>(data);
  auto* argument = umockdev_ioctl_client_get_arg(client);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(argument->data_len));
  const bool acknowledged = adapter.bus->read(adapter.chosen[client], bytes);
  if (acknowledged) {
    umockdev_ioctl_data_update(argument, 0, bytes.data(), argument->data_len);
  }
  complete(client, acknowledged ? argument->data_len : -EREMOTEIO);
  return TRUE;
}

void on_vanished(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer adapter) {
  static_cast<Adapter*>(adapter)->chosen.erase(client);
}

}  // namespace

struct I2cAdapters::Testbed {
  UMockdevTestbed* testbed = nullptr;
  std::vector<UMockdevIoctlBase*> handlers;
  std::vector<std::unique_ptr<Adapter>> adapters;
  ~Testbed() {
    for (auto* handler : handlers) g_object_unref(handler);
    if (testbed != nullptr) g_object_unref(testbed);
  }
};

I2cAdapters::I2cAdapters(const std::string& directory,
                         const std::map<std::string, std::unique_ptr<I2cBus>>& buses)
    : testbed_(std::make_unique<Testbed>()) {
  // The testbed is a fresh directory in there. There is no other thread yet.
  ::setenv("TMPDIR", directory.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  testbed_->testbed = umockdev_testbed_new();
  for (const auto& [name, bus] : buses) {
    const std::string device = "P: /devices/platform/" + name + "\nN: " + name +
                               "\nE: SUBSYSTEM=i2c-dev\nE: DEVNAME=/dev/" + name + "\n";
    GError* error = nullptr;
    auto* handler = testbed_->handlers.emplace_back(umockdev_ioctl_base_new());
    auto* adapter =
        testbed_->adapters.emplace_back(std::make_unique<Adapter>(Adapter{bus.get(), {}})).get();
    g_signal_connect(handler, "handle-ioctl", G_CALLBACK(on_ioctl), adapter);
    g_signal_connect(handler, "handle-read", G_CALLBACK(on_read), adapter);
    g_signal_connect(handler, "handle-write", G_CALLBACK(on_write), adapter);
    g_signal_connect(handler, "client-vanished", G_CALLBACK(on_vanished), adapter);
    const bool served =
        umockdev_testbed_add_from_string(testbed_->testbed, device.c_str(), &error) != 0 &&
        umockdev_testbed_attach_ioctl(testbed_->testbed, ("/dev/" + name).c_str(), handler,
                                      &error) != 0;
    if (!served) {
      const std::string why = error == nullptr ? "no reason given" : error->message;
      g_clear_error(&error);
      throw ScenarioError("/dev/" + name + " cannot be emulated by umockdev: " + why);
    }
  }
}

I2cAdapters::~I2cAdapters() = default;

std::map<std::string, std::string> I2cAdapters::environment() const {
  gchar* root = umockdev_testbed_get_root_dir(testbed_->testbed);
  const std::string directory = root;
  g_free(root);
  return {{"UMOCKDEV_DIR", directory}, {"LD_PRELOAD", "libumockdev-preload.so.0"}};
}

}  // namespace world
