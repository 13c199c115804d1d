// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/last_word.hpp"

#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <tuple>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr std::size_t file_bytes = 32'768;  // some hundred rows
constexpr std::string_view end_of_text = ".\n";

// cause, stream, start, end, number; a name has no blank in it.
std::string line_of(const LedgerRow& row) {
  return row.cause + ' ' + row.stream + ' ' + std::to_string(row.start.time_since_epoch().count()) +
         ' ' + std::to_string(row.end.time_since_epoch().count()) + ' ' +
         std::to_string(row.count) + (row.estimated ? " 1\n" : " 0\n");
}

bool read_line(const std::string& line, LedgerRow& row) {
  std::istringstream fields(line);
  std::int64_t start = 0;
  std::int64_t end = 0;
  fields >> row.cause >> row.stream >> start >> end >> row.count >> row.estimated;
  row.start = UtcTime(milliseconds(start));
  row.end = UtcTime(milliseconds(end));
  return !fields.fail();
}

}  // namespace

std::vector<LedgerRow> LastWord::take() noexcept {
  std::vector<LedgerRow> gaps;
  try {
    std::ifstream file(path_);
    bool is_whole = false;
    for (std::string line; std::getline(file, line);) {
      LedgerRow row;
      is_whole = is_whole || line + '\n' == end_of_text;
      if (is_whole || !read_line(line, row)) break;
      gaps.push_back(std::move(row));
    }
    if (!is_whole) gaps.clear();
    write(std::string(end_of_text));
  } catch (const std::exception&) {
    gaps.clear();
  }
  return gaps;
}

bool LastWord::leave(const std::vector<LedgerRow>& gaps) noexcept {
  try {
    std::string text;
    for (const LedgerRow& row : gaps) text += line_of(row);
    return write(text.append(end_of_text));
  } catch (const std::exception&) {
    return false;
  }
}

// The file keeps its length: what stands in it is written over.
bool LastWord::write(const std::string& text) noexcept {
  if (text.size() > file_bytes) return false;
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return false;
  const auto length = static_cast<ssize_t>(text.size());
  std::ignore = ::posix_fallocate(file, 0, file_bytes);  // it is there, or the write itself fails
  const bool is_done =
      ::pwrite(file, text.data(), text.size(), 0) == length && ::fdatasync(file) == 0;
  ::close(file);
  return is_done;
}

}  // namespace twinsky
