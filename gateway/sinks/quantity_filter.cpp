// SPDX-License-Identifier: Apache-2.0
#include "gateway/sinks/quantity_filter.hpp"

#include "gateway/model/quantity.hpp"

#include <algorithm>
#include <array>

namespace twinsky {
namespace {

constexpr std::string_view made_of_it = "_corrected";

// Members of an index's record that tell as much as the index itself.
struct Telling {
  std::string_view member;
  std::string_view quantity;
};
constexpr std::array telling = {Telling{"added_risk_percent", "aqhi"}, Telling{"primary", "aqi"}};

// Walks over JSON that we have written ourselves: no blanks, and nothing in it is wrong.
class Filter {
 public:
  Filter(std::string_view text, const std::set<std::string, std::less<>>& allowed)
      : text_(text), allowed_(allowed) {
    kept_.reserve(text.size());
  }

  std::string run() {
    while (at_ < text_.size()) copy_value();
    return std::move(kept_);
  }

 private:
  void copy_value() {
    switch (text_[at_]) {
      case '{':
        copy_members();
        break;
      case '[':
        copy_elements();
        break;
      default:
        kept_.append(text_.substr(at_, end_of_scalar() - at_));
        at_ = end_of_scalar();
    }
  }

  void copy_members() {
    kept_ += text_[at_++];
    const std::size_t first = kept_.size();
    while (at_ < text_.size() && text_[at_] != '}') {
      if (text_[at_] == ',' && ++at_ == text_.size()) break;
      const std::size_t before = kept_.size();
      if (before > first) kept_ += ',';
      const std::size_t key_end = end_of_scalar();
      const std::string_view key = text_.substr(at_ + 1, key_end - at_ - 2);
      const bool is_kept = may_go(key);
      kept_.append(text_.substr(at_, key_end + 1 - at_));  // with its colon
      at_ = std::min(key_end + 1, text_.size());
      if (at_ < text_.size()) copy_value();
      if (!is_kept) kept_.resize(before);
    }
    close();
  }

  void copy_elements() {
    kept_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != ']') {
      if (text_[at_] == ',') kept_ += text_[at_++];
      if (at_ < text_.size()) copy_value();
    }
    close();
  }

  void close() {
    if (at_ < text_.size()) kept_ += text_[at_++];
  }

  // Behind the text or number that begins here; always further than here.
  [[nodiscard]] std::size_t end_of_scalar() const {
    std::size_t end = at_ + 1;
    if (text_[at_] != '"') {
      return std::min(text_.find_first_of(",]}", end), text_.size());
    }
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text_.size());
  }

  [[nodiscard]] bool may_go(std::string_view key) const {
    if (key.ends_with(made_of_it)) key.remove_suffix(made_of_it.size());
    const auto* const tells = std::ranges::find(telling, key, &Telling::member);
    if (tells != telling.end()) return allowed_.contains(tells->quantity);
    return allowed_.contains(key) || !quantity_named(key);
  }

  const std::string_view text_;
  const std::set<std::string, std::less<>>& allowed_;
  std::size_t at_ = 0;
  std::string kept_;
};

}  // namespace

std::string without_quantities(std::string_view document,
                               const std::set<std::string, std::less<>>& allowed) {
  return Filter(document, allowed).run();
}

}  // namespace twinsky
