// SPDX-License-Identifier: Apache-2.0
// What a kind of bus needs of the machine, for whoever looks for what stands in its way: beside its
// BusInfo at the end of its file, by which it is found.
#pragma once

#include "drivers/registry.hpp"

#include <span>
#include <string_view>

namespace twinsky {

struct BusNeeds {
  const BusInfo* bus = nullptr;
  bool is_server = false;              // its address is HOST:PORT; else it names a device's file
  std::string_view files = {};         // such files by their names: "/dev/i2c-*"
  std::string_view group = {};         // whose members may open them
  bool has_one_user = false;           // two programs would each see half of the bytes
  std::string_view device_class = {};  // below /sys/class, where a module brings it that is not
  std::string_view module = {};        // loaded by itself
  std::string_view boot_line = {};     // of a Raspberry Pi's config.txt, without which it is off,
  std::string_view switch_on = {};     // and the command that puts it there
};

// None: nothing of the machine.
const BusNeeds* needs_of(const BusInfo& bus) noexcept;

// What the folder defines, written when the program is built.
std::span<const BusNeeds* const> found_needs() noexcept;

}  // namespace twinsky
