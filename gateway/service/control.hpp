// SPDX-License-Identifier: Apache-2.0
// What the daemon says on its local socket, and where that lies. A request is a line
// "twinsky/1 overview"; the answer is a JSON object. Whatever version asks, it is answered: with
// what this one knows, and which that is.
#pragma once

#include "gateway/service/overview.hpp"
#include "gateway/system/control_socket.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

inline constexpr std::string_view overview_request = "twinsky/1 overview";

// Of a daemon that keeps this store: in the directory that its service manager gave it
// ($RUNTIME_DIRECTORY; nullptr: none), else in /tmp under a name made of the store's path.
std::string control_path(const std::string& store_path, const char* runtime_directory);
// Where a command looks for it, in this order.
std::vector<std::string> control_paths(const std::string& store_path);

ControlSocket::Answer control_answer(const PublishedOverview& overview);

}  // namespace twinsky
