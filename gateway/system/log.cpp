// SPDX-License-Identifier: Apache-2.0
#include "gateway/system/log.hpp"

#include "gateway/model/clock.hpp"
#include "gateway/text/bounded_text.hpp"
#include "gateway/text/one_line.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <deque>
#include <mutex>
#include <utility>

namespace twinsky {
namespace {

// spdlog has no notice: it goes out as info with its own prefix in the text.
constexpr spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::notice:
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::debug:
      break;
  }
  return spdlog::level::debug;
}

// sd-daemon(3): a line that begins "<N>" has that priority in the journal.
constexpr std::string_view journal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "<3>";
    case LogLevel::warning:
      return "<4>";
    case LogLevel::notice:
      return "<5>";
    case LogLevel::info:
      return "<6>";
    case LogLevel::debug:
      break;
  }
  return "<7>";
}

constexpr std::size_t longest_kept = 1000;  // bytes of a message that is kept

bool under_journal() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody calls setenv
  return ::getenv("JOURNAL_STREAM") != nullptr;
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::notice:
      return "notice";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      break;
  }
  return "debug";
}

struct Log::Implementation {
  explicit Implementation(LogLevel threshold)
      : journal(under_journal()),
        logger("twinsky", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_level(level_of(threshold));
    logger.flush_on(spdlog::level::debug);
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
  }

  // A message is one line whatever it quotes: what follows a line's end would be another entry.
  void write(LogLevel level, std::string_view subject, std::string_view message) {
    if (!logger.should_log(level_of(level))) return;
    if (journal) {
      logger.log(level_of(level), "{}{}: {}", journal_prefix(level), one_line(subject),
                 one_line(message));
    } else {
      logger.log(level_of(level), "{:8}{}: {}", name_of(level), one_line(subject),
                 one_line(message));
    }
    keep(level, subject, message);
  }

  void keep(LogLevel level, std::string_view subject, std::string_view message) {
    LogLine line{.time = iso8601(SystemClock().utc()),
                 .level = level,
                 .subject = one_line(subject),
                 .message = one_line(message)};
    shorten(line.message, longest_kept);
    const std::lock_guard lock(mutex);
    line.number = ++count;
    lines.push_back(std::move(line));
    if (lines.size() > kept_lines) lines.pop_front();
  }

  const bool journal;
  spdlog::logger logger;
  std::mutex mutex;
  std::uint64_t count = 0;    // guarded by mutex
  std::deque<LogLine> lines;  // guarded by mutex
};

Log::Log(LogLevel threshold) : implementation_(std::make_unique<Implementation>(threshold)) {}
Log::~Log() = default;

void Log::error(std::string_view subject, std::string_view message) {
  implementation_->write(LogLevel::error, subject, message);
}
void Log::warning(std::string_view subject, std::string_view message) {
  implementation_->write(LogLevel::warning, subject, message);
}
void Log::notice(std::string_view subject, std::string_view message) {
  implementation_->write(LogLevel::notice, subject, message);
}
void Log::info(std::string_view subject, std::string_view message) {
  implementation_->write(LogLevel::info, subject, message);
}
void Log::debug(std::string_view subject, std::string_view message) {
  implementation_->write(LogLevel::debug, subject, message);
}
void Log::keep(LogLevel level, std::string_view subject, std::string_view message) {
  implementation_->keep(level, subject, message);
}

std::vector<LogLine> Log::lines_after(std::uint64_t number) const {
  const std::lock_guard lock(implementation_->mutex);
  std::vector<LogLine> lines;
  for (const LogLine& line : implementation_->lines) {
    if (line.number > number) lines.push_back(line);
  }
  return lines;
}

}  // namespace twinsky
