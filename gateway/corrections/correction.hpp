// SPDX-License-Identifier: Apache-2.0
// Corrections: published, versioned transformations of a raw reading, as values. Raw is always kept
// and published beside; nothing is applied that the configuration does not name. Pure; any thread.
#pragma once

#include "gateway/model/clock.hpp"
#include "gateway/model/flag.hpp"
#include "gateway/model/quantity.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace twinsky {

// What a correction may look at.
enum class CorrectionInput : std::uint8_t {
  raw,                  // the reading of `raw_quantity`
  temperature,          // degC, of the air at the sensor
  humidity,             // %
  working_electrode,    // mV, electronic zero taken off
  auxiliary_electrode,  // mV, likewise
};
inline constexpr std::size_t correction_inputs = 5;
std::string_view name_of(CorrectionInput input) noexcept;
using CorrectionValues = std::array<std::optional<double>, correction_inputs>;

// corrected = gain raw + offset
struct LinearCorrection {
  double gain = 1;
  double offset = 0;
  bool operator==(const LinearCorrection&) const = default;
};

// corrected = constant + raw_factor raw + temperature_factor T + humidity_factor RH
struct MultilinearCorrection {
  double constant = 0;
  double raw_factor = 1;
  double temperature_factor = 0;  // 0: the input is not needed
  double humidity_factor = 0;
  bool operator==(const MultilinearCorrection&) const = default;
};

// Straight lines between knots, the outer ones going on; at least two, raw rising.
struct PiecewiseCorrection {
  struct Knot {
    double raw = 0;
    double corrected = 0;
    bool operator==(const Knot&) const = default;
  };
  std::vector<Knot> knots;
  bool operator==(const PiecewiseCorrection&) const = default;
};

// Barkjohn et al. 2021 (Atmos. Meas. Tech. 14, 4617), Plantower's cf_1 output over 24 h, US
// aerosol, to about 250 ug/m3.
struct BarkjohnCorrection {
  bool operator==(const BarkjohnCorrection&) const = default;
};

// Its extension to wildfire smoke in five parts, of Plantower's atmospheric output.
struct SmokeCorrection {
  bool operator==(const SmokeCorrection&) const = default;
};

// Growth of particles in humid air (Crilley et al. 2018, Atmos. Meas. Tech. 11, 709): raw divided
// by 1 + (kappa / 1.65) / (1 / a_w - 1). 0.15 to 0.29 were measured for PM2.5 in Taiwan.
struct KappaKoehlerCorrection {
  double kappa = 0.3;
  bool operator==(const KappaKoehlerCorrection&) const = default;
};

// A cell with an auxiliary electrode: (WE - n_T AE) / sensitivity, the first of the four equations
// of Alphasense's application note AAN 803 with its factors n_T. The other three are left out until
// the note itself has been read: programs disagree about the third.
struct ElectrodeCorrection {
  enum class Cell : std::uint8_t { no2, co };
  Cell cell = Cell::no2;
  double sensitivity_mv = 1;  // mV per unit of the quantity, from the cell's sheet
  bool operator==(const ElectrodeCorrection&) const = default;
};

using CorrectionFormula =
    std::variant<LinearCorrection, MultilinearCorrection, PiecewiseCorrection, BarkjohnCorrection,
                 SmokeCorrection, KappaKoehlerCorrection, ElectrodeCorrection>;

// Inclusive bounds of what the correction was trained on, or is published for.
struct InputRange {
  CorrectionInput input{};
  double lower = 0;
  double upper = 0;
  bool operator==(const InputRange&) const = default;
};

struct Correction {
  std::string id;  // published as id@version
  int version = 1;
  Quantity quantity{};      // what the output is
  Quantity raw_quantity{};  // what `raw` is: pm2_5_cf1 for Barkjohn's
  CorrectionFormula formula;
  std::vector<InputRange> hull;  // of the training data
  std::optional<UtcTime> valid_from;
  std::optional<UtcTime> valid_until;  // not included
  std::optional<UtcTime> trained_from;
  std::optional<UtcTime> trained_until;
  std::string author;
  bool operator==(const Correction&) const = default;
};

// "id@version", as records name it.
std::string name_of(const Correction& correction);

std::vector<CorrectionInput> inputs_of(const CorrectionFormula& formula);
// The range that the publication itself gives, beside any training hull.
std::vector<InputRange> published_range(const CorrectionFormula& formula);

struct Corrected {
  std::optional<double> value;  // absent: an input is missing, or the formula gives no number
  Flag flag = Flag::missing;    // pass, suspect outside hull, range or validity
  std::string_view reason;      // "input_missing", "no_number", "outside_hull", "outside_validity"
};
Corrected apply(const Correction& correction, const CorrectionValues& values, UtcTime time);

}  // namespace twinsky
