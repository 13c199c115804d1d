// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each file adds its own options and returns what runs it.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace twinsky {

enum ExitCode : int { exit_good = 0, exit_failed = 1, exit_usage = 2, exit_configuration = 78 };

// Each adds its subcommand to `app`; when it was called, its exit code is put into `code`.
void add_accept_correction(CLI::App& app, int& code);
void add_audit(CLI::App& app, int& code);
void add_check(CLI::App& app, int& code);
void add_drivers(CLI::App& app, int& code);
void add_export(CLI::App& app, int& code);
void add_note(CLI::App& app, int& code);
void add_read(CLI::App& app, int& code);
void add_replay(CLI::App& app, int& code);
void add_report(CLI::App& app, int& code);
void add_run(CLI::App& app, int& code);
void add_schema(CLI::App& app, int& code);
void add_status(CLI::App& app, int& code);

}  // namespace twinsky
