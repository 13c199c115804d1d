// SPDX-License-Identifier: Apache-2.0
// The stations of a feed as config/reference/ lists them: their names in three languages and the
// ids that stand for them. Names match exactly: "Central" is not "Central/Western".
#pragma once

#include "gateway/model/station.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

class Stations {
 public:
  // Those of `feed` in the text of a file of config/reference/. A file that cannot be read is a
  // defect of this program and throws std::logic_error.
  Stations(std::string_view file_text, std::string_view feed);
  // A source of both cities has stations in two files.
  void add(std::string_view file_text, std::string_view feed);

  // The id for a printed name: of the registry, else the slug of the English name, else (a name in
  // other letters that nobody has listed) "station-" and eight digits that are always the same.
  [[nodiscard]] std::string id_of(std::string_view printed_name) const;
  // Null: not in the registry.
  [[nodiscard]] const ReferenceStation* find(std::string_view id) const;

 private:
  std::map<std::string, ReferenceStation, std::less<>> by_id_;
  std::map<std::string, std::string, std::less<>> ids_;  // by name without blanks
};

}  // namespace twinsky
