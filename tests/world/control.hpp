// SPDX-License-Identifier: Apache-2.0
// Commands from outside, a line each, with a line of answer: on a unix socket and, if wanted, on
// standard input.
#pragma once

#include "loop.hpp"

#include <functional>
#include <map>
#include <string>

namespace world {

class Control {
 public:
  using Execute = std::function<std::string(const std::string& line)>;
  Control(Loop& loop, const std::string& path, bool standard_input, Execute execute);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

 private:
  void accept_all();
  // False: the stream has ended.
  bool obey(int input, int output);

  Loop& loop_;
  std::string path_;
  Execute execute_;
  Descriptor listener_;
  std::map<int, Descriptor> clients_;
  std::map<int, std::string> received_;
};

}  // namespace world
