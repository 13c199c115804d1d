// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/health.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using namespace std::chrono_literals;
using json = nlohmann::json;

Snapshot empty_snapshot() {
  Snapshot snapshot;
  snapshot.time = *parse_time("2026-11-22T02:30:00Z");
  snapshot.started = snapshot.time - 1h;
  return snapshot;
}

TEST(snapshot, health_tells_what_an_operator_asks) {
  Snapshot snapshot = empty_snapshot();
  StoreStatus& store = snapshot.store;
  store.epoch = "7f3a";
  store.last_row = 120;
  store.queued = 7;
  store.ledger_sums = {{"no_response", 12}};
  store.sinks["city"] = {.cursor = 100, .rows = 20, .oldest = snapshot.time - 90s};
  snapshot.sinks["city"].state = "name does not resolve";
  snapshot.sinks["new"] = {};
  snapshot.sensors["roof-pm"].faults["checksum"] = 2;
  snapshot.sensors["roof-pm"].jitter_ms = 4.2e-32;
  snapshot.sensors["roof-pm"].worst_jitter_ms = 505.12345;
  snapshot.feeds["hk-epd"].state = "stale";
  snapshot.feeds["hk-epd"].failures["stale"] = 3;
  snapshot.feeds["hk-hko"] = {};
  const json document = json::parse(health_document(snapshot));
  EXPECT_EQ(document["clock"], "unset");
  EXPECT_EQ(document["row"], 120);
  EXPECT_EQ(document["store"]["ledger"]["no_response"], 12);
  EXPECT_EQ(document["store"]["queued"], 7);
  EXPECT_TRUE(document["store"]["disk_fault"].is_null());
  EXPECT_TRUE(document["store"]["offline_days"].is_null());
  EXPECT_EQ(document["sinks"]["city"]["waiting_rows"], 20);
  EXPECT_EQ(document["sinks"]["city"]["oldest_waiting_ms"], 90000);
  EXPECT_EQ(document["sinks"]["city"]["state"], "name does not resolve");
  EXPECT_TRUE(document["sinks"]["new"]["oldest_waiting_ms"].is_null());
  EXPECT_EQ(document["sensors"]["roof-pm"]["faults"]["checksum"], 2);
  EXPECT_EQ(document["sensors"]["roof-pm"]["jitter_ms"].dump(), "0.0");
  EXPECT_EQ(document["sensors"]["roof-pm"]["worst_jitter_ms"].dump(), "505.123");
  EXPECT_EQ(document["feeds"]["hk-epd"]["state"], "stale");
  EXPECT_EQ(document["feeds"]["hk-epd"]["failures"]["stale"], 3);
  EXPECT_TRUE(document["feeds"]["hk-hko"]["failures"].empty());
}

TEST(snapshot, health_names_the_threads_in_which_something_was_thrown) {
  Snapshot snapshot = empty_snapshot();
  snapshot.stages = {{"hours", {}},
                     {"bus i2c-1", {.exceptions = 3, .problem = "std::bad_alloc"}},
                     {"comparisons", {.exceptions = 1, .problem = {}}}};
  const json document = json::parse(health_document(snapshot));
  EXPECT_EQ(document["exceptions"],
            json::parse(R"({"bus i2c-1": {"count": 3, "problem": "std::bad_alloc"},
                            "comparisons": {"count": 1, "problem": null}})"));
}

TEST(snapshot, health_is_a_document_whatever_a_stranger_said) {
  Snapshot snapshot = empty_snapshot();
  snapshot.store.disk_fault = "no answer for 12 s";
  snapshot.stages["feed hk-epd"] = {.exceptions = 1, .problem = "\xff\xfe"};
  const json document = json::parse(health_document(snapshot), nullptr, false);
  ASSERT_FALSE(document.is_discarded());
  EXPECT_EQ(document["store"]["disk_fault"], "no answer for 12 s");
}

}  // namespace
}  // namespace twinsky
