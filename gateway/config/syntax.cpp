// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/syntax.hpp"

#include "gateway/model/setting.hpp"
#include "gateway/model/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <tuple>
#include <vector>

namespace twinsky {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '+' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

// A piece of the text; words run on as long as they can, a text that is not closed to its line end.
struct Token {
  enum class Kind { end, sign, word, text, open_text, open_comment };
  Kind kind = Kind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::size_t end_of_text(std::string_view text, std::size_t begin, bool& closed) {
  for (std::size_t at = begin + 1; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '"') {
      closed = true;
      return at + 1;
    }
    if (text[at] == '\\') ++at;
  }
  return std::min(text.find('\n', begin), text.size());
}

Token next_token(std::string_view text, std::size_t at) {
  using Kind = Token::Kind;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const auto rest = text.substr(at);
    if (rest.starts_with("//")) {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (!rest.starts_with("/*")) break;
    const auto close = text.find("*/", at + 2);
    if (close == std::string_view::npos) return {Kind::open_comment, at, text.size()};
    at = close + 2;
  }
  if (at >= text.size()) return {Kind::end, text.size(), text.size()};
  if (text[at] == '"') {
    bool closed = false;
    const auto end = end_of_text(text, at, closed);
    return {closed ? Kind::text : Kind::open_text, at, end};
  }
  if (!is_word(text[at])) return {Kind::sign, at, at + 1};
  auto end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return {Kind::word, at, end};
}

std::string_view written(std::string_view text, const Token& token) {
  return text.substr(token.begin, token.end - token.begin);
}

bool is_sign(std::string_view text, const Token& token, std::string_view signs) {
  return token.kind == Token::Kind::sign && signs.find(text[token.begin]) != std::string_view::npos;
}

std::size_t digits_in(std::string_view word) {
  return std::min(word.find_first_not_of("0123456789"), word.size());
}

// RFC 8259, and not too large for a double.
bool is_number(std::string_view word) {
  const std::string_view whole = word;
  if (word.starts_with('-')) word.remove_prefix(1);
  const auto integer = digits_in(word);
  if (integer == 0 || (integer > 1 && word.front() == '0')) return false;
  word.remove_prefix(integer);
  if (word.starts_with('.')) {
    const auto fraction = digits_in(word.substr(1));
    if (fraction == 0) return false;
    word.remove_prefix(1 + fraction);
  }
  if (word.starts_with('e') || word.starts_with('E')) {
    word.remove_prefix(1);
    if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
    if (word.empty() || digits_in(word) != word.size()) return false;
    word = {};
  }
  double number = 0;
  const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  return word.empty() && read.ec == std::errc{};
}

bool is_literal(std::string_view word) {
  return word == "true" || word == "false" || word == "null" || is_number(word);
}

// The code of the \u at the front of `content`; nullopt when it is none.
std::optional<unsigned> escaped_code(std::string_view content) {
  unsigned code = 0;
  if (!content.starts_with("\\u") || content.size() < 6) return std::nullopt;
  const auto digits = content.substr(2, 4);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + 4, code, 16);
  if (error != std::errc{} || rest != digits.data() + 4) return std::nullopt;
  return code;
}

// What is wrong within a text.
std::optional<std::string> explain_text(std::string_view content) {
  for (std::size_t at = 0; at < content.size(); ++at) {
    if (static_cast<unsigned char>(content[at]) < 0x20) {
      return "the text holds a tab or another control character, expected a blank or \\t";
    }
    if (content[at] != '\\') continue;
    constexpr std::string_view known = "\"\\/bfnrtu";
    if (at + 1 < content.size() && known.find(content[at + 1]) == std::string_view::npos) {
      return "the text holds a lone backslash, expected it twice: \\\\";
    }
    if (content.substr(at).starts_with("\\u")) {
      const auto code = escaped_code(content.substr(at));
      const auto low = escaped_code(content.substr(std::min(at + 6, content.size())));
      const bool is_pair = code && (*code & 0xFC00U) == 0xD800 && low && (*low & 0xFC00U) == 0xDC00;
      if (!code || ((*code & 0xF800U) == 0xD800 && !is_pair)) {
        return "the text holds a \\u that is not the code of a character, expected four "
               "hexadecimal "
               "digits such as \\u00b5";
      }
      at += is_pair ? 10 : 4;
    }
    ++at;
  }
  return std::nullopt;
}

// What may come next.
enum class Expected { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing };

// Follows the grammar from the beginning to the first token that does not fit.
class Walk {
 public:
  Walk(std::string_view text, const SecretKeys& secret_keys)
      : text_(text), secret_keys_(secret_keys) {
    at = next_token(text_, 0);
    while (takes(at)) {
      before = at;
      at = next_token(text_, at.end);
    }
  }

  Token before;
  Token at;
  Expected expected = Expected::value;
  std::vector<Token> open;  // the objects and lists around

  // What is written there, for a message; where it may be a secret, words instead of it.
  [[nodiscard]] std::string shown(const Token& token) const {
    const bool is_hidden = token.kind != Token::Kind::sign && is_behind_secret_key_;
    return is_hidden ? "what stands here" : in_quotes(written(text_, token));
  }
  [[nodiscard]] bool is_hidden() const { return is_behind_secret_key_; }

  [[nodiscard]] bool in_list() const { return !open.empty() && text_[open.back().begin] == '['; }

 private:
  bool takes(const Token& token) {
    const auto word = written(text_, token);
    if (token.kind == Token::Kind::text && explain_text(word.substr(1, word.size() - 2))) {
      return false;
    }
    switch (expected) {
      case Expected::value_or_end:
        if (is_sign(text_, token, "]")) return close();
        [[fallthrough]];
      case Expected::value:
        return takes_value(token, word);
      case Expected::key_or_end:
        if (is_sign(text_, token, "}")) return close();
        [[fallthrough]];
      case Expected::key:
        return token.kind == Token::Kind::text && takes_key(word);
      case Expected::colon:
        return is_sign(text_, token, ":") && expect(Expected::value);
      case Expected::comma_or_end:
        if (is_sign(text_, token, ",")) return takes_comma();
        return is_sign(text_, token, in_list() ? "]" : "}") && close();
      case Expected::nothing:
        return false;
    }
    return false;
  }

  bool takes_comma() {
    if (in_list()) return expect(Expected::value);
    is_behind_secret_key_ = false;
    return expect(Expected::key);
  }

  bool takes_key(std::string_view key) {
    is_behind_secret_key_ = secret_keys_.contain(key);
    return expect(Expected::colon);
  }

  bool takes_value(const Token& token, std::string_view word) {
    if (is_sign(text_, token, "{[")) {
      open.push_back(token);
      return expect(in_list() ? Expected::value_or_end : Expected::key_or_end);
    }
    const bool is_scalar =
        token.kind == Token::Kind::text || (token.kind == Token::Kind::word && is_literal(word));
    return is_scalar && after_value();
  }

  bool close() {
    open.pop_back();
    return after_value();
  }
  bool after_value() { return expect(open.empty() ? Expected::nothing : Expected::comma_or_end); }
  bool expect(Expected next) {
    expected = next;
    return true;
  }

  const std::string_view text_;
  const SecretKeys& secret_keys_;
  bool is_behind_secret_key_ = false;  // until its value has come to an end
};

std::string expectation(const Walk& walk) {
  const std::string closing = walk.in_list() ? "\"]\"" : "\"}\"";
  switch (walk.expected) {
    case Expected::value:
      return "a value";
    case Expected::value_or_end:
      return "a value or \"]\"";
    case Expected::key:
      return "a key in quotation marks";
    case Expected::key_or_end:
      return "a key in quotation marks or \"}\"";
    case Expected::colon:
      return "\":\" after the key";
    case Expected::comma_or_end:
      return "\",\" or " + closing;
    case Expected::nothing:
      return "nothing after the closing " + closing;
  }
  return {};
}

std::string explain_word(std::string_view text, const Walk& walk) {
  const std::string_view word = written(text, walk.at);
  const std::string shown = walk.shown(walk.at);
  if (word.starts_with("0x") || word.starts_with("0X")) {
    return shown + " stands without quotation marks, expected " +
           (walk.is_hidden() ? "it" : "\"" + std::string(word) + "\"") + " with them";
  }
  const bool is_like_number = word.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
                              word.find_first_of("0123456789") != std::string_view::npos;
  if (is_like_number) {
    return shown + " is not a number of JSON or too large, expected one such as 10, -0.5 or 1e3";
  }
  return shown + " is not known, expected true, false, null, a number or a text in quotation marks";
}

SyntaxProblem explain_end(std::string_view text, const Walk& walk) {
  if (walk.open.empty()) {
    return {0, "the file is empty, expected an object: {\"gateway\": {…}, …}"};
  }
  const auto opened = static_cast<std::ptrdiff_t>(walk.open.back().begin);
  const auto line = std::count(text.begin(), text.begin() + opened, '\n') + 1;
  return {walk.at.begin, std::string("the file ends here, but the ") +
                             (walk.in_list() ? "list" : "object") + " of line " +
                             std::to_string(line) + " is still open, expected \"" +
                             (walk.in_list() ? "]" : "}") + "\""};
}

// Two values without a comma between them, or a text with a quotation mark too many.
SyntaxProblem explain_neighbours(const Walk& walk) {
  const auto& [before, at] = std::tie(walk.before, walk.at);
  if (before.kind == Token::Kind::text && at.kind == Token::Kind::word && before.end == at.begin) {
    return {before.begin,
            "a quotation mark is missing here or before, expected one at each end of a text"};
  }
  return {before.end - 1, "a comma is missing after this, expected \",\" before " + walk.shown(at)};
}

// “ ”, „ and ‘ ’, which phones and word processors write, and those of Chinese keyboards.
bool is_foreign_quotation_mark(std::string_view text) {
  constexpr auto marks =
      std::to_array<std::string_view>({"\u201c", "\u201d", "\u201e", "\u201f", "\u2018", "\u2019",
                                       "\u201a", "\uff02", "\u300c", "\u300d", "\u00ab", "\u00bb"});
  return std::ranges::any_of(marks,
                             [text](std::string_view mark) { return text.starts_with(mark); });
}

// A token in a place where the grammar has none of its kind.
SyntaxProblem explain_misplaced(std::string_view text, const Walk& walk) {
  const std::string_view word = written(text, walk.at);
  const bool starts_value = walk.at.kind != Token::Kind::sign || is_sign(text, walk.at, "{[");
  const bool wants_key = walk.expected == Expected::key || walk.expected == Expected::key_or_end;
  const bool wants_value =
      walk.expected == Expected::value || walk.expected == Expected::value_or_end;
  if (is_foreign_quotation_mark(text.substr(walk.at.begin))) {
    return {walk.at.begin,
            "this is not the quotation mark of JSON, expected \" at both ends of a text (some "
            "editors and web pages put others there)"};
  }
  if (text.substr(walk.at.begin).starts_with('#')) {
    return {walk.at.begin, "\"#\" begins no comment here, expected //"};
  }
  if (is_sign(text, walk.at, "}]") && is_sign(text, walk.before, ",")) {
    return {walk.before.begin, "the comma before the closing \"" + std::string(word) +
                                   "\" is one too many, expected none: remove it"};
  }
  if (walk.expected == Expected::nothing) {
    return {walk.at.begin, "the file goes on after its end, expected " + expectation(walk)};
  }
  if (walk.expected == Expected::comma_or_end && starts_value) return explain_neighbours(walk);
  if (is_sign(text, walk.at, "'")) {
    return {walk.at.begin, "single quotation marks do not work in JSON, expected double ones"};
  }
  if (wants_key && walk.at.kind == Token::Kind::word) {
    return {walk.at.begin, "the key " + walk.shown(walk.at) +
                               " stands without quotation marks, expected " +
                               (walk.is_hidden() ? "it in them" : "\"" + std::string(word) + "\"")};
  }
  if (walk.open.empty()) {
    return {walk.at.begin, walk.shown(walk.at) + " does not belong here, expected \"{\" first"};
  }
  if (wants_value && walk.at.kind == Token::Kind::word)
    return {walk.at.begin, explain_word(text, walk)};
  return {walk.at.begin,
          walk.shown(walk.at) + " does not belong here, expected " + expectation(walk)};
}

}  // namespace

std::optional<SyntaxProblem> unreadable_text(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return SyntaxProblem{0, "the file is written in UTF-16, expected UTF-8: save it so"};
  }
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\0') {
      return SyntaxProblem{at, "there is a zero byte, expected text: the file may be damaged"};
    }
    const auto length = utf8_sequence_length(text.substr(at));
    if (length == 0) {
      return SyntaxProblem{at, "there is a byte that is not UTF-8, expected UTF-8: save it so"};
    }
    at += length;
  }
  return std::nullopt;
}

SyntaxProblem explain_syntax(std::string_view text, const SecretKeys& secret_keys) {
  const Walk walk(text, secret_keys);
  switch (walk.at.kind) {
    case Token::Kind::end:
      return explain_end(text, walk);
    case Token::Kind::open_comment:
      return {walk.at.begin, "the comment is not closed, expected \"*/\""};
    case Token::Kind::open_text:
      return {walk.at.begin, "the text is not closed, expected a quotation mark at its end"};
    case Token::Kind::text: {
      const auto word = written(text, walk.at);
      auto fault = explain_text(word.substr(1, word.size() - 2));
      if (fault) return {walk.at.begin, *std::move(fault)};
      break;
    }
    default:
      break;
  }
  return explain_misplaced(text, walk);
}

}  // namespace twinsky
