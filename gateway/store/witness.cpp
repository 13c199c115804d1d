// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/witness.hpp"

#include "gateway/model/stable_hash.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace twinsky {
namespace {

constexpr std::chrono::minutes keep_every{5};
constexpr std::size_t size_of_file = 160;  // always the same: it is written in place
constexpr std::string_view first_words = "twinsky-witness 1";

struct Testimony {
  Mark mark;
  std::uint64_t file = 0;  // which one the store is
  std::string state;       // "open" or "closed"
};

std::string path_beside(const std::string& store) {
  return store + ".witness";
}

// Which file stands there: the number alone is soon given to another one.
std::uint64_t identity_of(const std::string& path) {
  struct statx file {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &file) != 0) return 0;
  std::string text = std::to_string(file.stx_ino);
  if ((file.stx_mask & STATX_BTIME) != 0) {
    text +=
        ' ' + std::to_string(file.stx_btime.tv_sec) + ' ' + std::to_string(file.stx_btime.tv_nsec);
  }
  return stable_hash(text);
}

std::optional<Testimony> read_testimony(const std::string& store) {
  std::ifstream stream(path_beside(store));
  std::string name;
  std::string version;
  std::string end;
  Testimony read;
  stream >> name >> version >> read.mark.epoch >> read.mark.run >> read.mark.row >>
      read.mark.hash >> read.file >> read.state >> end;
  if (!stream || name + ' ' + version != first_words || end != "end") return std::nullopt;
  return read;
}

std::string text_of(const Testimony& testimony) {
  std::ostringstream text;
  text << first_words << '\n'
       << testimony.mark.epoch << ' ' << testimony.mark.run << ' ' << testimony.mark.row << ' '
       << testimony.mark.hash << ' ' << testimony.file << ' ' << testimony.state << " end\n";
  std::string line = text.str();
  line.resize(std::max(size_of_file, line.size()), ' ');
  line.back() = '\n';
  return line;
}

bool write_testimony(const std::string& store, const std::string& text) {
  const int file = ::open(path_beside(store).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return false;
  const ssize_t written = ::pwrite(file, text.data(), text.size(), 0);
  const bool is_kept = written == static_cast<ssize_t>(text.size()) && ::fdatasync(file) == 0;
  ::close(file);
  return is_kept;
}

std::string remembered(Tables& tables, const std::string& name) {
  const auto all = tables.remembered();
  const auto found = all.find(name);
  return found == all.end() ? std::string() : found->second;
}

}  // namespace

Witness::Witness(Tables& tables, Journal& journal, std::string store)
    : tables_(tables),
      journal_(journal),
      store_(std::move(store)),
      runs_(remembered(tables, runs_name)) {}

Witness::~Witness() {
  if (epoch_.empty()) return;
  try {
    // Another file may stand there by now, or the same one opened once more.
    const auto read = read_testimony(store_);
    if (!read || read->mark.run != name_of(runs_.newest())) return;
    keep(epoch_, "closed");
  } catch (const std::exception&) {
    return;  // the next start finds an older testimony, which is true as well
  }
}

std::string Witness::why_set_back(const std::vector<SavedEpoch>& epochs) {
  const auto read = read_testimony(store_);
  if (!read || epochs.empty()) return {};
  const Mark& seen = read->mark;
  std::vector<std::string> names;
  for (const SavedEpoch& epoch : epochs) names.push_back(epoch.epoch);
  const std::string beside = "the witness beside it has seen ";
  // It belongs to this file: an epoch of it that the file does not know came later.
  if (std::ranges::find(names, seen.epoch) == names.end()) return beside + "a later epoch";
  const std::string why = twinsky::why_set_back(seen, names, runs_, journal_.last());
  if (!why.empty()) return beside + why;
  if (seen.epoch != names.back()) return {};
  const std::uint64_t hash = hash_of(seen.row);
  if (hash != 0 && seen.hash != 0 && hash != seen.hash) {
    return beside + "another sample in row " + std::to_string(seen.row);
  }
  // After a crash it may be behind. Then the file must still be the one that it stood beside: a
  // copy made in the same run knows that run, and may lack what came after the testimony.
  const bool is_exact = read->state == "closed" && seen.row == journal_.last() && !runs_.empty() &&
                        seen.run == name_of(runs_.newest());
  if (!is_exact && read->file != 0 && read->file != identity_of(store_)) {
    return "the file is another one than the one that was in use, and was not closed";
  }
  return {};
}

void Witness::begin_run() {
  runs_.begin(journal_.last() + 1);
  tables_.save_remembered(runs_name, runs_.text());
}

bool Witness::keep(const std::string& epoch, const char* state) {
  if (runs_.empty()) return true;
  const RowId row = journal_.last();
  const Testimony now{.mark = {.epoch = epoch,
                               .after = {},
                               .run = name_of(runs_.newest()),
                               .row = row,
                               .hash = hash_of(row)},
                      .file = identity_of(store_),
                      .state = state};
  epoch_ = epoch;
  row_ = row;
  return write_testimony(store_, text_of(now));
}

void Witness::keep_when_due(const std::string& epoch, MonotonicTime now) {
  if (epoch == epoch_ && (now < due_ || journal_.last() == row_)) return;
  due_ = now + keep_every;
  keep(epoch);
}

std::uint64_t Witness::hash_of(RowId row) {
  if (row < journal_.oldest() || row > journal_.last()) return 0;
  std::string text;
  std::vector<StoredRow> rows;
  try {
    tables_.read(row, row, 1, text, rows);
  } catch (const std::exception&) {
    return 0;  // a row that cannot be read is found by those who need it; here it tells nothing
  }
  return rows.empty() ? 0 : row_hash(rows.front());
}

}  // namespace twinsky
