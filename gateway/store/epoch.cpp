// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/epoch.hpp"

#include "gateway/model/hexadecimal.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <random>

namespace twinsky {

std::string random_epoch() {
  std::random_device random;
  std::uniform_int_distribution<std::uint32_t> from_a_on(0xA0000000U);
  return hexadecimal(from_a_on(random), 8);
}

std::string kernel_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::string why_new_epoch(const std::vector<SavedEpoch>& epochs, const std::string& machine_id) {
  if (epochs.empty()) return "new store";
  if (epochs.back().machine_id != machine_id) return "another machine (a copied card or disk)";
  return {};
}

}  // namespace twinsky
