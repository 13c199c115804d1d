// SPDX-License-Identifier: Apache-2.0
// What people have noted about a sensor: when it was worked on, stood beside the reference, was
// moved. A file beside the store, one JSON object a line and only ever appended to: `twinsky note`
// needs no daemon to write it, and a daemon sees it within a minute.
#pragma once

#include "gateway/compare/pairs.hpp"
#include "gateway/model/clock.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

enum class NoteKind : std::uint8_t { maintenance, collocation, moved, cleaned };
std::string_view name_of(NoteKind kind) noexcept;
std::optional<NoteKind> note_kind_named(std::string_view name) noexcept;

struct Note {
  std::string sensor;
  NoteKind kind{};
  UtcTime from{};
  UtcTime to{};
  UtcTime noted{};
  std::string text;  // in the words of whoever noted it
};

std::string notes_file(const std::string& store_path);
// Lines that are no notes (cut off by a full disk) are passed over; a file that is not there has
// none.
std::vector<Note> read_notes(const std::string& file);
// On the disk when it returns; throws std::runtime_error with a sentence for people.
void append_note(const std::string& file, const Note& note);

// An hour that touches work on the sensor never pairs.
bool is_maintained(std::span<const Note> notes, std::string_view sensor, HourStart hour);
// The newest collocation, in whole hours: it defines what the unit did when commissioned.
std::optional<Window> collocation_of(std::span<const Note> notes, std::string_view sensor);
// The first whole hour at the present place; nothing: it was never moved.
std::optional<HourStart> moved_of(std::span<const Note> notes, std::string_view sensor);

}  // namespace twinsky
