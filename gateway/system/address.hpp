// SPDX-License-Identifier: Apache-2.0
// Which network addresses belong to the public Internet.
#pragma once

#include <optional>
#include <string_view>

struct sockaddr;

namespace twinsky {

// False for loopback, link-local, private, shared, multicast and reserved addresses, also where an
// IPv6 address carries such an IPv4 one.
bool is_public_address(const sockaddr& address) noexcept;

// The same for a host written as a number ("127.0.0.1", "::1", "[::1]"); nullopt: it is a name.
std::optional<bool> is_public_literal(std::string_view host);

// True for link-local addresses and for those at which clouds hand out a machine's credentials:
// nothing official is ever there, and who opens the local network does not mean them.
bool is_off_limits(const sockaddr& address) noexcept;
// The same for a host written as a number; false for a name.
bool is_off_limits_literal(std::string_view host);

// "localhost" and what is below it: names of this machine whatever a name server says.
bool is_this_machine(std::string_view host);
// The same, and the loopback addresses ("127.0.0.1", "::1").
bool is_loopback_host(std::string_view host);

}  // namespace twinsky
