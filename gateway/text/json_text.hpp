// SPDX-License-Identifier: Apache-2.0
// What can be told of a JSON text (RFC 8259) without making values of it.
#pragma once

#include <cstddef>
#include <string_view>

namespace twinsky {

// Whether `text` is one object and nothing else, nested no deeper than any record. For what comes
// from a disk: bytes that changed inside a body would spoil the whole message that it is sent in.
[[nodiscard]] bool is_json_object(std::string_view text) noexcept;

// Bytes of the well-formed UTF-8 sequence at the front of `text`; 0 when it is not one. Overlong
// forms, surrogates and what lies above U+10FFFF are no characters (RFC 3629).
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text) noexcept;

}  // namespace twinsky
