// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/events.hpp"

#include <gtest/gtest.h>
#include <set>

namespace twinsky {
namespace {

TEST(events, have_an_id_of_their_own_and_say_what_they_are_about) {
  std::set<std::string_view> names;
  std::set<std::string_view> ids;
  for (const EventKind& kind : event_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_TRUE(ids.insert(kind.message_id).second) << kind.name;
    EXPECT_TRUE(kind.field.starts_with("TWINSKY_")) << kind.name;
  }
  EXPECT_GE(names.size(), 29U);
}

TEST(events, are_entries_of_the_journal_with_fields) {
  std::string lost_id;
  for (const EventKind& kind : event_kinds()) {
    if (kind.name == "sensor_lost") lost_id = kind.message_id;
  }
  EXPECT_EQ(journal_fields(LogLevel::warning, "sensor_lost", "roof-pm", "no answer\nat all"),
            (std::vector<std::string>{"MESSAGE=roof-pm: no answer at all", "PRIORITY=4",
                                      "SYSLOG_IDENTIFIER=twinsky", "TWINSKY_EVENT=sensor_lost",
                                      "MESSAGE_ID=" + lost_id, "TWINSKY_SENSOR=roof-pm"}));
  const auto sink = journal_fields(LogLevel::notice, "sink_renamed", "city", "was town");
  EXPECT_EQ(sink[0], "MESSAGE=sink city: was town");
  EXPECT_EQ(sink[1], "PRIORITY=5");
  EXPECT_EQ(sink.back(), "TWINSKY_SINK=city");
  const auto config = journal_fields(LogLevel::error, "config_refused", "mk-roof", "it is wrong");
  EXPECT_EQ(config[0], "MESSAGE=config: it is wrong");
  EXPECT_EQ(config[1], "PRIORITY=3");
  EXPECT_EQ(config.back(), "TWINSKY_GATEWAY=mk-roof");
}

TEST(events, are_lines_elsewhere) {
  ::testing::internal::CaptureStderr();
  Log log(LogLevel::info);
  log_event(log, LogLevel::warning, "sensor_lost", "roof-pm", "no answer");
  log_event(log, LogLevel::notice, "sink_renamed", "city", "was town");
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(written.find("warning roof-pm: no answer\n"), std::string::npos) << written;
  EXPECT_NE(written.find("notice  sink city: was town\n"), std::string::npos) << written;
}

}  // namespace
}  // namespace twinsky
