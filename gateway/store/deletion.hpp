// SPDX-License-Identifier: Apache-2.0
// Which rows go next when the store has to shrink: the oldest first, but none that may be on its
// way to a broker while others can go, since nobody could say afterwards whether it arrived. Pure.
#pragma once

#include "gateway/model/topic_rules.hpp"
#include "gateway/store/tables.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace twinsky {

// What deletion has to know of the outside.
struct WantedRows {
  std::map<std::string, RowId> cursors;   // by sink
  std::map<std::string, RowId> claimed;   // by sink: rows after the cursor, up to here, may be sent
  std::vector<std::string> stream_names;  // by StreamId
  std::vector<SavedEpoch> epochs;         // ascending
  std::map<std::string, TopicRules> topics = {};  // by sink; one that is not here takes all

  [[nodiscard]] const std::string& name_of(StreamId stream) const {
    return stream_names.at(static_cast<std::size_t>(stream));
  }
  // Do the stream's records go to the sink? Rows that do not are no loss for it.
  [[nodiscard]] bool takes(const std::string& sink, StreamId stream) const;
};

// What may be given up.
enum class Sacrifice : std::uint8_t {
  none,
  acknowledged,  // rows that every sink has
  unsent,        // these too: they enter the ledger
  under_way,     // what may be on its way as well, when nothing else is left
};

struct KeptRows {
  RowId oldest = 1;
  RowId last = 0;
  std::vector<SalvageRange> missing;  // between them
};

// Rows to be deleted together, all of one epoch.
struct Piece {
  RowId first = 0;
  RowId last = 0;
  bool leaves_older = false;      // rows that may be on their way stay before it
  bool may_have_arrived = false;  // nothing else is left: the ledger can only estimate

  bool operator==(const Piece&) const = default;
};

// nullopt: nothing may go.
std::optional<Piece> next_piece(const KeptRows& rows, const WantedRows& wanted, Sacrifice sacrifice,
                                RowId most);

}  // namespace twinsky
