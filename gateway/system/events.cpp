// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/events.hpp"

#include "gateway/text/one_line.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace twinsky {
namespace {

constexpr auto kinds = std::to_array<EventKind>({
    {"started", "TWINSKY_GATEWAY", "704d6d3f97944e9485ddba403a1097b4", "gateway"},
    {"stopped", "TWINSKY_GATEWAY", "6a9edc2ef6c44d1f845cdc33de5e4da6", "gateway"},
    {"config_applied", "TWINSKY_GATEWAY", "36b5eb66079e406a92a75c2baba03597", "config"},
    {"config_refused", "TWINSKY_GATEWAY", "cbe6aa401bd14e5bbd0cac07157dfd66", "config"},
    {"zone_changed", "TWINSKY_GATEWAY", "7838aceecc03408a9cbbad535141cd3c", "hours"},
    {"clock_set", "TWINSKY_GATEWAY", "23c915e706044758a4799f9b426f042a", "clock"},
    {"clock_lost", "TWINSKY_GATEWAY", "ada69f6b0aba457cbc13bc4b1a588a5a", "clock"},
    {"sensor_lost", "TWINSKY_SENSOR", "1e28379396f74b00b975696aa095a034"},
    {"sensor_fault", "TWINSKY_SENSOR", "1709ece55d264f40b5b5eb77425b2ec2"},
    {"sensor_back", "TWINSKY_SENSOR", "dd49a2f02c2744488580d9be86812631"},
    {"sensor_replaced", "TWINSKY_SENSOR", "00ca8ea9991c42afaa57c296dbc815a0"},
    {"readings_lost", "TWINSKY_SENSOR", "7d6ea50f1d4f4b469a0529296e40f2cc"},
    {"readings_back", "TWINSKY_SENSOR", "aa372b5f398d4c0ba5c59e5af5be5d68"},
    {"answers_late", "TWINSKY_SENSOR", "341dc220abab4c5aa4248f38069ed092"},
    {"feed_lost", "TWINSKY_FEED", "0c2811f20537418e936ce6787e724084"},
    {"feed_back", "TWINSKY_FEED", "72aecd3b9c6d4ffba49a2a25e809501a"},
    {"feed_crowded", "TWINSKY_FEED", "18e0207ebeca4f0c959bd803580617d3"},
    {"station_missing", "TWINSKY_STATION", "729d83d8f9cd4e12842a32344735ea38"},
    {"station_back", "TWINSKY_STATION", "dbf270e7955a4232b5408e9bb4af4980"},
    {"sink_removed", "TWINSKY_SINK", "3a5e923cac24424ebfbd9baf6a09da05", "sink "},
    {"sink_closed", "TWINSKY_SINK", "75db3e4e4d0244989f7a2a1c69ad18be", "sink "},
    {"sink_renamed", "TWINSKY_SINK", "3bf975013e254c75b9fa90b8c4189372", "sink "},
    {"verdict_changed", "TWINSKY_COMPARISON", "0102f27b07684353b71ccc6d24d41f6c"},
    {"neighbours_differ", "TWINSKY_COMPARISON", "f056b6c64b6d4aeaa6f74f9d28da6b45"},
    {"neighbours_agree", "TWINSKY_COMPARISON", "afcd82cc4f8c477b8d891b886f4ef06c"},
    {"self_heating", "TWINSKY_COMPARISON", "1f85db58556b40ef8728220385e58438"},
    {"self_heating_over", "TWINSKY_COMPARISON", "586e0481e91b4985891875de27326d73"},
    {"index_drift", "TWINSKY_INDEX", "891e43e896cf4ee6ad12c6859c1d4837"},
    {"index_agrees", "TWINSKY_INDEX", "1812cd655b1940609358d2b1bf7e927b"},
    {"warning_mode_on", "TWINSKY_MODE", "0c6e37429416489282c4635af8de9ebf", "warning mode "},
    {"warning_mode_off", "TWINSKY_MODE", "39f093818cea470db324e07118777d34", "warning mode "},
});

constexpr bool differ_by_their_ids() {
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    if (kinds[at].message_id.size() != 32) return false;
    for (std::size_t other = 0; other < at; ++other) {
      if (kinds[at].message_id == kinds[other].message_id) return false;
    }
  }
  return true;
}
static_assert(differ_by_their_ids());

// syslog(3)
std::string_view priority_of(LogLevel level) {
  constexpr std::array<std::string_view, 5> priorities = {"3", "4", "5", "6", "7"};
  return priorities.at(static_cast<std::size_t>(level));
}

bool is_sent_to_journal(const std::vector<std::string>& fields) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody calls setenv
  if (std::getenv("JOURNAL_STREAM") == nullptr) return false;
  std::vector<iovec> parts;
  for (const std::string& field : fields) {
    // The journal only reads from it.
    parts.push_back({const_cast<char*>(field.data()), field.size()});
  }
  return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

const EventKind* kind_named(std::string_view event) {
  const auto* const kind = std::ranges::find(kinds, event, &EventKind::name);
  return kind == kinds.end() ? nullptr : kind;
}

std::string speaker_of(std::string_view event, std::string_view subject) {
  const EventKind* const kind = kind_named(event);
  const std::string_view speaker = kind == nullptr ? std::string_view() : kind->speaker;
  if (speaker.empty()) return std::string(subject);
  return std::string(speaker).append(speaker.ends_with(' ') ? subject : std::string_view());
}

void log_line(Log& log, LogLevel level, std::string_view subject, std::string_view message) {
  switch (level) {
    case LogLevel::error:
      return log.error(subject, message);
    case LogLevel::warning:
      return log.warning(subject, message);
    case LogLevel::notice:
      return log.notice(subject, message);
    case LogLevel::info:
      return log.info(subject, message);
    case LogLevel::debug:
      break;
  }
  log.debug(subject, message);
}

}  // namespace

std::span<const EventKind> event_kinds() noexcept {
  return kinds;
}

std::vector<std::string> journal_fields(LogLevel level, std::string_view event,
                                        std::string_view subject, std::string_view message) {
  std::vector<std::string> fields;
  const auto add = [&fields](std::string_view name, std::string_view value) {
    fields.push_back(std::string(name).append("=").append(value));
  };
  add("MESSAGE", one_line(speaker_of(event, subject)) + ": " + one_line(message));
  add("PRIORITY", priority_of(level));
  add("SYSLOG_IDENTIFIER", "twinsky");
  add("TWINSKY_EVENT", event);
  const EventKind* const kind = kind_named(event);
  if (kind == nullptr) return fields;
  add("MESSAGE_ID", kind->message_id);
  add(kind->field, one_line(subject));
  return fields;
}

void log_event(Log& log, LogLevel level, std::string_view event, std::string_view subject,
               std::string_view message) {
  if (is_sent_to_journal(journal_fields(level, event, subject, message))) {
    log.keep(level, speaker_of(event, subject), message);
  } else {
    log_line(log, level, speaker_of(event, subject), message);
  }
}

}  // namespace twinsky
