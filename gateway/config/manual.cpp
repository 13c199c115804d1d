// SPDX-License-Identifier: Apache-2.0
// twinsky.json(5): the reference documentation of the configuration as a manual page.
#include "gateway/config/reference.hpp"
#include "gateway/text/troff.hpp"

namespace twinsky {
namespace {

std::string entry_of(const Setting& setting) {
  std::string text = ".TP\n.B " + troff(setting.name) + "\n" + troff(setting.documentation) + "\n";
  text += ".br\n" + troff(value_text(setting));
  if (setting.required) text += "; required";
  if (!setting.fallback.empty()) text += "; default " + troff(setting.fallback);
  return text + "\n";
}

}  // namespace

std::string config_manual(const Vocabulary& vocabulary) {
  std::string page = troff_title("TWINSKY.JSON", 5) + R"(.SH NAME
twinsky.json \- configuration of the environmental sensor gateway twinsky
.SH DESCRIPTION
.I /etc/twinsky/twinsky.json
is JSON in which comments (//) are allowed. The files of
.I /etc/twinsky/conf.d
that end in .json are added to it, in the order of their names. A gateway that runs takes over a change
by itself, or says why it does not;
.B twinsky check
tells every mistake with its line.
.B twinsky config show \-\-origin
prints what is in force, and from where.
)";
  for (const ReferencePart& part : reference_parts(vocabulary)) {
    page += (part.is_section ? ".SH " : ".SS ") + troff_with_code(part.title) + "\n";
    if (!part.text.empty()) page += troff_with_code(part.text) + "\n";
    for (const Setting& setting : part.settings) page += entry_of(setting);
  }
  return page + R"(.SH FILES
.TP
.I /usr/share/doc/twinsky/config/examples
Complete configurations.
.TP
.I /usr/share/twinsky/twinsky.schema.json
The JSON Schema, with which an editor completes and checks.
.SH SEE ALSO
.BR twinsky (1)
)";
}

}  // namespace twinsky
