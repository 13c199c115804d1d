// SPDX-License-Identifier: Apache-2.0
// A copy of a store, as it was at one moment, while a daemon goes on writing into it. What reads it
// holds no lock that a writer would wait for; until it is done the WAL grows by what is written.
#pragma once

#include <cstdint>
#include <string>

namespace twinsky {

// Makes the file `target`, with owner and mode of the store, and returns how many bytes it has. It
// has its name when all of it is on the disk and not before. Throws StoreError, a sentence for
// people: then `target` is not there, or what was there is as it was.
std::uint64_t back_up_store(const std::string& path, const std::string& target);

}  // namespace twinsky
