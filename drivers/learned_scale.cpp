// SPDX-License-Identifier: Apache-2.0
#include "drivers/learned_scale.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace twinsky {
namespace {

// A way to read an entry, and how many samples are likely with it.
struct Candidate {
  RegisterAlternative way;
  bool is_present = false;
  int likely = 0;
};

std::string text_of(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

std::optional<double> number_in(const Sample& sample, const RegisterEntry& entry) {
  const auto found = std::ranges::find(sample.readings, *entry.quantity, &Reading::quantity);
  if (found == sample.readings.end() || !found->value) return std::nullopt;
  return (*found->value - entry.offset) / entry.scale;
}

std::optional<double> fact_in(const Sample& sample, const std::string& name) {
  const auto found = std::ranges::find(sample.facts, name, &Fact::name);
  if (found == sample.facts.end()) return std::nullopt;
  const auto* const number = std::get_if<double>(&found->value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

// Nothing: the sample does not tell.
std::optional<bool> is_likely(const RegisterEntry& entry, double value, const Sample& sample) {
  if (entry.beaufort.empty()) {
    if (!entry.likely_lower) return std::nullopt;
    return value >= *entry.likely_lower && value <= *entry.likely_upper;
  }
  const auto force = fact_in(sample, entry.beaufort);
  if (!force) return std::nullopt;
  // The device rounds, and averages the two otherwise.
  return std::abs(beaufort_of(value) - *force) <= 1;
}

std::vector<Candidate> candidates_of(const RegisterEntry& entry) {
  std::vector<Candidate> candidates{{.way = {entry.scale, entry.offset, {}}, .is_present = true}};
  for (const RegisterAlternative& way : entry.alternatives) {
    if (way.scale == entry.scale && way.offset == entry.offset) continue;
    candidates.push_back({.way = way});
  }
  return candidates;
}

std::string proposal_of(const RegisterEntry& entry, const Candidate& found, int telling) {
  const std::string counted = " " + std::to_string(found.likely) + " of " +
                              std::to_string(telling) + " readings are likely with it, none with ";
  if (found.is_present) {
    return entry.name + ": as configured (scale " + text_of(entry.scale) + ");" + counted +
           "another way that the map knows";
  }
  const std::string offset =
      found.way.offset == entry.offset ? "" : ", \"offset\": " + text_of(found.way.offset);
  return entry.name + ": most likely scale " + text_of(found.way.scale) +
         (found.way.note.empty() ? "" : " (" + found.way.note + ")") + ";" + counted +
         "what is configured (" + text_of(entry.scale) +
         "). Compare it with something else, then write into the sensor: \"map_override\": {\"" +
         entry.name + "\": {\"scale\": " + text_of(found.way.scale) + offset + "}}";
}

std::string learned(const RegisterEntry& entry, std::span<const Sample> samples) {
  std::vector<Candidate> candidates = candidates_of(entry);
  int telling = 0;
  for (const Sample& sample : samples) {
    const auto number = number_in(sample, entry);
    if (!number || *number == 0) continue;  // zero is zero in every way
    int judged = 0;
    std::vector<bool> likely;
    for (const Candidate& candidate : candidates) {
      const double value = *number * candidate.way.scale + candidate.way.offset;
      const auto judgement = is_likely(entry, value, sample);
      if (judgement) ++judged;
      likely.push_back(judgement.value_or(false));
    }
    const auto fitting = std::ranges::count(likely, true);
    if (judged == 0 || fitting == std::ssize(likely)) continue;  // all or nothing tells nothing
    ++telling;
    for (std::size_t at = 0; at < likely.size(); ++at) candidates[at].likely += likely[at] ? 1 : 0;
  }
  const auto all = [telling](const Candidate& candidate) { return candidate.likely == telling; };
  const auto none = [](const Candidate& candidate) { return candidate.likely == 0; };
  const auto found = std::ranges::find_if(candidates, all);
  if (telling == 0) {
    return entry.name +
           ": not decided, no reading tells the ways apart that the map knows; try "
           "again when the value is another (wind: when it blows)";
  }
  const auto others = std::ranges::count_if(candidates, none);
  if (found != candidates.end() && others == std::ssize(candidates) - 1) {
    return proposal_of(entry, *found, telling);
  }
  return entry.name + ": not decided, no way that the map knows fits all " +
         std::to_string(telling) + " readings alone; compare it with something else";
}

}  // namespace

int beaufort_of(double metres_per_second) noexcept {
  constexpr std::array<double, 12> lower{0.3,  1.6,  3.4,  5.5,  8.0,  10.8,
                                         13.9, 17.2, 20.8, 24.5, 28.5, 32.7};
  return static_cast<int>(std::ranges::upper_bound(lower, metres_per_second) - lower.begin());
}

std::vector<std::string> learned_scales(const RegisterMap& map, std::span<const Sample> samples) {
  std::vector<std::string> sentences;
  for (const RegisterEntry& entry : map.entries) {
    if (entry.quantity && !entry.alternatives.empty()) sentences.push_back(learned(entry, samples));
  }
  return sentences;
}

}  // namespace twinsky
