// SPDX-License-Identifier: Apache-2.0
// What a comparison proposes, as the file of conf.d that takes it into the configuration. The
// command and the local page write the same.
#pragma once

#include "gateway/compare/comparison.hpp"
#include "gateway/compare/words.hpp"

#include <optional>
#include <string>

namespace twinsky {

struct AcceptedCorrection {
  std::string file;  // its name in conf.d
  std::string text;
};

// The published record in what the store remembers of a comparison; empty: there is none.
std::string recorded_comparison(const std::string& remembered);

// `record` as it was published last, `author` stands for it. nullopt: nothing is proposed.
std::optional<AcceptedCorrection> accepted_correction(const Comparison& comparison,
                                                      const std::string& record,
                                                      const std::string& author, UtcTime now);

// Which condition is not met, with its figures, in a sentence; `record` proposes nothing.
std::string why_nothing_is_proposed(const Json& record, const Words& words);
// For people who asked for one where there is none.
std::string why_nothing_is_proposed(const Comparison& comparison, const std::string& record);

}  // namespace twinsky
