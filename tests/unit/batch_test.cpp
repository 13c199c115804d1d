// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/batch.hpp"

#include "gateway/config/sink_settings.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using nlohmann::json;

const auto native = format_named("native") -> make({}, "g");
constexpr std::string_view prefix = R"({"seq":)";
constexpr std::string_view body = R"({"v":1})";

StoredRow row(RowId id, int stream, std::uint64_t seq, std::string_view text = body) {
  return {.row = id,
          .stream = StreamId(stream),
          .seq = seq,
          .time = UtcTime(milliseconds(id)),
          .body = text};
}

std::vector<Batch> all(Batcher& batcher) {
  std::vector<Batch> batches;
  while (auto batch = batcher.next()) batches.push_back(std::move(*batch));
  return batches;
}

std::vector<std::uint64_t> seqs(const Batch& batch) {
  std::vector<std::uint64_t> numbers;
  for (const json& record : json::parse(batch.payload)) numbers.push_back(record["seq"]);
  return numbers;
}

TEST(batch, is_an_array_of_one_streams_records_in_order) {
  Batcher batcher(*native, {.records = 3});
  for (RowId id = 1; id <= 7; ++id) {
    batcher.add(row(id, 1, static_cast<std::uint64_t>(id)), prefix);
  }
  batcher.flush();
  const auto batches = all(batcher);
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(seqs(batches[0]), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(seqs(batches[1]), (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_EQ(seqs(batches[2]), (std::vector<std::uint64_t>{7}));
  const Span& span = batches[1].span;
  EXPECT_EQ(span.first_row, 4);
  EXPECT_EQ(span.last_row, 6);
  EXPECT_EQ(span.records, 3U);
  EXPECT_EQ(span.first_seq, 4U);
  EXPECT_EQ(span.last_seq, 6U);
  EXPECT_EQ(span.last_time, UtcTime(milliseconds(6)));
}

TEST(batch, interleaved_streams_fill_one_batch_each) {
  Batcher batcher(*native, {.records = 200});
  RowId id = 0;
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    for (int stream = 1; stream <= 10; ++stream) batcher.add(row(++id, stream, seq), prefix);
  }
  const auto batches = all(batcher);
  ASSERT_EQ(batches.size(), 10U);
  for (const Batch& batch : batches) EXPECT_EQ(batch.span.records, 200U);
  EXPECT_EQ(batcher.open_bytes(), 0U);
  EXPECT_EQ(batcher.first_row(), std::nullopt);
}

TEST(batch, flushing_keeps_the_order_in_which_batches_were_begun) {
  Batcher batcher(*native, {});
  batcher.add(row(1, 30, 1), prefix);
  batcher.add(row(2, 10, 1), prefix);
  batcher.add(row(3, 20, 1), prefix);
  batcher.add(row(4, 30, 2), prefix);
  EXPECT_FALSE(batcher.next().has_value());
  EXPECT_EQ(batcher.first_row(), 1);
  batcher.flush();
  EXPECT_EQ(batcher.first_row(), 1);
  std::vector<RowId> begun;
  for (const Batch& batch : all(batcher)) begun.push_back(batch.span.first_row);
  EXPECT_EQ(begun, (std::vector<RowId>{1, 2, 3}));
}

TEST(batch, never_exceeds_the_limit_of_bytes) {
  for (const std::size_t limit : {200U, 1000U, 4096U, 65536U}) {
    Batcher batcher(*native, {.records = 200, .bytes = limit});
    std::size_t records = 0;
    for (RowId id = 1; id <= 1000; ++id) {
      const std::string text =
          "{\"v\":\"" + std::string(static_cast<std::size_t>(id % 97), 'x') + "\"}";
      batcher.add(row(id, 1, static_cast<std::uint64_t>(id), text), prefix);
    }
    batcher.flush();
    std::uint64_t next = 1;
    for (const Batch& batch : all(batcher)) {
      EXPECT_LE(batch.payload.size(), limit);
      EXPECT_EQ(batch.span.first_seq, next);
      EXPECT_EQ(seqs(batch).size(), batch.span.records);
      next = batch.span.last_seq + 1;
      records += batch.span.records;
    }
    EXPECT_EQ(records, 1000U);
  }
}

TEST(batch, a_record_beyond_the_limit_stands_alone) {
  Batcher batcher(*native, {.records = 200, .bytes = 200});
  const std::string large = "{\"v\":\"" + std::string(500, 'x') + "\"}";
  batcher.add(row(1, 1, 1), prefix);
  batcher.add(row(2, 1, 2, large), prefix);
  batcher.add(row(3, 1, 3), prefix);
  batcher.flush();
  const auto batches = all(batcher);
  ASSERT_EQ(batches.size(), 3U);
  for (std::size_t index = 0; index < 3; ++index) {
    EXPECT_EQ(seqs(batches[index]), std::vector<std::uint64_t>{index + 1});
  }
  EXPECT_GT(batches[1].payload.size(), 200U);
}

TEST(batch, dropping_a_stream_leaves_the_others) {
  Batcher batcher(*native, {.records = 2});
  for (RowId id = 1; id <= 6; ++id) {
    batcher.add(row(id, 1 + static_cast<int>(id % 2), static_cast<std::uint64_t>(id)), prefix);
  }
  batcher.drop(StreamId(2));
  EXPECT_EQ(batcher.first_row(), 2);
  batcher.flush();
  for (const Batch& batch : all(batcher)) EXPECT_EQ(batch.span.stream, StreamId(1));
  EXPECT_EQ(batcher.open_bytes(), 0U);
}

TEST(batch, clearing_forgets_everything) {
  Batcher batcher(*native, {.records = 1});
  batcher.add(row(1, 1, 1), prefix);
  batcher.clear();
  batcher.flush();
  EXPECT_FALSE(batcher.next().has_value());
  EXPECT_EQ(batcher.open_bytes(), 0U);
}

}  // namespace
}  // namespace twinsky
