// SPDX-License-Identifier: Apache-2.0
// Puts records of another file into a store that nobody has open. They keep their epoch and number,
// so a subscriber who has them knows them again; they stand behind all rows that are there, and
// count as sent to every sink that there is. What is measured afterwards begins a new epoch.
#pragma once

#include "gateway/store/tables.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace twinsky {

class StoreLock;

struct ImportRow {
  std::string stream;
  std::string epoch;
  std::uint64_t seq = 0;
  UtcTime time{};
  std::string body;
};

class StoreImport {
 public:
  // Throws StoreError: another process has the store, or a sink waits for some of it.
  explicit StoreImport(const std::string& path);
  ~StoreImport();
  StoreImport(const StoreImport&) = delete;
  StoreImport& operator=(const StoreImport&) = delete;

  // First all rows are looked at, in their order, then all of them put.
  enum class Look : std::uint8_t {
    further,
    known,    // it is there already
    another,  // another one has its number
    out_of_order,
  };
  // What must be known before: which numbers the file has.
  void expect(const ImportRow& row);
  void read_known();
  [[nodiscard]] Look look(const ImportRow& row);

  [[nodiscard]] std::uint64_t further() const { return further_; }
  void begin();
  void put(const ImportRow& row);
  // All of it is kept, or nothing is where this is not reached.
  void commit(UtcTime now);

 private:
  using Numbered = std::pair<std::string, std::string>;  // stream and epoch
  struct Known {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t looked = 0;                               // the newest that was looked at
    std::unordered_map<std::uint64_t, std::uint64_t> rows;  // seq -> hash, of those in the store
  };

  StreamId stream_named(const std::string& name);

  const std::unique_ptr<StoreLock> lock_;
  Tables tables_;
  std::map<Numbered, Known> known_;
  std::uint64_t further_ = 0;
  std::uint64_t most_ahead_ = 0;  // how far a number runs before its place among the further ones
  std::vector<SavedStream> streams_;
  RowId before_ = 0;  // the last row that was there
  RowId last_ = 0;
  std::uint64_t kept_ = 0;
  std::string epoch_;
};

}  // namespace twinsky
