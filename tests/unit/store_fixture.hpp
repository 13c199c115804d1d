// SPDX-License-Identifier: Apache-2.0
// A store in a directory of its own, on a clock that the test moves.
#pragma once

#include "gateway/store/tables.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace twinsky {

using namespace std::chrono_literals;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "twinsky-store-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    settings_.path = (directory_ / "store.db").string();
    settings_.machine_id = "one";
    settings_.boot_id = "boot-1";
    settings_.minimum_free_bytes = 0;
  }
  ~StoreTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  Store& open() {
    store_.reset();
    store_ = std::make_unique<Store>(settings_, clock_, log_);
    return *store_;
  }
  void close() { store_.reset(); }
  // As a crash leaves it: the files as they are, opened under another name.
  void crash() {
    const auto copy = directory_ / ("crashed-" + std::to_string(++crashes_) + ".db");
    for (const char* companion : {"", "-wal"}) {
      if (std::filesystem::exists(settings_.path + companion)) {
        std::filesystem::copy_file(settings_.path + companion, copy.string() + companion);
      }
    }
    store_.reset();
    settings_.path = copy.string();
  }

  bool commit() { return store_->flush(clock_.now() + 10s); }
  // Until the writer has nothing more to do.
  void settle() {
    ASSERT_TRUE(commit());
    clock_.settle(1);
  }
  // Time passes while the writer rests: one at work would see a clock that leaps, or a disk that
  // hangs for as long.
  void pass(milliseconds time) {
    settle();
    clock_.advance(time);
  }

  Entry entry(StreamId stream, std::string body = "{}") {
    Entry made;
    made.stream = stream;
    made.time = clock_.utc();
    made.body = std::move(body);
    made.clock_unset = !clock_.is_set();
    return made;
  }
  // Appends `count` samples {"n":1}, {"n":2}, … and commits them.
  void fill(const std::string& stream, int count, std::size_t padding = 0) {
    const StreamId id = store_->stream(stream);
    for (int n = 1; n <= count; ++n) {
      store_->append(entry(id, R"({"n":)" + std::to_string(n) + R"(,"pad":")" +
                                   std::string(padding, '.') + R"("})"));
    }
    ASSERT_TRUE(commit());
  }

  struct Row {
    RowId row;
    std::string stream;
    std::string epoch;
    std::uint64_t seq;
    UtcTime time;
    std::string body;
  };
  static std::vector<Row> read_all(StoreReader& reader, RowId after = 0, std::size_t page = 100) {
    std::vector<Row> rows;
    for (;;) {
      const std::size_t before = rows.size();
      for (const StoredRow& row : reader.page(after, page)) {
        rows.push_back({row.row, reader.name_of(row.stream), reader.epoch_of(row.row), row.seq,
                        row.time, std::string(row.body)});
        after = row.row;
      }
      if (rows.size() == before) return rows;
    }
  }
  // A reader that comes to damage: the writer is told, and is given the time to act.
  void read_into_damage() {
    try {
      read_all(*store_->reader());
    } catch (const std::exception&) {
      commit();
    }
  }
  // Nothing is left to be brought back from a damaged file.
  bool is_salvage_done() {
    const auto ranges = Tables(settings_.path, Tables::Access::read).salvages();
    return std::ranges::all_of(ranges, [](const SalvageRange& one) { return one.file.empty(); });
  }
  // A thread of its own does it; it may take its time.
  void wait_for_salvage() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!is_salvage_done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "rows are still being brought back";
      ASSERT_TRUE(commit());
    }
    settle();
  }
  std::vector<Row> rows() { return read_all(*store_->reader()); }
  std::vector<Row> rows_of(const std::string& stream) {
    std::vector<Row> all = rows();
    std::erase_if(all, [&](const Row& row) { return row.stream != stream; });
    return all;
  }
  std::vector<LedgerRow> ledger() { return read_ledger(settings_.path); }

  std::filesystem::path directory_;
  ManualClock clock_{UtcTime(milliseconds(1795314600000))};  // 2026-11-22T02:30:00Z
  Log log_{LogLevel::error};
  StoreSettings settings_;
  std::unique_ptr<Store> store_;

 private:
  int crashes_ = 0;
};

}  // namespace twinsky

// Threads of: gateway/store/writer.hpp gateway/store/writer_open.cpp
