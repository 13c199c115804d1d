// SPDX-License-Identifier: Apache-2.0
// How much one packet of a broker may take of our memory.
//
// Paho 1.3.12 believes what the first bytes of a packet say, asks for that much memory (up to
// 256 MB) and fills it, whatever maximum was announced, and never gives it back. It has no limit to
// set and no place where it asks. But it asks the system for the whole rest of a packet in one
// call, so this program brings its own `recv` and `SSL_read`: they refuse a read that is larger
// than any packet which we expect, and Paho ends that connection before a byte of it is stored.
// Nothing else in this process reads so much at once. They cost a comparison, and no copy.
#pragma once

#include <cstddef>

namespace twinsky {

inline constexpr std::size_t largest_packet = 256U << 10U;

// Does the dynamic linker give Paho our functions? A build that hides them would lose the bound.
bool reads_are_bounded();

}  // namespace twinsky
