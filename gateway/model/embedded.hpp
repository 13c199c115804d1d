// SPDX-License-Identifier: Apache-2.0
// Files of the source tree that the program carries with it: SQL, device maps, stations, index
// editions, schemas. Any thread.
#pragma once

#include <string_view>

namespace twinsky {

// The text of a file by its path in the source tree ("drivers/maps/renke-rs-fsxcs.json");
// empty when there is no such file.
std::string_view embedded_file(std::string_view path);

// The paths of all embedded files, sorted, separated by '\n'.
std::string_view embedded_file_names();

}  // namespace twinsky
