// SPDX-License-Identifier: Apache-2.0
// I2C adapters as a program sees them: /dev/i2c-N with its ioctls, served through libumockdev to
// whoever runs with the environment that environment() tells.
#pragma once

#include "device.hpp"
#include "tally.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace world {

// The devices of one adapter. The bus's requests come on a thread of libumockdev.
class I2cBus {
 public:
  void add(const std::string& name, int address, std::unique_ptr<I2cDevice> device);
  // A driver of the kernel has this address: whoever asks for it is refused.
  void take(int address) { taken_.insert(address); }
  [[nodiscard]] bool is_taken(int address) const { return taken_.contains(address); }

  // All writes that went out from then on, answered or not; reads without a byte written are none.
  void keep_journal() { has_journal_ = true; }
  struct Written {
    int address = 0;
    Bytes bytes;
  };
  [[nodiscard]] std::vector<Written> journal() const;

  // One transfer; false: not acknowledged.
  bool write(int address, ByteSpan bytes);
  bool read(int address, std::span<std::uint8_t> bytes);

  [[nodiscard]] bool has(const std::string& name) const;
  // Both want a device that is there.
  void misbehave(const std::string& name, Misbehaviour misbehaviour);
  void plug(const std::string& name, bool in);
  [[nodiscard]] std::map<std::string, Tally> tallies() const;

 private:
  struct Attached {
    std::string name;
    std::unique_ptr<I2cDevice> device;
    Misbehaviour misbehaviour;
    bool plugged = true;
    Tally tally;
  };
  Attached* answering(int address);
  Attached& named(const std::string& name);

  std::set<int> taken_;  // before it is served
  bool has_journal_ = false;
  mutable std::mutex mutex_;
  std::map<int, Attached> devices_;  // guarded by mutex_
  std::vector<Written> journal_;     // guarded by mutex_
};

// Serves buses by their names ("i2c-1") from a directory of its own below `directory`.
class I2cAdapters {
 public:
  I2cAdapters(const std::string& directory,
              const std::map<std::string, std::unique_ptr<I2cBus>>& buses);
  ~I2cAdapters();
  I2cAdapters(const I2cAdapters&) = delete;
  I2cAdapters& operator=(const I2cAdapters&) = delete;

  [[nodiscard]] std::map<std::string, std::string> environment() const;

 private:
  struct Testbed;
  std::unique_ptr<Testbed> testbed_;
};

}  // namespace world
