// SPDX-License-Identifier: Apache-2.0
#include "gateway/text/netcdf.hpp"

#include <algorithm>
#include <bit>

namespace twinsky {
namespace {

constexpr std::int32_t dimension_list = 0x0A;
constexpr std::int32_t variable_list = 0x0B;
constexpr std::int32_t attribute_list = 0x0C;
constexpr std::size_t boundary = 4;  // names, values and variables begin at multiples of it

template <class T>
void append_big_endian(std::string& bytes, T value) {
  for (std::size_t at = sizeof value; at-- > 0;) {
    bytes += static_cast<char>((value >> (8 * at)) & 0xFFU);
  }
}

void append_count(std::string& bytes, std::size_t count) {
  append_big_endian(bytes, static_cast<std::uint32_t>(count));
}

void append_name(std::string& bytes, std::string_view name) {
  append_count(bytes, name.size());
  bytes += name;
  pad_netcdf(bytes, bytes.size() - name.size());
}

// What a list of nothing begins with is zero.
void append_list(std::string& bytes, std::int32_t kind, std::size_t count) {
  append_netcdf(bytes, count == 0 ? 0 : kind);
  append_count(bytes, count);
}

void append_attribute(std::string& bytes, const NetcdfAttribute& attribute) {
  append_name(bytes, attribute.name);
  if (const auto* const text = std::get_if<std::string>(&attribute.value)) {
    append_count(bytes, static_cast<std::size_t>(NetcdfType::text));
    append_name(bytes, *text);
    return;
  }
  if (const auto* const small = std::get_if<std::vector<std::int8_t>>(&attribute.value)) {
    append_count(bytes, static_cast<std::size_t>(NetcdfType::byte));
    append_count(bytes, small->size());
    const std::size_t start = bytes.size();
    for (const std::int8_t value : *small) append_netcdf(bytes, value);
    pad_netcdf(bytes, start);
    return;
  }
  const auto& numbers = std::get<std::vector<double>>(attribute.value);
  append_count(bytes, static_cast<std::size_t>(NetcdfType::number));
  append_count(bytes, numbers.size());
  for (const double value : numbers) append_netcdf(bytes, value);
}

void append_attributes(std::string& bytes, const std::vector<NetcdfAttribute>& attributes) {
  append_list(bytes, attribute_list, attributes.size());
  for (const NetcdfAttribute& attribute : attributes) append_attribute(bytes, attribute);
}

std::uint64_t size_of(NetcdfType type) {
  if (type == NetcdfType::number) return sizeof(double);
  return type == NetcdfType::integer ? sizeof(std::int32_t) : 1;
}

// Of the whole of a fixed variable, or of what a record has of it.
std::uint64_t padded_size(const NetcdfFile& file, const NetcdfVariable& variable) {
  std::uint64_t size = size_of(variable.type);
  for (const std::size_t dimension : variable.dimensions) {
    size *= std::max(file.dimensions[dimension].length, 1U);
  }
  return (size + boundary - 1) / boundary * boundary;
}

std::string header_with(const NetcdfFile& file, std::uint32_t records, std::uint64_t length) {
  std::string bytes = "CDF\x02";
  append_count(bytes, records);
  append_list(bytes, dimension_list, file.dimensions.size());
  for (const NetcdfDimension& dimension : file.dimensions) {
    append_name(bytes, dimension.name);
    append_count(bytes, dimension.length);
  }
  append_attributes(bytes, file.attributes);
  append_list(bytes, variable_list, file.variables.size());
  std::uint64_t begin = length;
  for (const NetcdfVariable& variable : file.variables) {
    append_name(bytes, variable.name);
    append_count(bytes, variable.dimensions.size());
    for (const std::size_t dimension : variable.dimensions) append_count(bytes, dimension);
    append_attributes(bytes, variable.attributes);
    append_count(bytes, static_cast<std::size_t>(variable.type));
    const std::uint64_t size = padded_size(file, variable);
    append_count(bytes, size);
    append_big_endian(bytes, begin);
    begin += size;
  }
  return bytes;
}

}  // namespace

void append_netcdf(std::string& bytes, std::int8_t value) {
  bytes += static_cast<char>(value);
}

void append_netcdf(std::string& bytes, std::int32_t value) {
  append_big_endian(bytes, std::bit_cast<std::uint32_t>(value));
}

void append_netcdf(std::string& bytes, double value) {
  append_big_endian(bytes, std::bit_cast<std::uint64_t>(value));
}

void append_netcdf(std::string& bytes, std::string_view text, std::size_t width) {
  bytes += text.substr(0, width);
  bytes.append(width - std::min(width, text.size()), '\0');
}

void pad_netcdf(std::string& bytes, std::size_t start) {
  while ((bytes.size() - start) % boundary != 0) bytes += '\0';
}

// The places of the values stand in it, and depend on its length, which they do not change.
std::string netcdf_header(const NetcdfFile& file, std::uint32_t records) {
  return header_with(file, records, header_with(file, records, 0).size());
}

}  // namespace twinsky
