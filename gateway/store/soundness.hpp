// SPDX-License-Identifier: Apache-2.0
// Is a store's file whole, read beside whoever keeps it.
#pragma once

#include <string>

namespace twinsky {

// Reads all of it: minutes for a large one on a card. Empty: it is sound. Throws StoreError when it
// cannot be read at all.
std::string damage_in_store(const std::string& path);

}  // namespace twinsky
