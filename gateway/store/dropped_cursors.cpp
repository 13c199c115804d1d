// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/dropped_cursors.hpp"

#include "gateway/text/counted.hpp"

#include <algorithm>
#include <sstream>

namespace twinsky {
namespace {

constexpr RowId rows_per_step = 1000;
// Sinks that have not come back; more are forgotten, the oldest first.
constexpr std::size_t most_away = 100;

}  // namespace

DroppedCursors::DroppedCursors(Journal& journal, ClockHold& hold, LedgerBook& ledger, Clock& clock,
                               Log& log)
    : journal_(journal), hold_(hold), ledger_(ledger), clock_(clock), log_(log) {
  const auto remembered = journal_.tables().remembered();
  const auto found = remembered.find(name);
  if (found == remembered.end()) return;
  std::istringstream text(found->second);
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    Dropped one;
    fields >> one.sink >> one.entered_as >> one.cause >> one.next >> one.last >> one.first_entry >>
        one.back_after;
    if (!fields) break;
    fields >> one.on_their_way;  // 0 in those that were kept before it was known
    for (std::int64_t id = 0; fields >> id;) one.streams.push_back(static_cast<StreamId>(id));
    dropped_.push_back(one);
  }
  committed_ = dropped_;
  shown_ = dropped_;
}

void DroppedCursors::drop(const std::string& sink, const std::string& cause, RowId first,
                          RowId last, RowId on_their_way) {
  // From here on what may not go there is counted with all the rest.
  for (Dropped& one : dropped_) {
    const bool grows = !one.streams.empty() && one.back_after == away && one.last < one.next;
    if (one.sink == sink && grows) one.last = std::max(first, one.next) - 1;
  }
  add({.sink = sink,
       .entered_as = sink,
       .cause = cause,
       .next = first,
       .last = std::max(last, first - 1),
       .on_their_way = on_their_way});
}

void DroppedCursors::add(Dropped dropped) {
  const auto waits = [](const Dropped& one) { return !has_work(one); };
  const auto waiting = static_cast<std::size_t>(std::ranges::count_if(dropped_, waits));
  if (waiting >= most_away) dropped_.erase(std::ranges::find_if(dropped_, waits));
  dropped_.push_back(std::move(dropped));
  save();
}

void DroppedCursors::withhold(const std::string& sink, const std::vector<StreamId>& streams,
                              RowId first, RowId on_their_way) {
  add({.sink = sink,
       .entered_as = sink,
       .cause = "not_allowed",
       .next = first,
       .last = first - 1,
       .on_their_way = on_their_way,
       .streams = streams});
}

void DroppedCursors::allow_again(const std::string& sink, const std::vector<StreamId>& streams,
                                 RowId cursor) {
  bool is_known = false;
  std::vector<Dropped> still_withheld;
  for (Dropped& one : dropped_) {
    if (one.sink != sink || one.streams.empty() || one.back_after != away) continue;
    Dropped rest = one;
    std::erase_if(one.streams, [&](StreamId id) { return std::ranges::count(streams, id) == 0; });
    std::erase_if(rest.streams, [&](StreamId id) { return std::ranges::count(streams, id) != 0; });
    if (one.streams.empty()) {
      one.streams = std::move(rest.streams);
      continue;
    }
    is_known = true;
    if (one.last < one.next) one.last = cursor;
    one.back_after = cursor;
    if (!rest.streams.empty()) still_withheld.push_back(std::move(rest));
  }
  if (!is_known) return;
  dropped_.insert(dropped_.end(), still_withheld.begin(), still_withheld.end());
  save();
}

void DroppedCursors::come_back(const std::string& sink, RowId cursor) {
  bool is_known = false;
  for (Dropped& one : dropped_) {
    if (one.sink != sink || one.back_after != away || !one.streams.empty()) continue;
    is_known = true;
    one.back_after = cursor;
    // What passed meanwhile is lost for it as well; what it begins with is not.
    one.last = cursor;
  }
  if (!is_known) return;
  log_.notice("store",
              "sink " + sink + " is back: what it has not been sent meanwhile enters the ledger");
  save();
}

void DroppedCursors::rename(const std::string& was, const std::string& sink) {
  bool is_known = false;
  for (Dropped& one : dropped_) {
    if (one.sink != was || one.back_after != away) continue;
    is_known = true;
    one.sink = sink;
  }
  if (is_known) save();
}

bool DroppedCursors::has_work(const Dropped& dropped) {
  if (dropped.back_after != away) return true;
  return dropped.streams.empty() &&
         dropped.next <= dropped.last;  // others may never go there again
}

bool DroppedCursors::step(const WantedRowsNow& wanted) {
  const auto due = std::ranges::find_if(dropped_, has_work);
  if (due == dropped_.end()) return false;
  const auto open_before = open_;
  try {
    journal_.transaction([&] {
      if (due->next <= due->last) count_piece(*due, wanted());
      if (due->next > due->last) {
        finish(*due);
        if (due->back_after != away) dropped_.erase(due);
      }
      save();
    });
  } catch (...) {
    hold_.rolled_back();
    dropped_ = committed_;
    open_ = open_before;
    throw;
  }
  hold_.committed();
  committed();
  return std::ranges::any_of(dropped_, has_work);
}

void DroppedCursors::count_piece(Dropped& dropped, const WantedRows& wanted) {
  const RowId oldest = journal_.oldest();
  if (dropped.next < oldest) {
    count_gone(dropped, std::min(dropped.last, oldest - 1), wanted);
    return;
  }
  const RowId first = dropped.next;
  RowId last = std::min({first + rows_per_step - 1, dropped.last, journal_.last()});
  std::string epoch;
  // A piece is of one epoch, so that its numbers can be told.
  for (const SavedEpoch& saved : wanted.epochs) {
    if (saved.first_row <= first) epoch = saved.epoch;
    if (saved.first_row > first) last = std::min(last, saved.first_row - 1);
  }
  // And it is certain as a whole, or not at all.
  const bool may_have_arrived = first <= dropped.on_their_way;
  if (may_have_arrived) last = std::min(last, dropped.on_their_way);
  for (const StreamShare& share : journal_.tables().shares(first, last)) {
    const bool is_missed = dropped.streams.empty()
                               ? wanted.takes(dropped.sink, share.stream)
                               : std::ranges::count(dropped.streams, share.stream) != 0;
    if (!is_missed) continue;
    note(dropped,
         {.cause = dropped.cause,
          .stream = wanted.name_of(share.stream),
          .start = share.start,
          .end = share.end,
          .count = share.count,
          .estimated = may_have_arrived,
          .sink = dropped.sink,
          .first_seq = share.first_seq,
          .last_seq = share.last_seq,
          .epoch = epoch},
         share.stream);
  }
  dropped.next = std::max(last, first) + 1;
}

// Deleted before they were counted: how many there were is known, of which streams is not.
void DroppedCursors::count_gone(Dropped& dropped, RowId last, const WantedRows& wanted) {
  const UtcTime now = clock_.utc();
  LedgerRow row{.cause = dropped.cause,
                .stream = "*",
                .start = now,
                .end = now,
                .count = static_cast<std::uint64_t>(last - dropped.next + 1),
                .estimated = true,
                .sink = dropped.sink,
                .epoch = {}};
  const auto enter = [&] {
    const std::int64_t entry = ledger_.open(row);
    announce(entry, row);
    if (dropped.first_entry == 0) dropped.first_entry = entry;
  };
  if (dropped.streams.empty()) enter();
  for (const StreamId stream : dropped.streams) {
    row.stream = wanted.name_of(stream);
    row.count = 0;  // nobody knows
    enter();
  }
  dropped.next = last + 1;
}

void DroppedCursors::note(Dropped& dropped, const LedgerRow& row, StreamId stream) {
  Open& open = open_[{dropped.sink, stream}];
  const bool goes_on = open.row.epoch == row.epoch && open.row.estimated == row.estimated;
  if (open.entry != 0 && goes_on) {
    open.row.start = std::min(open.row.start, row.start);
    open.row.end = std::max(open.row.end, row.end);
    open.row.count += row.count;
    open.row.last_seq = row.last_seq;
    ledger_.extend(open.entry, open.row, row.count);
    return;
  }
  if (open.entry != 0) announce(open.entry, open.row);
  open = {.entry = ledger_.open(row), .row = row};
  if (dropped.first_entry == 0) dropped.first_entry = open.entry;
}

void DroppedCursors::finish(Dropped& dropped) {
  std::uint64_t records = 0;
  for (const auto& [key, open] : open_) {
    announce(open.entry, open.row);
    records += open.row.count;
  }
  open_.clear();
  if (dropped.back_after != away) tell_again(dropped);
  if (records == 0) return;
  log_.warning("store", counted(records, "record") + " that sink " + dropped.sink +
                            " has not sent: they stand in the ledger (" + dropped.cause + ")");
}

void DroppedCursors::announce(std::int64_t entry, const LedgerRow& row) {
  ledger_.announce(entry, row);
  told_[entry] = journal_.last();
}

// What it could not hear: it was told before the row after which the sink goes on.
void DroppedCursors::tell_again(const Dropped& dropped) {
  if (dropped.first_entry == 0) return;
  for (const auto& [entry, row] : journal_.tables().ledger(false)) {
    const bool is_of_it = entry >= dropped.first_entry && row.cause == dropped.cause &&
                          (row.sink == dropped.sink || row.sink == dropped.entered_as);
    if (!is_of_it) continue;
    const auto told = told_.find(entry);
    if (told == told_.end() || told->second <= dropped.back_after) ledger_.tell(row);
    if (told != told_.end()) told_.erase(told);
  }
}

void DroppedCursors::save() {
  journal_.tables().save_remembered(name, text_of(dropped_));
}

std::string DroppedCursors::text_of(const std::vector<Dropped>& all) {
  std::ostringstream text;
  for (const Dropped& one : all) {
    text << one.sink << ' ' << one.entered_as << ' ' << one.cause << ' ' << one.next << ' '
         << one.last << ' ' << one.first_entry << ' ' << one.back_after << ' ' << one.on_their_way;
    for (const StreamId id : one.streams) text << ' ' << static_cast<std::int64_t>(id);
    text << '\n';
  }
  return text.str();
}

std::optional<std::string> DroppedCursors::changed_text() {
  if (dropped_ == shown_) return std::nullopt;
  shown_ = dropped_;
  return text_of(shown_);
}

}  // namespace twinsky
