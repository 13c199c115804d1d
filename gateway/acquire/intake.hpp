// SPDX-License-Identifier: Apache-2.0
// Where every sample passes on its way from a driver or feed to the rest: quality flags, latest
// values, record text, store, `state`. Also where silence becomes a row of the ledger. Any thread.
#pragma once

#include "gateway/acquire/last_heard.hpp"
#include "gateway/acquire/latest_values.hpp"
#include "gateway/acquire/recall.hpp"
#include "gateway/sinks/bulletin.hpp"
#include "gateway/store/store.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace twinsky {

struct StreamSnapshot;  // sinks/snapshot.hpp

enum class SensorState : std::uint8_t { online, offline, fault };
std::string_view name_of(SensorState state) noexcept;

class Intake {
 public:
  // `boot_id`: monotonic times can be compared with those of an earlier run where it is the same.
  // `gateway`: in whose name streams are announced; empty: they are not.
  Intake(Store& store, LatestValues& latest_values, Bulletin& bulletin, Clock& clock,
         std::string boot_id = {}, std::string gateway = {});
  // `read`: how the past of a stream is read; tests put their own in its place.
  Intake(Store& store, LatestValues& latest_values, Bulletin& bulletin, Clock& clock,
         std::string boot_id, Recall::Read read, std::string gateway = {});
  ~Intake();

  // Makes a stream known, or changes its description: publishes its meta. Whoever opens a sensor's
  // waits for a moment for what the store has of it, and nobody else does.
  void open(const StreamDescription& description);
  // Forgets it: its retained topics are withdrawn.
  void close(std::string_view stream);
  // Asks the store for the revisions of all `meta` again.
  void revise_meta();

  // A sample of an opened stream; of another it is dropped (its sensor was removed just now).
  // Channels other than the first have streams of their own.
  void take(std::string_view stream, Sample sample, std::string_view channel = {});
  // An official sample: `document` says which of the feed's documents it came in. `members` are
  // further members of its record (text/record.hpp); a change of them is a revision too.
  void take_official(std::string_view stream, Sample sample, std::string_view document,
                     std::string_view members = {});
  // Before this official sample, which comes next, nothing will come any more: intervals between it
  // and the newest that we have go on record. Only of a pace that is as long as its intervals.
  void note_missed(std::string_view stream, const Sample& oldest, std::string_view cause);
  // An official stream, opened or not, has nothing after the newest that we have (where that is not
  // known, after `since`) and up to `end`.
  void note_missing(std::string_view stream, UtcTime since, UtcTime end, milliseconds period,
                    std::string_view cause);

  // Samples of an opened stream that did not come: the first was due at `first_due`, the others a
  // period after each other. The next sample (or close, or an hour) puts them on record as one gap,
  // with the cause of the first. `counted`: each was a poll, none is reckoned.
  void missed(std::string_view stream, std::string_view cause, MonotonicTime first_due,
              std::uint64_t samples, bool counted);
  // `why` it is not online, in words.
  void set_state(std::string_view stream, SensorState state, std::string_view why = {});
  // A transition, onto the stream `event` and thereby to every sink.
  void announce(std::string_view event, std::string_view subject, std::string_view message);

  // Sensors that have a period of their own are read at least so often from their next sample on;
  // nothing: as they are configured. Any thread.
  void set_longest_period(std::optional<milliseconds> period);
  [[nodiscard]] milliseconds longest_period() const { return milliseconds(longest_period_); }

  // How every open stream stands, out of memory.
  [[nodiscard]] std::map<std::string, StreamSnapshot> streams() const;

  // What may still wait for the disk.
  [[nodiscard]] Stage& recall() { return recall_; }

  // Posts `state` again where readings have grown too old since, and records what waited for time
  // to pass or the clock to be set. Main loop, about once a second.
  void refresh_states();

 private:
  struct Stream;
  // These want mutex_ held.
  Stream* find(std::string_view stream);
  void post_meta(Stream& stream);
  void post_state(Stream& stream);
  [[nodiscard]] std::optional<double> around(const Stream& stream, Quantity quantity) const;
  [[nodiscard]] std::vector<CorrectedReading> corrected(const Stream& stream, const Sample& sample,
                                                        std::string_view channel) const;
  [[nodiscard]] bool describe(const StreamDescription& description);
  void check(Stream& stream, Sample& sample, std::string_view channel, bool clock_set);
  void resume(Stream& stream, MonotonicTime now);
  void record_pause(Stream& stream, bool is_last_chance);
  void record_silence(Stream& stream);
  void recall_last_heard(Stream& stream);
  void remember_last_heard(bool is_end);
  void watch_clock();

  Store& store_;
  LatestValues& latest_values_;
  Bulletin& bulletin_;
  Clock& clock_;
  const std::string boot_id_;
  const std::string gateway_;
  bool had_store_;          // guarded by mutex_: what it remembers is known
  LastHeard heard_before_;  // guarded by mutex_: as of the start; of closed streams up to date
  std::set<std::string, std::less<>> closed_;  // guarded by mutex_: in this run
  std::optional<Moment> noted_;  // guarded by mutex_: what the store remembers of the clock
  Recall recall_;
  std::atomic<milliseconds::rep> longest_period_{milliseconds::max().count()};
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Stream>, std::less<>> streams_;  // guarded by mutex_
};

}  // namespace twinsky
