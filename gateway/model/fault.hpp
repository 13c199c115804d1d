// SPDX-License-Identifier: Apache-2.0
// Why there is no reading. Every fault is also a policy: what the poller does next stands beside
// it, so a driver only has to name what it saw.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace twinsky {

enum class Fault : std::uint8_t {
  checksum,      // CRC or sum wrong: ask once more now, then wait for the next period
  truncated,     // the stream ended inside a frame: as checksum
  framing,       // header, tail, length, unit id or syntax wrong: as checksum
  nack,          // refused the command: start() again at the next period
  exception,     // answered with an error code: wait for the next period
  not_ready,     // no new measurement yet: ask again soon; three periods of it: start() again
  warming_up,    // valid frame without meaning yet: recorded as absent, not counted as a failure
  no_response,   // silence: after five in a row the sensor is offline and polls back off to 60 s
  overrange,     // saturated: recorded as absent
  sensor_fault,  // says that an element failed: status `fault`, polling goes on; five: start()
                 // again
  unsupported,   // another chip than configured: status `fault`, polls back off to 60 s
};

inline constexpr std::uint8_t fault_count = 11;

std::string_view name_of(Fault fault) noexcept;
std::optional<Fault> fault_named(std::string_view name) noexcept;

}  // namespace twinsky
