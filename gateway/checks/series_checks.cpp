// SPDX-License-Identifier: Apache-2.0
#include "gateway/checks/series_checks.hpp"

#include <utility>

namespace twinsky {

using namespace std::chrono_literals;

SeriesChecks::SeriesChecks(CheckSettings settings) : settings_(std::move(settings)) {
  if (settings_.flat_line) flat_line_.emplace(*settings_.flat_line, settings_.step);
  if (settings_.attenuated) attenuated_.emplace(*settings_.attenuated);
}

SeriesChecks::Verdict SeriesChecks::push(const Point& point) {
  Verdict verdict;
  const auto take = [&verdict](Flag flag, std::string_view test) {
    if (aggregate(verdict.flag, flag) == verdict.flag) return;
    verdict.flag = flag;
    verdict.reason = flag == Flag::pass ? std::string_view() : test;
  };
  // After an outage the neighbours are other samples that we never saw.
  if (before_ && settings_.longest_step && point.time - before_->time > *settings_.longest_step) {
    before_.reset();
    before_that_.reset();
  }
  if (settings_.range) take(check_range(point.value, *settings_.range), "range");
  if (!settings_.climatology.empty()) {
    const milliseconds offset = settings_.zone ? settings_.zone->offset_at(point.time) : 0ms;
    take(check_climatology(point, settings_.climatology, offset), "climatology");
  }
  if (settings_.rate_per_second) {
    take(check_rate(before_, point, *settings_.rate_per_second), "rate_of_change");
  }
  if (flat_line_) take(flat_line_->push(point.value), "flat_line");
  if (attenuated_) take(attenuated_->push(point), "attenuated_signal");
  if (!point.value) verdict = {.flag = Flag::missing, .reason = {}};
  if (settings_.spike && before_) {
    verdict.spike_before = check_spike(before_that_ ? before_that_->value : std::nullopt,
                                       before_->value, point.value, *settings_.spike);
  }
  before_that_ = std::exchange(before_, point);
  return verdict;
}

std::string SeriesChecks::state() const {
  StateWriter writer;
  for (const auto* point : {&before_that_, &before_}) {
    writer.put(std::int64_t{point->has_value()});
    if (!*point) continue;
    writer.put((*point)->time);
    writer.put((*point)->value);
  }
  if (flat_line_) flat_line_->save(writer);
  if (attenuated_) attenuated_->save(writer);
  return writer.text();
}

void SeriesChecks::restore(std::string_view state) {
  StateReader reader(state);
  for (auto* point : {&before_that_, &before_}) {
    std::int64_t is_there = 0;
    reader.get(is_there);
    point->reset();
    if (is_there == 0) continue;
    reader.get(point->emplace().time);
    reader.get((*point)->value);
  }
  if (flat_line_) flat_line_->restore(reader);
  if (attenuated_) attenuated_->restore(reader);
}

}  // namespace twinsky
