// SPDX-License-Identifier: Apache-2.0
// Up to when each sensor's stream is accounted for, as the store remembers it over a restart. A
// pause is measured by monotonic time within a boot; between boots by UTC, where that was attested
// before it and after it. Else nobody knows how long it was.
#pragma once

#include "gateway/model/clock.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

// What a moment of this boot is on the clock's UTC as that goes now, however it was set since.
UtcTime utc_of(MonotonicTime time, const Clock& clock);

struct Moment {
  std::string boot_id;
  MonotonicTime monotonic{};
  UtcTime utc{};
  bool is_attested = false;  // that UTC was right
};
Moment moment_of(const Clock& clock, std::string boot_id, MonotonicTime time);

// nullopt: cannot be told.
std::optional<milliseconds> elapsed(const Moment& before, const Moment& after);

struct LastHeard {
  Moment noted;         // how both times belonged together then
  bool is_end = false;  // nothing came after it
  std::map<std::string, Moment, std::less<>> streams;
};
std::string text_of(const LastHeard& heard);
std::optional<LastHeard> read_last_heard(std::string_view text);

// Of a stream: as noted, or its newest sample where that came later than what is noted.
std::optional<Moment> last_heard(const LastHeard& heard, std::string_view stream,
                                 std::optional<UtcTime> newest_sample);

}  // namespace twinsky
