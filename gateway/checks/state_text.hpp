// SPDX-License-Identifier: Apache-2.0
// The state of checks as a line of numbers, for keeping it over a restart: every number reads back
// to the last bit.
#pragma once

#include "gateway/model/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

class StateWriter {
 public:
  void put(double number);
  void put(std::int64_t number);
  void put(std::size_t number) { put(static_cast<std::int64_t>(number)); }
  void put(UtcTime time) { put(static_cast<std::int64_t>(time.time_since_epoch().count())); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(static_cast<std::int64_t>(value.has_value()));
    if (value) put(*value);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Reads what a StateWriter wrote, in the same order. Where the text is at its end, or is none, all
// that is left reads as nothing (0, nullopt).
class StateReader {
 public:
  explicit StateReader(std::string_view text) : rest_(text) {}

  void get(double& number);
  void get(std::int64_t& number);
  void get(std::size_t& number);
  void get(UtcTime& time);
  template <class T>
  void get(std::optional<T>& value) {
    std::int64_t is_there = 0;
    get(is_there);
    value.reset();
    if (is_there != 0) get(value.emplace());
  }
  // How many entries follow, never more than could stand in the text.
  std::size_t get_count();

 private:
  std::string_view next();
  std::string_view rest_;
};

}  // namespace twinsky
