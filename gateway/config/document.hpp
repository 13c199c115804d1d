// SPDX-License-Identifier: Apache-2.0
// Configuration files as a tree that knows where everything was written, so that each problem can
// name its file, line, column and JSON pointer. Nothing in a file can harm us: size, depth and
// number of values are limited, and what is no JSON with comments becomes a problem with a hint.
#pragma once

#include "gateway/config/config.hpp"
#include "gateway/config/secret_keys.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct TextPosition {
  int line = 0;
  int column = 0;  // in characters, as editors count
};

enum class NodeKind { null, boolean, number, text, list, object };

// One value. Its origin never changes; merging files only moves it among `children`.
struct Node {
  NodeKind kind = NodeKind::null;
  std::string text = {};             // of a text; a number, true or false as it was written
  std::vector<Node*> children = {};  // of a list or an object, in order

  const Node* parent = nullptr;  // origin: what it was written in, nullptr for a whole file
  std::string key = {};          // where the parent is an object
  std::size_t index = 0;         // where the parent is a list
  std::size_t file = 0;
  TextPosition place = {};
  TextPosition key_place = {};
};

// The member of an object; nullptr when there is none.
const Node* member(const Node& object, std::string_view key) noexcept;
std::string pointer_of(const Node& node);
// The value as compact JSON.
std::string json_of(const Node& node);

class Document {
 public:
  static constexpr std::size_t size_limit = std::size_t{1} << 20U;
  static constexpr std::size_t depth_limit = 32;
  static constexpr std::size_t values_limit = 20'000;

  // `secret_keys`: what stands behind them is not repeated where the file is no JSON.
  explicit Document(SecretKeys secret_keys = {}) : secret_keys_(std::move(secret_keys)) {}

  // Reads a file's text. What is wrong goes to `problems`: duplicate keys are all found, a syntax
  // error ends the reading and the answer is nullptr.
  Node* read(std::string file, std::string_view text, std::vector<Problem>& problems);

  Node& add(Node node) { return nodes_.emplace_back(std::move(node)); }

  [[nodiscard]] const SecretKeys& secret_keys() const { return secret_keys_; }
  [[nodiscard]] Problem problem(const Node& at, std::string message,
                                std::string suggestion = {}) const;
  // The same, about the key rather than its value.
  [[nodiscard]] Problem key_problem(const Node& at, std::string message,
                                    std::string suggestion = {}) const;

 private:
  const SecretKeys secret_keys_;
  std::deque<Node> nodes_;  // addresses stay
  std::vector<std::string> files_;
};

}  // namespace twinsky
