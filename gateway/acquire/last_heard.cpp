// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/last_heard.hpp"

#include <sstream>
#include <utility>

namespace twinsky {
namespace {

// A line: boot, monotonic and UTC milliseconds, whether attested, stream.
void append_line(std::string& text, const Moment& moment, std::string_view stream) {
  using std::chrono::floor;
  text.append(moment.boot_id.empty() ? "-" : moment.boot_id).append("\t");
  text += std::to_string(floor<milliseconds>(moment.monotonic.time_since_epoch()).count()) + '\t';
  text += std::to_string(moment.utc.time_since_epoch().count());
  text.append(moment.is_attested ? "\t1\t" : "\t0\t").append(stream).append("\n");
}

}  // namespace

UtcTime utc_of(MonotonicTime time, const Clock& clock) {
  return clock.utc() - std::chrono::round<milliseconds>(clock.now() - time);
}

Moment moment_of(const Clock& clock, std::string boot_id, MonotonicTime time) {
  return {std::move(boot_id), time, utc_of(time, clock), clock.is_set()};
}

std::optional<milliseconds> elapsed(const Moment& before, const Moment& after) {
  const bool is_same_boot = !before.boot_id.empty() && before.boot_id == after.boot_id;
  if (!is_same_boot && !(before.is_attested && after.is_attested)) return std::nullopt;
  const milliseconds length =
      is_same_boot ? std::chrono::round<milliseconds>(after.monotonic - before.monotonic)
                   : after.utc - before.utc;
  if (length < milliseconds(0)) return std::nullopt;  // it was set back meanwhile
  return length;
}

std::string text_of(const LastHeard& heard) {
  std::string text;
  append_line(text, heard.noted, heard.is_end ? "end" : "running");
  for (const auto& [stream, moment] : heard.streams) append_line(text, moment, stream);
  return text;
}

std::optional<LastHeard> read_last_heard(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  LastHeard heard;
  bool any = false;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    Moment moment;
    std::int64_t monotonic = 0;
    std::int64_t utc = 0;
    std::string stream;
    if (!std::getline(fields, moment.boot_id, '\t')) return std::nullopt;
    if (!(fields >> monotonic >> utc >> moment.is_attested)) return std::nullopt;
    fields >> stream;
    if (moment.boot_id == "-") moment.boot_id.clear();
    moment.monotonic = MonotonicTime(milliseconds(monotonic));
    moment.utc = UtcTime(milliseconds(utc));
    if (!std::exchange(any, true)) {
      heard.noted = moment;
      heard.is_end = stream == "end";
    } else {
      heard.streams.insert_or_assign(stream, moment);
    }
  }
  if (!any) return std::nullopt;
  return heard;
}

std::optional<Moment> last_heard(const LastHeard& heard, std::string_view stream,
                                 std::optional<UtcTime> newest_sample) {
  const auto found = heard.streams.find(stream);
  std::optional<Moment> last;
  if (found != heard.streams.end()) {
    last = found->second;
    if (heard.is_end) return last;
    // A boot whose clock was never set, and whose end was not noted, may have more.
    const bool may_be_more = !heard.noted.is_attested && last->boot_id != heard.noted.boot_id;
    last->is_attested = last->is_attested && !may_be_more;
  }
  if (!newest_sample || (last && *newest_sample <= last->utc)) return last;
  // A run that could not note its end leaves newer samples than it noted.
  Moment newest = heard.noted;
  newest.monotonic += *newest_sample - newest.utc;
  newest.utc = *newest_sample;
  return newest;
}

}  // namespace twinsky
