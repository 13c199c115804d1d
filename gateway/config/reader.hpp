// SPDX-License-Identifier: Apache-2.0
// Reads one object of the configuration as its settings are declared and says what is wrong with
// it.
#pragma once

#include "gateway/config/document.hpp"
#include "gateway/model/setting.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twinsky {

class Reader {
 public:
  Reader(const Document& document, std::vector<Problem>& problems)
      : document_(document), problems_(problems) {}

  // What keys that are not declared are: problems, or (where an unknown driver may know them) not
  // our matter.
  enum class UnknownKeys { refused, ignored };

  // The values, defaults filled in; nothing when one of them is wrong or missing.
  Settings read(const Node& object, std::span<const Setting> declared,
                UnknownKeys unknown_keys = UnknownKeys::refused);

  // Of an object that is not there, such as a section.
  Settings defaults(std::string_view path, std::span<const Setting> declared);
  // What was read, in this order; without the defaults of settings that mean nothing to the object.
  void leave_out_default(const Node& object, std::string_view setting);
  [[nodiscard]] std::vector<EffectiveSetting>& effective() { return effective_; }

  // "twinsky.json:12:30: /sinks/0/password_file"
  [[nodiscard]] std::string place_of(const Node& node) const;
  // Where those settings of the object stand that name secrets.
  [[nodiscard]] SecretPlaces secret_places(const Node& object,
                                           std::span<const Setting> declared) const;

  // Is `node` of this kind? If not, it says so.
  bool expect(const Node& node, NodeKind kind, std::string_view expected);

  void report(const Node& at, std::string message, std::string suggestion = {});
  void report_key(const Node& at, std::string message, std::string suggestion = {});
  void refuse_key(const Node& at, std::span<const std::string_view> known,
                  UnknownKeys unknown_keys);

  // What ran before and is wrong all the same: `run` goes on with it, `check` refuses it.
  void warn(const Node& at, std::string message, std::string suggestion = {});
  [[nodiscard]] std::vector<Problem>& warnings() { return warnings_; }
  // What is right and has no effect: `run` and `check` tell it.
  void note(const Node& at, std::string message);
  [[nodiscard]] std::vector<Problem>& notes() { return notes_; }

  // How many problems there are so far.
  [[nodiscard]] std::size_t count() const { return problems_.size(); }

 private:
  void read_value(const Node& node, const Setting& setting, Settings& values);
  void keep_effective(const Node* object, std::string_view path, std::span<const Setting> declared);

  const Document& document_;
  std::vector<Problem>& problems_;
  std::vector<Problem> warnings_;
  std::vector<Problem> notes_;
  std::vector<EffectiveSetting> effective_;
};

}  // namespace twinsky
