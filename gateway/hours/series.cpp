// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/series.hpp"

#include "gateway/store/hours.hpp"
#include "gateway/text/stored_readings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t rows_of_a_page = 500;
constexpr RowId most_rows = 30'000;  // that are read for one picture
constexpr milliseconds one_hour = 1h;
constexpr auto fine_widths =
    std::to_array<milliseconds>({1s, 2s, 5s, 10s, 15s, 30s, 1min, 2min, 5min, 10min, 15min, 30min});

UtcTime beginning(UtcTime time, milliseconds width) {
  const milliseconds since = time.time_since_epoch();
  const milliseconds rest = since % width;
  return UtcTime(since - rest - (rest < 0ms ? width : 0ms));
}

// Of a point: so many whole ones, and one that is cut by each end, are not more than wanted.
milliseconds width_for(const SeriesRequest& request) {
  const auto whole = static_cast<std::int64_t>(request.most) - 1;
  const milliseconds period = request.to - request.from;
  const auto* const fine = std::ranges::find_if(
      fine_widths, [&](milliseconds width) { return period <= width * whole; });
  if (fine != fine_widths.end()) return *fine;
  return one_hour * ((period + one_hour * whole - 1ms) / (one_hour * whole));
}

// What a sample says of the quantity, without what only other readers need: a picture may be made
// of thousands.
struct Said {
  std::uint64_t seq = 0;
  UtcTime time{};
  std::optional<double> value;
  std::optional<double> wind_speed;
  Flag flag{};
  Flag wind_flag{};
  bool is_fault = false;
};

using RowRanges = std::vector<RowRange>;
using Points = std::vector<SeriesPoint>;  // oldest first

// Rows are read once, though an hour with a late sample reaches into others.
RowRanges joined(RowRanges ranges) {
  std::ranges::sort(ranges, {}, &RowRange::first);
  RowRanges apart;
  for (const RowRange& range : ranges) {
    if (range.first > range.last) continue;
    if (apart.empty() || range.first > apart.back().last + 1) {
      apart.push_back(range);
    } else {
      apart.back().last = std::max(apart.back().last, range.last);
    }
  }
  return apart;
}

RowId rows_in(const RowRanges& ranges) {
  RowId rows = 0;
  for (const RowRange& range : ranges) rows += range.last - range.first + 1;
  return rows;
}

std::optional<Said> said_by(const StoredReadings& stored, Quantity quantity) {
  std::optional<Said> said;
  for (const Reading& reading : stored.readings) {
    if (reading.quantity != quantity) continue;
    said.emplace();
    said->value = reading.value;
    said->flag = reading.flag;
    said->is_fault = reading.fault.has_value();
  }
  if (!said || quantity != Quantity::wind_dir) return said;
  const auto speed = std::ranges::find(stored.readings, Quantity::wind_speed, &Reading::quantity);
  if (speed != stored.readings.end()) {
    said->wind_speed = speed->value;
    said->wind_flag = speed->flag;
  }
  return said;
}

// In the order of their rows, those that another has replaced left out.
std::vector<Said> read_samples(StoreReader& reader, const RowRanges& ranges,
                               const SeriesRequest& request, UtcTime from, UtcTime to) {
  std::vector<Said> samples;
  StoredReadings stored;
  std::map<StreamId, bool> is_wanted;  // its name is asked for once
  const auto take = [&](const StoredRow& row) {
    if (row.time < from || row.time >= to) return;
    const auto [stream, is_new] = is_wanted.try_emplace(row.stream);
    if (is_new) stream->second = reader.name_of(row.stream) == request.stream;
    if (!stream->second) return;
    if (!read_body(row.body, stored) || stored.clock_unset) return;
    auto said = said_by(stored, request.quantity);
    if (!said) return;
    said->seq = row.seq;
    said->time = row.time;
    if (stored.amends) {
      const auto amended = std::find_if(samples.rbegin(), samples.rend(), [&](const Said& each) {
        return each.seq == *stored.amends;
      });
      if (amended != samples.rend()) samples.erase(std::next(amended).base());
    }
    samples.push_back(*said);
  };
  for (const RowRange& range : ranges) {
    RowId after = range.first - 1;
    while (after < range.last) {
      const std::vector<StoredRow>& page = reader.page(after, rows_of_a_page);
      if (page.empty()) break;
      for (const StoredRow& row : page) {
        after = row.row;
        if (row.row <= range.last) take(row);
      }
    }
  }
  return samples;
}

SeriesPoint point_of(UtcTime start, const Hour& hour) {
  return {.start = start,
          .value = hour.value,
          .minimum = hour.minimum,
          .maximum = hour.maximum,
          .counts = hour.counts,
          .used = hour.used};
}

Hour made_of(const HourBuilder& builder, Quantity quantity) {
  for (HourBuilder::Part& part : builder.finish(0)) {
    if (part.quantity == quantity) return part.hour;
  }
  return {};
}

Points points_of(const std::vector<Said>& samples, const SeriesRequest& request,
                 milliseconds width) {
  std::map<UtcTime, HourBuilder> builders;
  for (const Said& said : samples) {
    std::vector<Reading> readings(1);
    readings[0].quantity = request.quantity;
    readings[0].value = said.value;
    readings[0].flag = said.flag;
    if (said.is_fault) readings[0].fault = Fault::no_response;  // whichever
    if (said.wind_speed) {
      readings.push_back(reading(Quantity::wind_speed, *said.wind_speed));
      readings[1].flag = said.wind_flag;
    }
    const HourBuilder empty({.use_suspect = request.use_suspect});
    builders.try_emplace(beginning(said.time, width), empty).first->second.add(said.time, readings);
  }
  Points points;
  for (const auto& [start, builder] : builders) {
    points.push_back(point_of(start, made_of(builder, request.quantity)));
  }
  return points;
}

void add(HourCounts& sum, const HourCounts& more) {
  sum.pass += more.pass;
  sum.not_evaluated += more.not_evaluated;
  sum.suspect += more.suspect;
  sum.fail += more.fail;
  sum.missing += more.missing;
}

// Hours into wider points: of their values, each weighing the same, as longer means are made.
Points widened(const Points& hours, Quantity quantity, milliseconds width) {
  Points points;
  std::vector<HourBuilder> builders;  // one for each of them
  for (const SeriesPoint& hour : hours) {
    const UtcTime start = beginning(hour.start, width);
    if (points.empty() || points.back().start != start) {
      points.push_back({.start = start});
      builders.emplace_back();
    }
    SeriesPoint& point = points.back();
    add(point.counts, hour.counts);
    point.used += hour.used;
    if (hour.minimum) {
      point.minimum = std::min(point.minimum.value_or(*hour.minimum), *hour.minimum);
    }
    if (hour.maximum) {
      point.maximum = std::max(point.maximum.value_or(*hour.maximum), *hour.maximum);
    }
    if (!hour.value) continue;
    const std::array readings{reading(quantity, *hour.value)};
    builders.back().add(hour.start, readings);
  }
  for (std::size_t at = 0; at < points.size(); ++at) {
    points[at].value = made_of(builders[at], quantity).value;
  }
  return points;
}

}  // namespace

TimeSeries read_series(StoreReader& reader, const SeriesRequest& request) {
  if (request.from >= request.to || request.most < 2 || request.most > most_series_points) {
    throw std::invalid_argument("a series of no time, or of too few or too many points");
  }
  const auto from = [&](milliseconds width) { return beginning(request.from, width); };
  const auto to = [&](milliseconds width) { return beginning(request.to - 1ms, width) + width; };
  const milliseconds wanted = width_for(request);
  const milliseconds whole = std::max(wanted, one_hour);
  const std::vector<HourRow> kept =
      reader.hours(request.stream, request.quantity, from(whole), to(whole));
  RowRange recent = reader.rows_without_hours();
  recent.first = std::max(recent.first, recent.last - most_rows + 1);

  if (wanted < one_hour) {
    RowRanges ranges{recent};
    for (const HourRow& hour : kept) ranges.push_back({hour.first_row, hour.last_row});
    ranges = joined(std::move(ranges));
    if (rows_in(ranges) <= most_rows) {
      const auto samples = read_samples(reader, ranges, request, from(wanted), to(wanted));
      return {.width = wanted, .points = points_of(samples, request, wanted)};
    }
  }
  Points hours;
  for (const HourRow& row : kept) hours.push_back(point_of(row.start, row.hour));
  const UtcTime known_until = hours.empty() ? from(whole) : hours.back().start + one_hour;
  if (known_until < to(whole)) {
    // The present hour is made of what it has so far; a late sample of another waits for that hour
    // to be made anew.
    const auto samples = read_samples(reader, joined({recent}), request, known_until, to(whole));
    std::ranges::move(points_of(samples, request, one_hour), std::back_inserter(hours));
  }
  if (whole == one_hour) return {.width = one_hour, .points = std::move(hours)};
  return {.width = whole, .points = widened(hours, request.quantity, whole)};
}

}  // namespace twinsky
