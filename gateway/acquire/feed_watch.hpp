// SPDX-License-Identifier: Apache-2.0
// One feed: which of its documents is due when, what came of the last request, which stations it
// has shown. It has no thread and waits for nothing; the follower calls step() when it is due.
//
// An update is fetched once, `poll_delay` plus this gateway's jitter after its period has ended.
// Where the newest interval has not come yet, the document is asked for three more times within the
// same period, after longer and longer pauses. After a failure the pauses double from 30 s to the
// cadence, but the next update is asked for when it is due.
#pragma once

#include "gateway/acquire/expected.hpp"
#include "gateway/acquire/feed_bounds.hpp"
#include "gateway/acquire/follower.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

class FeedWatch {
 public:
  // What it works with; outlives it.
  struct Surroundings {
    Fetcher& fetcher;
    const FollowerOutlet& outlet;
    Clock& clock;
    Log& log;
  };

  FeedWatch(std::string_view gateway, FeedSettings settings, const FeedInfo& info,
            Surroundings surroundings);

  [[nodiscard]] const FeedSettings& settings() const { return settings_; }
  [[nodiscard]] const FeedCounters& counters() const { return counters_; }

  // When the next request is due; the past: now.
  [[nodiscard]] UtcTime due() const;
  // Makes the one request that is due and hands on what came of it once nothing else is due.
  void step(const std::stop_token& stop);
  // Its streams that `next` does not follow any more (null: none) are closed.
  void close_streams(const FeedWatch* next) const;

 private:
  struct Document {
    FeedRequest request;
    std::optional<FeedRequest> next_page;  // of the answer that is being read
    UtcTime due{};
    MonotonicTime due_at_latest{};  // as it was when `due` was set; UTC may be set back since
    std::string etag;
    std::string last_modified;
    UtcTime newest_end{};  // of any interval that it has shown; the epoch: none yet
    std::optional<MonotonicTime> answered;  // when it was last understood
    int retries = 0;                        // within the present update
    int failures = 0;                       // in a row
    bool had_problems = false;
    // Of the answer that is being read, up to its present page.
    std::size_t problems = 0;
    std::string first_problem;
    Excess excess = {};
    bool is_crowded = false;  // it held more than its bounds when it was last understood
    std::optional<FeedFault> fault;
    std::string trouble;  // of the fault, as told last
    // What is wrong with the copy that we have though its rows hold; a 304 does not mend it.
    std::optional<FeedFailure> partly;
    std::optional<std::vector<Warning>> warnings;  // that it says are in force; nothing: not known
    Expected expected;
    // Of the expected stations those that are there: in the newest copy of a table; of another
    // document, which may leave out whoever has nothing to say, those that it has shown of late.
    std::set<std::string, std::less<>> shown;
  };
  // A followed station that its documents do not show.
  struct Missing {
    UtcTime since{};      // the end of the interval that was missed first
    UtcTime accounted{};  // the ledger knows of what is missing up to here
  };
  struct Arrival {
    std::string document;
    Sample sample;
  };

  // Documents as the feed wants them now; a new one is due at once.
  void refresh_documents();
  Document* due_document();
  void schedule(Document& document, UtcTime due);
  [[nodiscard]] UtcTime due_of(const Document& document) const;
  // Fails with a sentence where its secret cannot be read.
  [[nodiscard]] std::string place_of(const SecretHeader& secret) const;
  // What is asked for now: the document, or the page of it that comes next.
  static const FeedRequest& asked(const Document& document);
  [[nodiscard]] Result<FetchRequest, std::string> request_for(const Document& document) const;
  void take_reply(Document& document, FetchReply reply);
  std::optional<FeedFailure> decode(Document& document, FetchReply& reply);
  // Nothing: the document has all columns that it had before.
  [[nodiscard]] std::optional<FeedFailure> check_columns(Document& document,
                                                         const FeedContent& content) const;
  // `seen`: the stations that it has, with the end of their newest interval.
  void see_stations(Document& document, const std::map<std::string, UtcTime>& seen, bool is_table);
  // What is expected of the documents is known after a restart too.
  void recall_expected();
  void remember_expected();
  // `partly`: what is wrong with an answer whose rows hold.
  void succeed(Document& document, const std::optional<FeedFailure>& partly = {});
  void fail(Document& document, const FeedFailure& failure);
  void set_fault(Document& document, std::optional<FeedFault> fault, const std::string& message);
  void report_problems(Document& document);
  void report_excess(Document& document);
  // Told on when they are others than before.
  void tell_warnings();
  void hand_on();
  void let_go_of_strangers();
  void open_streams();
  [[nodiscard]] StreamDescription description_of(std::string_view station) const;
  // Tells which followed stations are missing, or back; the ledger learns what that costs.
  void check_stations();
  // Who is missing is told once, however often the gateway starts meanwhile.
  void recall_missing();
  void remember_missing();
  [[nodiscard]] std::set<std::string> expected_stations() const;
  [[nodiscard]] bool is_shown(std::string_view station) const;
  // In words; empty: it is there, or nobody can know.
  [[nodiscard]] std::string absence_of(const std::string& station) const;
  void note_gap(const std::string& station, Missing& missing);

  // No document is in trouble: what one does not show another would.
  [[nodiscard]] bool is_whole() const;
  [[nodiscard]] bool is_followed(std::string_view station) const;
  // Is it in the registry or the configuration?
  [[nodiscard]] bool is_named(std::string_view station) const;
  [[nodiscard]] std::string stream_of(std::string_view station) const;
  [[nodiscard]] milliseconds cadence_of(const Document& document) const;
  // The end of the newest interval that the agency must have published by now.
  [[nodiscard]] UtcTime expected_end(const Document& document) const;
  [[nodiscard]] UtcTime next_update(const Document& document) const;
  [[nodiscard]] milliseconds share_of_seed(milliseconds length) const;
  void refresh_state();

  const FeedSettings settings_;
  const FeedInfo& info_;
  const Surroundings at_;
  const std::unique_ptr<Feed> feed_;
  const std::uint64_t seed_;  // of the gateway's moment within the cadence
  const milliseconds delay_;
  const bool is_near_;  // a mirror on this machine or network

  FeedBounds bounds_;
  std::map<std::string, Document> documents_;
  std::vector<Arrival> arrivals_;  // of the requests that were due together
  std::map<std::string, std::set<Quantity>, std::less<>> stations_;  // opened, with what they have
  std::optional<std::vector<Warning>> warnings_;  // as told on: of all documents that know any
  std::map<std::string, Missing, std::less<>> missing_;
  std::string remembered_;  // of what is expected
  std::string remembered_missing_;
  std::set<std::string, std::less<>> passed_over_;  // unlisted and not followed, told once each
  std::string newcomers_;                           // those of the newest answers, in words
  std::string missed_cause_;  // why intervals may be missing since the last whole update
  UtcTime next_request_{};    // a host is given a pause between two requests
  FeedCounters counters_;
};

}  // namespace twinsky
