// SPDX-License-Identifier: Apache-2.0
// How what leaves is written, and where it goes. A format turns rows and documents into messages
// with a destination; delivery decides when they go, which are under way and what has arrived, and
// knows nothing of the text. One file of formats/ is one format, and ends with its descriptor
// (FormatInfo). Pure; one thread.
//
// Everything of ours has a subject ("sensor/roof-pm/obs", "info", "mark"), by which the rules of a
// sink let it go, whatever the format makes of it.
#pragma once

#include "gateway/store/mark.hpp"
#include "gateway/store/store.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// A document that the far end takes apart: it goes on with each part until it is told that the part
// is gone, or that all of it is.
struct Announcement {
  std::vector<std::string> subjects;  // that it names: it may go only where they may
  std::set<std::string> parts;        // of one word each; none: there is nothing to announce
};

struct Message {
  std::string destination;
  std::string payload;
  std::string_view content_type = {};  // empty: none is said; static
  bool is_acknowledged = true;         // the far end says that it has it
  bool retained = false;
  milliseconds expiry{0};  // where the far end can let it expire; 0: it stays
};

class Format {
 public:
  virtual ~Format() = default;

  // Empty: it has no place for the subject. Streams of such records count as passed.
  [[nodiscard]] virtual std::string destination(std::string_view subject) const = 0;
  [[nodiscard]] virtual std::string_view content_type(std::string_view payload) const = 0;

  // Records: what all of a stream's have in common while an epoch lasts,
  [[nodiscard]] virtual std::string head(std::string_view stream, std::string_view epoch) const = 0;
  // one more of them behind those that the message has, and what closes it: at most one byte.
  virtual void append(std::string& payload, std::string_view head, const StoredRow& row) const = 0;
  virtual void close(std::string& payload) const = 0;

  // What the far end should remember of our past, and what it has. Asked for only where there is a
  // destination for `mark`.
  [[nodiscard]] virtual std::string mark(const Mark& mark) const = 0;
  [[nodiscard]] virtual std::optional<Mark> mark_of(std::string_view document) const = 0;

  // Is this the subject of an announcement, whether or not it has a destination now? What the far
  // end was told is noted, and taken back where it went.
  [[nodiscard]] virtual bool is_announcement(std::string_view) const { return false; }
  [[nodiscard]] virtual Announcement announcement(std::string_view) const { return {}; }
  // The announcement, with those parts in it that are gone.
  [[nodiscard]] virtual std::string taking_back(std::string_view announcement,
                                                const std::set<std::string>&) const {
    return std::string(announcement);
  }
  // Where the far end asks for all announcements again, and what it says then; empty: nowhere.
  [[nodiscard]] virtual std::string roll_call() const { return {}; }
  [[nodiscard]] virtual bool is_roll_call(std::string_view) const { return false; }
  // What a person writes where the far end wants no announcements.
  [[nodiscard]] virtual std::string_view without_announcements() const { return {}; }
};

}  // namespace twinsky
