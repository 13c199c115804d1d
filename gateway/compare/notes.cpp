// SPDX-License-Identifier: Apache-2.0
#include "gateway/compare/notes.hpp"

#include "gateway/model/json.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace twinsky {
namespace {

using std::chrono::hours;

constexpr std::size_t longest_file = std::size_t{16} << 20U;  // a hundred thousand notes
constexpr std::array<std::string_view, 4> kinds{"maintenance", "collocation", "moved", "cleaned"};

std::optional<Note> note_in(const std::string& line) {
  const auto json = Json::parse_or_null(line);
  if (!json.is_object()) return std::nullopt;
  const std::string sensor = json.text_of("sensor");
  const auto kind = note_kind_named(json.text_of("kind"));
  const auto from = parse_time(json.text_of("from"));
  const auto to = parse_time(json.text_of("to"));
  const auto noted = parse_time(json.text_of("noted"));
  if (sensor.empty() || !kind || !from || !to) return std::nullopt;
  return Note{sensor, *kind, *from, *to, noted.value_or(UtcTime{}), json.text_of("text")};
}

// Readable for the same people as the store. What root writes is the daemon's to read: it gets the
// owner of the directory, as SQLite does it with the store's own files.
bool belongs_to_the_daemon(const std::string& file, int descriptor) {
  struct stat mine {};
  struct stat directory {};
  const std::string parent = std::filesystem::absolute(file).parent_path().string();
  if (::fstat(descriptor, &mine) != 0 || ::stat(parent.c_str(), &directory) != 0) return false;
  const bool is_given = ::geteuid() != 0 || mine.st_uid == directory.st_uid ||
                        ::fchown(descriptor, directory.st_uid, directory.st_gid) == 0;
  const bool is_open_to_others = (mine.st_mode & S_IRWXO) != 0;
  // An older file was; who may write it but does not own it leaves that to who does.
  if (is_open_to_others) static_cast<void>(::fchmod(descriptor, 0640) == 0);
  return is_given;
}

HourStart whole_hour_after(UtcTime time) {
  return std::chrono::ceil<hours>(time);
}

}  // namespace

std::string_view name_of(NoteKind kind) noexcept {
  return kinds[static_cast<std::size_t>(kind)];
}

std::optional<NoteKind> note_kind_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kinds, name);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<NoteKind>(found - kinds.begin());
}

std::string notes_file(const std::string& store_path) {
  return store_path + ".notes";
}

std::vector<Note> read_notes(const std::string& file) {
  std::vector<Note> notes;
  const auto found = read_plain_file(file, longest_file);
  if (!found) return notes;
  std::istringstream lines(found->text);
  for (std::string line; std::getline(lines, line);) {
    if (auto note = note_in(line)) notes.push_back(std::move(*note));
  }
  return notes;
}

void append_note(const std::string& file, const Note& note) {
  const Json json = {{"noted", iso8601(note.noted)}, {"sensor", note.sensor},
                     {"kind", name_of(note.kind)},   {"from", iso8601(note.from)},
                     {"to", iso8601(note.to)},       {"text", one_line(note.text)}};
  // A line of its own even where the one before was cut off. One write, so that two people who note
  // something at once do not mix their words.
  const std::string line = "\n" + json.dump() + "\n";
  // As open as the store beside it; a FIFO of that name would be waited for without O_NONBLOCK.
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  if (descriptor >= 0) {
    if (const std::string problem = problem_of_open_file(descriptor); !problem.empty()) {
      ::close(descriptor);
      throw std::runtime_error(file + " cannot be written: " + problem);
    }
  }
  const bool is_written =
      descriptor >= 0 && belongs_to_the_daemon(file, descriptor) &&
      ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(descriptor) == 0;
  const int problem = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (is_written) return;
  throw std::runtime_error(file + " cannot be written (" +
                           std::generic_category().message(problem) +
                           "): try as root or as the user of the daemon");
}

bool is_maintained(std::span<const Note> notes, std::string_view sensor, HourStart hour) {
  return std::ranges::any_of(notes, [&](const Note& note) {
    const bool is_work = note.kind == NoteKind::maintenance || note.kind == NoteKind::cleaned;
    return is_work && note.sensor == sensor && note.from < hour + hours(1) && note.to > hour;
  });
}

std::optional<Window> collocation_of(std::span<const Note> notes, std::string_view sensor) {
  std::optional<Window> newest;
  for (const Note& note : notes) {
    if (note.kind != NoteKind::collocation || note.sensor != sensor) continue;
    const Window window{whole_hour_after(note.from), std::chrono::floor<hours>(note.to)};
    if (window.begin < window.end && (!newest || window.end > newest->end)) newest = window;
  }
  return newest;
}

std::optional<HourStart> moved_of(std::span<const Note> notes, std::string_view sensor) {
  std::optional<HourStart> newest;
  for (const Note& note : notes) {
    if (note.kind != NoteKind::moved || note.sensor != sensor) continue;
    const HourStart hour = whole_hour_after(note.to);
    if (!newest || hour > *newest) newest = hour;
  }
  return newest;
}

}  // namespace twinsky
