// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/feed_watch.hpp"

#include "gateway/checks/official_values.hpp"
#include "gateway/model/stable_hash.hpp"
#include "gateway/system/credentials.hpp"
#include "gateway/system/events.hpp"
#include "gateway/text/bounded_text.hpp"

#include <algorithm>
#include <ranges>
#include <sstream>

namespace twinsky {
namespace {

constexpr milliseconds host_pause{1'500};  // between two requests to a host
constexpr milliseconds first_back_off{30'000};
constexpr milliseconds longest_first_wait{5'000};
constexpr milliseconds stale_after{3 * 3'600'000};
constexpr milliseconds gaps_told_hourly_for{24 * 3'600'000};  // then once a day
constexpr milliseconds hour{3'600'000};
constexpr std::size_t most_passed_over = 200;
constexpr int most_retries = 3;
constexpr int spread = 12;  // jitter and the first retry are within a twelfth of the cadence
// Why an interval is missed where nothing failed: the agency went on to the next.
constexpr std::string_view not_shown = "not_shown";
// Why they are where its documents come, but without the station.
constexpr std::string_view station_missing = "station_missing";

// The gateway's moment stays the same for ever.
std::uint64_t moment_of(const std::string& gateway_and_feed) {
  const std::uint64_t hash = stable_hash(gateway_and_feed);
  return hash ^ hash >> 29U;
}

// A text that says no more than the number beside it is not worth a place in the record.
void drop_plain_numbers(Sample& sample) {
  for (Reading& reading : sample.readings) {
    const bool is_plain = std::ranges::all_of(reading.text, [](char c) {
      return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == 'e' || c == 'E';
    });
    if (reading.value && is_plain) reading.text.clear();
  }
}

std::string strangers_of(const FeedInfo& info) {
  return std::string("strangers/").append(info.name);
}
std::string expected_of(const FeedInfo& info) {
  return std::string("expected/").append(info.name);
}
std::string missing_of(const FeedInfo& info) {
  return std::string("missing/").append(info.name);
}
// A document at its address.
std::string key_of(const FeedRequest& request) {
  return request.name + ' ' + std::to_string(stable_hash(request.url));
}

FeedFault fault_of(const FetchReply& reply) {
  if (reply.too_large) return FeedFault::too_large;
  if (reply.truncated) return FeedFault::truncated;
  return reply.status == 0 ? FeedFault::unreachable : FeedFault::http_error;
}

}  // namespace

FeedWatch::FeedWatch(std::string_view gateway, FeedSettings settings, const FeedInfo& info,
                     Surroundings surroundings)
    : settings_(std::move(settings)),
      info_(info),
      at_(surroundings),
      feed_(info.make(settings_.settings)),
      seed_(moment_of(std::string(gateway).append("\n").append(info.name))),
      delay_(settings_.settings.has("poll_delay") ? settings_.settings.duration("poll_delay")
                                                  : info.delay),
      is_near_(settings_.settings.has("allow_private_addresses") &&
               settings_.settings.boolean("allow_private_addresses")),
      bounds_([this](std::string_view station) { return is_named(station); },
              at_.outlet.remembered(strangers_of(info)), at_.clock.now()),
      missed_cause_(not_shown) {
  counters_.state = "waiting";
  refresh_documents();
  recall_expected();
  recall_missing();
}

void FeedWatch::refresh_documents() {
  const UtcTime now = at_.clock.utc();
  const milliseconds wait = is_near_ ? milliseconds(0) : share_of_seed(longest_first_wait);
  for (FeedRequest& request : feed_->requests(now)) {
    const auto [place, is_new] = documents_.try_emplace(request.name);
    Document& document = place->second;
    if (is_new) schedule(document, now + wait);
    if (document.request.url != request.url) {  // what we know of the copy is of another address
      document.etag.clear();
      document.last_modified.clear();
    }
    document.request = std::move(request);
  }
}

void FeedWatch::schedule(Document& document, UtcTime due) {
  document.due = due;
  document.due_at_latest = at_.clock.now() + (due - at_.clock.utc());
}

UtcTime FeedWatch::due_of(const Document& document) const {
  const UtcTime now = at_.clock.utc();
  // Farther away than any pause: UTC was set back.
  if (document.due > now + 2 * cadence_of(document)) return now;
  const auto left = std::chrono::ceil<milliseconds>(document.due_at_latest - at_.clock.now());
  return std::min(document.due, now + left);
}

UtcTime FeedWatch::due() const {
  const UtcTime now = at_.clock.utc();
  UtcTime first = UtcTime::max();
  for (const Document& document : documents_ | std::views::values) {
    first = std::min(first, due_of(document));
  }
  const bool is_pause_lost = next_request_ > now + host_pause;
  return is_pause_lost ? first : std::max(first, next_request_);
}

FeedWatch::Document* FeedWatch::due_document() {
  const UtcTime now = at_.clock.utc();
  for (Document& document : documents_ | std::views::values) {
    if (due_of(document) <= now) return &document;
  }
  return nullptr;
}

void FeedWatch::step(const std::stop_token& stop) {
  refresh_documents();
  Document* document = due_document();
  if (document == nullptr) return;
  if (const auto request = request_for(*document)) {
    FetchReply reply = at_.fetcher.get(*request, stop);
    if (stop.stop_requested()) return;
    ++counters_.requests;
    next_request_ = at_.clock.utc() + (is_near_ ? milliseconds(0) : host_pause);
    take_reply(*document, std::move(reply));
    if (document->next_page) {
      // Whether the first page is another says nothing of those behind it.
      document->etag.clear();
      document->last_modified.clear();
      schedule(*document, at_.clock.utc());
    }
  } else {
    fail(*document, {FeedFault::no_secret, request.error()});
  }
  refresh_state();
  if (due_document() == nullptr) hand_on();
}

// Where the configuration names the secret's file.
std::string FeedWatch::place_of(const SecretHeader& secret) const {
  for (const auto& [setting, place] : settings_.secret_places.by_setting) {
    if (settings_.settings.text(setting) == secret.file) return place;
  }
  return secret.name;
}

const FeedRequest& FeedWatch::asked(const Document& document) {
  return document.next_page ? *document.next_page : document.request;
}

// The secret is read each time: a new one in the file needs no restart.
Result<FetchRequest, std::string> FeedWatch::request_for(const Document& document) const {
  const FeedRequest& wanted = asked(document);
  FetchRequest request;
  request.url = wanted.url;
  request.headers = wanted.headers;
  request.body = wanted.body;
  if (const auto& secret = wanted.secret) {
    const std::string place = place_of(*secret);
    const auto text =
        read_secret({.name = secret->file, .place = place}, settings_.configuration_directory);
    if (!text) return Unexpected{text.error()};
    if (text->find_first_of("\r\n") != text->npos) {
      return Unexpected{"the secret's file (named in " + place +
                        ") has several lines: is it the right file?"};
    }
    request.headers.push_back(secret->name + ": " + *text);
  }
  request.etag = document.etag;
  request.last_modified = document.last_modified;
  request.allow_private_addresses = is_near_;
  return request;
}

void FeedWatch::take_reply(Document& document, FetchReply reply) {
  if (reply.status == 304) {
    ++counters_.not_modified;
    succeed(document, document.partly);
    return;
  }
  if (reply.status != 200 || reply.too_large || reply.truncated) {
    const std::string words = reply.problem.empty() ? "HTTP status " + std::to_string(reply.status)
                                                    : std::move(reply.problem);
    fail(document, {fault_of(reply), words});
    return;
  }
  if (const auto failure = decode(document, reply)) {
    fail(document, *failure);
  } else if (!document.next_page) {  // only the last page tells how new the document is
    document.etag = std::move(reply.etag);
    document.last_modified = std::move(reply.last_modified);
    succeed(document, document.partly);
  }
}

std::optional<FeedFailure> FeedWatch::decode(Document& document, FetchReply& reply) {
  auto content = feed_->decode({asked(document), std::move(reply.body), at_.clock.utc()});
  if (!content) return content.error();
  document.partly = std::move(content->partly);
  if (!document.partly) document.partly = check_columns(document, *content);
  const bool is_cut = document.partly && document.partly->fault == FeedFault::truncated;
  const UtcTime now = at_.clock.utc();
  std::map<std::string, UtcTime> seen;
  std::vector<Sample> samples;
  for (Sample& sample : content->samples) {
    const auto known = at_.clock.is_set() ? std::optional(now) : std::nullopt;
    std::string problem = problem_of_interval(sample, known);
    if (problem.empty() || sample.time < now) {
      document.newest_end = std::max(document.newest_end, sample.time);
    }
    UtcTime& newest = seen[sample.official->station];
    if (!problem.empty()) {
      content->problems.push_back(std::move(problem));
      continue;
    }
    newest = std::max(newest, sample.time);
    if (!is_followed(sample.official->station)) continue;
    check_official_values(sample);
    drop_plain_numbers(sample);
    samples.push_back(std::move(sample));
  }
  if (!is_cut) see_stations(document, seen, !content->columns.empty());
  document.next_page = std::move(content->next_page);
  document.excess.add(bounds_.keep_within(samples, at_.clock.now()));
  for (Sample& sample : samples) arrivals_.push_back({document.request.name, std::move(sample)});
  if (document.problems == 0 && !content->problems.empty()) {
    document.first_problem = std::move(content->problems.front());
  }
  document.problems += content->problems.size();
  if (content->warnings) {
    document.excess.add(FeedBounds::keep_within(*content->warnings));
    document.warnings = std::move(content->warnings);
    tell_warnings();
  }
  if (!document.next_page) {
    report_problems(document);
    report_excess(document);
  }
  if (!is_cut) return std::nullopt;
  return std::exchange(document.partly, std::nullopt);  // the rest is worth asking for soon
}

std::optional<FeedFailure> FeedWatch::check_columns(Document& document,
                                                    const FeedContent& content) const {
  std::string absent;
  for (const auto& [quantity, last] : document.expected.columns) {
    if (content.columns.empty() ||
        std::ranges::find(content.columns, quantity) != content.columns.end()) {
      continue;
    }
    absent.append(absent.empty() ? "" : ", ").append(in_quotes(name_of(quantity)));
  }
  for (const Quantity quantity : content.columns) {
    document.expected.columns.insert_or_assign(quantity, at_.clock.utc());
  }
  if (absent.empty()) return std::nullopt;
  return FeedFailure{FeedFault::grammar_changed, "no column of " + absent + " any more"};
}

void FeedWatch::see_stations(Document& document, const std::map<std::string, UtcTime>& seen,
                             bool is_table) {
  auto& expected = document.expected.stations;
  for (const auto& [station, newest] : seen) {
    const ReferenceStation* const listed = feed_->station(station);
    if (is_followed(station)) {
      // Of those that nobody named only the configured ones are expected to come again.
      if (listed == nullptr && settings_.stations.empty()) continue;
      UtcTime& last = expected[station];
      last = std::max(last, newest);
    } else if (listed == nullptr && passed_over_.size() < most_passed_over &&
               passed_over_.insert(station).second) {
      newcomers_.append(newcomers_.empty() ? "" : ", ").append(in_quotes(station));
    }
  }
  document.shown.clear();
  for (const auto& [station, last] : expected) {
    const bool is_there =
        is_table ? seen.contains(station) : document.newest_end - last < stale_after;
    if (is_there) document.shown.insert(station);
  }
}

// A line for each document: its name, its address as a number (at another one there is nothing to
// expect yet), columns and stations. Only where the documents are of a published kind it is certain
// that their columns are not those that the operator wishes for.
void FeedWatch::recall_expected() {
  remembered_ = at_.outlet.remembered(expected_of(info_));
  std::map<std::string, std::string> known;
  std::string_view text = remembered_;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto name_end = line.find(' ');
    const auto address_end = line.find(' ', std::min(name_end, line.size() - 1) + 1);
    if (address_end == line.npos) continue;
    known.emplace(line.substr(0, address_end), line.substr(address_end + 1));
  }
  for (const FeedRequest& request : feed_->requests(UtcTime{})) {
    const auto line = known.find(key_of(request));
    if (line == known.end()) continue;
    Expected& expected = documents_.at(request.name).expected;
    expected = Expected::of_text(line->second, at_.clock.utc());
    if (info_.documents.empty()) expected.columns.clear();
    std::erase_if(expected.stations, [this](const auto& each) {
      return !is_followed(each.first) ||
             (feed_->station(each.first) == nullptr && settings_.stations.empty());
    });
  }
}

void FeedWatch::remember_expected() {
  std::string text;
  for (const FeedRequest& request : feed_->requests(UtcTime{})) {
    const Expected& expected = documents_.at(request.name).expected;
    text += key_of(request) + ' ' + expected.text(at_.clock.utc()) + '\n';
  }
  if (text == remembered_) return;
  remembered_ = text;
  at_.outlet.remember(expected_of(info_), std::move(text));
}

// Each document owns what it says: what is in force is in any of them, and nobody else clears it.
void FeedWatch::tell_warnings() {
  std::optional<std::vector<Warning>> in_force;
  for (const Document& document : documents_ | std::views::values) {
    if (!document.warnings) continue;
    if (!in_force) in_force.emplace();
    in_force->insert(in_force->end(), document.warnings->begin(), document.warnings->end());
  }
  if (warnings_ == in_force) return;
  warnings_ = std::move(in_force);
  at_.outlet.warn(info_.name, warnings_ ? &*warnings_ : nullptr);
}

void FeedWatch::succeed(Document& document, const std::optional<FeedFailure>& partly) {
  const UtcTime now = at_.clock.utc();
  document.failures = 0;
  document.answered = at_.clock.now();
  const bool is_stale =
      document.newest_end != UtcTime{} && now - document.newest_end >= stale_after + delay_;
  if (partly) {
    ++counters_.failures[std::string(name_of(partly->fault))];
    std::string detail = partly->detail;  // which may quote what an agency says
    shorten(detail, FeedBounds::longest_message);
    set_fault(document, partly->fault, detail);
  } else if (is_stale) {
    ++counters_.failures[std::string(name_of(FeedFault::stale))];
    set_fault(document, FeedFault::stale,
              "nothing newer than " + iso8601(document.newest_end) + ", though it answers");
  } else {
    set_fault(document, std::nullopt, "answers again");
  }
  const UtcTime next = next_update(document);
  const bool is_behind =
      document.newest_end != UtcTime{} && document.newest_end < expected_end(document) && !is_stale;
  if (is_behind && document.retries < most_retries) {
    const milliseconds pause = cadence_of(document) / spread * (1 << document.retries);
    ++document.retries;
    schedule(document, std::min(next, now + pause));
  } else {
    document.retries = 0;
    schedule(document, next);
  }
}

void FeedWatch::fail(Document& document, const FeedFailure& failure) {
  document.retries = 0;
  document.next_page.reset();
  document.had_problems = false;  // those of the next copy are told again
  document.problems = 0;
  document.excess = {};
  document.partly.reset();
  document.etag.clear();  // whatever we had, we want the whole document next time
  document.last_modified.clear();
  const milliseconds cadence = cadence_of(document);
  const milliseconds pause =
      std::min(cadence, first_back_off * (1 << std::min(document.failures, 16)));
  ++document.failures;
  // An agency may show an hour for an hour only, so the next update is tried whatever the pause is.
  const UtcTime update = next_update(document);
  const bool is_update_first = update < at_.clock.utc() + pause;
  schedule(document, is_update_first ? update : at_.clock.utc() + pause);
  // Nobody shall act on a warning of which nothing was heard for so long.
  const bool is_silent = !document.answered || at_.clock.now() - *document.answered >= stale_after;
  if (is_silent && document.warnings) {
    document.warnings.reset();
    tell_warnings();
  }
  ++counters_.failures[std::string(name_of(failure.fault))];
  std::string detail = failure.detail;  // which may quote what an agency says
  shorten(detail, FeedBounds::longest_message);
  set_fault(document, failure.fault,
            detail + "; trying again " +
                (is_update_first ? "with the next update" : "in " + duration_text(pause)));
}

void FeedWatch::set_fault(Document& document, std::optional<FeedFault> fault,
                          const std::string& message) {
  if (fault) missed_cause_ = name_of(*fault);
  document.trouble = fault ? message : std::string();
  if (document.fault == fault) return;
  document.fault = fault;
  std::string text = document.request.name + ": ";
  if (fault) text.append(name_of(*fault)).append(": ");
  text += message;
  const std::string_view event = fault ? "feed_lost" : "feed_back";
  log_event(at_.log, fault ? LogLevel::warning : LogLevel::notice, event, info_.name, text);
  at_.outlet.announce(event, info_.name, text);
}

// Said once until the document was clean again.
void FeedWatch::report_problems(Document& document) {
  const std::size_t problems = std::exchange(document.problems, 0);
  if (problems > 0 && !document.had_problems) {
    shorten(document.first_problem, FeedBounds::longest_message);
    at_.log.warning(info_.name, document.request.name + ": " + std::to_string(problems) +
                                    " parts are not understood and left out, the first: " +
                                    document.first_problem);
  }
  document.had_problems = problems > 0;
}

// Counted always, told when it begins and when it is over.
void FeedWatch::report_excess(Document& document) {
  const Excess excess = std::exchange(document.excess, {});
  counters_.left_out += excess.left_out();
  counters_.texts_cut += excess.texts;
  if (document.is_crowded == excess.any()) return;
  document.is_crowded = excess.any();
  const std::string text =
      document.request.name + (excess.any()
                                   ? ": more than a document of its kind has: " + text_of(excess)
                                   : ": no more than its bounds again");
  const std::string_view event = excess.any() ? "feed_crowded" : "feed_back";
  log_event(at_.log, excess.any() ? LogLevel::warning : LogLevel::notice, event, info_.name, text);
  at_.outlet.announce(event, info_.name, text);
}

void FeedWatch::hand_on() {
  // Oldest first, so that a stream's records are in the order of time.
  std::ranges::stable_sort(arrivals_, {}, [](const Arrival& each) { return each.sample.time; });
  let_go_of_strangers();
  open_streams();
  const bool nothing_else_comes = is_whole();
  std::set<std::string> begun;
  for (Arrival& arrival : arrivals_) {
    const std::string stream = stream_of(arrival.sample.official->station);
    if (nothing_else_comes && begun.insert(stream).second) {
      at_.outlet.begin(stream, arrival.sample, missed_cause_);
    }
    at_.outlet.take(stream, std::move(arrival.sample), arrival.document);
    ++counters_.samples;
  }
  if (nothing_else_comes && !arrivals_.empty()) missed_cause_ = not_shown;
  arrivals_.clear();
  at_.outlet.complete(info_.name);
  check_stations();
  remember_expected();
  remember_missing();
}

// Once for all documents that came together, so that a start does not change a stream's meta with
// each of them.
void FeedWatch::open_streams() {
  std::set<std::string> changed;
  std::set<std::string> unlisted;
  for (const Arrival& arrival : arrivals_) {
    const std::string& station = arrival.sample.official->station;
    auto [place, is_new] = stations_.try_emplace(station);
    if (is_new && feed_->station(station) == nullptr) unlisted.insert(station);
    for (const Reading& reading : arrival.sample.readings) {
      if (place->second.insert(reading.quantity).second) changed.insert(station);
    }
  }
  if (unlisted.size() == 1) {
    at_.log.notice(info_.name,
                   "station \"" + *unlisted.begin() + "\" is new to us and carried as it is");
  } else if (!unlisted.empty()) {
    at_.log.notice(info_.name, std::to_string(unlisted.size()) +
                                   " stations are new to us and carried as they are, \"" +
                                   *unlisted.begin() + "\" and others");
  }
  if (!unlisted.empty()) at_.outlet.remember(strangers_of(info_), bounds_.strangers());
  for (const std::string& station : changed) at_.outlet.open(description_of(station));
  counters_.stations = stations_.size();
}

// Their places were given to others, since they have not been seen for so long.
void FeedWatch::let_go_of_strangers() {
  for (const std::string& station : bounds_.take_dismissed()) {
    std::erase_if(arrivals_, [&](const Arrival& arrival) {
      return arrival.sample.official->station == station;
    });
    if (stations_.erase(station) > 0) at_.outlet.close(stream_of(station));
  }
}

StreamDescription FeedWatch::description_of(std::string_view station) const {
  StreamDescription stream;
  stream.name = stream_of(station);
  stream.title = station;
  for (const Quantity quantity : stations_.find(station)->second) {
    stream.columns.push_back({quantity, info_of(quantity).decimals});
  }
  stream.period = info_.cadence;
  stream.publisher = info_.publisher;
  stream.licence = info_.licence;
  stream.licence_url = info_.licence_url;
  stream.attribution = info_.attribution;
  stream.label = name_of(info_.label);
  stream.zone = info_.zone;
  stream.may_be_redistributed = info_.may_be_redistributed;
  stream.gas_reference_k = info_.gas_reference_k;
  const ReferenceStation* const known = feed_->station(station);
  if (known != nullptr && known->id == station) {
    stream.title = known->name_en;
    stream.placement = known->kind;
    stream.position = known->position;
    for (const std::string& id : known->formerly) stream.formerly.push_back(stream_of(id));
  }
  return stream;
}

std::string FeedWatch::absence_of(const std::string& station) const {
  std::string lacking;
  bool was_shown = stations_.contains(station);
  for (const auto& [name, document] : documents_) {
    if (!document.answered || !document.expected.stations.contains(station)) continue;
    was_shown = true;
    if (!document.shown.contains(station)) {
      lacking.append(lacking.empty() ? "" : ", ").append(name);
    }
  }
  if (!lacking.empty()) return "is not in " + lacking + " any more";
  const bool is_complete =
      std::ranges::all_of(documents_ | std::views::values,
                          [](const Document& document) { return document.answered.has_value(); });
  if (was_shown || !is_complete) return {};
  return "is in none of its documents; look at its id in the configuration";
}

std::set<std::string> FeedWatch::expected_stations() const {
  std::set<std::string> expected(settings_.stations.begin(), settings_.stations.end());
  for (const Document& document : documents_ | std::views::values) {
    for (const auto& [station, last] : document.expected.stations) expected.insert(station);
  }
  return expected;
}

bool FeedWatch::is_shown(std::string_view station) const {
  return std::ranges::any_of(documents_ | std::views::values, [&](const Document& document) {
    return document.answered && document.shown.contains(station);
  });
}

// A line for each: the station, since when, and up to when the ledger knows.
void FeedWatch::recall_missing() {
  remembered_missing_ = at_.outlet.remembered(missing_of(info_));
  const std::set<std::string> expected = expected_stations();
  std::istringstream lines(remembered_missing_);
  std::string station;
  std::string since;
  std::string accounted;
  while (lines >> station >> since >> accounted) {
    if (!expected.contains(station)) continue;
    missing_[station] = {.since = parse_time(since).value_or(UtcTime{}),
                         .accounted = parse_time(accounted).value_or(UtcTime{})};
  }
}

void FeedWatch::remember_missing() {
  std::string text;
  for (const auto& [station, missing] : missing_) {
    text += station + ' ' + iso8601(missing.since) + ' ' + iso8601(missing.accounted) + '\n';
  }
  if (text == remembered_missing_) return;
  remembered_missing_ = text;
  at_.outlet.remember(missing_of(info_), std::move(text));
}

void FeedWatch::check_stations() {
  const std::set<std::string> expected = expected_stations();
  const std::string newcomers = std::exchange(newcomers_, {});
  bool are_newcomers_told = newcomers.empty();
  for (const std::string& station : expected) {
    const std::string absence = absence_of(station);
    const auto known = missing_.find(station);
    const std::string subject = std::string(info_.name).append("/").append(station);
    if (absence.empty() && known != missing_.end() && is_shown(station)) {
      missing_.erase(known);
      log_event(at_.log, LogLevel::notice, "station_back", subject, "is there again");
      at_.outlet.announce("station_back", subject, "is there again");
    } else if (!absence.empty() && known == missing_.end()) {
      const std::string text =
          absence + (newcomers.empty() ? "" : "; new to us and not followed: " + newcomers);
      are_newcomers_told = true;
      log_event(at_.log, LogLevel::warning, station_missing, subject, text);
      at_.outlet.announce(station_missing, subject, text);
      missing_.try_emplace(station);
    }
  }
  if (!are_newcomers_told) {
    at_.log.notice(info_.name, "stations that are new to us and not followed: " + newcomers);
  }
  for (auto& [station, missing] : missing_) note_gap(station, missing);
  const auto missing = missing_ | std::views::keys;
  counters_.missing.assign(missing.begin(), missing.end());
}

// Hour by hour for a day, then day by day: a station may have gone for good.
void FeedWatch::note_gap(const std::string& station, Missing& missing) {
  UtcTime end{};
  for (const Document& document : documents_ | std::views::values) {
    const bool is_known = !document.fault || document.partly;
    if (!is_known || document.shown.contains(station)) return;
    end = std::max(end, document.newest_end);
  }
  if (end == UtcTime{}) return;
  const UtcTime before = end - info_.cadence;
  if (missing.since == UtcTime{}) missing = {.since = end, .accounted = before};
  const bool is_long_gone = end - missing.since >= gaps_told_hourly_for;
  const milliseconds step = is_long_gone ? gaps_told_hourly_for : std::max(hour, info_.cadence);
  if (end - missing.accounted < step) return;
  at_.outlet.miss(stream_of(station), missing.accounted, end, info_.cadence, station_missing);
  missing.accounted = end;
}

void FeedWatch::close_streams(const FeedWatch* next) const {
  const bool are_warnings_kept =
      next != nullptr && std::ranges::any_of(documents_, [&](const auto& document) {
        return document.second.warnings && next->documents_.contains(document.first);
      });
  if (warnings_ && !are_warnings_kept) at_.outlet.warn(info_.name, nullptr);
  for (const std::string& station : stations_ | std::views::keys) {
    if (next == nullptr || !next->is_followed(station)) at_.outlet.close(stream_of(station));
  }
}

bool FeedWatch::is_whole() const {
  return std::ranges::none_of(documents_ | std::views::values, [](const Document& document) {
    return document.fault && !document.partly;
  });
}

bool FeedWatch::is_followed(std::string_view station) const {
  return settings_.stations.empty() ||
         std::ranges::find(settings_.stations, station) != settings_.stations.end();
}

bool FeedWatch::is_named(std::string_view station) const {
  return feed_->station(station) != nullptr || !settings_.stations.empty();
}

std::string FeedWatch::stream_of(std::string_view station) const {
  return std::string("ref/").append(info_.name).append("/").append(station);
}

milliseconds FeedWatch::cadence_of(const Document& document) const {
  return document.request.cadence.count() > 0 ? document.request.cadence : info_.cadence;
}

UtcTime FeedWatch::expected_end(const Document& document) const {
  const milliseconds cadence = cadence_of(document);
  return UtcTime((at_.clock.utc() - delay_).time_since_epoch() / cadence * cadence);
}

UtcTime FeedWatch::next_update(const Document& document) const {
  const milliseconds cadence = cadence_of(document);
  const UtcTime end = expected_end(document);
  const UtcTime next = end + delay_ + share_of_seed(cadence / spread);
  // The present update is over, or we have it (from the start, which did not wait for the jitter).
  const bool is_done = next <= at_.clock.utc() || document.newest_end >= end;
  return is_done ? next + cadence : next;
}

// This gateway's moment within `length`.
milliseconds FeedWatch::share_of_seed(milliseconds length) const {
  const auto milliseconds_in =
      static_cast<std::uint64_t>(std::max<std::int64_t>(length.count(), 1));
  return milliseconds(static_cast<std::int64_t>(seed_ % milliseconds_in));
}

void FeedWatch::refresh_state() {
  const bool is_waiting = std::ranges::none_of(
      documents_ | std::views::values,
      [](const Document& document) { return document.fault || document.answered; });
  counters_.state = is_waiting ? "waiting" : "fresh";
  for (const Document& document : documents_ | std::views::values) {
    if (document.is_crowded) counters_.state = "crowded";
  }
  counters_.detail.clear();
  for (const Document& document : documents_ | std::views::values) {
    if (document.newest_end != UtcTime{}) {
      counters_.newest = std::max(counters_.newest.value_or(UtcTime{}), document.newest_end);
    }
    if (!document.fault) continue;
    counters_.state = name_of(*document.fault);
    counters_.detail = document.request.name + ": " + document.trouble;
  }
}

}  // namespace twinsky
