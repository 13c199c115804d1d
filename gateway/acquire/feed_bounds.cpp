// SPDX-License-Identifier: Apache-2.0
#include "gateway/acquire/feed_bounds.hpp"

#include "gateway/model/setting.hpp"
#include "gateway/text/bounded_text.hpp"

#include <algorithm>

namespace twinsky {
namespace {

void append_part(std::string& text, std::uint64_t count, const std::string& what) {
  if (count == 0) return;
  text.append(text.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(what);
}

}  // namespace

void Excess::add(const Excess& other) {
  of_strangers += other.of_strangers;
  samples += other.samples;
  warnings += other.warnings;
  texts += other.texts;
}

std::string text_of(const Excess& excess) {
  std::string text;
  append_part(text, excess.of_strangers,
              "samples of stations that are neither in our list nor configured, of which " +
                  std::to_string(FeedBounds::most_strangers) +
                  " are carried (name those that you want in \"stations\")");
  append_part(text, excess.samples,
              "samples beyond " + std::to_string(FeedBounds::most_samples) + ", the oldest");
  append_part(text, excess.warnings,
              "warnings beyond " + std::to_string(FeedBounds::most_warnings));
  if (!text.empty()) text += " are left out";
  append_part(text, excess.texts, "texts are cut");
  return text;
}

FeedBounds::FeedBounds(std::function<bool(std::string_view)> is_named, std::string_view strangers,
                       MonotonicTime now)
    : is_named_(std::move(is_named)) {
  while (!strangers.empty()) {
    const std::size_t end = std::min(strangers.find(' '), strangers.size());
    const std::string_view station = strangers.substr(0, end);
    if (is_id(station) && !is_named_(station) && strangers_.size() < most_strangers) {
      strangers_.emplace(station, now);
    }
    strangers.remove_prefix(std::min(end + 1, strangers.size()));
  }
}

std::string FeedBounds::strangers() const {
  std::string text;
  for (const auto& [station, seen] : strangers_) {
    text.append(text.empty() ? "" : " ").append(station);
  }
  return text;
}

Excess FeedBounds::keep_within(std::vector<Sample>& samples, MonotonicTime now) {
  Excess excess;
  // Those that have a place first, so that none of them loses it to one who comes now.
  for (const Sample& sample : samples) {
    const auto known = strangers_.find(sample.official->station);
    if (known != strangers_.end()) known->second = now;
  }
  excess.of_strangers = std::erase_if(samples, [&](const Sample& sample) {
    const std::string& station = sample.official->station;
    return !is_named_(station) && !admit(station, now);
  });
  if (samples.size() > most_samples) {
    std::ranges::stable_sort(samples, [&](const Sample& one, const Sample& other) {
      const bool is_stranger = strangers_.contains(one.official->station);
      const bool is_other_stranger = strangers_.contains(other.official->station);
      return is_stranger != is_other_stranger ? is_other_stranger : one.time > other.time;
    });
    excess.samples = samples.size() - most_samples;
    samples.resize(most_samples);
  }
  for (Sample& sample : samples) {
    for (Reading& reading : sample.readings) excess.texts += shorten(reading.text, longest_cell);
  }
  return excess;
}

bool FeedBounds::admit(const std::string& stranger, MonotonicTime now) {
  if (strangers_.contains(stranger)) return true;
  if (strangers_.size() >= most_strangers) {
    const auto longest_away =
        std::ranges::min_element(strangers_, {}, [](const auto& each) { return each.second; });
    if (now - longest_away->second < stranger_kept) return false;
    dismissed_.push_back(longest_away->first);
    strangers_.erase(longest_away);
  }
  strangers_.emplace(stranger, now);
  return true;
}

Excess FeedBounds::keep_within(std::vector<Warning>& warnings) {
  Excess excess;
  if (warnings.size() > most_warnings) {
    excess.warnings = warnings.size() - most_warnings;
    warnings.resize(most_warnings);
  }
  for (Warning& warning : warnings) {
    for (std::string* const text :
         {&warning.issuer, &warning.name, &warning.code, &warning.type, &warning.action,
          &warning.issued, &warning.updated, &warning.expires}) {
      excess.texts += shorten(*text, longest_warning_text);
    }
  }
  return excess;
}

}  // namespace twinsky
