// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/bulletin.hpp"

#include <gtest/gtest.h>

namespace twinsky {
namespace {

using Texts = std::vector<std::string>;

// "topic=payload" of each change, "topic-" where it was withdrawn.
Texts changes(const Bulletin& bulletin, std::uint64_t& version) {
  Texts texts;
  for (const auto& change : bulletin.changes_since(version)) {
    texts.push_back(change.posting.topic + (change.withdrawn ? "-" : "=" + change.posting.payload));
  }
  return texts;
}

Posting posting(std::string topic, std::string payload, Retain retain = Retain::always) {
  return {.topic = std::move(topic), .payload = std::move(payload), .retain = retain};
}

TEST(bulletin, keeps_the_newest_text_of_each_topic_in_the_order_of_change) {
  Bulletin bulletin;
  std::uint64_t seen = 0;
  bulletin.post(posting("a", "1"));
  bulletin.post(posting("b", "1"));
  bulletin.post(posting("a", "2"));
  EXPECT_EQ(changes(bulletin, seen), (Texts{"b=1", "a=2"}));
  EXPECT_EQ(changes(bulletin, seen), Texts{});
  bulletin.post(posting("b", "2"));
  EXPECT_EQ(changes(bulletin, seen), Texts{"b=2"});
  seen = 0;
  EXPECT_EQ(changes(bulletin, seen), (Texts{"a=2", "b=2"}));
}

TEST(bulletin, repeats_only_what_expires) {
  struct Case {
    Retain retain;
    Texts again;
  };
  for (const Case& one : {Case{Retain::always, {}}, Case{Retain::expiring, {"a=1"}}}) {
    Bulletin bulletin;
    std::uint64_t seen = 0;
    bulletin.post(posting("a", "1", one.retain));
    changes(bulletin, seen);
    bulletin.post(posting("a", "1", one.retain));
    EXPECT_EQ(changes(bulletin, seen), one.again);
  }
}

TEST(bulletin, a_newcomer_gets_what_is_in_force) {
  Bulletin bulletin;
  bulletin.post(posting("gone", "1"));
  bulletin.post(posting("state", "1", Retain::expiring));
  std::uint64_t present = 0;
  changes(bulletin, present);
  bulletin.withdraw("gone");
  bulletin.withdraw("gone");
  bulletin.withdraw("unheard of");
  EXPECT_EQ(changes(bulletin, present), Texts{"gone-"});
  std::uint64_t newcomer = 0;
  EXPECT_EQ(changes(bulletin, newcomer), Texts{"state=1"});
  bulletin.post(posting("gone", "1"));
  EXPECT_EQ(changes(bulletin, newcomer), Texts{"gone=1"});
}

TEST(bulletin, a_topic_is_obsolete_only_once_all_others_are_posted) {
  Bulletin bulletin;
  bulletin.post(posting("sensor/a/meta", "1"));
  EXPECT_FALSE(bulletin.is_obsolete("sensor/b/meta"));
  EXPECT_EQ(bulletin.completions(), 0U);
  bulletin.declare_complete({"ref/hk-epd/"});
  EXPECT_EQ(bulletin.completions(), 1U);
  EXPECT_TRUE(bulletin.is_obsolete("sensor/b/meta"));
  EXPECT_FALSE(bulletin.is_obsolete("sensor/a/meta"));
  EXPECT_FALSE(bulletin.is_obsolete("ref/hk-epd/mong-kok/meta"));
  bulletin.withdraw("sensor/a/meta");
  EXPECT_TRUE(bulletin.is_obsolete("sensor/a/meta"));
  bulletin.declare_complete({});
  EXPECT_TRUE(bulletin.is_obsolete("ref/hk-epd/mong-kok/meta"));
}

TEST(bulletin, subscribers_hear_of_changes_until_they_leave) {
  Bulletin bulletin;
  int calls = 0;
  const std::uint64_t handle = bulletin.subscribe([&] { ++calls; });
  bulletin.post(posting("a", "1"));
  bulletin.post(posting("a", "1"));
  EXPECT_EQ(calls, 1);
  bulletin.withdraw("a");
  EXPECT_EQ(calls, 2);
  bulletin.unsubscribe(handle);
  bulletin.post(posting("a", "2"));
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace twinsky
