// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/merge.hpp"

#include <algorithm>

namespace twinsky {
namespace {

const Node* id_of(const Node& entry) {
  if (entry.kind != NodeKind::object) return nullptr;
  const Node* id = member(entry, "id");
  return id != nullptr && id->kind == NodeKind::text ? id : nullptr;
}

// An id that stands twice in `from` is not merged away: only entries that were there before are
// merged into, each once, so the check for duplicates still sees the second.
void merge_lists(Node& into, const Node& from) {
  std::vector<Node*> earlier = into.children;
  for (Node* entry : from.children) {
    const Node* id = id_of(*entry);
    const auto same = std::ranges::find_if(earlier, [id](const Node* other) {
      const Node* other_id = id == nullptr ? nullptr : id_of(*other);
      return other_id != nullptr && other_id->text == id->text;
    });
    if (same == earlier.end()) {
      into.children.push_back(entry);
    } else {
      merge(**same, *entry);
      earlier.erase(same);
    }
  }
}

}  // namespace

void merge(Node& into, const Node& from) {
  for (Node* entry : from.children) {
    const auto same = std::ranges::find(into.children, entry->key, &Node::key);
    if (same == into.children.end()) {
      into.children.push_back(entry);
    } else if ((*same)->kind == NodeKind::object && entry->kind == NodeKind::object) {
      merge(**same, *entry);
    } else if ((*same)->kind == NodeKind::list && entry->kind == NodeKind::list) {
      merge_lists(**same, *entry);
    } else {
      *same = entry;
    }
  }
}

}  // namespace twinsky
