// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/document.hpp"

#include "gateway/config/syntax.hpp"
#include "gateway/model/setting.hpp"
#include "gateway/model/utf8.hpp"
#include "gateway/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace twinsky {
namespace {

// Line and column of an offset; asked in rising order, so that a long line costs nothing.
class LineCounter {
 public:
  explicit LineCounter(std::string_view text) : text_(text) {}

  TextPosition at(std::size_t offset) {
    for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
      const char c = text_[offset_];
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if (!continues_character(c)) {
        ++place_.column;
      }
    }
    return place_;
  }

 private:
  const std::string_view text_;
  std::size_t offset_ = 0;
  TextPosition place_{1, 1};
};

// Hands a text to the parser and counts what it takes.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t& consumed) : at_(at), consumed_(&consumed) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*consumed_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* consumed_;
};

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Builds the tree from the parser's events (the names are those of nlohmann's SAX interface). The
// parser says what it read but not where; that follows from how far it has read.
class TreeBuilder {
 public:
  TreeBuilder(Document& document, std::size_t file, std::string_view text,
              std::vector<Problem>& problems)
      : document_(document), file_(file), text_(text), lines_(text), problems_(problems) {}

  CountingIterator begin() { return {text_.data(), consumed_}; }
  CountingIterator end() { return {text_.data() + text_.size(), consumed_}; }
  [[nodiscard]] Node* root() const { return root_; }

  bool null() { return add(NodeKind::null, consumed_ - 4, consumed_); }
  bool boolean(bool value) {
    return add(NodeKind::boolean, consumed_ - (value ? 4 : 5), consumed_);
  }
  bool number_integer(std::int64_t) { return number(); }
  bool number_unsigned(std::uint64_t) { return number(); }
  bool number_float(double, const std::string&) { return number(); }
  bool string(std::string& content) {
    if (!add(NodeKind::text, start_of_text(), consumed_)) return false;
    newest_->text = std::move(content);
    refuse_zero(newest_->text);
    return true;
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }

  bool start_object(std::size_t) { return open(NodeKind::object); }
  bool start_array(std::size_t) { return open(NodeKind::list); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    key_ = std::move(name);
    key_place_ = lines_.at(start_of_text());
    return true;
  }

  // The parser's own words are for programmers, and it gives up later than where the slip is.
  template <class Exception>
  bool parse_error(std::size_t, const std::string&, const Exception&) {
    const auto [offset, message] = explain_syntax(text_, document_.secret_keys());
    const Node* around = open_.empty() ? root_ : open_.back().node;
    Problem problem = around == nullptr ? document_.problem({.file = file_}, message)
                                        : document_.problem(*around, message);
    const TextPosition place = LineCounter(text_).at(offset);
    problem.line = place.line;
    problem.column = place.column;
    problems_.push_back(std::move(problem));
    return false;
  }

 private:
  struct Open {
    Node* node;
    std::set<std::string, std::less<>> keys;
  };

  // The opening quotation mark of the text that has just ended: looking back, the first one that no
  // odd number of backslashes stands before. (A backslash cannot stand before a text.)
  [[nodiscard]] std::size_t start_of_text() const {
    std::size_t at = consumed_ - 1;
    while (at > 0) {
      --at;
      if (text_[at] != '"') continue;
      std::size_t backslashes = 0;
      while (backslashes < at && text_[at - 1 - backslashes] == '\\') ++backslashes;
      if (backslashes % 2 == 0) break;
    }
    return at;
  }

  bool number() {
    // The parser has looked at the byte after a number too, if there is one.
    const std::size_t end = is_of_number(text_[consumed_ - 1]) ? consumed_ : consumed_ - 1;
    std::size_t start = end;
    while (start > 0 && is_of_number(text_[start - 1])) --start;
    return add(NodeKind::number, start, end);
  }

  bool open(NodeKind kind) {
    if (!add(kind, consumed_ - 1, consumed_)) return false;
    if (open_.size() >= Document::depth_limit) {
      return give_up("objects and lists stand in each other more than " +
                     std::to_string(Document::depth_limit) + " deep, expected fewer");
    }
    open_.push_back({newest_, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool add(NodeKind kind, std::size_t start, std::size_t end) {
    Node& node = document_.add({.kind = kind, .file = file_, .place = lines_.at(start)});
    const bool is_literal = kind == NodeKind::number || kind == NodeKind::boolean;
    if (is_literal) node.text = text_.substr(start, end - start);
    newest_ = &node;
    if (open_.empty()) {
      root_ = &node;
    } else {
      place_in(node, open_.back());
    }
    if (++values_ > Document::values_limit) {
      return give_up("the file holds more than " + std::to_string(Document::values_limit) +
                     " values, expected fewer");
    }
    return true;
  }

  void place_in(Node& node, Open& around) {
    node.parent = around.node;
    node.index = around.node->children.size();
    if (around.node->kind == NodeKind::object) {
      node.key = std::move(key_);
      node.key_place = key_place_;
      refuse_zero(node.key);
      if (!around.keys.insert(node.key).second) refuse_duplicate(node);
    }
    around.node->children.push_back(&node);
  }

  void refuse_duplicate(const Node& node) {
    const Node* first = member(*node.parent, node.key);
    problems_.push_back(
        document_.key_problem(node, "the key " + in_quotes(node.key) +
                                        " is given twice, expected it once (the first is in "
                                        "line " +
                                        std::to_string(first->key_place.line) + ")"));
  }

  void refuse_zero(const std::string& text) {
    if (text.find('\0') == std::string::npos) return;
    problems_.push_back(
        document_.problem(*newest_, "the text holds the character U+0000, expected none of it"));
  }

  bool give_up(std::string message) {
    problems_.push_back(document_.problem(*newest_, std::move(message)));
    return false;
  }

  Document& document_;
  const std::size_t file_;
  const std::string_view text_;
  LineCounter lines_;
  std::vector<Problem>& problems_;
  std::size_t consumed_ = 0;
  std::size_t values_ = 0;
  Node* root_ = nullptr;
  Node* newest_ = nullptr;
  std::vector<Open> open_;
  std::string key_;
  TextPosition key_place_;
};

// RFC 6901
std::string pointer_step(const Node& node) {
  if (node.parent->kind == NodeKind::list) return "/" + std::to_string(node.index);
  std::string step = "/";
  for (const char c : node.key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

// Depth is limited where the tree is read. Numbers stay as they were written.
void write(JsonWriter& json, const Node& node) {
  const bool is_object = node.kind == NodeKind::object;
  switch (node.kind) {
    case NodeKind::text:
      json.put({}, node.text);
      return;
    case NodeKind::null:
      json.null({});
      return;
    case NodeKind::boolean:
    case NodeKind::number:
      json.put_raw({}, node.text);
      return;
    default:
      break;
  }
  is_object ? json.open() : json.open_list();
  for (const Node* child : node.children) {
    if (is_object) json.key(child->key);
    write(json, *child);
  }
  is_object ? json.close() : json.close_list();
}

Problem problem_of(const std::string& file, const Node& node, TextPosition place,
                   std::string message, std::string suggestion) {
  return {.file = file,
          .line = place.line,
          .column = place.column,
          .pointer = pointer_of(node),
          .message = std::move(message),
          .suggestion = std::move(suggestion)};
}

}  // namespace

const Node* member(const Node& object, std::string_view key) noexcept {
  const auto found = std::ranges::find(object.children, key, &Node::key);
  return found == object.children.end() ? nullptr : *found;
}

std::string pointer_of(const Node& node) {
  if (node.parent == nullptr) return {};
  return pointer_of(*node.parent) + pointer_step(node);
}

std::string json_of(const Node& node) {
  std::string text;
  JsonWriter json(text);
  write(json, node);
  return text;
}

Node* Document::read(std::string file, std::string_view text, std::vector<Problem>& problems) {
  const std::size_t index = files_.size();
  files_.push_back(std::move(file));
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto refuse = [&](TextPosition place, std::string message) {
    problems.push_back(problem_of(files_[index], Node{}, place, std::move(message), {}));
    return nullptr;
  };
  if (text.size() > size_limit) {
    return refuse({1, 1}, "the file is larger than " +
                              size_text(static_cast<std::int64_t>(size_limit)) +
                              ", expected a configuration of less");
  }
  if (const auto unreadable = unreadable_text(text)) {
    return refuse(LineCounter(text).at(unreadable->offset), unreadable->message);
  }
  TreeBuilder builder(*this, index, text, problems);
  const bool is_read = nlohmann::json::sax_parse(builder.begin(), builder.end(), &builder,
                                                 nlohmann::json::input_format_t::json, true, true);
  if (!is_read) return nullptr;
  if (builder.root()->kind != NodeKind::object) {
    return refuse(builder.root()->place,
                  "the file holds no object, expected {\"gateway\": {…}, …}");
  }
  return builder.root();
}

Problem Document::problem(const Node& at, std::string message, std::string suggestion) const {
  return problem_of(files_[at.file], at, at.place, std::move(message), std::move(suggestion));
}

Problem Document::key_problem(const Node& at, std::string message, std::string suggestion) const {
  return problem_of(files_[at.file], at, at.key_place, std::move(message), std::move(suggestion));
}

}  // namespace twinsky
