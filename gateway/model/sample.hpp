// SPDX-License-Identifier: Apache-2.0
// What an acquisition yields: plain values that threads pass on.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/fault.hpp"
#include "gateway/model/flag.hpp"
#include "gateway/model/quantity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace twinsky {

// One number of one quantity, in the catalogue's unit, or the reason why it is absent. A value is
// always finite.
struct Reading {
  Quantity quantity{};
  std::optional<double> value;
  std::optional<Fault> fault;       // why `value` is absent, when the source said why
  Flag flag = Flag::not_evaluated;  // `missing` when absent; set by quality/
  std::string_view reason;          // what quality/ has to say of it ("spike", "humid"); static
  std::string channel;              // a further place of the same instrument; empty: the main one
  std::string text;  // as printed, where it says more than the number ("10+", "Calm")
};

Reading reading(Quantity quantity, double value, std::string_view channel = {});
Reading absent(Quantity quantity, Fault fault, std::string_view channel = {});

// What a frame says that is no quantity: status words, addresses, raw ticks. Shown by `read` and
// `replay`, never stored.
struct Fact {
  std::string name;
  std::variant<std::monostate, bool, double, std::string, std::vector<double>> value;
};

// Where and when an official value holds: a station's interval [start, end).
struct Official {
  std::string station;  // slug
  UtcTime start{};
  UtcTime end{};
  UtcTime fetched{};                      // when it was received
  std::optional<UtcTime> issued;          // when the agency says it published it
  std::optional<double> gas_reference_k;  // reference state of gases in ug/m3
};

// All readings of one acquisition of one sensor, or of one station and interval of a feed.
struct Sample {
  UtcTime time{};  // moment of measurement; of an official value the end of its interval
  std::vector<Reading> readings;
  std::vector<Fact> facts;
  std::optional<Official> official;
};

// What pure decoding makes of some bytes: samples and faults, in the order of the bytes.
struct Decoded {
  std::vector<Sample> samples;
  std::vector<Fault> faults;
  std::vector<Fact> facts = {};  // of a refusal, which has no sample: exception_code
};

}  // namespace twinsky
