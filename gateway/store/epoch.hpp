// SPDX-License-Identifier: Apache-2.0
// Epochs: random names for runs of rows whose `seq` may be trusted.
#pragma once

#include "gateway/store/tables.hpp"

#include <string>
#include <string_view>

namespace twinsky {

// The reason of an epoch whose records came from another file.
inline constexpr std::string_view imported_epoch = "imported";

// Eight random hexadecimal digits, the first of them a letter: who reads a table takes "12345e67"
// for a number.
std::string random_epoch();

// The kernel's id of this boot; empty when it has none.
std::string kernel_boot_id();

// Why a store opened on `machine_id` must begin a new epoch; empty: it may go on counting.
std::string why_new_epoch(const std::vector<SavedEpoch>& epochs, const std::string& machine_id);

}  // namespace twinsky
