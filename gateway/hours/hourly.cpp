// SPDX-License-Identifier: Apache-2.0
#include "gateway/hours/hourly.hpp"

#include "gateway/model/fast_clock.hpp"
#include "gateway/text/json_writer.hpp"
#include "gateway/text/stored_readings.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <stop_token>
#include <thread>

namespace twinsky {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t page_rows = 500;
constexpr RowId rows_at_once = 20'000;
// After the hour's end: the last samples are on their way, and the last spike shows one later.
constexpr milliseconds late_within = 20s;
// Late samples are looked for so often.
constexpr milliseconds look_every = 5min;
constexpr milliseconds commit_within = 10s;
constexpr std::string_view zone_key = "zone";  // whose days stand beside the hours that are kept
// While past days are made anew: of which zone, and from when on they are still to be made.
constexpr std::string_view renewal_key = "zone_renewal";
constexpr std::size_t date_length = 10;  // of a time in ISO 8601
constexpr int extra_decimals = 3;        // of a mean, beyond its samples'

std::optional<double> valid_value(const Hour& hour) {
  return hour.is_valid() ? hour.value : std::nullopt;
}

std::string_view value_key(Quantity quantity) {
  switch (info_of(quantity).averaging) {
    case Averaging::sum:
      return "sum";
    case Averaging::last:
      return "last";
    default:
      return "mean";
  }
}

}  // namespace

std::string hour_body(std::span<const HourRow> rows, const std::map<Quantity, int>& decimals,
                      const std::map<Quantity, LongerMeans>& longer) {
  std::string text;
  JsonWriter json(text);
  json.open().put("start", rows.front().start).put("end", rows.front().start + 1h);
  json.put("revision", rows.front().revision).open("quantities");
  for (const HourRow& row : rows) {
    const Hour& hour = row.hour;
    const auto known = decimals.find(row.quantity);
    const int digits =
        (known == decimals.end() ? info_of(row.quantity).decimals : known->second) + extra_decimals;
    const auto put_some = [&](std::string_view key, const std::optional<double>& number) {
      if (number) json.put(key, *number, digits);
    };
    json.open(name_of(row.quantity)).put(value_key(row.quantity), hour.value, digits);
    put_some("minimum", hour.minimum);
    put_some("maximum", hour.maximum);
    put_some("deviation", hour.deviation);
    put_some("u", hour.u);
    put_some("v", hour.v);
    json.put("n", hour.used).put("expected", hour.expected).put("valid", hour.is_valid());
    const auto count = [&](std::string_view flag, std::int64_t samples) {
      if (samples != 0) json.put(flag, samples);
    };
    json.open("flags");
    count("1", hour.counts.pass);
    count("2", hour.counts.not_evaluated);
    count("3", hour.counts.suspect);
    count("4", hour.counts.fail);
    count("9", hour.counts.missing);
    json.close();
    const auto means = longer.find(row.quantity);
    if (means != longer.end() && means->second.eight_hours) {
      json.put("mean_8h", means->second.eight_hours->mean, digits);
      json.put("hours_8h", means->second.eight_hours->hours);
    }
    if (means != longer.end() && means->second.day) {
      const LongerMeans::Day& day = *means->second.day;
      json.open("day").put("date", iso8601(day.date).substr(0, date_length));
      json.put(day.is_maximum_8h ? "maximum_8h" : "mean", day.value, digits);
      json.put("hours", day.hours).close();
    }
    json.close();
  }
  json.close().close();
  return text;
}

HourMaker::HourMaker(Store& store, Clock& clock, Describe describe, Tell tell, Calendar calendar)
    : store_(store),
      clock_(clock),
      describe_(std::move(describe)),
      tell_(std::move(tell)),
      calendar_(std::move(calendar)),
      reader_(store.reader()),
      read_(store.hours_done()) {}

void HourMaker::step(UtcTime now) {
  follow_zone(now);
  // Rows of a damaged file come back in the place they had, which was passed already.
  const RowId oldest = store_.oldest();
  if (oldest < oldest_) read_ = std::min(read_, oldest - 1);
  oldest_ = oldest;
  bool more = true;
  while (more) {
    more = follow();
    // While there is more to read, the newest hour read is not whole.
    const UtcTime until = hour_of(more ? std::min(now, newest_) : now);
    Dirty over;
    for (auto at = dirty_.begin(); at != dirty_.end();) {
      const auto hour = at++;
      // What a clock that was ahead has stamped will not become more, and is not waited for.
      const bool is_ahead = hour->first.start > hour_of(now) + 1h;
      if (hour->first.start < until || is_ahead) over.insert(dirty_.extract(hour));
    }
    if (over.empty()) continue;
    try {
      make(over);
    } catch (...) {
      dirty_.merge(over);  // another time
      throw;
    }
  }
}

bool HourMaker::follow() {
  const RowId stop = read_ + rows_at_once;
  while (read_ < stop) {
    const std::vector<StoredRow>& page = reader_->page(read_, page_rows);
    if (page.empty()) return false;
    for (const StoredRow& row : page) {
      read_ = row.row;
      const std::string& name = reader_->name_of(row.stream);
      if (!name.starts_with("sensor/") || name.ends_with("/hour")) continue;
      newest_ = row.time;
      Rows& rows = dirty_[{row.stream, hour_of(row.time)}];
      if (rows.first == 0) rows.first = row.row;
      rows.last = row.row;
    }
  }
  return true;
}

void HourMaker::make(const Dirty& dirty) {
  struct Work {
    HourlyStream stream;
    std::vector<HourRow> kept;
    Rows rows;
    HourBuilder builder;
    std::map<std::uint64_t, RowId> replaced;  // seq, by which row
  };
  std::map<Key, Work> works;
  const RowId oldest = store_.oldest();
  Rows all;
  for (const auto& [key, rows] : dirty) {
    const auto stream = describe_(reader_->name_of(key.stream));
    if (!stream) continue;
    Work work{.stream = *stream,
              .kept = store_.hours_of(key.stream, key.start),
              .rows = rows,
              .builder = HourBuilder({.use_suspect = stream->use_suspect}),
              .replaced = {}};
    if (!work.kept.empty()) {
      // What of its samples is deleted already cannot be counted again.
      if (work.kept.front().first_row < oldest) continue;
      work.rows.first = std::min(work.rows.first, work.kept.front().first_row);
      work.rows.last = std::max(work.rows.last, work.kept.front().last_row);
    }
    all.first = all.first == 0 ? work.rows.first : std::min(all.first, work.rows.first);
    all.last = std::max(all.last, work.rows.last);
    works.emplace(key, std::move(work));
  }
  const auto each_row = [&](auto visit) {
    RowId after = all.first - 1;
    while (after < all.last) {
      const std::vector<StoredRow>& page = reader_->page(after, page_rows);
      if (page.empty()) return;
      for (const StoredRow& row : page) {
        after = row.row;
        if (row.row > all.last) return;
        const auto work = works.find({row.stream, hour_of(row.time)});
        if (work != works.end()) visit(work->second, row);
      }
    }
  };
  if (!works.empty()) {
    each_row([](Work& work, const StoredRow& row) {
      if (const auto seq = amended_by(row.body)) work.replaced[*seq] = row.row;
    });
    StoredReadings stored;
    each_row([&](Work& work, const StoredRow& row) {
      const auto replaced = work.replaced.find(row.seq);
      if (replaced != work.replaced.end() && row.row < replaced->second) return;
      if (!read_body(row.body, stored) || stored.clock_unset) return;
      work.builder.add(row.time, stored.readings);
    });
  }
  Made made;
  std::map<StreamId, HourlyStream> streams;
  std::vector<std::pair<Key, Quantity>> changed;  // of which longer means are made
  std::set<UtcTime> starts;
  for (auto& [key, work] : works) {
    std::int64_t expected = expected_count(work.stream.period);
    std::int64_t revision = 1;
    if (!work.kept.empty()) {
      expected = work.kept.front().hour.expected;  // as the sensor was set then
      revision = work.kept.front().revision + 1;
    }
    std::vector<HourRow> rows;
    for (const HourBuilder::Part& part : work.builder.finish(expected)) {
      rows.push_back({.stream = key.stream,
                      .start = key.start,
                      .quantity = part.quantity,
                      .revision = revision,
                      .hour = part.hour,
                      .first_row = work.rows.first,
                      .last_row = work.rows.last});
    }
    const auto kept_as = [&](const HourRow& row) {
      const auto same = std::ranges::find(work.kept, row.quantity, &HourRow::quantity);
      return same == work.kept.end() ? nullptr : &same->hour;
    };
    const auto is_kept = [&](const HourRow& row) {
      const Hour* const kept = kept_as(row);
      return kept != nullptr && *kept == row.hour;
    };
    if (rows.empty() || std::ranges::all_of(rows, is_kept)) continue;
    for (const HourRow& row : rows) {
      const Hour* const kept = kept_as(row);
      const auto before = kept == nullptr ? std::nullopt : valid_value(*kept);
      const bool is_other = before != valid_value(row.hour);
      if (is_other && has_longer_means(row.quantity)) changed.emplace_back(key, row.quantity);
    }
    starts.insert(key.start);
    made.emplace(key, std::move(rows));
    streams.emplace(key.stream, std::move(work.stream));
  }
  for (const auto& [key, quantity] : changed) renew_later_hours(key, quantity, made);

  publish(made, streams);
  if (tell_ && !starts.empty()) tell_(starts);
}

void HourMaker::publish(const Made& made, const std::map<StreamId, HourlyStream>& streams) {
  std::vector<HoursOfStream> hours;
  for (const auto& [key, rows] : made) {
    const HourlyStream& stream = streams.at(key.stream);
    hours.push_back({.rows = rows,
                     .record_stream = store_.stream(reader_->name_of(key.stream) + "/hour"),
                     .record_time = key.start + 1h,
                     .record_body = hour_body(rows, stream.decimals,
                                              longer_means_of(key, made, stream.standard))});
  }
  store_.keep_hours(std::move(hours), done());
  store_.flush(clock_.now() + commit_within);  // what is made next may ask for them
}

// Some days at each step, so that the present hour never waits for long; where it had come is
// remembered, after a restart too.
void HourMaker::follow_zone(UtcTime now) {
  if (!calendar_.zone) return;
  constexpr int days_at_once = 30;
  constexpr std::chrono::days piece{1};
  constexpr std::string_view nobody_knows = "?";
  const auto announce = [this](const std::string& message) {
    if (calendar_.announce) calendar_.announce(message);
  };
  const Zone zone = calendar_.zone();
  // A store of an earlier version: its days were those of the cities.
  std::string was =
      store_.remembered(zone_key).value_or(zone.is_of_city() ? zone.name() : Zone().name());
  std::string begun = store_.remembered(renewal_key).value_or("");
  if (was == zone.name() && begun.empty()) {
    if (!store_.remembered(zone_key)) store_.remember(zone_key, was);  // for `twinsky export`
    return;
  }
  const auto oldest = oldest_hour();
  if (!oldest && begun.empty()) return store_.remember(zone_key, zone.name());
  const std::size_t blank = std::min(begun.find(' '), begun.size());
  std::optional<UtcTime> from;
  if (begun.substr(0, blank) == zone.name()) {
    from = parse_time(begun.substr(std::min(blank + 1, begun.size())));
  } else {
    if (!begun.empty()) store_.remember(zone_key, was = nobody_knows);  // they are of two zones
    announce("local days are those of " + zone.name() + " now, before " +
             (was == nobody_knows ? "of several zones" : "of " + was) +
             "; past days are made anew, with the next revision");
  }
  if (!from) from = oldest;
  const std::optional<Zone> before =
      was == Zone().name() ? std::optional(Zone()) : Zone::named(was);
  const UtcTime end = hour_of(now);
  for (int count = 0; from && *from < end && count < days_at_once; ++count) {
    renew_days(*from, std::min<UtcTime>(*from + piece, end), zone, before);
    *from += piece;
  }
  if (from && *from < end) {
    store_.remember(renewal_key, zone.name() + " " + iso8601(*from));
    return;
  }
  store_.remember(zone_key, zone.name());
  store_.remember(renewal_key, "");
  announce("all past days are those of " + zone.name());
}

void HourMaker::renew_days(UtcTime from, UtcTime until, const Zone& zone,
                           const std::optional<Zone>& before) {
  Made made;
  std::map<StreamId, HourlyStream> streams;
  for (const std::string& name : reader_->streams()) {
    if (!name.starts_with("sensor/") || name.ends_with("/hour")) continue;
    auto stream = describe_(name);
    if (!stream) continue;
    std::set<UtcTime> starts;
    for (const QuantityInfo& info : quantity_catalogue()) {
      if (!has_longer_means(info.quantity)) continue;
      for (const HourRow& row : reader_->hours(name, info.quantity, from, until)) {
        const bool is_same =
            before && day_of_hours(row.start, *before) == day_of_hours(row.start, zone);
        if (!is_same) starts.insert(row.start);
      }
    }
    if (starts.empty()) continue;
    const StreamId id = store_.stream(name);
    for (const UtcTime start : starts) {
      std::vector<HourRow> rows = store_.hours_of(id, start);
      for (HourRow& row : rows) ++row.revision;
      std::ranges::sort(rows, {}, &HourRow::quantity);
      made.emplace(Key{id, start}, std::move(rows));
    }
    streams.emplace(id, std::move(*stream));
  }
  if (!made.empty()) publish(made, streams);
}

std::optional<UtcTime> HourMaker::oldest_hour() {
  std::optional<UtcTime> oldest;
  for (const std::string& name : reader_->streams()) {
    if (!name.starts_with("sensor/") || name.ends_with("/hour")) continue;
    for (const QuantityInfo& info : quantity_catalogue()) {
      if (!has_longer_means(info.quantity)) continue;
      const auto first = reader_->first_hour(name, info.quantity, UtcTime{});
      if (first && (!oldest || *first < *oldest)) oldest = first;
    }
  }
  return oldest;
}

// They say something else now, although their own samples are the same.
void HourMaker::renew_later_hours(const Key& key, Quantity quantity, Made& made) {
  const auto stream = describe_(reader_->name_of(key.stream));
  const UtcTime end = last_hour_of(key.start, stream ? stream->standard.zone : Zone()) + 1h;
  for (const HourRow& later :
       reader_->hours(reader_->name_of(key.stream), quantity, key.start + 1h, end)) {
    const Key of_later{key.stream, later.start};
    if (made.contains(of_later)) continue;
    std::vector<HourRow> rows = store_.hours_of(key.stream, later.start);
    for (HourRow& row : rows) ++row.revision;
    std::ranges::sort(rows, {}, &HourRow::quantity);
    made.emplace(of_later, std::move(rows));
  }
}

// Of the hours that are kept and those that are about to be.
std::map<Quantity, LongerMeans> HourMaker::longer_means_of(const Key& key, const Made& made,
                                                           const DayStandard& standard) {
  std::map<Quantity, LongerMeans> means;
  const UtcTime first = first_hour_for(key.start, standard.zone);
  for (const HourRow& row : made.at(key)) {
    if (!has_longer_means(row.quantity)) continue;
    ValidHours valid;
    const auto take = [&](const HourRow& hour) {
      valid.erase(hour.start);
      if (const auto value = valid_value(hour.hour)) valid.emplace(hour.start, *value);
    };
    const std::string& name = reader_->name_of(key.stream);
    std::ranges::for_each(reader_->hours(name, row.quantity, first, key.start + 1h), take);
    for (auto at = made.lower_bound({key.stream, first}); at != made.upper_bound(key); ++at) {
      const auto same = std::ranges::find(at->second, row.quantity, &HourRow::quantity);
      if (same != at->second.end()) take(*same);
    }
    means.emplace(row.quantity, longer_means(row.quantity, key.start, valid, standard));
  }
  return means;
}

// Up to the first sample of an hour that is still to be made.
RowId HourMaker::done() const {
  RowId row = read_;
  for (const auto& [key, rows] : dirty_) row = std::min(row, rows.first - 1);
  return row;
}

class Hourly::Thread {
 public:
  Thread(Store& store, HourMaker::Describe describe, Clock& clock, Log& log, HourMaker::Tell tell,
         Calendar calendar)
      : store_(store),
        clock_(clock),
        guard_("hours", clock, log),
        maker_(store, clock, std::move(describe), std::move(tell), std::move(calendar)),
        thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), "hours");
  }
  ~Thread() { request_stop(); }

  void request_stop() {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    woken_.notify_all();
  }
  [[nodiscard]] bool has_stopped() const { return has_stopped_; }
  [[nodiscard]] GuardStatus guard_status() const { return guard_.status(); }

 private:
  void run() {
    const Presence presence(clock_);
    while (!stop_.stop_requested()) {
      const bool is_good = guard_.turn([this] {
        work();
        wait();
      });
      if (!is_good) guard_.pause(stop_.get_token());
    }
    has_stopped_ = true;
  }

  void work() {
    if (!clock_.is_set()) return;  // nobody knows yet which hour it is
    const UtcTime now = clock_.utc();
    if (hour_of(now - late_within) != made_) store_.flush(clock_.now() + commit_within);
    maker_.step(now - late_within);
    made_ = hour_of(now - late_within);
  }

  void wait() {
    const UtcTime now = clock_.utc();
    const milliseconds until_hour = hour_of(now - late_within) + 1h + late_within - now;
    std::unique_lock lock(mutex_);
    if (stop_.stop_requested()) return;
    clock_.wait(lock, woken_, clock_.now() + std::min(until_hour, look_every));
  }

  Store& store_;
  Clock& clock_;
  Guard guard_;
  HourMaker maker_;  // of the thread alone, as made_
  UtcTime made_{};   // the hour in which hours were made last
  std::stop_source stop_;
  std::atomic<bool> has_stopped_ = false;
  std::mutex mutex_;  // only to wait
  std::condition_variable woken_;
  std::jthread thread_;  // last: it uses all of the above
};

Hourly::Hourly(Store& store, HourMaker::Describe describe, Clock& clock, Log& log,
               HourMaker::Tell tell, Calendar calendar)
    : thread_(std::make_unique<Thread>(store, std::move(describe), clock, log, std::move(tell),
                                       std::move(calendar))) {}
Hourly::~Hourly() = default;

void Hourly::request_stop() {
  thread_->request_stop();
}
bool Hourly::has_stopped() const {
  return thread_->has_stopped();
}
GuardStatus Hourly::guard_status() const {
  return thread_->guard_status();
}

}  // namespace twinsky
