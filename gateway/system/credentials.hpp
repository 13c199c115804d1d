// SPDX-License-Identifier: Apache-2.0
// Secrets come from files: systemd's credentials or a file that only the service may read.
#pragma once

#include "gateway/model/result.hpp"

#include <string>
#include <string_view>

namespace twinsky {

// The text of a secret's file without its last line end. A name without '/' is looked up in
// $CREDENTIALS_DIRECTORY, then beside the configuration file. A file that others may read is
// refused. The error is a sentence for people.
Result<std::string, std::string> read_secret(std::string_view name,
                                             std::string_view configuration_directory);

}  // namespace twinsky
