// SPDX-License-Identifier: Apache-2.0
// What the page may change: corrections, how readings are checked, and notes. Never where data go,
// secrets, the page itself or what is read. A change is judged as a whole before it is written, and
// is written to conf.d, from where the running gateway takes it like any other edit. One thread.
#pragma once

#include "gateway/page/request.hpp"
#include "gateway/page/sources.hpp"

namespace twinsky {

class PageChanges {
 public:
  explicit PageChanges(const PageSources& sources) : sources_(sources) {}

  // nullopt: nothing can be changed there.
  std::optional<PageAnswer> answer(const PageRequest& request);
  // Where edits go, their present text, and whether they can be made.
  [[nodiscard]] std::string editable() const;
  // That, and every setting with where it comes from.
  [[nodiscard]] std::string configuration() const;

 private:
  PageAnswer check(const PageRequest& request);
  PageAnswer apply(const PageRequest& request);
  PageAnswer accept_correction(const PageRequest& request);
  PageAnswer note(const PageRequest& request);
  [[nodiscard]] PageAnswer put(const std::string& file, const std::string& text) const;
  [[nodiscard]] std::string main_file() const { return sources_.config()->files.front(); }
  [[nodiscard]] std::string own_file() const;

  const PageSources& sources_;
};

}  // namespace twinsky
