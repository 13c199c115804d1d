// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/check_flat_line.hpp"

namespace twinsky {
namespace {

std::optional<std::int64_t> steps_in(const std::optional<milliseconds>& time, milliseconds step) {
  if (!time || step <= step.zero()) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*time) / step;
}

}  // namespace

FlatLine::FlatLine(const FlatLineLimits& limits, milliseconds step) : limits_(limits) {
  if (const auto steps = steps_in(limits.suspect, step)) suspect_.emplace(*steps);
  if (const auto steps = steps_in(limits.fail, step)) fail_.emplace(*steps);
}

bool FlatLine::Line::is_flat(std::int64_t newest, const std::optional<double>& value,
                             double tolerance) {
  extremes.forget_before(newest - steps);
  if (value) extremes.push(newest, *value);
  return newest >= steps && !extremes.empty() && extremes.range() < tolerance;
}

Flag FlatLine::push(std::optional<double> value) {
  const std::int64_t newest = count_++;
  const bool is_suspect = suspect_ && suspect_->is_flat(newest, value, limits_.tolerance);
  const bool has_failed = fail_ && fail_->is_flat(newest, value, limits_.tolerance);
  if (!value) return Flag::missing;
  if (limits_.except && limits_.except->has(*value)) return Flag::pass;
  if (has_failed) return Flag::fail;
  return is_suspect ? Flag::suspect : Flag::pass;
}

void FlatLine::save(StateWriter& writer) const {
  writer.put(count_);
  if (suspect_) suspect_->extremes.save(writer);
  if (fail_) fail_->extremes.save(writer);
}

void FlatLine::restore(StateReader& reader) {
  reader.get(count_);
  if (suspect_) suspect_->extremes.restore(reader);
  if (fail_) fail_->extremes.restore(reader);
}

bool is_flat(std::span<const std::optional<double>> window, double tolerance) noexcept {
  std::optional<Interval> seen;
  for (const auto& value : window) {
    if (!value) continue;
    if (!seen) seen = {*value, *value};
    seen = {std::min(seen->lower, *value), std::max(seen->upper, *value)};
  }
  return seen && seen->upper - seen->lower < tolerance;
}

}  // namespace twinsky
