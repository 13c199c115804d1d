// SPDX-License-Identifier: Apache-2.0
// Time series of several places as one CF-netCDF file (CF Conventions 1.8, 9.3.4 and H.2.5: indexed
// ragged array): a record is one observation, and station_index says of which place. Records are
// written as they come, so nothing is held in memory.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/quantity.hpp"
#include "gateway/model/station.hpp"
#include "gateway/text/netcdf.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinsky {

struct CfPlace {
  std::string name;  // "sensor/roof-pm", "ref/hk-epd/mong-kok"
  std::string title;
  std::optional<Position> position;  // WGS 84, as far as it is published
};

// The unit as UDUNITS-2 writes it, which has no names for ppb or decibels.
std::string_view udunits_of(const QuantityInfo& quantity) noexcept;

// A column of numbers with what CF knows of its quantity. `name` is its name, which the names of
// its ancillary columns begin with; `cell_method` is "mean", "point", …, or empty where it is not
// known.
NetcdfVariable cf_values(std::string_view name, const QuantityInfo& quantity,
                         std::string_view cell_method,
                         std::initializer_list<std::string_view> ancillary);
// The flags of such a column: <name>_flag.
NetcdfVariable cf_flags(std::string_view name, const QuantityInfo& quantity);
// A whole number of each record, without a unit.
NetcdfVariable cf_counts(std::string_view name, std::string_view title,
                         std::string_view standard_name = {});

class CfTable {
 public:
  struct Row {
    std::size_t place = 0;
    UtcTime time{};
    UtcTime start{};  // what it is of; both `time` for a moment
    UtcTime end{};
    std::string_view epoch{};  // where the file has them
    // In the order of the columns; nothing: it has none.
    const std::vector<std::optional<double>>* cells = nullptr;
  };
  struct Shape {
    std::vector<CfPlace> places;
    std::vector<NetcdfVariable> columns;
    bool has_bounds = false;
    bool has_epochs = false;
    std::vector<NetcdfAttribute> attributes;  // beside those that every file has
  };

  explicit CfTable(Shape shape);

  [[nodiscard]] std::string head(std::uint32_t rows) const;
  void append(std::string& bytes, const Row& row) const;

 private:
  [[nodiscard]] NetcdfFile file() const;

  Shape shape_;
  std::size_t name_width_ = 1;
  std::size_t title_width_ = 1;
};

}  // namespace twinsky
