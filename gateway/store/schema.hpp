// SPDX-License-Identifier: Apache-2.0
// Which tables a store's file has. A file carries their texts itself, and SQLite believes it: one
// byte that changes there may leave a table with another meaning, which takes rows and loses them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace SQLite {  // NOLINT(readability-identifier-naming): the name of the library
class Database;
}

namespace twinsky {

// Step n makes version n + 1 of the version before.
std::vector<std::string_view> schema_steps();

// Brings the schema from its `user_version` to the last of `steps` (texts of SQL), each step in its
// own transaction. Throws StoreError when the file is newer, or another program's.
void bring_up_to_date(SQLite::Database& database, const std::string& path,
                      std::span<const std::string_view> steps);
void migrate(const std::string& path, std::span<const std::string_view> steps);

// Throws, as for any damage, when a table or an index is not what the steps up to the file's
// version make. Blanks and comments do not count, nor does what somebody added, nor what a newer
// program made.
void check_schema(SQLite::Database& database);

// Gives the tables of a file that was set aside their texts back, so that their rows can be read.
// What cannot be mended stays as it is.
void mend_schema(const std::string& path) noexcept;

}  // namespace twinsky
