// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/migration.hpp"

#include "gateway/config/config.hpp"
#include "gateway/model/plain_file.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/model/utf8.hpp"
#include "gateway/text/json_writer.hpp"

#include <algorithm>
#include <map>
#include <memory>

namespace twinsky {
namespace {

// "/sinks/*" stands for each sink.
bool is_at(std::string_view pointer, std::string_view place) {
  const auto first_of = [](std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('/', 1));
    rest.remove_prefix(part.size());
    return part;
  };
  while (!pointer.empty() && !place.empty()) {
    const std::string_view part = first_of(pointer);
    const std::string_view wanted = first_of(place);
    if (wanted != "/*" && wanted != part) return false;
  }
  return pointer.empty() && place.empty();
}

const RenamedSetting* renaming_of(const Node& node, std::span<const RenamedSetting> renamed) {
  if (node.parent == nullptr || node.parent->kind != NodeKind::object) return nullptr;
  const auto found = std::ranges::find_if(renamed, [&node](const RenamedSetting& one) {
    return node.key == one.was && is_at(pointer_of(*node.parent), one.place);
  });
  return found == renamed.end() ? nullptr : &*found;
}

std::size_t offset_of(std::string_view text, TextPosition place) {
  std::size_t offset = 0;
  for (int line = 1; line < place.line; ++line) offset = text.find('\n', offset) + 1;
  for (int column = 1; column < place.column && offset < text.size(); ++column) {
    do ++offset;
    while (offset < text.size() && continues_character(text[offset]));
  }
  return offset;
}

// A text's length with its quotation marks.
std::size_t length_of_text(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size());
}

class Migration {
 public:
  Migration(const Document& document, const Vocabulary& vocabulary, MigratedFile& file)
      : document_(document), vocabulary_(vocabulary), file_(file) {}

  void run(const Node& root) {
    rename(root);
    if (const Node* feeds = member(root, "feeds")) {
      for (const Node* feed : feeds->children) name_stations(*feed);
    }
    if (const Node* compare = member(root, "compare")) {
      for (const Node* one : compare->children) name_reference(*one);
    }
    // From the end on, so that the places before hold.
    for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
      const auto& [offset, now] = *edit;
      const std::string_view rest = std::string_view(file_.text).substr(offset);
      file_.text.replace(offset, length_of_text(rest), now);
    }
  }

 private:
  void change(TextPosition place, const Problem& told, const std::string& now) {
    std::string text;
    append_json_string(text, now);
    edits_[offset_of(file_.text, place)] = text;
    file_.changes.push_back(text_of(told));
  }
  void rename(const Node& node) {
    if (const RenamedSetting* const one = renaming_of(node, vocabulary_.renamed)) {
      change(node.key_place,
             document_.key_problem(
                 node, "is " + in_quotes(one->now) + " since " + std::string(one->since)),
             std::string(one->now));
    }
    for (const Node* child : node.children) rename(*child);
  }

  const Feed* feed_named(const std::string& name) {
    auto& feed = feeds_[name];
    if (feed != nullptr) return feed.get();
    const auto info = std::ranges::find(vocabulary_.feeds, name, &FeedInfo::name);
    if (info == vocabulary_.feeds.end()) return nullptr;
    feed = (*info)->make(Settings::defaults((*info)->settings));
    return feed.get();
  }
  // Its id now, where that is another one.
  std::string present_id(const std::string& feed_name, const std::string& id) {
    const Feed* const feed = feed_named(feed_name);
    const ReferenceStation* const known = feed == nullptr ? nullptr : feed->station(id);
    return known == nullptr || known->id == id ? "" : known->id;
  }
  void name_stations(const Node& feed) {
    const Node* const name = member(feed, "feed");
    const Node* const stations = member(feed, "stations");
    if (name == nullptr || stations == nullptr) return;
    for (const Node* station : stations->children) {
      const std::string now = present_id(name->text, station->text);
      if (!now.empty()) put(*station, now);
    }
  }
  void name_reference(const Node& compare) {
    const Node* const with = member(compare, "with");
    if (with == nullptr) return;
    const auto slash = with->text.find('/');
    if (slash == std::string::npos) return;
    const std::string feed = with->text.substr(0, slash);
    const std::string now = present_id(feed, with->text.substr(slash + 1));
    if (!now.empty()) put(*with, feed + "/" + now);
  }
  void put(const Node& node, const std::string& now) {
    change(node.place,
           document_.problem(node, in_quotes(node.text) + " is " + in_quotes(now) + " now"), now);
  }

  const Document& document_;
  const Vocabulary& vocabulary_;
  MigratedFile& file_;
  std::map<std::size_t, std::string> edits_;  // by offset of a text: what it is now
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
};

}  // namespace

// One line for each, for ever: {"0.2.0", "/sinks/*", "url", "mqtt"}. None was renamed since 0.1.0,
// the first version.
std::span<const RenamedSetting> renamed_settings() noexcept {
  return {};
}

void use_present_keys(Node& root, std::span<const RenamedSetting> renamed) {
  if (renamed.empty()) return;
  if (const RenamedSetting* const one = renaming_of(root, renamed)) root.key = one->now;
  for (Node* child : root.children) use_present_keys(*child, renamed);
}

Result<std::vector<MigratedFile>, std::vector<Problem>> migrated_configuration(
    const std::string& file, const Vocabulary& vocabulary) {
  const auto config = load_config(file, vocabulary);
  if (!config) return Unexpected{config.error()};
  std::vector<MigratedFile> files;
  std::vector<Problem> problems;
  for (const std::string& name : config.value().files) {
    const auto read = read_plain_file(name, Document::size_limit);
    Document document;
    MigratedFile& made =
        files.emplace_back(MigratedFile{.name = name, .text = read ? read.value().text : ""});
    const Node* const root = document.read(name, made.text, problems);
    if (root != nullptr) Migration(document, vocabulary, made).run(*root);
  }
  if (!problems.empty()) return Unexpected{std::move(problems)};  // changed meanwhile
  return files;
}

}  // namespace twinsky
