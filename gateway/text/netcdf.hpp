// SPDX-License-Identifier: Apache-2.0
// A netCDF file in the classic format with 64-bit offsets (CDF-2): a header that says everything,
// then fixed variables, then records one behind the other, so that a file is written in one go
// without being held in memory. The format: netCDF User's Guide, "NetCDF File Format
// Specifications", The Classic Format; OGC 10-092r3.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace twinsky {

enum class NetcdfType : std::uint8_t { byte = 1, text = 2, integer = 4, number = 6 };

// A text, bytes or numbers.
struct NetcdfAttribute {
  std::string name;
  std::variant<std::string, std::vector<std::int8_t>, std::vector<double>> value;
};

struct NetcdfDimension {
  std::string name;
  std::uint32_t length = 0;  // 0: the records
};

struct NetcdfVariable {
  std::string name;
  NetcdfType type = NetcdfType::number;
  std::vector<std::size_t> dimensions;  // places in the file's list; that of the records is first
  std::vector<NetcdfAttribute> attributes;
};

struct NetcdfFile {
  std::vector<NetcdfDimension> dimensions;
  std::vector<NetcdfAttribute> attributes;
  std::vector<NetcdfVariable> variables;  // those without records first; at least two have records
};

// Everything before the first value. Fixed variables follow in their order, then `records` records,
// in each the variables that have records, in their order; whoever writes them calls
// pad_netcdf() after each variable.
std::string netcdf_header(const NetcdfFile& file, std::uint32_t records);

void append_netcdf(std::string& bytes, std::int8_t value);
void append_netcdf(std::string& bytes, std::int32_t value);
void append_netcdf(std::string& bytes, double value);
// With zeros behind it, or cut, to so many bytes.
void append_netcdf(std::string& bytes, std::string_view text, std::size_t width);
// Zeros, so that what was appended since `start` is a multiple of four bytes.
void pad_netcdf(std::string& bytes, std::size_t start);

}  // namespace twinsky
