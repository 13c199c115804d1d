// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/troff.hpp"

namespace twinsky {

// A "-" would be a hyphen, which nobody can paste; a "." or "'" that begins a line would be a
// request.
std::string troff(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const bool begins_line = shown.empty() || shown.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) shown += "\\&";
    switch (c) {
      case '\\':
        shown += "\\e";
        break;
      case '-':
        shown += "\\-";
        break;
      case '\'':
        shown += "\\(aq";
        break;
      case '`':
        shown += "\\(ga";
        break;
      case '^':
        shown += "\\(ha";
        break;
      case '~':
        shown += "\\(ti";
        break;
      default:
        shown += c;
    }
  }
  return shown;
}

std::string troff_with_code(std::string_view text) {
  std::string shown;
  bool is_code = false;
  while (true) {
    const auto end = text.find('`');
    shown += troff(text.substr(0, end));
    if (end == std::string_view::npos) return shown;
    is_code = !is_code;
    shown += is_code ? "\\fB" : "\\fR";
    text.remove_prefix(end + 1);
  }
}

std::string troff_title(std::string_view title, int section) {
  return ".TH " + troff(title) + " " + std::to_string(section) + " \"\" \"twinsky " +
         TWINSKY_VERSION + "\" \"Twinsky\"\n";
}

}  // namespace twinsky
