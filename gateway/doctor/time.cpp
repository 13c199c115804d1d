// SPDX-License-Identifier: Apache-2.0
// The clock: does anything attest to it?
#include "gateway/doctor/examination.hpp"

namespace twinsky {
namespace {

Findings look_at_time(const Patient& patient) {
  if (patient.clock.is_set()) return {};
  return {{"clock_unset", "clock",
           "says " + iso8601(patient.clock.utc()) +
               ", and neither the network nor a battery attests to it: samples wait up to " +
               duration_text(patient.config.store.clock_wait) + ", then they go out marked",
           "sudo timedatectl set-ntp true"}};
}

}  // namespace

extern const Examination time_examination = {.name = "clock", .place = 3, .look = look_at_time};

}  // namespace twinsky
