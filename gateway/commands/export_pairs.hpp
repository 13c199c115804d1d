// SPDX-License-Identifier: Apache-2.0
// `twinsky export pairs`: the pairs behind a validation record as CSV, one row an hour, so that
// another program can compute every published number again.
#pragma once

namespace twinsky {

class Command;

void add_export_pairs(Command& export_command, int& code);

}  // namespace twinsky
