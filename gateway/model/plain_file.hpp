// SPDX-License-Identifier: Apache-2.0
// A file that somebody has named, whatever it turns out to be. A FIFO or a terminal would be waited
// for and a device may never end: only plain files are read, and only so far.
#pragma once

#include "gateway/model/result.hpp"

#include <cstddef>
#include <string>

namespace twinsky {

struct PlainFile {
  std::string text;
  bool is_cut = false;             // there is more of it than was asked for
  bool is_open_to_others = false;  // every user of this machine may read or change it
};

struct UnreadableFile {
  bool is_missing = false;
  bool is_forbidden = false;  // to this user
  std::string reason;         // for people, without its name: "it is a directory"
};

// The first `longest` bytes.
Result<PlainFile, UnreadableFile> read_plain_file(const std::string& path, std::size_t longest);

// Why a library that opens the file by itself had better not; empty: it may.
std::string problem_of_plain_file(const std::string& path);

// The reason, should what is open be no plain file; empty: it is one.
std::string problem_of_open_file(int descriptor);

}  // namespace twinsky
