// SPDX-License-Identifier: Apache-2.0
// Turns stored samples into hours. A thread of its own follows the rows of the store; when an hour
// is over it is made of all its samples, kept and published, with the longer means that end with
// it. A late sample makes its hour dirty: then that is made anew of all samples, never patched, and
// goes out with the next revision, and so do the hours whose longer means it is part of.
#pragma once

#include "gateway/hours/longer_means.hpp"
#include "gateway/store/hours.hpp"
#include "gateway/system/log.hpp"
#include "gateway/system/stage.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace twinsky {

// What of a stream its hours need to know.
struct HourlyStream {
  milliseconds period{0};
  bool use_suspect = false;
  std::map<Quantity, int> decimals;
  DayStandard standard = {};
};

// Whose midnight ends the day that stands beside an hour.
struct Calendar {
  std::function<Zone()> zone = {};  // as it is now; empty: that of both cities, for ever
  // Hears that past days begin to be made anew, and that they are.
  std::function<void(std::string_view message)> announce = {};
};

// The work without the thread. One thread.
class HourMaker {
 public:
  // What is known of a stream ("sensor/roof-pm"); nullopt: its hours are not made.
  using Describe = std::function<std::optional<HourlyStream>(std::string_view stream)>;
  // Hears of hours that were made, or made anew, by when they begin.
  using Tell = std::function<void(const std::set<UtcTime>& starts)>;
  HourMaker(Store& store, Clock& clock, Describe describe, Tell tell = {}, Calendar calendar = {});

  // Makes the hours that were over at `now`, of the rows that are committed.
  void step(UtcTime now);

 private:
  struct Key {
    StreamId stream{};
    UtcTime start{};
    auto operator<=>(const Key&) const = default;
  };
  struct Rows {
    RowId first = 0;
    RowId last = 0;
  };
  using Dirty = std::map<Key, Rows>;
  using Made = std::map<Key, std::vector<HourRow>>;  // quantities in the order of the catalogue

  // Reads on, at most so far that memory stays small; true when there is more.
  bool follow();
  void make(const Dirty& dirty);
  void renew_later_hours(const Key& key, Quantity quantity, Made& made);
  [[nodiscard]] std::map<Quantity, LongerMeans> longer_means_of(const Key& key, const Made& made,
                                                                const DayStandard& standard);
  [[nodiscard]] RowId done() const;
  void publish(const Made& made, const std::map<StreamId, HourlyStream>& streams);
  void follow_zone(UtcTime now);
  // Those of `from` to before `until` whose day is another one by `zone` than by `before` (nullopt:
  // nobody knows), with the next revision.
  void renew_days(UtcTime from, UtcTime until, const Zone& zone, const std::optional<Zone>& before);
  [[nodiscard]] std::optional<UtcTime> oldest_hour();

  Store& store_;
  Clock& clock_;
  const Describe describe_;
  const Tell tell_;
  const Calendar calendar_;
  const std::unique_ptr<StoreReader> reader_;
  RowId read_ = 0;    // the last row that was looked at
  RowId oldest_ = 0;  // that was kept when hours were made last
  UtcTime newest_{};  // of the samples up to there
  Dirty dirty_;       // hours with samples that no kept hour has
};

class Hourly final : public Stage {
 public:
  Hourly(Store& store, HourMaker::Describe describe, Clock& clock, Log& log,
         HourMaker::Tell tell = {}, Calendar calendar = {});
  ~Hourly() override;

  [[nodiscard]] std::string name() const override { return "hours"; }
  void request_stop() override;
  [[nodiscard]] bool has_stopped() const override;
  [[nodiscard]] std::string waits_for() const override { return "the store"; }
  [[nodiscard]] GuardStatus guard_status() const override;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

// The record of a stream's hour, for the stream "<stream>/hour".
std::string hour_body(std::span<const HourRow> rows, const std::map<Quantity, int>& decimals,
                      const std::map<Quantity, LongerMeans>& longer = {});

}  // namespace twinsky
