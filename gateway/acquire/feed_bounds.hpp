// SPDX-License-Identifier: Apache-2.0
// What a feed may fill of our memory, store and topics, whatever an agency's document says: how
// many stations that nobody named, how many intervals, how much text. Stations of the registry and
// of the configuration are always carried; of others the first to come, which keep their places
// until they have not been seen for a week. No thread.
#pragma once

#include "drivers/driver.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinsky {

// What of a document was beyond the bounds.
struct Excess {
  std::uint64_t of_strangers = 0;  // samples of stations beyond the bound
  std::uint64_t samples = 0;       // of stations that are carried
  std::uint64_t warnings = 0;
  std::uint64_t texts = 0;  // that were cut

  [[nodiscard]] std::uint64_t left_out() const { return of_strangers + samples + warnings; }
  [[nodiscard]] bool any() const { return left_out() + texts > 0; }
  void add(const Excess& other);
};
// A sentence for people.
std::string text_of(const Excess& excess);

class FeedBounds {
 public:
  static constexpr std::size_t most_strangers = 200;
  static constexpr std::size_t most_samples = 2'000;  // of a document
  static constexpr std::size_t most_warnings = 40;
  static constexpr std::size_t longest_cell = 100;  // bytes
  static constexpr std::size_t longest_warning_text = 200;
  static constexpr std::size_t longest_message = 300;
  static constexpr std::chrono::hours stranger_kept{7 * 24};

  // `is_named`: is the station in the registry or the configuration? `strangers` as strangers()
  // gave it in an earlier run.
  FeedBounds(std::function<bool(std::string_view station)> is_named, std::string_view strangers,
             MonotonicTime now);

  // Leaves what fits, cut where it must be.
  Excess keep_within(std::vector<Sample>& samples, MonotonicTime now);
  static Excess keep_within(std::vector<Warning>& warnings);

  // The stations that nobody named and that have a place, with blanks between them.
  [[nodiscard]] std::string strangers() const;
  // Those that have lost theirs since the last call.
  std::vector<std::string> take_dismissed() { return std::exchange(dismissed_, {}); }

 private:
  bool admit(const std::string& stranger, MonotonicTime now);

  const std::function<bool(std::string_view)> is_named_;
  std::map<std::string, MonotonicTime, std::less<>> strangers_;  // with when they were last seen
  std::vector<std::string> dismissed_;
};

}  // namespace twinsky
