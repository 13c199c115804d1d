// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/clock_hold.hpp"

#include "gateway/text/json_text.hpp"

#include <algorithm>

namespace twinsky {
namespace {

constexpr milliseconds same_offset{500};  // a slewed clock stays within it, a step does not
constexpr std::chrono::seconds look_every{1};
constexpr std::size_t amended_at_once = 1000;

milliseconds since_boot(const Clock& clock) {
  return std::chrono::floor<milliseconds>(clock.now().time_since_epoch());
}

// Takes the mark out and says which record is put right by this one.
std::string amending_body(std::string_view marked, std::uint64_t seq) {
  const std::string plain =
      without_members(marked, [](std::string_view key) { return key == "clock"; });
  return with_first_member(plain, "amends", std::to_string(seq));
}

}  // namespace

milliseconds clock_offset(const Clock& clock) {
  return clock.utc().time_since_epoch() - since_boot(clock);
}

ClockHold::ClockHold(Journal& journal, Clock& clock, Log& log, milliseconds clock_wait,
                     std::string boot_id, StreamId ledger)
    : journal_(journal),
      clock_(clock),
      log_(log),
      clock_wait_(clock_wait),
      boot_id_(std::move(boot_id)),
      ledger_(ledger),
      blocks_(journal.tables().clock_blocks()),
      saved_blocks_(blocks_) {
  const auto lost = [&](const ClockBlock& block) { return block.boot_id != boot_id_; };
  const bool any_lost = std::ranges::any_of(blocks_, lost);
  const bool any_open = !blocks_.empty() && blocks_.back().last_row == no_row_limit;
  if (!any_lost && !any_open) return;
  transaction([&] {
    for (const ClockBlock& block : blocks_) {
      if (lost(block)) journal_.tables().erase_clock_block(block.first_row);
    }
    std::erase_if(blocks_, lost);
    if (!blocks_.empty() && blocks_.back().last_row == no_row_limit) {
      blocks_.back().last_row = journal_.last();
      journal_.tables().save_clock_block(blocks_.back());
    }
  });
  gave_up_ = !blocks_.empty() && blocks_.back().released;
  if (any_lost) {
    log_.warning("store",
                 "samples of an earlier boot were taken before the clock was set; their "
                 "time cannot be told any more, they are sent marked \"clock\":\"unset\"");
  }
}

template <class Work>
void ClockHold::transaction(Work&& work) {
  try {
    journal_.transaction(work);
  } catch (...) {
    rolled_back();
    throw;
  }
  committed();
}

RowId ClockHold::append(StreamId stream, UtcTime time, std::string body, milliseconds offset) {
  const RowId row = journal_.last() + 1;
  const bool goes_on = !blocks_.empty() && blocks_.back().last_row == no_row_limit &&
                       std::chrono::abs(blocks_.back().offset - offset) <= same_offset;
  if (!goes_on) {
    if (!blocks_.empty() && blocks_.back().last_row == no_row_limit) {
      blocks_.back().last_row = row - 1;
      journal_.tables().save_clock_block(blocks_.back());
    }
    blocks_.push_back({row, no_row_limit, boot_id_, offset, since_boot(clock_), gave_up_});
    journal_.tables().save_clock_block(blocks_.back());
  }
  if (!member_of(body, "clock")) body = with_first_member(body, "clock", R"("unset")");
  return journal_.append(stream, time, body, false);
}

bool ClockHold::step(RowId first_row_of_epoch) {
  if (blocks_.empty()) return false;
  const ClockBlock block = blocks_.front();
  if (clock_.is_set()) {
    gave_up_ = false;
    const milliseconds step = clock_offset(clock_) - block.offset;
    if (block.released) {
      amend_some(block, step, first_row_of_epoch);
    } else {
      put_right(block, step);
    }
    return !blocks_.empty();
  }
  if (!gave_up_ && since_boot(clock_) - block.since >= clock_wait_) release();
  return false;
}

void ClockHold::put_right(const ClockBlock& block, milliseconds step) {
  transaction([&] {
    journal_.tables().restamp(block.first_row, block.last_row, step, ledger_);
    for (const StreamShare& share : journal_.tables().shares(block.first_row, block.last_row)) {
      journal_.know_time(share.stream, share.end);
    }
    journal_.tables().erase_clock_block(block.first_row);
    blocks_.erase(blocks_.begin());
  });
  log_.notice("store", "the clock is set: waiting samples were put right by " +
                           std::to_string(step.count() / 1000) + " s");
}

void ClockHold::amend_some(const ClockBlock& block, milliseconds step, RowId first_row_of_epoch) {
  std::string text;
  std::vector<StoredRow> rows;
  // An earlier epoch's record cannot be named by its seq alone; it stays as it was sent.
  const RowId first = std::max(block.first_row, first_row_of_epoch);
  const RowId last = std::min(block.last_row, journal_.last());
  journal_.tables().read_marked(first, last, amended_at_once, text, rows);
  transaction([&] {
    // What is appended here lies behind the block.
    for (const StoredRow& row : rows) {
      if (row.stream == ledger_) continue;
      journal_.append(row.stream, row.time + step, amending_body(row.body, row.seq));
    }
    journal_.tables().erase_clock_block(block.first_row);
    blocks_.erase(blocks_.begin());
    if (rows.size() < amended_at_once) return;
    ClockBlock rest = block;
    rest.first_row = rows.back().row + 1;
    rest.last_row = last;
    blocks_.insert(blocks_.begin(), rest);
    journal_.tables().save_clock_block(rest);
  });
}

void ClockHold::release() {
  transaction([&] {
    for (ClockBlock& block : blocks_) {
      block.released = true;
      journal_.tables().save_clock_block(block);
    }
  });
  gave_up_ = true;
  log_.warning("store",
               "the clock is still not set; samples are sent marked \"clock\":\"unset\" "
               "and amended later. Check the network's time service, or fit a clock "
               "with a battery");
}

MonotonicTime ClockHold::due() const {
  return blocks_.empty() ? MonotonicTime::max() : clock_.now() + look_every;
}

RowId ClockHold::sendable() const {
  for (const ClockBlock& block : blocks_) {
    if (!block.released) return block.first_row - 1;
  }
  return no_row_limit;
}

bool ClockHold::waiting() const {
  return sendable() != no_row_limit;
}

}  // namespace twinsky
