// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers as bytes (protobuf.dev, "Encoding"): a message is a row of fields, each a tag
// (number and wire type) and what follows it; a message within another is one of its byte fields.
//
// By hand, since four wire types in one direction and a question in the other are less than what
// they would replace: the runtime library alone (libprotobuf-lite 3.21) is as large as a seventh of
// the whole package, and would build an object of each metric before it writes it. That
// these are the same bytes is seen by two readers that share nothing with them (tests/README.md).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinsky {

enum class WireType : std::uint8_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };

class ProtobufWriter {
 public:
  explicit ProtobufWriter(std::string& text) : text_(text) {}

  ProtobufWriter& put(unsigned field, std::uint64_t value) {
    put_tag(field, WireType::varint);
    put_varint(value);
    return *this;
  }
  ProtobufWriter& put(unsigned field, double value) {
    put_tag(field, WireType::eight_bytes);
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int byte = 0; byte < 8; ++byte, bits >>= 8U) text_ += static_cast<char>(bits & 0xFFU);
    return *this;
  }
  // A text, or a message within this one.
  ProtobufWriter& put(unsigned field, std::string_view bytes) {
    put_tag(field, WireType::bytes);
    put_varint(bytes.size());
    text_ += bytes;
    return *this;
  }

 private:
  void put_tag(unsigned field, WireType type) {
    put_varint(field << 3U | static_cast<unsigned>(type));
  }
  void put_varint(std::uint64_t value) {
    for (; value > 0x7F; value >>= 7U) text_ += static_cast<char>((value & 0x7FU) | 0x80U);
    text_ += static_cast<char>(value);
  }

  std::string& text_;
};

// Goes through the fields of a message that anybody may have written.
class ProtobufReader {
 public:
  struct Field {
    std::uint64_t number = 0;
    WireType type{};
    std::uint64_t value = 0;   // of a varint
    std::string_view bytes{};  // of all others
  };

  explicit ProtobufReader(std::string_view text) : rest_(text) {}

  // nullopt: no more, or what follows is no field.
  std::optional<Field> next() {
    const auto tag = take_varint();
    if (!tag) return std::nullopt;
    Field field{.number = *tag >> 3U, .type = static_cast<WireType>(*tag & 7U)};
    std::optional<std::uint64_t> size;
    switch (field.type) {
      case WireType::varint: {
        const auto value = take_varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case WireType::eight_bytes:
        size = 8;
        break;
      case WireType::four_bytes:
        size = 4;
        break;
      case WireType::bytes:
        size = take_varint();
        break;
    }
    if (!size || *size > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }

 private:
  std::optional<std::uint64_t> take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace twinsky
