// SPDX-License-Identifier: Apache-2.0
// Where every sample passes on its way from a driver or feed to the rest: quality flags, board,
// record text, store, `state`. Also where silence becomes a row of the ledger. Any thread.
#pragma once

#include "gateway/acquire/board.hpp"
#include "gateway/acquire/recall.hpp"
#include "gateway/publish/bulletin.hpp"
#include "gateway/store/store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace twinsky {

enum class SensorState : std::uint8_t { online, offline, fault };
std::string_view name_of(SensorState state) noexcept;

class Intake {
 public:
  Intake(Store& store, Board& board, Bulletin& bulletin, Clock& clock);
  // `read`: how the past of a stream is read; tests put their own in its place.
  Intake(Store& store, Board& board, Bulletin& bulletin, Clock& clock, Recall::Read read);
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
  // further members of its record (model/record.hpp); a change of them is a revision too.
  void take_official(std::string_view stream, Sample sample, std::string_view document,
                     std::string_view members = {});
  // Before this official sample, which comes next, nothing will come any more: intervals between it
  // and the newest that we have go on record. Only of a pace that is as long as its intervals.
  void note_missed(std::string_view stream, const Sample& oldest, std::string_view cause);

  // Polls fail since `start` for this reason; the next sample (or close) puts the gap on record.
  void silent(std::string_view stream, std::string_view cause, UtcTime start);
  void set_state(std::string_view stream, SensorState state);
  // A transition, onto the stream `event` and thereby to every sink.
  void announce(std::string_view event, std::string_view subject, std::string_view message);

  // What may still wait for the disk.
  [[nodiscard]] Stage& recall() { return recall_; }

  // Posts `state` again where readings have grown too old since. Main loop, about once a second.
  void refresh_states();

 private:
  struct Stream;
  // These want mutex_ held.
  Stream* find(std::string_view stream);
  void post_meta(Stream& stream);
  void post_state(Stream& stream);
  [[nodiscard]] std::optional<double> around(const Stream& stream, Quantity quantity,
                                             UtcTime time) const;
  [[nodiscard]] std::vector<CorrectedReading> corrected(const Stream& stream, const Sample& sample,
                                                        std::string_view channel) const;
  [[nodiscard]] bool describe(const StreamDescription& description);
  void check(Stream& stream, Sample& sample, std::string_view channel, bool clock_set);
  void note_gap_before(Stream& stream, UtcTime time);
  void settle_silence(Stream& stream, UtcTime end);

  Store& store_;
  Board& board_;
  Bulletin& bulletin_;
  Clock& clock_;
  Recall recall_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Stream>, std::less<>> streams_;  // guarded by mutex_
};

}  // namespace twinsky
