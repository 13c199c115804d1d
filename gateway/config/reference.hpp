// SPDX-License-Identifier: Apache-2.0
// The reference documentation of the configuration, made from the declarations: its parts, which a
// printer for each kind of page (Markdown, man) puts into words.
#pragma once

#include "gateway/config/config.hpp"

#include <string>
#include <vector>

namespace twinsky {

// What is said of one group of settings. Code stands in `backticks`.
struct ReferencePart {
  bool is_section = false;  // else a part of the one before
  std::string title;
  std::string text = {};  // before the settings; may be empty
  std::vector<Setting> settings;
};

// In the order of the file.
std::vector<ReferencePart> reference_parts(const Vocabulary& vocabulary);

// "one of "a", "b"", "a duration from 1s to 1min", "an object, see position".
std::string value_text(const Setting& setting);

// The documentation as the manual page twinsky.json(5); config_reference() is it in Markdown.
std::string config_manual(const Vocabulary& vocabulary = {});

}  // namespace twinsky
