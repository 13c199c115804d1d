// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each file adds its own options and returns what runs it.
#pragma once

namespace twinsky {

class Command;

enum ExitCode : int { exit_good = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78 };

// Each adds its subcommand to `app`; when it was called, its exit code is put into `code`.
void add_accept_correction(Command& app, int& code);
void add_audit(Command& app, int& code);
void add_check(Command& app, int& code);
void add_drivers(Command& app, int& code);
void add_export(Command& app, int& code);
void add_note(Command& app, int& code);
void add_read(Command& app, int& code);
void add_replay(Command& app, int& code);
void add_report(Command& app, int& code);
void add_run(Command& app, int& code);
void add_schema(Command& app, int& code);
void add_status(Command& app, int& code);

}  // namespace twinsky
