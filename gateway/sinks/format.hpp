// SPDX-License-Identifier: Apache-2.0
// How what leaves is written, and where it goes. A format turns rows and documents into messages
// with a destination; delivery decides when they go, which are under way and what has arrived, and
// knows nothing of the text. One file of formats/ is one format, and ends with its descriptor
// (FormatInfo). Pure; one thread.
//
// Everything of ours has a subject ("sensor/roof-pm/obs", "info", "mark"), by which the rules of a
// sink let it go, whatever the format makes of it.
#pragma once

#include "gateway/sinks/replay_request.hpp"
#include "gateway/store/mark.hpp"
#include "gateway/store/store.hpp"

#include <map>
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

// How the far end is told what to look for, where it takes such documents. What it was told is
// noted, and taken back where it went.
class AnnouncementFormat {
 public:
  virtual ~AnnouncementFormat() = default;

  // Is this the subject of one, whether or not it has a destination now?
  [[nodiscard]] virtual bool is_announcement(std::string_view subject) const = 0;
  [[nodiscard]] virtual Announcement announcement(std::string_view document) const = 0;
  // As it goes out, with those parts in it that are gone.
  [[nodiscard]] virtual std::string written(std::string_view document,
                                            const std::set<std::string>& gone) const = 0;
  // Where the far end asks for all announcements again, and what it says then; empty: nowhere.
  [[nodiscard]] virtual std::string roll_call() const = 0;
  [[nodiscard]] virtual bool is_roll_call(std::string_view said) const = 0;
  // What a person writes where the far end wants no announcements.
  [[nodiscard]] virtual std::string_view how_to_do_without() const = 0;
};

struct Message {
  std::string destination;
  std::string payload;
  std::string_view content_type = {};  // empty: none is said; static
  bool is_acknowledged = true;         // the far end says that it has it
  // Of one that is not acknowledged, where it must not be: something is asked behind it, and the
  // answer tells that it has arrived.
  bool is_followed_up = false;
  bool retained = false;
  milliseconds expiry{0};  // where the far end can let it expire; 0: it stays
  std::string correlation =
      {};  // what who asked for it knows it by; empty: nobody did, or no matter
};

// What somebody says where we listen.
struct Call {
  std::string destination;  // where
  std::string text;
  std::string reply_to = {};  // where the answer is wanted, and what it shall be known by
  std::string correlation = {};
};

// How records are asked for once more, where somebody at the far end may, and how that is answered.
class ReplayFormat {
 public:
  struct Asked {
    ReplayRequest request;  // whatever was wrong with it, where the answer goes
    std::optional<ReplayProblem> problem = {};
  };

  virtual ~ReplayFormat() = default;

  [[nodiscard]] virtual std::vector<std::string> destinations() const = 0;  // to ask at
  [[nodiscard]] virtual std::uint64_t records_per_hour() const = 0;         // for each who may ask
  [[nodiscard]] virtual Asked asked(const Call& call) const = 0;
  // A part of the answer, with records of one stream in a payload that is closed, and its end.
  [[nodiscard]] virtual std::string piece(const ReplayRequest& request, std::string_view stream,
                                          std::string_view records) const = 0;
  [[nodiscard]] virtual std::string end(const ReplayRequest& request,
                                        const ReplayEnd& end) const = 0;
  // The newest number of each stream that has arrived, by which it is seen that one is missing
  // behind which nothing came.
  [[nodiscard]] virtual std::string newest(
      std::string_view epoch, const std::map<std::string, std::uint64_t>& numbers) const = 0;
};

// How the far end is told who is there, where what is said on a connection is numbered in the order
// in which it is sent, and goes back to what was said first. It is told before any record; what it
// forgot, or lost count of, it asks for. An object with a state: of one connection at a time.
class LifeFormat {
 public:
  // Something to say, and what it makes public: by that it goes, or stays.
  struct News {
    std::string subject;
    Message message;
  };

  virtual ~LifeFormat() = default;

  // A new connection, before which there were so many; of those it knows nothing any more. Answers
  // what the far end shall say when it breaks.
  virtual Message begin(std::uint64_t earlier_connections) = 0;
  // Where we must be able to hear it before we say anything,
  [[nodiscard]] virtual std::string destination_of_calls() const = 0;
  // and whether what it says there asks for everything again.
  [[nodiscard]] virtual bool asks_for_all(std::string_view call) const = 0;

  // What a document says now; empty: there is none any more.
  virtual void know(std::string_view subject, std::string_view document) = 0;
  // Everything is to be told again. Rows up to this one were there before it is told.
  virtual void tell_all(RowId newest) = 0;
  // What has to be said now, in this order: of what changed, of records that were put into
  // payloads, and before those of this subject go (empty: none go).
  virtual std::vector<News> take_news(std::string_view subject, UtcTime now) = 0;
  // A message of records is sent now.
  virtual void number(Message& records, UtcTime now) = 0;
  // The last message of a connection that we end.
  [[nodiscard]] virtual Message farewell(UtcTime now) const = 0;
};

class Format {
 public:
  virtual ~Format() = default;

  // Empty: it has no place for the subject. Streams of such records count as passed. Of the empty
  // subject: what all destinations begin with; empty: nothing.
  [[nodiscard]] virtual std::string destination(std::string_view subject) const = 0;
  [[nodiscard]] virtual std::string_view content_type(std::string_view payload) const = 0;

  // Records: what all of a stream's have in common while an epoch lasts,
  [[nodiscard]] virtual std::string head(std::string_view stream, std::string_view epoch) const = 0;
  // one more of them behind those that the message has, and what closes it: two bytes at most.
  virtual void append(std::string& payload, std::string_view head, const StoredRow& row) const = 0;
  virtual void close(std::string& payload) const = 0;

  // What the far end should remember of our past, and what it has. Asked for only where there is a
  // destination for `mark`.
  [[nodiscard]] virtual std::string mark(const Mark& mark) const = 0;
  [[nodiscard]] virtual std::optional<Mark> mark_of(std::string_view document) const = 0;

  // These live as long as the format. nullptr: nobody may ask for anything,
  [[nodiscard]] virtual const ReplayFormat* replay() const { return nullptr; }
  // and nothing is announced.
  [[nodiscard]] virtual const AnnouncementFormat* announcements() const { return nullptr; }
  // nullptr: what is said needs no beginning. Records are put into payloads as it has them told.
  // One thread.
  [[nodiscard]] virtual LifeFormat* life() const { return nullptr; }
};

}  // namespace twinsky
