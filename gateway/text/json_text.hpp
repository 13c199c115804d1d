// SPDX-License-Identifier: Apache-2.0
// What can be told of a JSON text, and changed in it, without making values of it: what is not
// changed stays as it was written.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

// Whether `text` is one object and nothing else, nested no deeper than any record. For what comes
// from a disk: bytes that changed inside a body would spoil the whole message that it is sent in.
[[nodiscard]] bool is_json_object(std::string_view text) noexcept;

// The value of an object's member, as it is written; nullopt when it has none.
[[nodiscard]] std::optional<std::string_view> member_of(std::string_view object,
                                                        std::string_view key);
// The object with that member's value changed; as it was where it has no such member.
[[nodiscard]] std::string with_member(std::string_view object, std::string_view key,
                                      std::string_view value);
// The object with a further member before all others.
[[nodiscard]] std::string with_first_member(std::string_view object, std::string_view key,
                                            std::string_view value);
// Without the members, at any depth, for whose key `goes` is true. A text that is neither object
// nor list is given back as it is.
[[nodiscard]] std::string without_members(std::string_view text,
                                          const std::function<bool(std::string_view key)>& goes);

}  // namespace twinsky
