// SPDX-License-Identifier: Apache-2.0
// Secrets come from files: systemd's credentials or a file that only the service may read.
#pragma once

#include "gateway/model/result.hpp"

#include <string>
#include <string_view>

namespace twinsky {

struct SecretFile {
  std::string_view name;  // a path, or the name of a credential or of a file
  std::string_view place =
      {};  // where the configuration names it: "twinsky.json:12:30: /sinks/0/…"
};

// The text of a secret's file without its last line end. A name without '/' is looked up in
// $CREDENTIALS_DIRECTORY, then beside the configuration file. A file that others may read is
// refused. The error is a sentence for people; it says where the file is named and never its name,
// since people type the secret itself there.
Result<std::string, std::string> read_secret(const SecretFile& secret,
                                             std::string_view configuration_directory);

// Where it is, which read_secret() does not say; empty: nowhere.
std::string found_secret(const SecretFile& secret, std::string_view configuration_directory);

// Of a file that read_secret() does not read: may the service read it all the same? It is another
// user and perhaps on another machine, and systemd may give it the credential. What is there and
// unfit is so for everybody.
bool may_be_the_services(const SecretFile& secret, std::string_view configuration_directory);

}  // namespace twinsky
