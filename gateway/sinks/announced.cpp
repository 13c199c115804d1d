// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/announced.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

namespace twinsky {
namespace {

// Among the retained topics, none of which has a blank: subject, destination, parts.
constexpr char blank = ' ';

std::string text_of(std::string_view subject, const Announced::Note& note) {
  std::string text(subject);
  text.append(1, blank).append(note.destination);
  for (const std::string& part : note.parts) text.append(1, blank).append(part);
  return text;
}

}  // namespace

std::set<std::string, std::less<>> Announced::recall() {
  notes_.clear();
  std::set<std::string, std::less<>> topics;
  for (const std::string& noted : store_.retained_topics(sink_)) {
    std::istringstream words(noted);
    std::string subject;
    std::getline(words, subject, blank);
    if (subject == noted) {
      topics.insert(noted);
      continue;
    }
    Note note;
    std::getline(words, note.destination, blank);
    for (std::string part; std::getline(words, part, blank);) note.parts.insert(part);
    notes_[subject].insert(std::move(note));
  }
  return topics;
}

const Announced::Notes& Announced::of(std::string_view subject) const {
  static const Notes none;
  const auto found = notes_.find(subject);
  return found == notes_.end() ? none : found->second;
}

void Announced::note(const std::string& subject, const Note& note) {
  if (notes_[subject].insert(note).second) store_.note_retained(sink_, text_of(subject, note));
}

void Announced::settle(const std::string& subject, const std::optional<Note>& last) {
  const auto found = notes_.find(subject);
  if (found == notes_.end()) return;
  std::erase_if(found->second, [&](const Note& each) {
    if (last == each) return false;
    store_.forget_retained(sink_, text_of(subject, each));
    return true;
  });
  if (found->second.empty()) notes_.erase(found);
}

}  // namespace twinsky
