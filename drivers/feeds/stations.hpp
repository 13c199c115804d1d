// SPDX-License-Identifier: Apache-2.0
// The stations of a feed as config/reference/ lists them: their names in three languages and the
// ids that stand for them. Names match exactly: "Central" is not "Central/Western". A place is one
// of a kind: the rain of Sha Tin's district is not that of the station Sha Tin.
#pragma once

#include "gateway/model/station.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

// What a document names: a station, or a district, which the registry calls by that kind.
enum class PlaceKind : std::uint8_t { station, district };

class Stations {
 public:
  // Those of `feed` in the text of a file of config/reference/. A file that cannot be read is a
  // defect of this program and throws std::logic_error.
  Stations(std::string_view file_text, std::string_view feed);
  // A source of both cities has stations in two files.
  void add(std::string_view file_text, std::string_view feed);

  // The id for a printed name: of the registry, else the slug of the English name, else (a name in
  // other letters that nobody has listed) "station-" and eight digits that are always the same. A
  // district that nobody has listed has "-district" at its end. Nothing: it does not look like the
  // name of a place (a heading, a range, a mark for "none").
  [[nodiscard]] std::optional<std::string> id_of(std::string_view printed_name,
                                                 PlaceKind kind = PlaceKind::station) const;
  // By its id or one that it had earlier; null: not in the registry.
  [[nodiscard]] const ReferenceStation* find(std::string_view id) const;
  [[nodiscard]] std::vector<const ReferenceStation*> all() const;  // by their ids

 private:
  using Ids = std::map<std::string, std::string, std::less<>>;
  [[nodiscard]] std::string id_of_unlisted(const std::string& name, PlaceKind kind) const;

  std::map<std::string, ReferenceStation, std::less<>> by_id_;
  Ids present_ids_;         // by the earlier ones
  std::array<Ids, 2> ids_;  // of stations and of districts, by name without blanks
};

}  // namespace twinsky
