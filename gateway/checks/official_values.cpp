// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/official_values.hpp"

#include "gateway/checks/check_range.hpp"
#include "gateway/model/gas.hpp"
#include "gateway/model/sentinel.hpp"

#include <algorithm>

namespace twinsky {
namespace {

using namespace std::chrono;

constexpr milliseconds farthest_ahead = hours(1);
constexpr milliseconds farthest_back = days(7);
// Where nobody says what the time is: no network of these feeds is older.
constexpr UtcTime first_networks = sys_days(year(1980) / January / 1);

bool is_doubtful(Flag flag) {
  return flag == Flag::suspect || flag == Flag::fail;
}

}  // namespace

bool is_plausible(Quantity quantity, double value) noexcept {
  const QuantityInfo& info = info_of(quantity);
  const RangeLimits limits{.fail = Interval{info.lower, info.upper}, .suspect = {}};
  return check_range(value, limits) == Flag::pass && !is_sentinel(value);
}

bool is_usable(const std::optional<double>& value, Flag flag) noexcept {
  return value && flag != Flag::suspect && flag != Flag::fail && flag != Flag::missing;
}

void check_official_values(Sample& sample) {
  for (Reading& reading : sample.readings) {
    if (!reading.value || is_plausible(reading.quantity, *reading.value)) continue;
    reading.flag = Flag::fail;
    reading.reason = "range";
  }
  for (const Reading& mass : sample.readings) {
    const GasForms* const gas = gas_forms(mass.quantity);
    if (gas == nullptr || gas->mass != mass.quantity || !is_doubtful(mass.flag)) continue;
    const auto share = std::ranges::find(sample.readings, gas->share, &Reading::quantity);
    if (share == sample.readings.end() || !share->value || !share->text.empty()) continue;
    share->flag = mass.flag;
    share->reason = mass.reason;
  }
}

std::string problem_of_interval(const Sample& sample, std::optional<UtcTime> now) {
  const bool is_ahead = now && sample.time > *now + farthest_ahead;
  const bool is_past = sample.time < (now ? *now - farthest_back : first_networks);
  if (!is_ahead && !is_past) return {};
  return std::string("an interval ").append(is_ahead ? "of the future, to " : "long past, to ") +
         iso8601(sample.time) + " (" + sample.official->station + ")";
}

}  // namespace twinsky
