// SPDX-License-Identifier: Apache-2.0
// What a far end was told to look for, and where: noted in the store before it is told, so that it
// is taken back whatever has changed since, after a crash too. Of one subject there is more than
// one note while what was told before is not known to be taken back. One thread.
#pragma once

#include "gateway/store/store.hpp"

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace twinsky {

class Announced {
 public:
  struct Note {
    std::string destination;
    std::set<std::string> parts;
    auto operator<=>(const Note&) const = default;
  };
  using Notes = std::set<Note>;

  Announced(Store& store, std::string sink) : store_(store), sink_(std::move(sink)) {}

  // Takes over what the store has noted, and gives back what is none of these, and of one word.
  std::set<std::string, std::less<>> recall();

  // Empty: nothing was told.
  [[nodiscard]] const Notes& of(std::string_view subject) const;
  [[nodiscard]] const std::map<std::string, Notes, std::less<>>& all() const { return notes_; }

  void note(const std::string& subject, const Note& note);
  // All that was said of the subject has arrived, and this was the last of it; nothing: it was
  // taken back.
  void settle(const std::string& subject, const std::optional<Note>& last);

 private:
  Store& store_;
  const std::string sink_;
  std::map<std::string, Notes, std::less<>> notes_;  // by subject
};

}  // namespace twinsky
