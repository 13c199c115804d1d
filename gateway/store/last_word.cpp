// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/last_word.hpp"

#include <fcntl.h>
#include <fstream>
#include <sstream>
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

std::vector<LedgerRow> LastWord::read() const {
  std::vector<LedgerRow> gaps;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (line + '\n' == end_of_text) return gaps;
    LedgerRow row;
    if (!read_line(line, row)) break;
    gaps.push_back(std::move(row));
  }
  return {};  // torn, or there is none
}

void LastWord::clear() noexcept {
  // Of its full length, so that a disk that is full later has room for what is written over it.
  std::string text(end_of_text);
  text.resize(file_bytes, ' ');
  write(text, O_CREAT);
}

bool LastWord::leave(const std::vector<LedgerRow>& gaps) noexcept {
  std::string text;
  for (const LedgerRow& row : gaps) {
    const std::string line = line_of(row);
    if (text.size() + line.size() + end_of_text.size() > file_bytes) break;
    text += line;
  }
  return write(text.append(end_of_text), 0);
}

bool LastWord::write(const std::string& text, int flags) noexcept {
  const int file = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | flags, 0640);
  if (file < 0) return false;
  const auto length = static_cast<ssize_t>(text.size());
  const bool is_done =
      ::pwrite(file, text.data(), text.size(), 0) == length && ::fdatasync(file) == 0;
  ::close(file);
  return is_done;
}

}  // namespace twinsky
