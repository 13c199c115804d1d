// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger.hpp"

#include "tests/unit/store_fixture.hpp"

#include <nlohmann/json.hpp>

namespace twinsky {
namespace {

using ledger_of_store = StoreTest;

TEST(ledger, a_gap_is_written_with_what_is_known_of_it) {
  const UtcTime start{milliseconds(1795314600123)};
  EXPECT_EQ(
      ledger_body({"no_response", "sensor/roof-pm", start, start + 60s, 12, true, "", 0, 0, ""}),
      R"({"cause":"no_response","stream":"sensor/roof-pm","start":"2026-11-22T02:30:00.123Z",)"
      R"("end":"2026-11-22T02:31:00.123Z","count":12,"estimated":true})");
  EXPECT_EQ(ledger_body({"age", "sensor/a", start, start, 5, false, "city", 7, 11, "7f3a91c2"}),
            R"({"cause":"age","stream":"sensor/a","start":"2026-11-22T02:30:00.123Z",)"
            R"("end":"2026-11-22T02:30:00.123Z","count":5,"estimated":false,"sink":"city",)"
            R"("first_seq":7,"last_seq":11,"of_epoch":"7f3a91c2"})");
}

TEST_F(ledger_of_store, every_gap_is_a_row_a_sum_and_a_record) {
  open();
  const UtcTime start = clock_.utc() - 1min;
  store_->note_gap({"gateway_off", "*", start, clock_.utc(), 60, true, "", 0, 0, ""});
  store_->note_gap({"no_response", "sensor/\"a\"", start, clock_.utc(), 3, true, "", 0, 0, ""});
  store_->note_gap({"no_response", "sensor/b", start, clock_.utc(), 4, false, "", 0, 0, ""});
  ASSERT_TRUE(commit());
  open();
  const auto gaps = ledger();
  ASSERT_EQ(gaps.size(), 3U);
  const auto records = rows_of("ledger");
  ASSERT_EQ(records.size(), 3U);
  for (std::size_t at = 0; at < gaps.size(); ++at) {
    EXPECT_EQ(records[at].seq, at + 1);
    EXPECT_EQ(records[at].body, ledger_body(gaps[at]));
    const auto parsed = nlohmann::json::parse(records[at].body);
    EXPECT_EQ(parsed["stream"], gaps[at].stream);
    EXPECT_EQ(parsed["count"], gaps[at].count);
    EXPECT_EQ(parsed["estimated"], gaps[at].estimated);
  }
  EXPECT_EQ(store_->status().ledger_sums,
            (std::map<std::string, std::uint64_t>{{"gateway_off", 60}, {"no_response", 7}}));
}

}  // namespace
}  // namespace twinsky
